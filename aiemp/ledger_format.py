"""How the ledger's values are written as JSON, and read back from what may be anything. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiemp.runs import Ended, Result, Run, TaskRecord


def moment_text(moment: datetime) -> str:
    """ISO 8601 in UTC, as ``schedule_last_run`` holds it."""
    return moment.astimezone(UTC).isoformat()


def read_moment(value: object) -> datetime | None:
    """The aware moment in UTC that ``value`` names; a naive one (older vaults) is UTC; else None."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def record_as_json(record: TaskRecord) -> dict[str, Any]:
    """A record without its last run, which the seed's ``schedule_last_run`` holds."""
    value: dict[str, Any] = {}
    if record.slot is not None:
        value["slot"] = moment_text(record.slot)
        value["attempts"] = record.attempts
    if record.retry_at is not None:
        value["retry_at"] = moment_text(record.retry_at)
    if record.running is not None:
        value["running"] = run_as_json(record.running)
    if record.last is not None:
        value["last"] = ended_as_json(record.last)
    if record.blocked_slot is not None:
        blocked = {"slot": moment_text(record.blocked_slot), "reason": record.blocked_reason}
        if record.blocked_until is not None and record.blocked_at is not None:
            blocked["until"] = moment_text(record.blocked_until)
            blocked["at"] = moment_text(record.blocked_at)
        value["blocked"] = blocked
    return value


def run_as_json(run: Run) -> dict[str, Any]:
    """A run, without its task's name where that is the key."""
    return {
        "run": run.name,
        "slot": moment_text(run.slot),
        "attempt": run.attempt,
        "started": moment_text(run.started),
        "pid": run.pid,
        "manual": run.manual,
    }


def ended_as_json(end: Ended) -> dict[str, Any]:
    """The end of a run."""
    value: dict[str, Any] = {
        "result": end.result.value,
        "finished": moment_text(end.finished),
        "duration_s": round(end.duration_s, 3),
        "error": end.error,
        "summary": end.summary,
    }
    if end.on_request:
        value["on_request"] = True
    return value


def read_record(name: str, value: object, last_run: object) -> TaskRecord:
    """The record of task ``name``. What is missing or of a wrong type counts as not known."""
    facts: Mapping[str, Any] = value if isinstance(value, dict) else {}
    blocked = facts.get("blocked")
    blocked = blocked if isinstance(blocked, dict) else {}
    slot = read_moment(facts.get("slot"))
    return TaskRecord(
        last_run=read_moment(last_run),
        slot=slot,
        attempts=_count(facts.get("attempts")) if slot else 0,
        retry_at=read_moment(facts.get("retry_at")),
        running=read_run(name, facts.get("running")),
        last=read_ended(facts.get("last")),
        blocked_slot=read_moment(blocked.get("slot")),
        blocked_reason=_text(blocked.get("reason")),
        blocked_until=read_moment(blocked.get("until")),
        blocked_at=read_moment(blocked.get("at")),
    )


def read_run(name: str, value: object) -> Run | None:
    """The run in ``value``, or None when it is none."""
    if not isinstance(value, dict):
        return None
    slot, started = read_moment(value.get("slot")), read_moment(value.get("started"))
    if slot is None or started is None:
        return None
    attempt = max(_count(value.get("attempt")), 1)
    return Run(name, slot, attempt, started, _count(value.get("pid")), value.get("manual") is True)


def read_ended(value: object) -> Ended | None:
    """The end of a run in ``value``, or None when it is none."""
    if not isinstance(value, dict):
        return None
    finished = read_moment(value.get("finished"))
    try:
        result = Result(value.get("result"))
    except ValueError:
        return None
    if finished is None:
        return None
    duration = value.get("duration_s")
    return Ended(
        result,
        finished,
        float(duration) if isinstance(duration, int | float) else 0.0,
        _text(value.get("error")),
        _text(value.get("summary")),
        on_request=value.get("on_request") is True,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
