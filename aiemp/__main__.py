"""``aiemp``, and ``python -m aiemp``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line that this process was started with. Returns the exit status."""
    try:
        from aiemp.cli.entry import run  # noqa: PLC0415 - Ctrl-C while importing is quiet too

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
