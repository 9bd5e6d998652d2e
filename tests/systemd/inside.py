"""What can be done in a running test machine: commands, systemd, users, files, the time."""

from __future__ import annotations

import itertools
import os
import shlex
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.systemd.waiting import wait_until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FIRST_UID = 30000
SYSTEM_STATES = ("running", "degraded")


class CommandFailed(AssertionError):
    """A command in the machine ended with something else than 0; the message shows what it wrote."""


@dataclass(frozen=True, slots=True)
class User:
    """An unprivileged user of the machine."""

    name: str
    uid: int
    home: Path

    @property
    def runtime_dir(self) -> Path:
        return Path(f"/run/user/{self.uid}")


class Inside(ABC):
    """The inside of a machine that runs. :class:`tests.systemd.machine.Machine` makes one run."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._uids = itertools.count(FIRST_UID)

    @abstractmethod
    def init_pid(self) -> int:
        """PID 1 of the machine as the host numbers it; AssertionError when it does not run."""

    # Commands

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        user: str | None = None,
        check: bool = True,
        timeout_s: float = 30.0,
        env: Mapping[str, str | None] | None = None,
        cwd: str | Path | None = None,
        stdin: str | bytes = b"",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in there, as root or as ``user``, with the environment of a fresh login.

        ``env`` adds to that environment; None as a value removes. With ``check`` a failure is an
        AssertionError that shows the output. After ``timeout_s`` it is killed and TimeoutExpired raised.
        """
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with self.background(argv, user=user, env=env, cwd=cwd, stdin=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(given, timeout=timeout_s)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        result = subprocess.CompletedProcess(
            [str(word) for word in argv],
            process.returncode,
            out.decode(errors="surrogateescape"),
            err.decode(errors="surrogateescape"),
        )
        if check and result.returncode != 0:
            raise CommandFailed(
                f"{shlex.join(result.args)} ended with {result.returncode}\n{result.stdout}{result.stderr}"
            )
        return result

    def background(
        self,
        argv: Sequence[str | Path],
        *,
        user: str | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: str | Path | None = None,
        stdin: int = subprocess.DEVNULL,
        output: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start a command in there and do not wait. Its process group is that of the returned process.

        What is returned is outside of the machine, the parent of the command: kill the group, not the one.
        """
        enter = ["nsenter", "--target", str(self.init_pid()), "--all"]
        become = ["setpriv", "--bounding-set=-sys_time,-sys_module"]  # as boot_machine.sh does for PID 1
        if user is not None:
            become += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        variables = {**self.environment(user), **(env or {})}
        words = [f"{name}={value}" for name, value in variables.items() if value is not None]
        folder = str(cwd or variables["HOME"])
        return subprocess.Popen(
            [*enter, *become, "env", "-i", "-C", folder, *words, *(str(word) for word in argv)],
            stdin=stdin,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def environment(self, user: str | None = None) -> dict[str, str]:
        """What a fresh login has."""
        common = {"PATH": PATH, "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
        if user is None:
            return {**common, "USER": "root", "LOGNAME": "root", "HOME": "/root"}
        known = self.user(user)
        own = {"USER": user, "LOGNAME": user, "HOME": str(known.home)}
        return {**common, **own, "XDG_RUNTIME_DIR": str(known.runtime_dir)}

    # systemd

    def systemctl(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """``systemctl`` of the system manager, as root."""
        return self.run(["systemctl", "--no-pager", *words], check=check)

    def user_systemctl(
        self, user: str, *words: str | Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """``systemctl --user`` as that user."""
        return self.run(["systemctl", "--user", "--no-pager", *words], user=user, check=check)

    def journal(self, *words: str, user: str | None = None) -> str:
        """What ``journalctl`` shows, everything logged until now included; with ``user`` his ``--user``."""
        self.run(["journalctl", "--sync"])
        scope = [] if user is None else ["--user"]
        return self.run(["journalctl", "--no-pager", "--quiet", *scope, *words], user=user).stdout

    def show(self, unit: str, *properties: str, user: str | None = None) -> dict[str, str]:
        """Properties of a unit, as ``systemctl show`` prints them; all of them when none is named."""
        words = ["show", "--property", ",".join(properties), unit] if properties else ["show", unit]
        done = self.systemctl(*words) if user is None else self.user_systemctl(user, *words)
        lines = (line.partition("=") for line in done.stdout.splitlines())
        return {name: value for name, separator, value in lines if separator}

    # Users

    def add_user(self, name: str, linger: bool = True) -> User:
        """A new unprivileged user with a home; when he lingers, his manager is up when this returns."""
        # Never the same number again: logind of 257 starts no manager for one that it knows as somebody else.
        uid = next(self._uids)
        self.run(["useradd", "--create-home", "--shell", "/bin/sh", "--uid", str(uid), name])
        user = self.user(name)
        if linger:
            self.run(["loginctl", "enable-linger", name])
            self.wait_for_user_manager(name)
        return user

    def remove_user(self, name: str) -> None:
        """End everything of that user and remove him, his home and his linger."""
        uid = self.user(name).uid
        self.run(["loginctl", "disable-linger", name])
        self.run(["systemctl", "stop", f"user@{uid}.service", f"user-{uid}.slice"])
        self.run(["userdel", "--remove", "--force", name], check=False)
        del self._users[name]

    def user(self, name: str) -> User:
        """The user of that name."""
        if name not in self._users:
            fields = self.run(["getent", "passwd", name]).stdout.strip().split(":")
            self._users[name] = User(name, int(fields[2]), Path(fields[5]))
        return self._users[name]

    def lingers(self, name: str) -> bool:
        """Whether the user's manager starts at boot, without a login."""
        return self.run(["test", "-e", f"/var/lib/systemd/linger/{name}"], check=False).returncode == 0

    def wait_for_user_manager(self, name: str, deadline_s: float = 30.0) -> None:
        """Until ``systemctl --user`` of that user answers that it is up."""

        def is_up() -> bool:
            state = self.user_systemctl(name, "is-system-running", check=False).stdout.strip()
            return state in SYSTEM_STATES

        wait_until(is_up, deadline_s, lambda: f"the manager of {name} is not up\n{self.journal('-n', '40')}")

    # Files and time

    def path(self, inside: str | Path) -> Path:
        """A file of the machine, as this process reaches it: as root, and only as long as the machine runs."""
        return Path(f"/proc/{self.init_pid()}/root") / Path(inside).relative_to("/")

    def write_file(
        self, path: str | Path, content: str | bytes, *, user: str | None = None, mode: int = 0o644
    ) -> None:
        """Write a file, and the folders above it, as root or as ``user``."""
        script = 'mkdir -p -- "$(dirname -- "$1")" && cat > "$1" && chmod -- "$2" "$1"'
        self.run(["sh", "-c", script, "sh", path, f"{mode:o}"], user=user, stdin=content)

    def read_file(self, path: str | Path) -> str:
        """The text of a file, read as root."""
        return self.run(["cat", "--", path]).stdout

    def exists(self, path: str | Path) -> bool:
        """Whether root finds something at that path."""
        return self.run(["test", "-e", path], check=False).returncode == 0

    def copy_in(self, source: Path, folder: str | Path, *, user: str | None = None) -> None:
        """Copy a file or folder of the host into a folder of the machine; it then belongs to ``user``.

        Which of the host's folders the machine's disk shows depends on the host's mounts: copy what you need.
        """
        archive = subprocess.run(
            ["tar", "--create", "--directory", str(source.parent), source.name],
            check=True,
            capture_output=True,
        ).stdout
        self.run(["mkdir", "-p", folder], user=user)
        unpack = ["tar", "--extract", "--no-same-owner", "--directory", folder]
        self.run(unpack, user=user, stdin=archive, timeout_s=120)

    def which(self, program: str) -> str:
        """The absolute path of a program in there."""
        return self.run(["sh", "-c", 'command -v "$1"', "sh", program]).stdout.strip()

    def now(self) -> datetime:
        """The machine's wall clock."""
        return datetime.fromtimestamp(float(self.run(["date", "+%s.%N"]).stdout), UTC)
