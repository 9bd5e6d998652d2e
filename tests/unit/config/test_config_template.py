"""The aiemp.toml that `aiemp init` writes (aiemp.config.template)."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import time
from pathlib import Path

import pytest

from aiemp.config import table as table_module
from aiemp.config.document import Document
from aiemp.config.key_texts import SECTIONS
from aiemp.config.settings import Settings, read_settings
from aiemp.config.source import read_text
from aiemp.config.template import Choices, commented_config
from aiemp.config.toml_values import toml_text, toml_value
from aiemp.errors import VaultError
from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Frequency, Limits, ScheduledTask, Watcher
from tests.unit.config.conftest import uncommented

CONFIG = Path("/etc/aiemp/aiemp.toml")
VAULT = Path('/srv/My "Vault" $HOME %n \\ Büro\'s')


def settings_of(text: str) -> Settings:
    source = read_text(CONFIG, text, {"HOME": "/h"})
    assert source.document.mistakes() == []
    return source.settings


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_as_it_stands_it_is_all_defaults(zone: str | None) -> None:
    """Only the vault and the zone are set."""
    settings = settings_of(commented_config(VAULT, zone))
    assert settings.vault == VAULT
    assert settings.timezone == zone
    assert settings.tasks == SCHEDULE_REGISTRY
    assert (settings.limits, settings.claude) == (Limits(), ClaudeSettings())
    assert (settings.watchers, settings.mcp, settings.dry_run) == ((), (), None)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_with_every_setting_uncommented_it_is_right_and_still_the_defaults(zone: str | None) -> None:
    """What the comments show as defaults are the defaults: all of it reads the same as nothing, but for the
    examples of keys that have no default, and of tables of one's own."""
    settings = settings_of(uncommented(commented_config(VAULT, zone)))
    built_in, own = settings.tasks[: len(SCHEDULE_REGISTRY)], settings.tasks[len(SCHEDULE_REGISTRY) :]
    assert built_in == SCHEDULE_REGISTRY
    assert settings.limits == Limits()
    examples = {"runs_per_day": None, "minutes_per_day": None, "cost_per_day": None}
    assert replace(settings.claude, **examples) == ClaudeSettings()  # type: ignore[arg-type]
    assert settings.dry_run is False
    assert [task.name for task in own] == ["invoice_review", "vault_backup", "report_numbers", "feed_check"]
    usual = ScheduledTask("", "", Frequency.DAILY)
    for name in ("enabled", "timeout_minutes", "priority", "catch_up", "max_attempts", "retry_delay_minutes"):
        assert {getattr(task, name) for task in own} == {getattr(usual, name)}, name
    filesystem, feed = settings.watchers
    assert (filesystem.enabled, filesystem.interval_s) == (True, Watcher("").interval_s)
    default = Watcher("")
    for name in ("enabled", "interval_s", "stop_signal", "stop_timeout_s"):
        assert getattr(feed, name) == getattr(default, name)


@pytest.mark.parametrize("section", list(SECTIONS))
def test_every_key_stands_in_it_at_its_default(section: str) -> None:
    """As `#key = default` or, without one, with an example, in a table of its section."""
    tables = re.split(r"(?m)^#?\[(.*)\]\n", commented_config(VAULT, None))
    parts = dict(zip(["", *tables[1::2]], tables[::2], strict=True))
    text = "".join(part for name, part in parts.items() if name.partition(".")[0] == section)
    for key, what in SECTIONS[section].texts.items():
        shown = what.example if what.default is None else what.default
        line = "vault = " if key == "vault" else f"#{key} = {toml_value(shown)}\n"
        assert line in text, key


def test_what_was_chosen_is_set() -> None:
    """The morning's time and the watchers are settings; the rest stays a comment, and can be uncommented."""
    choices = Choices(time(6, 45), {"filesystem": False, "gmail": True})
    for text in (given := commented_config(VAULT, None, choices), uncommented(given)):
        settings = settings_of(text)
        assert settings.tasks[0].time_of_day == time(6, 45)
        assert settings.tasks[1:7] == SCHEDULE_REGISTRY[1:]
        assert [(each.name, each.enabled) for each in settings.watchers[:2]] == [
            ("filesystem", False),
            ("gmail", True),
        ]


def test_it_shows_every_key_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key that the program reads stands in the template, with its explanation."""
    asked: set[str] = set()
    original = table_module.Table.value

    def value(self: table_module.Table, key: str) -> object | None:
        asked.add(key)
        return original(self, key)

    monkeypatch.setattr(table_module.Table, "value", value)
    text = uncommented(commented_config(VAULT, None))
    read_settings(Document(CONFIG, text), tomllib.loads(text))
    assert len(asked) > 50
    assert sorted(key for key in asked if not re.search(rf"\b{re.escape(key)}\b", text)) == []


def test_every_comment_is_prose_or_a_setting() -> None:
    """The rule its head states: "# " is prose, "#" without a blank is a setting or a table."""
    for line in commented_config(VAULT, None).splitlines():
        assert re.match(r"$|# \S|#?[a-z_]+ = |#?\[[a-z_.-]+\]$|#:schema ", line), line
        assert len(line) <= 110


def test_any_text_can_be_written() -> None:
    """Quotes, backslashes and control characters are escaped as TOML wants them."""
    for text in ('a"b\\c', "\x00\x1f\x7f\n\t", "é€😀", "'"):
        assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


def test_a_path_that_is_no_text_is_told() -> None:
    """TOML is UTF-8; the vault's name has to be, too."""
    with pytest.raises(VaultError, match="is not UTF-8"):
        commented_config(Path(os.fsdecode(b"/v\xe4")), None)
