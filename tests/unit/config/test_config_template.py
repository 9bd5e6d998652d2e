"""The aiemp.toml that `aiemp init` writes (aiemp.config.template)."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from aiemp.config import table as table_module
from aiemp.config.document import Document
from aiemp.config.settings import Settings, read_settings
from aiemp.config.source import read_text
from aiemp.config.template import commented_config, toml_text
from aiemp.errors import VaultError
from aiemp.plan import SCHEDULE_REGISTRY, ClaudeSettings, Limits

CONFIG = Path("/etc/aiemp/aiemp.toml")
VAULT = Path('/srv/My "Vault" $HOME %n \\ Büro\'s')


def settings_of(text: str) -> Settings:
    source = read_text(CONFIG, text, {"HOME": "/h"})
    assert source.document.mistakes() == []
    return source.settings


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=\S)", "", text)


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
    """So what the comments show as defaults are the defaults."""
    settings = settings_of(uncommented(commented_config(VAULT, zone)))
    assert settings.tasks[: len(SCHEDULE_REGISTRY)] == SCHEDULE_REGISTRY
    assert settings.limits == Limits()
    assert settings.claude.command == ClaudeSettings().command
    assert settings.dry_run is False


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
        assert re.match(r"$|# \S|#?[a-z_]+ = |#?\[[a-z_.-]+\]$", line), line
        assert len(line) <= 110


def test_any_text_can_be_written() -> None:
    """Quotes, backslashes and control characters are escaped as TOML wants them."""
    for text in ('a"b\\c', "\x00\x1f\x7f\n\t", "é€😀", "'"):
        assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


def test_a_path_that_is_no_text_is_told() -> None:
    """TOML is UTF-8; the vault's name has to be, too."""
    with pytest.raises(VaultError, match="is not UTF-8"):
        commented_config(Path(os.fsdecode(b"/v\xe4")), None)
