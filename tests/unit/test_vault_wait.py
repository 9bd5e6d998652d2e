"""Waiting for a vault that is not there yet."""

from __future__ import annotations

from pathlib import Path

from aiemp.systemd.notify import Notifier
from aiemp.vault_wait import waited_for_vault


class Heard:
    """What systemd hears."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def notify(self, state: str) -> None:
        self.said.append(state)


def test_it_says_so_until_the_vault_is_there(tmp_path: Path) -> None:
    """Up once, alive with each look, and why it waits; then it goes on."""
    vault, heard = tmp_path / "vault", Heard()
    looks = 0

    def wait() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            (vault / "Needs_Action").mkdir(parents=True)

    assert waited_for_vault(vault, Notifier(heard), lambda: True, wait)
    assert (looks, heard.said.count("READY=1"), heard.said.count("WATCHDOG=1")) == (3, 1, 3)
    assert any(said.startswith("STATUS=waiting: ") and "vault" in said for said in heard.said)


def test_it_ends_when_told_to_and_says_nothing_where_the_vault_is(vault: Path, tmp_path: Path) -> None:
    """A stop ends the wait; a vault that is there is none."""
    heard = Heard()
    assert not waited_for_vault(vault, Notifier(heard), lambda: True, lambda: None)
    assert heard.said == []
    answers = iter([True, False])
    assert waited_for_vault(tmp_path / "none", Notifier(heard), lambda: next(answers), lambda: None)
