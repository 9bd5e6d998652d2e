"""The most memory that a process has had, told apart from that of the process which started it.

The kernel's ru_maxrss survives exec(2): a child of a large pytest begins with the size of that.

    python -S peak_memory.py FILE COMMAND ...

runs the command from this small process, and writes the command's own peak (KiB) into the file.
"""

from __future__ import annotations

import os
import resource
import sys


def peak_kb() -> int:
    """The peak of this process since its program began (proc(5), VmHWM), in KiB."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - as small as can be
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except FileNotFoundError:  # macOS counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    with open(sys.argv[1], "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(str(usage.ru_maxrss))
    sys.exit(os.waitstatus_to_exitcode(status))
