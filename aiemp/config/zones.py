"""Time zones: the one that ``timezone`` names, and the machine's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

LOCALTIME = Path("/etc/localtime")
ZONE_FOLDER = "/zoneinfo/"


def named_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such zone, a path out of the database, a folder in it
        return None


def suggested_zone(name: str) -> str:
    """``, or did you mean `Europe/Berlin`?`` when some zone's name, or its town, looks like ``name``; else nothing.

    Only names with a place are suggested: what looks like an abbreviation is mostly another one (CEST, EST).
    """
    from difflib import get_close_matches  # noqa: PLC0415 - reads a folder tree, too; only a mistake pays
    from zoneinfo import available_timezones  # noqa: PLC0415

    wanted = name.strip().replace(" ", "_").casefold()
    zones = {zone.casefold(): zone for zone in sorted(available_timezones())}
    places = {key: zone for key, zone in zones.items() if "/" in key and not key.startswith("etc/")}
    towns = {key.rpartition("/")[2]: zone for key, zone in places.items()}
    for known, likeness in ((zones, 1.0), (towns, 1.0), (places, 0.7), (towns, 0.8)):
        close = get_close_matches(wanted, known, n=1, cutoff=likeness)
        if close:
            return f", or did you mean `{known[close[0]]}`?"
    return ""


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
