"""``aiemp config edit``: the editor works on a copy, which counts only when it has no mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Aiemp
from tests.terminal import OnTerminal

RIGHT = "# mine\n[limits]\nrestarts = 3\n"


@pytest.fixture
def config(write_config: Callable[[str], Path]) -> Path:
    """A configuration without mistakes, with a mode of its own."""
    path = write_config(RIGHT)
    path.chmod(0o640)
    return path


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], str]:
    """Makes an editor that is a shell script; the file is ``$1``."""

    def make(script: str) -> str:
        path = tmp_path / "my editor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return f"'{path}'"

    return make


def files_beside(config: Path) -> set[str]:
    return {path.name for path in config.parent.iterdir()}


def test_what_is_right_counts(aiemp: Aiemp, config: Path, editor: Callable[[str], str]) -> None:
    """The file has the new text and its old mode, the text before is kept, and no copy lies about."""
    out = aiemp("config", "edit", EDITOR=editor("sed -i 's/restarts = 3/restarts = 4/' \"$1\""))
    assert out.returncode == 0, out.stderr
    assert "saved" in out.stdout
    assert config.read_text() == RIGHT.replace("3", "4")
    assert config.stat().st_mode & 0o777 == 0o640
    assert config.with_name("aiemp.toml.bak").read_text() == RIGHT
    assert files_beside(config) == {"aiemp.toml", "aiemp.toml.bak"}


def test_the_backup_is_no_more_open_than_the_file(
    aiemp: Aiemp, config: Path, editor: Callable[[str], str]
) -> None:
    """The text before an edit may hold secrets too: its copy has the file's own mode."""
    config.chmod(0o600)
    aiemp("config", "edit", check=True, EDITOR=editor('echo "#" >>"$1"'))
    assert config.with_name("aiemp.toml.bak").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write what is another's, and give it away")
def test_root_takes_nothing_away(aiemp: Aiemp, config: Path, editor: Callable[[str], str]) -> None:
    """The file of the user who runs everything stays his, and so does the text before."""
    for path in (config, config.parent):
        os.chown(path, 1234, 1234)
    aiemp("config", "edit", check=True, EDITOR=editor('echo "# new" >>"$1"'))
    assert config.read_text().endswith("# new\n")
    for path in (config, config.with_name("aiemp.toml.bak")):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_what_is_wrong_never_counts(aiemp: Aiemp, config: Path, editor: Callable[[str], str]) -> None:
    """Without a terminal there is nobody to ask: all mistakes are shown, and the file is as it was."""
    out = aiemp("config", "edit", EDITOR=editor('printf "restart = 1\\n[limit]\\n" >>"$1"'))
    assert out.returncode == 2
    assert (
        f"{config}:4: limits.restart is not known here; remove it, or did you mean `restarts`?" in out.stdout
    )
    assert f"{config}:5: limit is not known here" in out.stdout
    assert config.read_text() == RIGHT
    assert files_beside(config) == {"aiemp.toml"}


def test_on_a_terminal_mistakes_can_be_mended(
    on_terminal: OnTerminal, config: Path, editor: Callable[[str], str]
) -> None:
    """The same copy is opened again, with what was typed still in it."""
    script = 'grep -q limit= "$1" && sed -i "s/limit=.*//" "$1" || echo "limit= 1" >>"$1"; echo "# x" >>"$1"'
    screen = on_terminal("config", "edit", EDITOR=editor(script))
    screen.wait_for(f"{config}:4: limits.limit is not known here")
    assert f"\x1b[31m{config}:4:" in screen.raw
    screen.wait_for("Edit again? [Y/n]")
    screen.type("\n")
    screen.wait_for("saved")
    assert screen.end() == 0
    assert config.read_text() == RIGHT + "\n# x\n# x\n"


def test_on_a_terminal_mistakes_can_be_abandoned(
    on_terminal: OnTerminal, config: Path, editor: Callable[[str], str]
) -> None:
    """Then the file is as it was, and the exit status says that there were mistakes."""
    screen = on_terminal("config", "edit", EDITOR=editor('echo "x = 1" >>"$1"'))
    screen.wait_for("Edit again?")
    screen.type("n\n")
    assert screen.end() == 2
    assert config.read_text() == RIGHT
    assert files_beside(config) == {"aiemp.toml"}


def test_a_change_by_somebody_else_is_not_lost(
    aiemp: Aiemp, config: Path, editor: Callable[[str], str]
) -> None:
    """Neither theirs, which stays, nor ours, which is kept beside it."""
    out = aiemp("config", "edit", EDITOR=editor(f'echo "# ours" >>"$1"; echo "# theirs" >>"{config}"'))
    assert out.returncode == 1
    assert "was changed by somebody else meanwhile" in out.stderr
    assert config.read_text() == RIGHT + "# theirs\n"
    (ours,) = config.parent.glob("aiemp.edit-*.toml")
    assert ours.read_text() == RIGHT + "# ours\n"
    assert str(ours) in out.stderr
    assert ours.stat().st_mode & 0o077 == 0


def test_an_edit_that_was_broken_off_is_told(aiemp: Aiemp, config: Path) -> None:
    """A terminal that was closed leaves what was typed; it is nobody's to remove but the owner's."""
    left = config.with_name("aiemp.edit-0a1b2c.toml")
    left.write_text("# half")
    out = aiemp("config", "edit", check=True, EDITOR="true")
    assert f"{left}: another edit, or one that was broken off" in out.stderr
    assert left.read_text() == "# half"


def test_no_change_is_no_change(aiemp: Aiemp, config: Path) -> None:
    """No backup is made, and nothing that runs notices anything."""
    before = config.stat()
    out = json.loads(aiemp("config", "edit", "--json", EDITOR="true").stdout)
    assert (out["changed"], out["backup"], out["mistakes"]) == (False, None, [])
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files_beside(config) == {"aiemp.toml"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"EDITOR": "no-such-editor --wait"}, "EDITOR names 'no-such-editor', which is not on PATH"),
        ({"VISUAL": "'unfinished"}, 'VISUAL is "\'unfinished", which cannot be understood'),
        ({"EDITOR": "false"}, "ended with 1, so"),
    ],
)
def test_an_editor_that_fails_changes_nothing(
    aiemp: Aiemp, config: Path, variables: dict[str, str], said: str
) -> None:
    """It is said which variable names it."""
    out = aiemp("config", "edit", **variables)
    assert out.returncode in (1, 2)
    assert said in out.stderr
    assert config.read_text() == RIGHT
    assert files_beside(config) == {"aiemp.toml"}


def test_no_shell_reads_the_editor(aiemp: Aiemp, config: Path, tmp_path: Path) -> None:
    """VISUAL is split into words, and comes before EDITOR."""
    out = aiemp("config", "edit", VISUAL="true ; touch made-by-a-shell", EDITOR="false")
    assert out.returncode == 0, out.stderr
    assert not list(tmp_path.rglob("made-by-a-shell"))


def test_what_is_wrong_elsewhere_does_not_keep_it_from_counting(
    config: Path, editor: Callable[[str], str], environ: dict[str, str], tmp_path: Path
) -> None:
    """A file that names no vault, in a shell that names none either, is edited like any other."""
    done = subprocess.run(
        [sys.executable, "-m", "aiemp", "config", "edit"],
        env={**environ, "EDITOR": editor('echo "# new" >>"$1"')},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "saved" in done.stdout
    assert "warning: no vault is named" in done.stdout
    assert config.read_text() == RIGHT + "# new\n"


def test_a_link_stays_one(aiemp: Aiemp, config: Path, editor: Callable[[str], str], tmp_path: Path) -> None:
    """Managers of dotfiles make such links: the file behind it is written, the link is left."""
    real = tmp_path / "dotfiles.toml"
    config.rename(real)
    config.symlink_to(real)
    aiemp("config", "edit", check=True, EDITOR=editor('echo "# new" >>"$1"'))
    assert config.is_symlink()
    assert real.read_text() == RIGHT + "# new\n"


def test_without_a_configuration_it_says_how_to_get_one(aiemp: Aiemp, named: str) -> None:
    """The defaults need no file, so an empty one would be of no use."""
    out = aiemp("config", "edit", EDITOR="true")
    assert out.returncode == 2
    assert f"`{named} init` makes one" in out.stderr


def test_who_may_not_write_is_told_before_typing(aiemp: Aiemp, config: Path, tmp_path: Path) -> None:
    """The editor is not even opened."""
    config.chmod(0o400)
    out = aiemp("config", "edit", obeying_modes=True, EDITOR="touch opened; false")
    assert out.returncode == 1
    assert not (tmp_path / "opened").exists()
    assert "cannot be edited" in out.stderr


def test_the_schema_beside_it_is_renewed(aiemp: Aiemp, config: Path) -> None:
    """After an upgrade editors know the new keys; where there is none, none is made."""
    schema = config.with_name("aiemp.schema.json")
    schema.write_text("{}")
    aiemp("config", "edit", check=True, EDITOR="true")
    assert "properties" in json.loads(schema.read_text())
