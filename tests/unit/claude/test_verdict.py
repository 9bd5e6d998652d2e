"""What a run that has ended is worth: ordinary text about limits and logins is no refusal."""

from __future__ import annotations

import json

import pytest

from aiemp.claude.refusals import RefusalKind
from aiemp.claude.stream import LONGEST_LINE_BYTES, EventReader
from aiemp.claude.verdict import Verdict, judge
from aiemp.process import Ending, Finished

QUOTED = "Mail 3 says:\nWeekly limit reached · resets Dec 1, 9am"


def verdict_on(
    output: str, stderr: str = "", exit_code: int | None = 1, *, takes_events: bool = True
) -> Verdict:
    """The verdict on a run that printed this and ended by itself."""
    data = output.encode("utf-8", "surrogatepass")
    reader = EventReader(takes_events=takes_events)
    if data:
        reader.feed(data)
    reader.finish()
    killed = None if exit_code is not None else 9
    finished = Finished(exit_code, killed, Ending.EXITED, 1.0, data, stderr.encode(), len(data))
    return judge(finished, reader.learned, 10, 5)


def result(text: str = "All done.", **more: object) -> str:
    """A ``result`` event as a line."""
    plain = {"type": "result", "subtype": "success", "is_error": False, "result": text, "num_turns": 3}
    return json.dumps({**plain, **more}, separators=(",", ":")) + "\n"


def says(text: str) -> str:
    """An ``assistant`` event as a line."""
    return json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}) + "\n"


FAILURES: dict[str, tuple[str, str]] = {
    "an answer that quotes a limit": (result(QUOTED), ""),
    "a message that quotes a limit, then a crash": (says(QUOTED), ""),
    "no more turns, and a tool's login": (
        result("", subtype="error_max_turns", is_error=True),
        "gmail-mcp: Please run /login first\n",
    ),
    "no more turns, after an answer about limits": (
        result(QUOTED, subtype="error_max_turns", is_error=True),
        "",
    ),
    "a failure at work, after an answer about limits": (
        result(QUOTED, subtype="error_during_execution", is_error=True),
        "",
    ),
    "an answer, and a tool without a key": (result(), "Missing API key for weather server\n"),
    "an answer, and words of Claude's own on stderr": (result(), "Invalid API key · Please run /login\n"),
    "an overloaded API": (result("API Error: 529 after 429 tries", is_error=True, api_error_status=529), ""),
    "an overloaded API without its status": ("API Error: 529 Overloaded (request 429)\n", ""),
    "another limit": ("Done.\nStorage limit reached for 2 accounts.\n", ""),
    "a limit of others": ("Weekly limit reached for 2 accounts.\n", ""),
    "a tool's login": ("", "gmail-mcp: Please run /login first\n"),
    "a tool's session": ("", "OAuth token for gmail has expired\nNot logged in to gmail\n"),
    "a tool's key": ("", "Missing API key for weather server\nFailed to authenticate with gmail\n"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_ordinary_text_is_no_refusal(name: str) -> None:
    """A paid run that failed stays a failure, whatever its answer quotes and its tools complain of."""
    output, stderr = FAILURES[name]
    verdict = verdict_on(output, stderr)
    assert verdict.error
    assert verdict.refusal is None


def test_a_killed_run_was_not_refused() -> None:
    """A refusal ends by itself; what a signal ended is a failure."""
    assert verdict_on("5-hour limit reached ∙ resets 3pm", exit_code=None).refusal is None


REFUSALS: dict[str, tuple[str, str, RefusalKind]] = {
    "the result says so": (
        result("You've hit your limit · resets 1pm", is_error=True, num_turns=1),
        "",
        RefusalKind.LIMIT,
    ),
    "in the middle of its work": (
        result("", subtype="error_during_execution", is_error=True, api_error_status=429),
        "",
        RefusalKind.LIMIT,
    ),
    "before any work": (
        result(
            "",
            subtype="error_during_execution",
            is_error=True,
            num_turns=0,
            errors=["Credit balance is too low"],
        ),
        "",
        RefusalKind.LIMIT,
    ),
    "a bad request that costs": (
        result("Credit balance is too low", is_error=True, api_error_status=400),
        "",
        RefusalKind.LIMIT,
    ),
    "forbidden": (
        result("Request not allowed", is_error=True, api_error_status=403),
        "",
        RefusalKind.PERMISSION,
    ),
    "no longer a member": (
        'Please run /login · API Error: 403 {"type":"error","error":{"type":"permission_error","message":"x"}}',
        "",
        RefusalKind.PERMISSION,
    ),
    "a client that is not let": (
        "Failed to authenticate. API Error: 403 not allowed",
        "",
        RefusalKind.PERMISSION,
    ),
    "a login with that status": (
        result("Please run /login", is_error=True, api_error_status=403),
        "",
        RefusalKind.PERMISSION,
    ),
    "on stderr": ("", "Invalid API key · Please run /login\n", RefusalKind.LOGIN),
    "without a result": (says("Working"), "You've hit your limit · resets 1pm\n", RefusalKind.LIMIT),
    "login first": ("Please run /login · API Error: 403 forbidden", "", RefusalKind.PERMISSION),
    "a missing key": ("Missing API key · Run /login", "", RefusalKind.LOGIN),
    "authentication": ("Failed to authenticate. API Error: 401 x", "", RefusalKind.LOGIN),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_stay_refusals(name: str) -> None:
    """Claude Code's own words and the API's status block, where nothing else is to be seen."""
    output, stderr, kind = REFUSALS[name]
    refusal = verdict_on(output, stderr).refusal
    assert refusal is not None
    assert refusal.kind is kind


PLAIN_ANSWER = 'Here is:\n{"type":"user","name":"Bob"}\nall done'


def test_a_plain_answer_may_hold_what_looks_like_an_event() -> None:
    """Where no events were asked for there are none: the answer is what was printed."""
    assert verdict_on(PLAIN_ANSWER, exit_code=0, takes_events=False) == Verdict(PLAIN_ANSWER)


@pytest.mark.parametrize("text", ["All done.", "x" * (2 * LONGEST_LINE_BYTES)], ids=["short", "giant"])
@pytest.mark.parametrize("before", ["", says("Working")], ids=["json", "stream-json"])
def test_a_result_that_is_cut_off_is_a_failure(text: str, before: str) -> None:
    """Exit 0 in the middle of the result: no fragment of JSON is taken for the answer."""
    whole = result(text).strip()
    for cut in (5, 30, len(whole) // 2, len(whole) - 1):
        verdict = verdict_on(before + whole[:cut], exit_code=0)
        assert verdict.error is not None
        assert "before it had answered" in verdict.error
        assert verdict.output == ("Working" if before else "")
    assert verdict_on(before + whole, exit_code=0).error is None
