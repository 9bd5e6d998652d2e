"""A few digits that change with a watcher's settings. Pure.

``aiemp watch NAME`` reads the settings itself, so its unit would look the same after an edit, and the watcher
would go on with the old ones. With this in the unit it counts as changed, and is restarted.
"""

from __future__ import annotations

import hashlib

from aiemp.plan import Plan, Watcher

DIGITS = 12
DIGITS_OF_SECRETS = 4
"""The values of environment variables may be secrets, and everybody can read a unit file. So no more than 16
bits of all of them together are told: an edit is missed once in 65,536 times, and nothing can be guessed."""


def watcher_fingerprint(watcher: Watcher, plan: Plan) -> str:
    """The fingerprint of all that :func:`aiemp.watchers.launch.prepare` goes by."""
    settings = (
        watcher.command,
        str(watcher.cwd),
        watcher.origin.value,
        watcher.interval_s,
        tuple(name for name, _ in watcher.env),
        watcher.requires_env,
        watcher.dry_run.value,
        plan.dry_run.active,
        plan.limits.stale_after_hours,
        plan.zone_name,
    )
    values = tuple(value for _, value in watcher.env)
    digest, secrets = (
        hashlib.sha256(repr(each).encode("utf-8", "surrogateescape")).hexdigest()
        for each in (settings, values)
    )
    return digest[:DIGITS] + (f"-{secrets[:DIGITS_OF_SECRETS]}" if values else "")
