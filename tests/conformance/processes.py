"""The processes that a test can see, on this host and in a test machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that is no zombie. ``pid_inside`` is its number in its own namespace."""

    pid: int
    pid_inside: int
    command: str
    folder: str

    def mentions(self, path: str) -> bool:
        return path in self.command or self.folder == path or self.folder.startswith(f"{path}/")


def live_processes(of: int) -> list[Process]:
    """The processes in the process namespace of the process ``of``."""
    namespace = (PROC / str(of) / "ns/pid").readlink()
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns/pid").readlink() != namespace:
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if not command:  # a zombie, or a thread of the kernel
                continue
            folder = str((entry / "cwd").readlink())
            found.append(Process(int(entry.name), _number_inside(entry), command, folder))
        except OSError:
            continue  # it has ended
    return found


def _number_inside(entry: Path) -> int:
    for line in (entry / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return int(entry.name)
