"""What systemd's ``Result=`` of a failed unit means, in words (systemd.exec(5), "$SERVICE_RESULT"). Pure.

The orchestrator and ``aiemp alert`` both tell of a watcher that was given up; in the same words, so that its
owner is told once.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiemp.systemd.command_lines import revive_line
from aiemp.systemd.scope import Scope

START_LIMIT_HIT = "start-limit-hit"
TIMED_OUT = "timeout"

WORDS = {
    TIMED_OUT: "was ended by systemd at its time limit",
    "watchdog": "gave no sign of life and was restarted by systemd's watchdog",
    "oom-kill": "ran out of memory and was killed",
    "signal": "was killed by a signal",
    "core-dump": "crashed",
    "exit-code": "ended with an error",
    START_LIMIT_HIT: "was restarted too often and given up",
    "protocol": "ended before it was ready",
    "resources": "could not be started",
}


KILLED = ("watchdog", "oom-kill", "signal", "core-dump")
"""How a service ends that could not say why itself."""


def is_to_be_told(environ: Mapping[str, str]) -> bool:
    """Whether the owner is to hear of it. As an ExecStopPost= we are called at each end of a service, with
    ``SERVICE_RESULT`` (systemd.exec(5)); only what was killed is news there, and OnFailure= is for the rest."""
    result = environ.get("SERVICE_RESULT")
    return result is None or result in KILLED


def failure_words(unit: str, result: str) -> str:
    """What became of ``unit``, in words."""
    return f"{unit} {WORDS.get(result, 'failed')}"


def watcher_remedy(scope: Scope, watcher: str) -> str:
    """What the owner of a watcher that was given up can do."""
    return f"See `aiemp logs {watcher}`, mend the cause, then: {revive_line(scope, watcher)}"
