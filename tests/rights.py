"""Being somebody whom owners and modes of files bind, also where root runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534

OBEYING_MODES: tuple[str, ...] = ()
"""Before a command: root obeys them once it lacks the capabilities not to (capabilities(7), setpriv(1))."""
if os.geteuid() == 0:
    OBEYING_MODES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Within, this process is an ordinary user; as whoever it was where that is one.

    Not only the effective id: access(2) asks for the real one. What is imported within must be readable to all.
    """
    if os.geteuid() != 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, group)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(group, group, group)
        os.setgroups(groups)
