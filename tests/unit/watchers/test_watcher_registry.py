"""Which watchers are planned: built-in, discovered and configured ones, merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.config.watcher_settings import UnknownWatcher, WatcherSettings
from aiemp.plan import DryRunPolicy, Origin, Watcher
from aiemp.watchers.registry import planned_watchers


def planned(vault: Path, *settings: WatcherSettings) -> dict[str, Watcher]:
    return {watcher.name: watcher for watcher in planned_watchers(settings, vault, "/usr/bin/python3")}


def own_script(vault: Path, name: str) -> None:
    folder = vault / "scripts" / "watchers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}_watcher.py").write_text("")


def test_an_empty_vault_has_the_two_built_in_watchers(tmp_path: Path) -> None:
    """Nothing configured, nothing found: filesystem and approval, which only report in a dry run."""
    watchers = planned(tmp_path)
    assert list(watchers) == ["filesystem", "approval"]
    for watcher in watchers.values():
        assert watcher.origin is Origin.BUILT_IN
        assert watcher.command == ()
        assert watcher.fresh_within_s == 300
        assert watcher.dry_run is DryRunPolicy.REPORT


def test_an_own_script_replaces_the_built_in_watcher_of_its_name(tmp_path: Path) -> None:
    """A vault's filesystem_watcher.py is the filesystem watcher; the built-in approval stays."""
    own_script(tmp_path, "filesystem")
    watchers = planned(tmp_path)
    assert watchers["filesystem"].origin is Origin.DISCOVERED
    assert watchers["approval"].origin is Origin.BUILT_IN


@pytest.mark.parametrize("name", ["file", "file_system", "File-System", "files", "drop"])
def test_an_own_script_of_another_usual_name_replaces_the_built_in_one_too(tmp_path: Path, name: str) -> None:
    """Two watchers of Drop would make two items of each file."""
    own_script(tmp_path, name)
    assert set(planned(tmp_path)) == {name, "approval"}


def test_a_table_brings_back_a_built_in_watcher_that_was_replaced_under_another_name(tmp_path: Path) -> None:
    """Who writes [watchers.filesystem] beside an own file_watcher.py wants both."""
    own_script(tmp_path, "file")
    watchers = planned(tmp_path, WatcherSettings("filesystem", interval_s=5))
    assert watchers["filesystem"].origin is Origin.BUILT_IN
    assert watchers["filesystem"].interval_s == 5
    assert "file" in watchers


def test_a_configured_command_replaces_both(tmp_path: Path) -> None:
    """A table with a command is a watcher of its own; nothing of the replaced one is left."""
    own_script(tmp_path, "gmail")
    watchers = planned(
        tmp_path,
        WatcherSettings("gmail", command=("mailer",)),
        WatcherSettings("approval", command=("a", "b")),
    )
    assert watchers["gmail"] == Watcher(name="gmail", command=("mailer",))
    assert watchers["approval"].command == ("a", "b")
    assert watchers["approval"].dry_run is DryRunPolicy.ENVIRONMENT


def test_a_table_without_a_command_adjusts_the_watcher_there_is(tmp_path: Path) -> None:
    """What the table says changes, the rest stays; an interval reaches the command of a discovered one."""
    own_script(tmp_path, "gmail")
    watchers = planned(
        tmp_path,
        WatcherSettings("gmail", interval_s=300, enabled=False, stop_timeout_s=2.5, requires_env=()),
        WatcherSettings(
            "approval",
            env=(("A", "b"),),
            stop_signal="SIGINT",
            description="mine",
            fresh_within_s=60,
            cwd=tmp_path,
        ),
    )
    gmail = watchers["gmail"]
    assert gmail.command[-2:] == ("--interval", "300")
    assert (gmail.interval_s, gmail.enabled, gmail.stop_timeout_s, gmail.requires_env) == (
        300,
        False,
        2.5,
        (),
    )
    assert gmail.origin is Origin.DISCOVERED
    assert gmail.stop_signal == "SIGINT"
    approval = watchers["approval"]
    assert (approval.env, approval.stop_signal, approval.description) == ((("A", "b"),), "SIGINT", "mine")
    assert (approval.fresh_within_s, approval.cwd, approval.command) == (60, tmp_path, ())


def test_a_table_that_adjusts_nothing_is_a_mistake(tmp_path: Path) -> None:
    """No command and no such watcher: the name is in the error, and what to do."""
    with pytest.raises(UnknownWatcher, match=r"'gmial'.*command") as caught:
        planned(tmp_path, WatcherSettings("gmial", enabled=True))
    assert caught.value.name == "gmial"


def test_the_watcher_that_was_meant_is_suggested(tmp_path: Path) -> None:
    """The nearest name is proposed, also of the vault's own."""
    own_script(tmp_path, "gmail")
    with pytest.raises(UnknownWatcher, match="did you mean `gmail`"):
        planned(tmp_path, WatcherSettings("gmial", enabled=True))
