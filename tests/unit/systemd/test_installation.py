"""Where and for whom units are installed, found out from the environment."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import pytest

from aiemp.errors import AiempError
from aiemp.systemd.installation import SYSTEM_UNITS, system_installation, user_installation
from aiemp.systemd.scope import Scope


def test_user_installation(tmp_path: Path) -> None:
    """The Python that runs this, the PATH of the one who asks, and the folder of his units."""
    found = user_installation({"HOME": str(tmp_path), "PATH": "/opt/claude/bin:/usr/bin"}, 252)
    assert (found.scope, found.uid, found.run_as) == (Scope.USER, os.getuid(), None)
    assert found.python == Path(sys.executable)
    assert found.path_variable.startswith("/opt/claude/bin:/usr/bin:")
    assert found.unit_folder == tmp_path / ".config/systemd/user"


@pytest.mark.parametrize(
    ("config", "folder"), [("/my/config", "/my/config"), ("relative", "/home/me/.config")]
)
def test_xdg_config_home(config: str, folder: str) -> None:
    """It is respected when it is absolute (XDG Base Directory Specification)."""
    found = user_installation({"HOME": "/home/me", "XDG_CONFIG_HOME": config}, 252)
    assert found.unit_folder == Path(folder, "systemd/user")


def test_path_of_a_service(tmp_path: Path) -> None:
    """Nothing relative, nothing twice; the home's own folders of programs are found without being named."""
    for name in (".local/bin", ".nvm/versions/node/v20/bin", ".nvm/versions/node/v22/bin"):
        (tmp_path / name).mkdir(parents=True)
    for age, version in enumerate(("v22", "v20")):
        node = tmp_path / ".nvm/versions/node" / version / "bin/node"
        node.touch()
        os.utime(node, (age, age))
    found = user_installation({"HOME": str(tmp_path), "PATH": "bin::/usr/bin:.:/usr/bin:/two\nlines"}, 252)
    entries = found.path_variable.split(":")
    assert entries[:3] == ["/usr/bin", f"{tmp_path}/.local/bin", f"{tmp_path}/.nvm/versions/node/v20/bin"]
    assert len(entries) == len(set(entries)) and all(entry.startswith("/") for entry in entries)
    assert "/bin" in entries and "\n" not in found.path_variable


def test_path_of_the_machine_has_nothing_of_other_homes() -> None:
    """sudo keeps the administrator's own folders; the user who runs everything cannot look into them."""
    me = pwd.getpwuid(os.getuid())
    path = f"/usr/bin:/root/x/bin:/home/other/bin:{me.pw_dir}/own/bin:/opt/bin"
    entries = system_installation(me.pw_name, {"PATH": path}, 252).path_variable.split(":")
    assert entries[:1] == ["/usr/bin"] and "/home/other/bin" not in entries
    assert {f"{me.pw_dir}/own/bin", "/opt/bin"} <= set(entries)
    assert ("/root/x/bin" in entries) is (me.pw_dir == "/root")


def test_system_installation() -> None:
    """It is for an existing user, in the machine's folder, and knows what Python needs to read."""
    me = pwd.getpwuid(os.getuid())
    found = system_installation(me.pw_name, {"PATH": "/usr/bin"}, 252)
    assert (found.scope, found.run_as, found.uid) == (Scope.SYSTEM, me.pw_name, me.pw_uid)
    assert (found.home, found.unit_folder) == (Path(me.pw_dir), SYSTEM_UNITS)
    assert Path(sys.base_prefix) in found.program_folders
    with pytest.raises(AiempError, match="no user 'no-such-user'"):
        system_installation("no-such-user", {}, 252)
