"""Refusals: which words mean that Claude will not work now, and when to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.claude.refusals import (
    LONGEST_WAIT,
    TRY_AGAIN,
    Refusal,
    RefusalKind,
    find_refusal,
    refusal_as_answer,
)
from aiemp.claude.reset_times import FURTHEST, reset_time
from aiemp.decisions import LONGEST_HOLD

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 18, 40, tzinfo=UTC)
"""A Wednesday; 13:40 in New York, where the tests are at home, and 19:40 in Berlin."""

REFUSALS = [
    # printed by Claude Code 2.1 against a local API
    ("Invalid API key · Fix external API key", RefusalKind.LOGIN),
    ("Not logged in · Please run /login", RefusalKind.LOGIN),
    ("API Error: Request rejected (429) · This request would exceed your account's rate limit.", "limit"),
    ("Credit balance is too low", RefusalKind.LIMIT),
    # from its public issues
    ("You've hit your limit · resets 1pm (Europe/Lisbon)", RefusalKind.LIMIT),
    ("You've hit your session limit · resets 5:10pm (Europe/Paris)", RefusalKind.LIMIT),
    ("You’ve reached your weekly usage limit", RefusalKind.LIMIT),
    ("Claude AI usage limit reached|1766502000", RefusalKind.LIMIT),
    ("  ⎿  Claude usage limit reached. Your limit will reset at 9am (America/Chicago).", RefusalKind.LIMIT),
    ("5-hour limit reached ∙ resets 3pm", RefusalKind.LIMIT),
    ('API Error: 401 {"type":"error","error":{"type":"authentication_error"}} · Please run /login', "login"),
    ("Invalid API key · Please run /login", RefusalKind.LOGIN),
    ("Error: Could not resolve authentication method. Expected either apiKey or authToken", "login"),
    ("OAuth token has expired. Please obtain a new token", RefusalKind.LOGIN),
]


@pytest.mark.parametrize(("line", "kind"), REFUSALS, ids=[line[:30] for line, _ in REFUSALS])
def test_refusals_are_recognised(line: str, kind: RefusalKind | str) -> None:
    """Each known wording, also below other output, is recognised, and its own words are kept."""
    expected = RefusalKind[kind.upper()] if isinstance(kind, str) else kind
    for text in (line, f"some work\n\n{line}\n"):
        refusal = find_refusal(text)
        assert refusal is not None
        assert (refusal.kind, refusal.line) == (expected, line.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "API Error: 529 Overloaded. This is a server-side issue, usually temporary",
        "API Error: 500 Internal server error",
        "I drafted a reply to the mail about 'usage limit reached' of Mr. 429.",
        "The customer asks whether her OAuth login is still valid.",
        "You've hit your limit" + "\nmore output" * 20,
        "usage limit reached " * 40,
        "Error: ENOENT: no such file or directory",
    ],
)
def test_other_failures_are_no_refusals(text: str) -> None:
    """An answer that speaks of limits, a server's hiccup, a refusal far above: these stay failures."""
    assert find_refusal(text) is None


def test_a_status_tells_what_words_do_not() -> None:
    """401 is a login and 429 a limit in whatever words; trouble of the API's own is neither."""
    for status, kind in ((401, RefusalKind.LOGIN), (402, RefusalKind.LIMIT), (429, RefusalKind.LIMIT)):
        refusal = find_refusal("", "In new words\nand more", status=status)
        assert refusal == Refusal(kind, "In new words")
    assert find_refusal("", status=429) == Refusal(RefusalKind.LIMIT, "the API refused with HTTP status 429")
    for status in (400, 500, 529):
        assert find_refusal("API Error: Overloaded", status=status) is None


def test_the_whole_answer_is_a_refusal() -> None:
    """Old versions ended without error then. An answer that speaks of it is an answer."""
    assert refusal_as_answer("Claude AI usage limit reached|1795608000\n") is not None
    assert refusal_as_answer("Mail 3 says: Claude AI usage limit reached|1795608000") is None


TIMES = [
    ("Claude AI usage limit reached|1795608000", "2026-11-25 12:00 +0000"),
    ("Claude AI usage limit reached|1795608000000", "2026-11-25 12:00 +0000"),
    ("5-hour limit reached ∙ resets 3pm", "2026-11-25 15:00 -0500"),
    ("5-hour limit reached ∙ resets 3:05 PM", "2026-11-25 15:05 -0500"),
    ("Limit reached · resets 11:30am (Asia/Calcutta) · /upgrade to Max", "2026-11-26 11:30 +0530"),
    ("You've hit your limit · resets 2am (Europe/Berlin)", "2026-11-26 02:00 +0100"),
    ("You've hit your limit · resets 7am (UTC)", "2026-11-26 07:00 +0000"),
    ("You've hit your limit · resets 12am", "2026-11-26 00:00 -0500"),
    ("You've hit your limit · resets 12pm (America/Bogota)", "2026-11-25 12:00 -0500"),  # just passed
    ("Your limit will reset at 1pm (Etc/GMT+5).", "2026-11-25 13:00 -0500"),  # just passed
    ("Limit reached · resets 5pm (Etc/Unknown)", "2026-11-25 17:00 -0500"),
    ("You've hit your limit · resets Nov 27, 3am (Europe/Berlin)", "2026-11-27 03:00 +0100"),
    ("You've hit your limit · resets Nov 27 at 4pm (America/Recife)", "2026-11-27 16:00 -0300"),
    ("Weekly limit reached ∙ resets Dec 1", "2026-12-01 00:00 -0500"),
    ("You've hit your limit · resets Dec 1, 2026, 3:30am", "2026-12-01 03:30 -0500"),
    ("resets Nov 24, 9am", "2026-11-24 09:00 -0500"),
    ("Opus weekly limit reached ∙ resets Mon 10:00 AM", "2026-11-30 10:00 -0500"),
    ("Resets Wednesday at 3pm", "2026-11-25 15:00 -0500"),
    ("resets Wed 9am", "2026-12-02 09:00 -0500"),
    ("resets tomorrow at 3pm", "2026-11-26 15:00 -0500"),
    ("limit reached, resets 15:30", "2026-11-25 15:30 -0500"),
    ("Fast limit reached · resets in 2h 5m", "2026-11-25 20:45 +0000"),
    ("try again in 45 minutes", "2026-11-25 19:25 +0000"),
    ("resets in about 1 hour and 30 minutes", "2026-11-25 20:10 +0000"),
    ("resets in 6d 1h", "2026-12-01 19:40 +0000"),
    ('API Error: 429 {"type":"error"} retry-after: 3600', "2026-11-25 19:40 +0000"),
    ("limit reached · resets 3pm (UTC+2)", "2026-11-26 15:00 +0200"),
    ("resets 11pm (UTC+05:30)", "2026-11-25 23:00 +0530"),
    ("resets 3pm (GMT-3)", "2026-11-25 15:00 -0300"),
    ("resets 3pm (UTC+99)", "2026-11-25 15:00 -0500"),
    ("resets tomorrow at 9am", "2026-11-26 09:00 -0500"),
    ("resets at midnight", "2026-11-26 00:00 -0500"),
    ("resets midnight (UTC)", "2026-11-26 00:00 +0000"),
    ("resets in 1.5h", "2026-11-25 20:10 +0000"),
    ("resets in 90 minutes", "2026-11-25 20:10 +0000"),
    ("resets at 2026-11-26T08:00:00Z", "2026-11-26 08:00 +0000"),
]


@pytest.mark.parametrize(("text", "expected"), TIMES, ids=[text[-36:] for text, _ in TIMES])
def test_the_time_to_come_back(text: str, expected: str) -> None:
    """Each wording is a moment, in the zone that it names, else at home."""
    assert reset_time(text, NOW, NEW_YORK) == datetime.strptime(expected, "%Y-%m-%d %H:%M %z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You've hit your limit",
        "This request would exceed your account's rate limit. Please try again later.",
        "You've hit your weekly limit · resets next month",
        "resets Feb 30",
        "resets 25:00",
        "resets 13pm",
        "resets in 9999999999 hours",
        "limit reached|9999999999",
        "5-hour limit reached",
        "resets Jun 1",
        "resets 0001-01-01 00:00",
        "resets 9999-12-31 23:59",
    ],
)
def test_no_time_is_made_up(text: str) -> None:
    """What names no moment, or none that can be meant, gives none."""
    found = reset_time(text, NOW, NEW_YORK)
    assert found is None or found < NOW


def test_a_moment_beyond_the_calendar() -> None:
    """Where a zone would put it before the first year or behind the last, it is none."""
    for text in ("0001-01-01 00:00", "9999-12-31 23:59"):
        for zone in (NEW_YORK, ZoneInfo("Asia/Tokyo"), UTC):
            found = reset_time(text, NOW, zone)
            assert found is None or found < NOW


def test_the_new_year() -> None:
    """A date without its year is the nearest one."""
    now = datetime(2026, 12, 30, 12, tzinfo=UTC)
    assert reset_time("resets Jan 2, 3am", now, UTC) == datetime(2027, 1, 2, 3, tzinfo=UTC)


def test_just_before_midnight() -> None:
    """At 00:10 "resets 11:50pm" has just passed; it is not today's evening."""
    now = datetime(2026, 11, 25, 0, 10, tzinfo=UTC)
    assert reset_time("resets 11:50pm", now, UTC) == datetime(2026, 11, 24, 23, 50, tzinfo=UTC)


def test_without_a_future_time_it_is_tried_again_soon() -> None:
    """A limit that names none, or one that has passed, and a missing login: in a quarter of an hour."""
    for line in ("You've hit your limit", "You've hit your limit · resets 1pm"):
        assert Refusal(RefusalKind.LIMIT, line).until(NOW, NEW_YORK) == NOW + TRY_AGAIN
    assert Refusal(RefusalKind.LOGIN, "Not logged in, resets in 2h").until(NOW, NEW_YORK) == NOW + TRY_AGAIN


def test_the_events_time_counts_first() -> None:
    """The event has the moment to the second; nonsense in it is passed over."""
    refusal = Refusal(RefusalKind.LIMIT, "resets in 2h")
    assert refusal.until(NOW, UTC, NOW.timestamp() + 60) == NOW + timedelta(minutes=1)
    assert refusal.until(NOW, UTC, 1e14) == NOW + timedelta(hours=2)


def test_no_wait_is_longer_than_what_holds() -> None:
    """A later moment would hold nothing, so it is looked at again before; the owner reads that moment."""
    assert LONGEST_WAIT <= LONGEST_HOLD
    refusal = Refusal(RefusalKind.LIMIT, "Weekly limit reached · resets Dec 15, 9am")
    until = refusal.until(NOW, UTC)
    assert until == NOW + LONGEST_WAIT
    assert (
        Refusal(RefusalKind.LIMIT, "Limit").until(NOW, UTC, (NOW + 20 * LONGEST_HOLD / 8).timestamp())
        == until
    )
    said = f"{until:%Y-%m-%d %H:%M} UTC"
    assert refusal.reason(until, UTC, NOW).endswith(f"9am (it is looked at again on {said})")


def test_the_reason_can_be_read() -> None:
    """Seconds since 1970 are for machines: the owner reads a local time."""
    refusal = Refusal(RefusalKind.LIMIT, "Claude AI usage limit reached|1795608000")
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    reason = refusal.reason(refusal.until(now, NEW_YORK), NEW_YORK, now)
    assert reason == (
        "Claude Code says: Claude AI usage limit reached (it is tried again from 2026-11-25 07:00 EST on)"
    )


@given(st.text(max_size=80) | st.from_regex(r"resets [A-Za-z]{3} \d{1,3},? \d{1,3}(:\d\d)?[ap]m \(\w+/\w+\)"))
def test_any_text_is_survived(text: str) -> None:
    """Whatever is printed, the answer is no moment, or one that is not absurdly far."""
    for line in (text, f"resets {text}", f"resets in {text}"):
        found = reset_time(line, NOW, NEW_YORK)
        assert found is None or found <= NOW + FURTHEST
        assert NOW < Refusal(RefusalKind.LIMIT, line).until(NOW, NEW_YORK) <= NOW + LONGEST_WAIT


def test_a_missing_permission_is_told_as_one() -> None:
    """Claude Code puts "Please run /login" before it, which would not help: the API knows who asks."""
    said = 'Please run /login · API Error: 403 {"type":"error","error":{"type":"permission_error","message":"x"}}'
    refusal = find_refusal(said)
    assert refusal is not None
    assert refusal.kind is RefusalKind.PERMISSION
    told = refusal.reason(NOW, UTC, NOW)
    assert "the API refuses this account, its organisation or this network" in told
    assert "log in once" not in told
    assert refusal.until(NOW, UTC) > NOW
