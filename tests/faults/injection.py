"""A layer below the code under test that lets the n-th call to the operating system fail, or kills the process there.

The calls are those by which bytes reach the disk. Nothing else is replaced: the rest is the real program on real
files.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from aiemp.dashboard import swap

CALLS = (
    *("open", "write", "pwrite", "fsync", "ftruncate", "fchmod", "utime"),
    *("rename", "replace", "exchange", "link", "symlink", "unlink", "mkdir"),
)
"""Those of :mod:`os`, and ``exchange``: renameat2(2), which the dashboard's writer calls by itself."""

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
MORE_THAN_ANY = 200
KILLED = 86
"""The exit status of a process that was killed on purpose."""


@dataclass
class Trap:
    """Springs at the ``at``-th call (from 1) of one kind, or of any kind when ``kind`` is empty.

    ``code``: the call fails with this errno, and so does each later one of that kind while ``lasting``. None:
    the process ends there and then, before the call, or after half of a write.
    """

    at: int
    code: int | None
    kind: str = ""
    lasting: bool = False
    calls: int = 0
    sprung: int = 0
    seen: list[str] = field(default_factory=list)

    def before(self, kind: str, arguments: tuple[Any, ...], call: Callable[..., Any]) -> None:
        """Called with each call before it is made."""
        if self.kind not in ("", kind):
            return
        self.calls += 1
        self.seen.append(kind)
        if self.calls < self.at or (self.calls > self.at and not self.lasting):
            return
        self.sprung += 1
        if kind == "write" and len(arguments[1]) > 1:
            call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])  # a write is torn
        if self.code is None:
            os._exit(KILLED)
        raise OSError(self.code, os.strerror(self.code), str(arguments[0]))


@contextlib.contextmanager
def trapped(trap: Trap) -> Iterator[Trap]:
    """Set the trap for what is done within."""
    real = {kind: getattr(os, kind) for kind in CALLS if kind != "exchange"}
    exchange = swap.exchange_call()

    def wrapper(kind: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if kind != "open" or _writes(arguments):
                trap.before(kind, arguments, real[kind])
            return real[kind](*arguments, **options)

        return call

    def exchange_names(one: bytes, other: bytes) -> int:
        assert exchange is not None
        try:
            trap.before("exchange", (one, other), exchange)
        except OSError as error:
            return error.errno or errno.EIO
        return exchange(one, other)

    call = exchange_names if exchange else None
    try:
        for kind in real:
            setattr(os, kind, wrapper(kind))
        with mock.patch.object(swap, "exchange_call", lambda: call):
            yield trap
    finally:
        for kind, function in real.items():
            setattr(os, kind, function)


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Whether an open may make or change a file; folders and files that are only read are left alone."""
    return len(arguments) > 1 and bool(arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def in_child(work: Callable[[], object], trap: Trap) -> bool:
    """Do ``work`` in a process of its own with the trap set. Whether it was killed there."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            with trapped(trap):
                work()
            status = 0
        except OSError:
            status = 2
        finally:
            os._exit(status)
    _, waited = os.waitpid(pid, 0)
    status = os.waitstatus_to_exitcode(waited)
    assert status in (0, KILLED), f"the process ended with {status}"
    return status == KILLED
