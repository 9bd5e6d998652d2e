"""What came of a Claude run: a success, a failure and its reason, or a refusal. Pure but for the names of signals."""

from __future__ import annotations

import signal

from aiemp.claude.refusals import STATUS_KINDS, Refusal, find_refusal, refusal_as_answer
from aiemp.claude.stream import Learned, RunResult
from aiemp.frozen import frozen
from aiemp.process import Ending, Finished

LONGEST_REASON = 500

_SUBTYPES = {
    "error_max_turns": "it reached its number of turns (--max-turns in claude.args)",
    "error_max_budget_usd": "it reached the most it may cost (--max-budget-usd in claude.args)",
    "error_during_execution": "it failed while working",
}


@frozen
class Verdict:
    """``error`` is None for a success. ``refusal``: it would not work at all. ``warning``: it did, but oddly."""

    output: str
    error: str | None = None
    refusal: Refusal | None = None
    warning: str = ""


def judge(finished: Finished, learned: Learned, timeout_minutes: float, silent_minutes: float) -> Verdict:
    """The verdict on a run that has ended, by itself or by us."""
    result = learned.result
    stderr = finished.stderr.decode("utf-8", "replace").strip()
    if learned.has_events or learned.is_cut_off:
        output = result.text if result is not None else learned.last_text or learned.unfinished
    else:
        output = finished.output.decode("utf-8", "replace").strip()
    if finished.ended is not Ending.EXITED:
        if result is not None and not result.is_error and output:
            # Its work is done and paid for; some versions do not find their end then.
            return Verdict(output, warning="Claude Code had answered, but did not end by itself")
        return Verdict(output, _ended_by_us(finished, learned, timeout_minutes, silent_minutes))
    if finished.exit_code != 0 or (result is not None and result.is_error):
        return Verdict(output, _failure(finished, result, output, stderr), _refusal(finished, result, stderr))
    if (learned.has_events or learned.is_cut_off) and result is None:
        said = f": {last_line(stderr)}" if stderr else ""
        return Verdict(output, f"Claude Code ended without error, but before it had answered{said}")
    if not output:
        said = f"; on stderr: {last_line(stderr)}" if stderr else ""
        return Verdict(output, f"Claude Code ended without error, but printed no answer{said}")
    refusal = refusal_as_answer(output)
    return Verdict(output, refusal.line if refusal else None, refusal)


def _refusal(finished: Finished, result: RunResult | None, stderr: str) -> Refusal | None:
    """The refusal in a run that failed. Once it has a result, that alone counts: on stderr are its tools too."""
    if result is None:
        # Of events only Claude Code's own words count, which it prints beside them, never those of its messages.
        said = finished.output.decode("utf-8", "replace")
        return find_refusal(said, stderr) if finished.signal is None else None
    has_worked = result.subtype.startswith("error_max_") or (
        result.subtype == "error_during_execution" and bool(result.turns)
    )
    if not result.is_error or (has_worked and result.api_status not in STATUS_KINDS):
        return None
    return find_refusal("\n".join((result.text, *result.errors)), status=result.api_status)


def last_line(text: str) -> str:
    """The last line, shortened; empty when there is none."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:LONGEST_REASON] if lines else ""


def _ended_by_us(finished: Finished, learned: Learned, timeout_minutes: float, silent_minutes: float) -> str:
    if finished.ended is Ending.SILENT:
        what = f"Claude Code printed nothing for {silent_minutes:g} min and was ended"
    else:
        what = f"Claude Code was still at work after {timeout_minutes:g} min and was ended"
    if not finished.output_bytes:
        return what if finished.ended is Ending.SILENT else f"{what}, and had printed nothing"
    return f"{what}; its last step: {learned.last_activity}" if learned.last_activity else what


def _failure(finished: Finished, result: RunResult | None, output: str, stderr: str) -> str:
    if result is None:
        return f"Claude Code {_how(finished)}: {last_line(stderr) or last_line(output) or 'no message'}"
    said = "; ".join(result.errors) or last_line(result.text) or last_line(stderr)
    if result.subtype in _SUBTYPES:
        what = f"Claude Code gave up: {_SUBTYPES[result.subtype]}"
    elif result.is_error:
        what = "Claude Code failed"
    else:
        what = f"Claude Code answered, but {_how(finished)}"
        said = last_line(stderr) or said
    return f"{what}: {said[:LONGEST_REASON]}" if said else what


def _how(finished: Finished) -> str:
    if finished.signal is None:
        return f"ended with exit code {finished.exit_code}"
    if finished.signal == signal.SIGKILL:
        return "was killed by SIGKILL (is the machine out of memory?)"
    return f"was killed by signal {finished.signal} ({signal.strsignal(finished.signal)})"
