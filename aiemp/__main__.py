"""``aiemp``, and ``python -m aiemp``."""

from __future__ import annotations

import os
import sys

OWN_FUNCTION = "aiemp.triggers.own_function"


def main() -> int:
    """Run the command line that this process was started with. Returns the exit status."""
    try:
        from aiemp.cli.entry import run  # noqa: PLC0415 - Ctrl-C while importing is quiet too

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


def program() -> int:
    """:func:`main` as a process of its own, which then ends at once with that status.

    A Python that ends takes all its modules and objects apart first: a seventh of the time of a run whose task does
    nothing, for memory that the system takes back anyway. Everything of ours is closed and written by then
    (``with``), so only what a stranger may have left open needs that: a function of the owner's own (atexit, threads,
    a file that is not closed). It is returned from, for the usual end, also where the output cannot be written.
    """
    status = main()
    if OWN_FUNCTION in sys.modules:
        return status
    try:
        # One that the caller has closed is None until it is replaced.
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return status
    os._exit(status)


if __name__ == "__main__":
    sys.exit(program())
