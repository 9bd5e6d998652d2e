"""Who else could change what decides what is run: refused for the machine, warned of for a user."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.config import reading
from aiemp.config.load import load_plan
from aiemp.environment import vault_environment
from aiemp.errors import ConfigError

SOMEBODY, ANOTHER = 23456, 23457


def named(vault: Path) -> str:
    """The text of an aiemp.toml for that vault."""
    return f"vault = {json.dumps(str(vault), ensure_ascii=False)}\n"


def others(tmp_path: Path) -> int:
    """A user to whom nothing in ``tmp_path`` belongs; as root, what lies there is given to somebody first."""
    if os.geteuid() == 0:
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    return ANOTHER


@pytest.mark.parametrize(
    ("what", "mode", "told"),
    [
        ("vault", 0o777, "can be written by everybody; run: chmod o-w"),
        ("vault", 0o1777, "can be written by everybody; run: chmod o-w"),
        ("above", 0o777, "lies in a folder that everybody can write to; run: chmod o-w"),
        ("config", 0o666, "can be written by others; run: chmod go-w"),
        ("config", 0o620, "can be written by others; run: chmod go-w"),
        ("home", 0o777, "lies in a folder that everybody can write to; run: chmod o-w"),
    ],
)
def test_what_others_can_write_is_refused_for_the_machine(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path], what: str, mode: int, told: str
) -> None:
    """The vault, aiemp.toml and every folder above them: ConfigError with ``--system``, else a warning."""
    above = tmp_path / "above"
    above.mkdir(mode=0o755)
    moved = vault.rename(above / "vault")
    config = write_config(named(moved))
    config.chmod(0o600)
    environ = {"HOME": str(tmp_path / "home")}
    assert load_plan(config=config, environ=environ, system=True).warnings == ()
    place = {"vault": moved, "above": above, "config": config, "home": tmp_path / "home"}[what]
    place.chmod(mode)
    with pytest.raises(ConfigError, match=told):
        load_plan(config=config, environ=environ, system=True)
    assert any(told in warning for warning in load_plan(config=config, environ=environ).warnings)


def test_a_dotenv_that_others_can_write_is_refused_for_the_machine(
    vault: Path, write_config: Callable[[str], Path]
) -> None:
    """Tokens and paths of what runs by itself are taken from there; a user is warned wherever it is used."""
    config = write_config(named(vault))
    config.chmod(0o600)
    dotenv = vault / ".env"
    dotenv.write_text("TOKEN=1\n", encoding="utf-8")
    dotenv.chmod(0o600)
    assert load_plan(config=config, environ={}, system=True).vault == vault
    dotenv.chmod(0o666)
    with pytest.raises(ConfigError, match="env can be written by others; run: chmod go-w"):
        load_plan(config=config, environ={}, system=True)
    assert load_plan(config=config, environ={}).vault == vault
    [warning] = vault_environment(vault)[1]
    assert warning == f"{dotenv} can be written by others; run: chmod go-w {shlex.quote(str(dotenv))}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to a group")
@pytest.mark.parametrize("what", ["vault", "above"])
def test_a_shared_group_counts_as_others(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path], what: str
) -> None:
    """A vault, or a folder above it, that a group can write to which is not the owner's own."""
    config = write_config(named(vault))
    config.chmod(0o600)
    place = {"vault": vault, "above": tmp_path}[what]
    os.chown(place, -1, SOMEBODY)
    place.chmod(0o770)
    with pytest.raises(ConfigError, match=f"gid {SOMEBODY}.*chmod g-w"):
        load_plan(config=config, environ={}, system=True)
    os.chown(place, -1, 0)
    assert load_plan(config=config, environ={}, system=True).vault == vault


def test_what_belongs_to_another_user_is_refused_for_the_machine(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path]
) -> None:
    """``install-units --system --run-as USER`` with a configuration and a vault of somebody else."""
    config = write_config(named(vault))
    config.chmod(0o600)
    user = others(tmp_path)
    with pytest.raises(ConfigError) as refused:
        load_plan(config=config, environ={}, system=True, owner=user)
    told = str(refused.value)
    assert f"{config} belongs to another user" in told
    assert f"the vault {vault} belongs to another user" in told
    assert "lies in a folder of another user" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give things away")
@pytest.mark.parametrize("what", ["link", "folder of the link"])
def test_a_link_on_the_way_that_others_can_turn_is_refused_for_the_machine(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path], what: str
) -> None:
    """A link leads to a second one, which belongs to another user, or lies in a folder of his."""
    real = write_config(named(vault))
    real.chmod(0o600)
    between = tmp_path / "between"
    between.mkdir(mode=0o755)
    (between / "second").symlink_to(real.parent)
    (tmp_path / "first").symlink_to(between / "second")
    config = tmp_path / "first" / real.name
    others(tmp_path)
    assert load_plan(config=config, environ={}, system=True, owner=SOMEBODY).vault == vault
    place = {"link": between / "second", "folder of the link": between}[what]
    os.chown(place, ANOTHER, ANOTHER, follow_symlinks=False)
    with pytest.raises(ConfigError, match=f"of another user \\(uid {ANOTHER}\\), {place}"):
        load_plan(config=config, environ={}, system=True, owner=SOMEBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give things away")
def test_the_user_nobody_is_another_user(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path]
) -> None:
    """Only in a user namespace may what looks like his be root's."""
    if reading._in_user_namespace():
        pytest.skip("in a user namespace")
    config = write_config(named(vault))
    config.chmod(0o600)
    others(tmp_path)
    os.chown(tmp_path, reading.UNMAPPED, reading.UNMAPPED)
    with pytest.raises(ConfigError, match=f"lies in a folder of another user \\(uid {reading.UNMAPPED}\\)"):
        load_plan(config=config, environ={}, system=True, owner=SOMEBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="what root is told")
def test_root_is_told_to_run_as_the_owner_and_not_to_take_his_file(
    vault: Path, tmp_path: Path, write_config: Callable[[str], Path]
) -> None:
    """``sudo aiemp doctor`` with a user's configuration: giving that to root would take it from him."""
    config = write_config(named(vault))
    config.chmod(0o600)
    others(tmp_path)
    warnings = load_plan(config=config, environ={}).warnings
    assert [warning for warning in warnings if "with sudo -u '#23456'" in warning]
    assert not [warning for warning in warnings if "chown" in warning]
