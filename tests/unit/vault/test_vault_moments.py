"""Moments as frontmatter and file names spell them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.vault.frontmatter import parse_moment
from aiemp.vault.moments import day_in_name, names_a_day

BERLIN = ZoneInfo("Europe/Berlin")
IN_BERLIN = datetime(2026, 2, 27, 1, 52, 10, tzinfo=UTC)  # 02:52:10 there
IN_UTC = datetime(2026, 2, 27, 2, 52, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-02-27T02:52:10", IN_BERLIN),
        ("2026-02-27 02:52:10", IN_BERLIN),
        ("2026-02-27T02-52-10", IN_BERLIN),
        ("2026-02-27_02-52-10", IN_BERLIN),
        ("20260227T025210", IN_BERLIN),
        ("20260227_025210", IN_BERLIN),
        ("2026/02/27 02.52.10", IN_BERLIN),
        ("  2026-02-27T02:52:10 ", IN_BERLIN),
        ("2026-02-27T02:52:10Z", IN_UTC),
        ("2026-02-27t02:52:10z", IN_UTC),
        ("2026-02-27T02-52-10Z", IN_UTC),
        ("2026-02-27 02:52:10 UTC", IN_UTC),
        ("2026-02-27T02:52:10.000Z", IN_UTC),
        ("2026-02-27T02:52:10.250000+00:00", IN_UTC + timedelta(milliseconds=250)),
        ("2026-02-27T03:52:10+01:00", IN_UTC),
        ("2026-02-27T03:52:10+0100", IN_UTC),
        ("2026-02-27 03:52:10+01", IN_UTC),
        ("2026-02-26T21:52:10-05:00", IN_UTC),
        ("2026-02-27T02:52", IN_BERLIN - timedelta(seconds=10)),
        ("2026-02-27T02-52", IN_BERLIN - timedelta(seconds=10)),
        ("2026-02-26T21:52-05:00", IN_UTC - timedelta(seconds=10)),
        ("2026-02-27", datetime(2026, 2, 26, 23, tzinfo=UTC)),
        ("20260227", datetime(2026, 2, 26, 23, tzinfo=UTC)),
        (20260227, datetime(2026, 2, 26, 23, tzinfo=UTC)),
        (date(2026, 2, 27), datetime(2026, 2, 26, 23, tzinfo=UTC)),
        (datetime(2026, 2, 27, 2, 52, 10), IN_BERLIN),
        (datetime(2026, 2, 27, 2, 52, 10, tzinfo=UTC), IN_UTC),
        (datetime(2026, 2, 26, 21, 52, 10, tzinfo=timezone(timedelta(hours=-5))), IN_UTC),
    ],
)
def test_moments_are_understood(value: object, expected: datetime) -> None:
    """Every spelling found in vaults is understood; what has no offset is in the given zone."""
    moment = parse_moment(value, BERLIN)
    assert moment == expected
    assert moment is not None
    assert moment.tzinfo is UTC


NO_MOMENTS = (None, "", "tomorrow", "2026-02-30", "2026-13-01", "2026-02-27T25:00:00", "27.02.2026", True, 3)
NO_MOMENTS_EITHER = (1.5, [], {}, "2026-02-27T02:52:10+99:00", "0001-01-01", "2026-02-27T02:52:10Z junk")
TOO_LONG = (10**5000, "9" * 5000)


@pytest.mark.parametrize("value", (*NO_MOMENTS, *NO_MOMENTS_EITHER, "\uff12\uff10\uff12\uff16-02-27"))
def test_what_is_no_moment_is_none(value: object) -> None:
    """Text that names no moment, other types, and moments before the calendar begins are None."""
    assert parse_moment(value, BERLIN) is None


def test_numbers_too_long_to_print_are_none() -> None:
    """Python refuses to print numbers of over 4300 digits; that must not surface here."""
    assert [parse_moment(value, BERLIN) for value in TOO_LONG] == [None, None]


def test_a_wall_time_that_occurs_twice_is_the_first() -> None:
    """02:30 on the night the clock goes back is the one in summer time; one that is skipped still counts."""
    assert parse_moment("2026-10-25T02:30:00", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert parse_moment("2026-03-29T02:30:00", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]), allow_imaginary=False
    )
)
def test_what_isoformat_writes_is_read_back(moment: datetime) -> None:
    """parse_moment undoes isoformat for every aware time that UTC can express."""
    try:
        expected: datetime | None = moment.astimezone(UTC)
    except OverflowError:
        expected = None
    assert parse_moment(moment.isoformat(), BERLIN) == expected
    assert parse_moment(moment.isoformat(" "), BERLIN) == expected


@given(st.one_of(st.text(), st.text("0123456789-:T Z+._/"), st.integers(), st.datetimes(), st.dates()))
def test_parse_moment_never_raises(value: object) -> None:
    """Whatever the frontmatter holds, the answer is an aware UTC time or None."""
    moment = parse_moment(value, BERLIN)
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("LINKEDIN_POST_20260121.md", date(2026, 1, 21)),
        ("LINKEDIN_2026-07-14_x.md", date(2026, 7, 14)),
        ("ACTION_linkedin_post_me_2026-02-27T02-52-10_1.md", date(2026, 2, 27)),
        ("LINKEDIN_20260121093000.md", date(2026, 1, 21)),
        ("LINKEDIN_20260121_093000.md", date(2026, 1, 21)),
        ("post_99999999_2026-01-21.md", date(2026, 1, 21)),
        ("post_20261399_2026-01-21.md", date(2026, 1, 21)),
        ("LINKEDIN_1202601215.md", None),
        ("LINKEDIN_2026-0121.md", None),
        ("LINKEDIN.md", None),
    ],
)
def test_a_day_is_read_from_a_name(name: str, day: date | None) -> None:
    """Both ways of writing a date in a name are read; digits that are no date are not."""
    assert day_in_name(name) == day


def test_a_day_without_a_time_is_told_apart() -> None:
    """Dates count as days, moments do not, in YAML's types as in text."""
    assert names_a_day("2026-02-27")
    assert names_a_day(date(2026, 2, 27))
    assert names_a_day(20260227)
    assert not names_a_day("2026-02-27T00:00")
    assert not names_a_day(datetime(2026, 2, 27))
    assert not names_a_day(None)
