"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aiemp.cli.moments import read_moment_ahead, read_span
from aiemp.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
"""11:00 in Berlin."""


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("17:00", "2026-11-25 17:00"),
        ("today 17:00", "2026-11-25 17:00"),
        ("tomorrow", "2026-11-26 00:00"),
        ("Tomorrow 8:30", "2026-11-26 08:30"),
        ("2026-12-01 08:00", "2026-12-01 08:00"),
        ("2026-12-01T08:00", "2026-12-01 08:00"),
        ("2026-12-01", "2026-12-01 00:00"),
        ("2h", "2026-11-25 13:00"),
        (" 90 min ", "2026-11-25 12:30"),
        ("3 days", "2026-11-28 11:00"),
        ("2027-03-28 02:30", "2027-03-28 03:30"),  # a time that the clock change skips
    ],
)
def test_what_is_understood(text: str, local: str) -> None:
    """In the owner's time, whatever the clock's own zone."""
    assert f"{read_moment_ahead(text, NOW, BERLIN).astimezone(BERLIN):%Y-%m-%d %H:%M}" == local


@pytest.mark.parametrize("text", ["10:59", "today", "today 11:00", "2026-11-24 12:00", "0h", "2020-01-01"])
def test_what_has_passed_is_a_mistake(text: str) -> None:
    """It would be a pause that is over before it begins; the message has the time now."""
    with pytest.raises(UsageError, match=r"has passed.*now 11:00"):
        read_moment_ahead(text, NOW, BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "25:00",
        "17:60",
        "2026-13-01 08:00",
        "-2h",
        "2 h 30",
        "99999999d",
        "9999-12-31 23:59:00",
        "٢h",
        "17:00:00",
    ],
)
def test_what_is_not_understood(text: str) -> None:
    """The message says what can be written."""
    with pytest.raises(UsageError, match=r"write it like|has passed"):
        read_moment_ahead(text, NOW, BERLIN)


@pytest.mark.parametrize(
    ("text", "span"),
    [("24h", timedelta(days=1)), ("7d", timedelta(days=7)), (" 90 Min", timedelta(minutes=90))],
)
def test_a_length_of_time(text: str, span: timedelta) -> None:
    """It is read as people write it: a number and a unit, in any case, with blanks."""
    assert read_span(text) == span


@pytest.mark.parametrize("text", ["", "0h", "-1d", "yesterday", "7", "999999d", "٣d"])
def test_no_length_of_time(text: str) -> None:
    """What is none, or longer than anything that has run, is refused with what can be written."""
    with pytest.raises(UsageError, match="write it like 24h, 7d or 90m"):
        read_span(text)
