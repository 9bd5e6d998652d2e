"""``--check-stale``: which approvals wait too long. It runs as a process of its own, so that what reading
frontmatter needs (YAML) does not stay in a watcher that lives for months.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from aiemp.watchers.loop import Looked
from aiemp.watchers.options import STALE_AFTER_VARIABLE, ZONE_VARIABLE

TIMEOUT_S = 20.0
"""It takes a fraction of a second; meanwhile the watcher gives no sign of life."""


def report(vault: Path) -> int:
    """Print ``Found N stale approvals`` and then each one's path in the vault, as a JSON string a line."""
    from datetime import timedelta  # noqa: PLC0415 - only this process needs these

    from aiemp.clock import utc_now  # noqa: PLC0415
    from aiemp.config.zones import machine_zone, named_zone  # noqa: PLC0415
    from aiemp.log_files import log_to  # noqa: PLC0415
    from aiemp.plan import Limits  # noqa: PLC0415
    from aiemp.vault.approvals import stale_approvals  # noqa: PLC0415

    log_to(None)
    try:
        hours = float(os.environ[STALE_AFTER_VARIABLE])
    except (KeyError, ValueError):
        hours = Limits().stale_after_hours
    zone = named_zone(os.environ.get(ZONE_VARIABLE, "")) or machine_zone(os.environ)[0]
    found = stale_approvals(vault, utc_now(), timedelta(hours=hours), zone)
    lines = [f"Found {len(found)} stale approvals"]
    lines += [json.dumps(str(approval.path.relative_to(vault))) for approval in found]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def ask(vault: str, looked: Looked) -> list[str]:
    """Run the check; the stale approvals' paths in the vault. What goes wrong becomes a problem."""
    argv = [sys.executable, "-m", "aiemp.watchers.approval", "--vault", vault, "--check-stale"]
    try:
        done = subprocess.run(
            argv, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=True
        )
        return [str(json.loads(line)) for line in done.stdout.splitlines()[1:]]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = getattr(error, "stderr", None) or b""
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        looked.problems["stale"] = f"stale approvals cannot be looked for: {error} {last}".rstrip()
        return []
