"""Command lines that are told, completed with what the call itself has named."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.call import COMMANDS, Call
from aiemp.cli import summaries

CONFIG = Call(config=Path("/my configs/a.toml"))
VAULT = Call(vault=Path("/v"))
BOTH = Call(Path("/a.toml"), Path("/it's"))


@pytest.mark.parametrize(
    ("call", "told", "pasted"),
    [
        (Call(), "start it: aiemp run", "start it: aiemp run"),
        (CONFIG, "start it: aiemp run", "start it: aiemp --config '/my configs/a.toml' run"),
        (VAULT, "aiemp logs x; aiemp trigger x", "aiemp --vault /v logs x; aiemp --vault /v trigger x"),
        (BOTH, "end it: `aiemp resume`", """end it: `aiemp --config /a.toml --vault '/it'"'"'s' resume`"""),
        (VAULT, "adopt it (aiemp init)", "adopt it (aiemp --vault /v init)"),
    ],
    ids=["nothing named", "config", "each of several", "both, quoted", "init"],
)
def test_what_was_named_is_named_again(call: Call, told: str, pasted: str) -> None:
    """A remedy that is pasted is about the same employee as the call that told it."""
    assert call.pasted(told) == pasted


def test_init_of_a_folder_names_its_vault_already() -> None:
    """DIR and --vault together are refused."""
    assert VAULT.pasted("aiemp init /v") == "aiemp init /v"
    assert BOTH.pasted("aiemp init ~/'a b'") == "aiemp --config /a.toml init ~/'a b'"


@pytest.mark.parametrize(
    "text",
    [
        "sudo /opt/bin/aiemp --config /c install-units --system",
        "install-units of /opt/aiemp run by hand",
        "the running aiemp does not keep it",
        "systemctl --user start aiemp.target",
        "aiemp runs already",
    ],
)
def test_what_is_no_command_line_stays(text: str) -> None:
    """Full paths bring their own options; prose and units are no calls."""
    assert BOTH.pasted(text) == text


def test_every_command_is_known() -> None:
    """A new one is named in remedies as the others are."""
    assert [name for name in summaries.COMMANDS if " " not in name] == COMMANDS.split()
