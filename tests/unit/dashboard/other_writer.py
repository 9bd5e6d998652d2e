"""Somebody who rewrites a dashboard again and again and knows no lock; run as a process of its own.

Arguments: the file, how to write (``in_place``, ``by_rename``, ``in_parts``, ``append``), the pause in
seconds, a file whose existence means stop, a name, and how long it thinks between its read and its write. Prints
how many lines it added.
"""

from __future__ import annotations

import fcntl
import sys
import time
from pathlib import Path

ANCHOR = "## Theirs\n"


def main(path: Path, how: str, pause_s: float, stop: Path, name: str, think_s: float = 0.0) -> int:
    added = 0
    turn = stop.with_suffix(".turn").open("w")
    while not stop.exists():
        fcntl.flock(turn, fcntl.LOCK_EX)  # two of these take turns: they must not undo each other
        line = f"{name} line {added}.\n"
        if how == "append":
            with path.open("a", encoding="utf-8") as file:
                file.write(line)
        else:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            lines.insert(lines.index(ANCHOR) + 1, line)
            time.sleep(think_s)
            write(path, how, "".join(lines))
        added += 1
        fcntl.flock(turn, fcntl.LOCK_UN)
        time.sleep(pause_s)
    return added


def write(path: Path, how: str, text: str) -> None:
    if how == "by_rename":
        new = path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    elif how == "in_place":
        path.write_text(text, encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8") as file:
            for start in range(0, len(text), 200):
                file.write(text[start : start + 200])
                file.flush()
                time.sleep(0.0005)


if __name__ == "__main__":
    think_s = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
    print(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]), sys.argv[5], think_s))
