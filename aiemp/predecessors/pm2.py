"""What PM2 runs of a vault, has saved for the next boot, or would start from a file in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote

from aiemp.pm2 import is_generated
from aiemp.pm2_processes import processes_for
from aiemp.predecessors import Predecessor

FILES = ("ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.json", "pm2.config.js", "pm2.json")
LARGEST = 256 * 1024

_NAME = re.compile(r"""["']?\bname["']?\s*:\s*["'`]([^"'`\n]{1,80})["'`]""")


def pm2_leftovers(vault: Path, environ: Mapping[str, str]) -> Iterator[Predecessor]:
    """First the processes, then files that none of these is from."""
    known = set()
    for process in processes_for(vault, environ, every=True):
        known.add(process.name)
        if not process.is_aiemp:
            where = "PM2" if process.is_online else "PM2's list for the next boot (~/.pm2/dump.pm2)"
            off = f"pm2 delete {quote(process.name)} && pm2 save"
            yield Predecessor("PM2", where, process.name, off)
    for name in FILES:
        path = vault / name
        try:
            with path.open("rb") as file:
                text = file.read(LARGEST).decode("utf-8", "replace")
        except OSError:
            continue
        apps = [app for app in dict.fromkeys(_NAME.findall(text)) if app not in known]
        if apps and not is_generated(text):
            note = "PM2 does not run it now; leave it, and do not `pm2 start` it. `aiemp pm2-config` makes a new one"
            yield Predecessor("PM2", str(path), ", ".join(apps), note=note)
