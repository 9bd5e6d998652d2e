"""Where the configuration and the vault are found (cli.md, "Global")."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.config.locate import config_file, config_to_read, looks_like_vault, vault_folder
from aiemp.errors import UsageError
from aiemp.plan import Plan

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/h"}, "/h/.config/aiemp/aiemp.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/aiemp/aiemp.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": ""}, "/h/.config/aiemp/aiemp.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "rel"}, "/h/.config/aiemp/aiemp.toml"),
    ],
)
def test_the_default_place_follows_xdg(environ: dict[str, str], expected: str) -> None:
    """An empty or relative XDG_CONFIG_HOME counts as not set, as its specification asks."""
    assert config_file(None, environ) == Path(expected)


def test_the_system_has_its_own_place_and_an_explicit_one_wins() -> None:
    """--config beats everything; ~ and a relative path are understood."""
    assert config_file(None, {"HOME": "/h"}, system=True) == Path("/etc/aiemp/aiemp.toml")
    assert config_file(Path("/a/b.toml"), {}, system=True) == Path("/a/b.toml")
    assert config_file(Path("~/b.toml"), {"HOME": "/h"}) == Path("/h/b.toml")
    assert config_file(Path("b.toml"), {}, cwd=Path("/w")) == Path("/w/b.toml")


def test_who_has_none_reads_the_machines(tmp_path: Path) -> None:
    """His own comes first, be it a dangling link (which is then told); one that is named is all there is."""
    environ, machines = {"HOME": str(tmp_path)}, tmp_path / "machine.toml"
    own = tmp_path / ".config/aiemp/aiemp.toml"
    assert config_to_read(None, environ, machines=machines) == own
    machines.touch()
    assert config_to_read(None, environ, machines=machines) == machines
    assert config_to_read(Path("/a.toml"), environ, machines=machines) == Path("/a.toml")
    own.parent.mkdir(parents=True)
    own.symlink_to("nowhere")
    assert config_to_read(None, environ, machines=machines) == own


def test_without_home_the_user_database_knows_it() -> None:
    """A system unit has no HOME: the home is that of the user database."""
    assert config_file(None, {}).is_absolute()


class TestVault:
    """--vault, VAULT_PATH, the config's vault, the current folder; the first that is there."""

    def test_the_first_source_wins(self, vault: Path) -> None:
        """Each beats the next, and an empty VAULT_PATH counts as not set."""
        environ = {"VAULT_PATH": "/from/env", "HOME": "/h"}
        assert vault_folder(Path("/explicit"), environ, Path("/config"), vault) == Path("/explicit")
        assert vault_folder(None, environ, Path("/config"), vault) == Path("/from/env")
        assert vault_folder(None, {"VAULT_PATH": " "}, Path("/config"), vault) == Path("/config")
        assert vault_folder(None, {}, None, vault) == vault

    def test_paths_become_absolute(self, tmp_path: Path) -> None:
        """`.` is how the PM2 config names the current folder; `..` and `~` are resolved."""
        assert vault_folder(None, {"VAULT_PATH": "."}, None, tmp_path) == tmp_path
        assert vault_folder(Path("a/../b"), {}, None, tmp_path) == tmp_path / "b"
        assert vault_folder(None, {"VAULT_PATH": "~/v", "HOME": "/h"}, None, None) == Path("/h/v")

    def test_odd_characters_survive(self, tmp_path: Path) -> None:
        """Spaces, quotes, %, $, umlauts and bytes that are no UTF-8 are part of a path."""
        for name in ("my vault", 'it\'s "x"', "100%h", "$HOME", "Büro", os.fsdecode(b"\xe4")):
            assert vault_folder(tmp_path / name, {}, None, None) == tmp_path / name

    @pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x00b"])
    def test_a_path_that_no_unit_can_hold_is_refused(self, name: str) -> None:
        """With the character escaped in the message."""
        with pytest.raises(UsageError, match=r"contains a line break or a control character") as raised:
            vault_folder(Path("/x") / name, {}, None, None)
        assert str(raised.value).isprintable()

    def test_no_vault_says_what_to_do(self, tmp_path: Path) -> None:
        """The current folder is not taken for one just because it is there."""
        with pytest.raises(UsageError, match=r"--vault PATH.*VAULT_PATH.*aiemp init"):
            vault_folder(None, {}, None, tmp_path)
        with pytest.raises(UsageError, match="--vault"):
            vault_folder(None, {}, None, None)

    def test_what_looks_like_a_vault(self, tmp_path: Path) -> None:
        """Needs_Action, or two of the files that every vault has; one README-like file is too little."""
        assert not looks_like_vault(tmp_path)
        (tmp_path / "Dashboard.md").touch()
        assert not looks_like_vault(tmp_path)
        (tmp_path / "Company_Handbook.md").touch()
        assert looks_like_vault(tmp_path)


def test_a_relative_vault_starts_at_the_config(load: Load, config: Path, tmp_path: Path) -> None:
    """Not at wherever the program was started; a vault that is not there is no mistake."""
    assert load('vault = "my vault"\n', vault=None).vault == config.parent / "my vault"
    assert load('vault = "../v"\n', vault=None).vault == tmp_path / "v"
    assert load('vault = "~/v"\n', vault=None).vault == tmp_path / "home/v"


def test_a_wrong_vault_key_is_not_also_a_missing_one(mistakes: Mistakes) -> None:
    """One mistake gives one line."""
    assert len(mistakes("vault = 5\n", vault=None)) == 1


def test_no_vault_is_reported_with_the_mistakes_of_the_file(mistakes: Mistakes) -> None:
    """All that is wrong is told at once."""
    found = mistakes("wat = 1\n", vault=None)
    assert [line.split(" ")[0] for line in found] == ["no", "1:"]


def test_the_current_folder_may_be_gone(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted current folder matters only when something is relative to it."""
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    monkeypatch.chdir(doomed)
    doomed.rmdir()
    assert load("", cwd=None).vault == tmp_path / "vault"
    with pytest.raises(UsageError, match="the current folder is gone"):
        load("", cwd=None, config=Path("aiemp.toml"))
