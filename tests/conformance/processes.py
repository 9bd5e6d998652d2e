"""The processes that a test can see, on this host and in a test machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is no zombie."""

    pid: int
    command: str
    folder: str

    def mentions(self, path: str) -> bool:
        return path in self.command or self.folder == path or self.folder.startswith(f"{path}/")


def live_processes(of: int) -> list[Process]:
    """The processes in the process namespace of the process ``of``."""
    found = []
    for entry in _in_namespace(of):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if command:  # else a zombie, or a thread of the kernel
                found.append(Process(int(entry.name), command, str((entry / "cwd").readlink())))
        except OSError:
            continue  # it has ended
    return found


def pid_outside(pid: int, of: int) -> int:
    """What this host calls the process that is ``pid`` in the namespace of the process ``of``; 0: it is gone."""
    return next((int(entry.name) for entry in _in_namespace(of) if _number_inside(entry) == pid), 0)


def _in_namespace(of: int) -> Iterator[Path]:
    namespace = (PROC / str(of) / "ns/pid").readlink()
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "ns/pid").readlink() == namespace:
                    yield entry
            except OSError:
                continue


def _number_inside(entry: Path) -> int:
    try:
        lines = (entry / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[-1]) for line in lines if line.startswith("NSpid:")), 0)
