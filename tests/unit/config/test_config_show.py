"""The plan as `aiemp config show` has it (aiemp.config.show)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aiemp.config.show import age_in_words, plan_as_dict
from aiemp.plan import McpServer, Plan, Watcher

Load = Callable[..., Plan]

KEYS = [
    *("vault", "config_file", "timezone", "dry_run", "claude", "alerts", "dashboard", "limits"),
    *("tasks", "watchers", "mcp_servers", "warnings"),
]


def test_everything_is_there_and_json(load: Load, config: Path, vault: Path) -> None:
    """Its keys are what scripts rely on."""
    text = 'timezone = "Europe/Berlin"\ndry_run = true\n[tasks.done_archive]\ncatch_up = "12h"\n'
    shown = plan_as_dict(load(text))
    assert json.loads(json.dumps(shown)) == shown
    assert list(shown) == KEYS
    assert shown["vault"] == str(vault)
    assert shown["config_file"] == str(config)
    assert shown["timezone"] == {"name": "Europe/Berlin", "from": "config"}
    assert shown["dry_run"] == {"active": True, "decided_by": f"dry_run in {config}"}
    assert shown["tasks"][-1] == {  # type: ignore[index]
        "name": "done_archive",
        "description": "Archive old files from /Done/ (>7 days)",
        "enabled": True,
        "frequency": "daily",
        "time": "01:00:00",
        "day": None,
        "interval_minutes": None,
        "calendar": None,
        "prompt": None,
        "skills": [],
        "command": [],
        "function": "trigger_done_archive",
        "requires_claude": False,
        "expect": None,
        "timeout_minutes": 2,
        "priority": 40,
        "catch_up": "12h",
        "max_attempts": 2,
        "retry_delay_minutes": 5,
    }


def test_the_machine_s_zone_is_said_to_be_the_machine_s(load: Load) -> None:
    """So that nobody wonders why a timer carries no zone."""
    shown = plan_as_dict(load("", environ={"TZ": "Asia/Kathmandu"}))
    assert shown["timezone"] == {"name": "Asia/Kathmandu", "from": "machine"}


def test_no_secret_is_shown() -> None:
    """Of variables only the names; of addresses nothing that can hold a token."""
    plan = Plan(
        Path("/v"),
        watchers=(Watcher("w", env=(("TOKEN", "hunter2"),)),),
        mcp_servers=(
            McpServer("m", env=(("KEY", "hunter2"),)),
            McpServer("u", url="https://me:hunter2@x.example/mcp?token=hunter2#hunter2"),
        ),
    )
    shown = plan_as_dict(plan)
    text = json.dumps(shown)
    assert "hunter2" not in text
    assert '"TOKEN"' in text and '"KEY"' in text
    assert '"https://x.example/mcp"' in text


@pytest.mark.parametrize(
    ("age", "words"),
    [(timedelta(days=2), "2d"), (timedelta(hours=36), "36h"), (timedelta(minutes=90), "90m")],
)
def test_an_age_is_written_as_the_file_writes_it(age: timedelta, words: str) -> None:
    """In the largest unit that fits."""
    assert age_in_words(age) == words
