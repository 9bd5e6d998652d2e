"""``systemd-bus``: the manager that the units are installed for can be talked to. Pure."""

from __future__ import annotations

from aiemp.doctor.findings import Finding, fail, ok, warn
from aiemp.frozen import frozen


@frozen
class BusSeen:
    """``error`` is what systemctl says, empty when it answers. ``runtime_dir`` is XDG_RUNTIME_DIR of this
    shell, and ``own_runtime_dir`` the folder that a login puts there, which aiemp finds by itself;
    ``has_user_manager``: it exists. ``names_bus``: the shell has DBUS_SESSION_BUS_ADDRESS."""

    user: str
    is_system: bool
    is_booted: bool
    error: str = ""
    runtime_dir: str = ""
    own_runtime_dir: str = ""
    has_user_manager: bool = False
    names_bus: bool = False

    @property
    def is_strange(self) -> bool:
        """Whether this shell lacks what a login has; after `sudo -u` it does."""
        return not self.is_system and self.has_user_manager and self.runtime_dir != self.own_runtime_dir

    @property
    def export_line(self) -> str:
        return f"export XDG_RUNTIME_DIR={self.own_runtime_dir}"

    @property
    def whose(self) -> str:
        return "the machine's" if self.is_system else f"{self.user}'s"


def judge_bus(seen: BusSeen | None) -> list[Finding]:
    """Nothing where no units are installed: then nobody needs a bus."""
    if seen is None:
        return []
    if not seen.is_booted:
        return [fail("units are installed, but systemd does not run this machine", "aiemp run")]
    if not seen.error:
        is_answered = seen.runtime_dir or seen.names_bus or not seen.is_strange
        return [ok(f"{seen.whose} systemd answers") if is_answered else _strange_shell(seen)]
    return [_unreachable(seen)]


def _strange_shell(seen: BusSeen) -> Finding:
    what = "XDG_RUNTIME_DIR is not set in this shell, so systemctl --user, as you would type it, fails"
    return warn(what, seen.export_line)


def _unreachable(seen: BusSeen) -> Finding:
    if seen.is_strange:
        return fail(f"XDG_RUNTIME_DIR is {seen.runtime_dir or 'not set'}: {seen.error}", seen.export_line)
    if not seen.is_system and not seen.has_user_manager:
        what = f"{seen.whose} systemd does not run, and so nothing that it keeps"
        return fail(what, f"sudo loginctl enable-linger {seen.user}")
    return fail(seen.error, "see what systemd says: systemctl status; journalctl -p err -n 50")
