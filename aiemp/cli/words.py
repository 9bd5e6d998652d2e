"""Moments in words for people, in the zone they live in. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from aiemp.schedule_words import DAY_NAMES, span_in_words

LONGEST_S = 1e9
"""A run that is said to have taken longer (30 years) was not measured but edited."""

NEAR_DAYS = {0: "today", -1: "yesterday", 1: "tomorrow"}


def moment_in_words(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """``today 08:00``, ``Mon 2026-11-23 08:00``: the wall clock of ``zone``, without seconds."""
    try:
        local, today = moment.astimezone(zone), now.astimezone(zone).date()
    except OverflowError:  # the first or the last day that there is, in an edited file
        return moment.isoformat()
    day = NEAR_DAYS.get((local.date() - today).days) or f"{DAY_NAMES[local.weekday()]} {local:%Y-%m-%d}"
    return f"{day} {local:%H:%M}"


def near_moment_in_words(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """``today 08:00``, ``Thu 08:00`` within a week to either side, else with the date: as short as it is clear."""
    try:
        local, days = (
            moment.astimezone(zone),
            (moment.astimezone(zone).date() - now.astimezone(zone).date()).days,
        )
    except OverflowError:
        return moment.isoformat()
    if days == 0 or abs(days) >= len(DAY_NAMES):
        return f"today {local:%H:%M}" if days == 0 else f"{local:%Y-%m-%d %H:%M}"
    return f"{DAY_NAMES[local.weekday()]} {local:%H:%M}"


def ahead_in_words(moment: datetime, now: datetime) -> str:
    """``in 3 h``; ``now`` for what has come already."""
    return f"in {span_in_words(moment - now)}" if moment > now else "now"


def about(span: timedelta) -> str:
    """A length of time as one number, for where the clock stands beside it: ``45 s``, ``12 min``, ``3 h``, ``2 d``.

    Halves are told while they matter: ``1 h 30 min`` is not ``1 h``.
    """
    minutes = int(span.total_seconds() // 60)
    if minutes < 3 * 60:
        return span_in_words(span) if minutes < 2 or minutes >= 60 else f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def ago_in_words(moment: datetime, now: datetime) -> str:
    """``3 h ago``; ``just now`` below two seconds, and for a clock that was set back."""
    span = now - moment
    return "just now" if span < timedelta(seconds=2) else f"{span_in_words(span)} ago"


def duration_in_words(seconds: float) -> str:
    """How long a run took: tenths below ten seconds, since most tasks are that quick."""
    if not seconds < LONGEST_S:
        return "?"
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    return span_in_words(timedelta(seconds=seconds))
