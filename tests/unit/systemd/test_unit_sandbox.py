"""What the units may reach: levels, places to write, programs in homes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiemp.frozen import replace
from aiemp.plan import Frequency, Pings, Plan, ScheduledTask
from aiemp.systemd.sandbox import Level, sandbox_values, task_level
from tests.unit.systemd.rendered import HOME, MAIL, PLAN, SYSTEM, units, values

# The sandbox


def test_levels() -> None:
    """Claude gets its own level; what surely needs no network gets none; the rest is in between."""

    def level(plan: Plan = PLAN, **changes: object) -> Level:
        task = ScheduledTask(**{"name": "x", "description": "", "frequency": Frequency.HOURLY, **changes})  # type: ignore[arg-type]
        return task_level(task, plan)

    assert level(prompt="Do it.", requires_claude=False) is Level.CLAUDE
    assert level(command=("x",), requires_claude=True) is Level.CLAUDE
    assert level(command=("x",), requires_claude=False) is Level.NETWORK
    assert level(trigger_fn="my.module:function", requires_claude=False) is Level.NETWORK
    assert level(trigger_fn="trigger_health_update", requires_claude=False) is Level.NETWORK
    for name in ("stale_check", "daily_rollover", "done_archive", "weekly_audit_prep"):
        assert level(trigger_fn=f"trigger_{name}", requires_claude=False) is Level.OFFLINE
    # The alert command runs inside the task's unit.
    alerting = replace(PLAN, alert_command=("curl", "https://example.com"))
    assert level(alerting, trigger_fn="trigger_done_archive", requires_claude=False) is Level.NETWORK
    # So do the calls about its runs.
    told = replace(PLAN, pings=Pings(run_url="https://example.com/{task}"))
    assert level(told, trigger_fn="trigger_done_archive", requires_claude=False) is Level.NETWORK


def test_user_units_have_only_what_works_there() -> None:
    """No directive that a user manager ignores in silence or that keeps a service from starting."""
    useless = "User|Protect|Private|ReadWritePaths|BindPaths|CapabilityBounding|IPAddress|InaccessiblePaths"
    for name, text in units().items():
        assert re.findall(rf"(?m)^(?:{useless})\w*=", text) == [], name
        if name.endswith(".service"):
            assert values(text, "NoNewPrivileges") == ["yes"] and values(text, "UMask") == ["0077"]
    assert "network-online" not in "".join(units().values())


def test_nothing_keeps_node_from_running() -> None:
    """MemoryDenyWriteExecute= is nowhere: node compiles at run time."""
    assert not [text for text in units(installation=SYSTEM).values() if "MemoryDenyWriteExecute=" in text]


def test_writable_places() -> None:
    """The vault and, for Claude, its sessions; not the files that say which programs run."""
    found = units(replace(PLAN, vault=HOME / "vault"), SYSTEM)
    task = found["aiemp-task-morning_triage.service"]
    assert values(task, "ReadWritePaths") == ["-/home/me/vault -/home/me/.claude"]
    read_only = values(task, "ReadOnlyPaths")[0].split()
    assert {"-/home/me/.claude/settings.json", "-/home/me/vault/.mcp.json", "-/home/me/vault/.env"} <= set(
        read_only
    )
    assert values(task, "BindReadOnlyPaths") == ["-/home/me:/home/me"]
    for name in (
        "aiemp-task-done_archive.service",
        "aiemp-watcher-mail.service",
        "aiemp-orchestrator.service",
    ):
        assert values(found[name], "ReadWritePaths") == ["-/home/me/vault"]
    assert all(
        "/home/me/.ssh" in values(found[name], "InaccessiblePaths")[0] for name in found if ".service" in name
    )


@pytest.mark.parametrize(
    ("vault", "bound"),
    [
        ("/srv/vault", []),
        ("/home/other/vault", [Path("/home/other/vault")]),
        ("/tmp/vault", [Path("/tmp/vault")]),
    ],
)
def test_vault_that_the_sandbox_would_hide(vault: str, bound: list[Path]) -> None:
    """A vault in another's home or in /tmp is brought into view; elsewhere it is there."""
    found = sandbox_values(Level.NETWORK, Path(vault), SYSTEM)
    assert found["bound_writable"] == bound
    assert found["writable"] == ([] if bound else [Path(vault)])


@pytest.mark.parametrize(
    ("vault", "home"), [("/tmp/Bob's vault", "/home/me"), ("/srv/vault", "/home/o'neil")]
)
def test_quote_in_a_path_that_would_have_to_be_bound(vault: str, home: str) -> None:
    """systemd cannot bind it, so what is around it is not hidden, and all else holds."""
    found = units(replace(PLAN, vault=Path(vault)), replace(SYSTEM, home=Path(home)))
    task = found["aiemp-task-done_archive.service"]
    is_home = "'" in home
    assert values(task, "ProtectHome") == ["read-only" if is_home else "tmpfs"]
    assert values(task, "PrivateTmp") == (["yes"] if is_home else [])
    assert ("-/run/user" in values(task, "InaccessiblePaths")) == is_home
    assert vault in values(task, "ReadWritePaths")[0]
    assert "'" not in "".join(values(task, "BindPaths") + values(task, "BindReadOnlyPaths"))


def test_programs_in_homes_stay_visible() -> None:
    """The Python behind a venv in somebody's home can be read, each place once."""
    installed = replace(
        SYSTEM,
        program_folders=(
            Path("/home/me/.venv"),
            Path("/home/adm/venv"),
            Path("/usr"),
            Path("/home/adm/venv/src"),
        ),
        config_file=Path("/home/adm/aiemp.toml"),
    )
    found = sandbox_values(Level.NETWORK, Path("/srv/vault"), installed)
    assert found["visible"] == [HOME, Path("/home/adm")]


def test_watchers_own_folder() -> None:
    """A watcher may write where it works, unless that is the home or more."""
    for cwd, writable in {
        "/home/me/mail": ["-/srv/vault -/home/me/mail"],
        "/home/me": ["-/srv/vault"],
        "/": ["-/srv/vault"],
        "/srv/vault/mail": ["-/srv/vault"],
    }.items():
        plan = replace(PLAN, watchers=(replace(MAIL, cwd=Path(cwd)),))
        found = units(plan, SYSTEM)["aiemp-watcher-mail.service"]
        assert values(found, "ReadWritePaths") == writable
