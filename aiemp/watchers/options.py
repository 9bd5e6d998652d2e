"""The command line of a built-in watcher, read by hand: argparse would cost half as much as Python itself."""

from __future__ import annotations

import os
import sys

USAGE = "usage: python -m aiemp.watchers.{} --vault FOLDER [--interval SECONDS] [--dry-run] [--once]{}\n"
STALE_AFTER_VARIABLE = "AIEMP_STALE_AFTER_HOURS"
ZONE_VARIABLE = "AIEMP_TIMEZONE"
"""How a built-in watcher learns what else the plan says: it does not read the configuration itself."""

TRUE_WORDS = ("true", "1", "yes", "on")


class Options:
    """What was asked for. Without ``--dry-run``, ``DRY_RUN`` in the environment decides."""

    __slots__ = ("check_stale", "dry_run", "interval_s", "once", "vault")

    def __init__(self, vault: str, interval_s: int = 30) -> None:
        self.vault = vault
        self.interval_s = interval_s
        self.dry_run = False
        self.once = False
        self.check_stale = False


def parse(name: str, arguments: list[str], *, check_stale: bool = False) -> Options:
    """Read the command line. Exits with 2, and the usage on standard error, when it cannot be read."""
    usage = USAGE.format(name, " [--check-stale]" if check_stale else "")
    values = {"--vault": os.environ.get("VAULT_PATH", ""), "--interval": "30"}
    given = {"--dry-run": False, "--once": False} | ({"--check-stale": False} if check_stale else {})
    rest = list(arguments)
    while rest:
        flag, equals, value = rest.pop(0).partition("=")
        if flag in values and (equals or rest):
            values[flag] = value if equals else rest.pop(0)
        elif flag in values:
            _refuse(usage, f"{flag} needs a value")
        elif flag in given and not equals:
            given[flag] = True
        elif flag in ("-h", "--help"):
            sys.stdout.write(usage)
            raise SystemExit(0)
        else:
            _refuse(usage, f"unknown argument {flag!r}")
    interval = values["--interval"]
    if not (interval.isascii() and interval.isdigit() and 0 < int(interval) <= 86400):
        _refuse(usage, f"--interval is a number of seconds from 1 to 86400, not {interval!r}")
    if not values["--vault"]:
        _refuse(usage, "--vault is missing")
    options = Options(_absolute(values["--vault"]), int(interval))
    if not os.path.isdir(options.vault):
        _refuse(usage, f"{options.vault} is no folder; name the vault with --vault")
    options.dry_run = given["--dry-run"] or os.environ.get("DRY_RUN", "").lower() in TRUE_WORDS
    options.once = given["--once"]
    options.check_stale = given.get("--check-stale", False)
    return options


def _absolute(path: str) -> str:
    """As ``Path(path).absolute()``: no link is followed, and no ``..`` is taken away."""
    whole = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
    return whole.rstrip(os.sep) or os.sep


def _refuse(usage: str, why: str) -> None:
    sys.stderr.write(f"{why}\n{usage}")
    raise SystemExit(2)
