"""Time zones: the one that ``timezone`` names, and the machine's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from aiemp.config.table import did_you_mean

LOCALTIME = Path("/etc/localtime")
ZONE_FOLDER = "/zoneinfo/"


def named_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such zone, a path out of the database, a folder in it
        return None


def suggested_zone(name: str) -> str:
    """``, or did you mean `Europe/Berlin`?`` when some zone's name looks like ``name``; else nothing."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads a folder tree; only a mistake pays

    return did_you_mean(name, available_timezones())


def machine_zone(environ: Mapping[str, str], localtime: Path = LOCALTIME) -> tuple[tzinfo, str | None]:
    """The machine's zone, and a warning when it cannot be told and UTC stands in.

    ``TZ`` decides if it is set, then where ``/etc/localtime`` points: that is what systemd goes by
    (localtime(5)). Only a machine without that link needs tzlocal, which knows many other places.
    """
    if not environ.get("TZ"):
        linked = _linked_zone(localtime)
        if linked is not None:
            return linked, None
    else:
        named = named_zone(environ["TZ"].removeprefix(":"))
        if named is not None:
            return named, None
    from tzlocal import get_localzone  # noqa: PLC0415 - costs 6 ms, and few machines need it

    try:
        return get_localzone(), None
    except Exception as error:  # noqa: BLE001 - it reads files of many formats; UTC is better than no run
        reason = " ".join(str(error).split())
        return UTC, f'the machine\'s time zone is not known ({reason}): using UTC; set timezone = "…"'


def zone_name(zone: tzinfo) -> str | None:
    """The IANA name of ``zone``; None when it has none."""
    return getattr(zone, "key", None)


def _linked_zone(localtime: Path) -> ZoneInfo | None:
    try:
        target = str(localtime.readlink())
    except OSError:
        return None
    _, folder, name = target.rpartition(ZONE_FOLDER)
    return named_zone(name) if folder else None
