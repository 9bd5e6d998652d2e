"""The dicts that trigger functions return, and how an error in one becomes such a dict."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from aiemp.errors import AiempError, Blocked

log = logging.getLogger("aiemp.triggers")

P = ParamSpec("P")

LONGEST_SUMMARY = 160


def succeeded(summary: str, **values: object) -> dict[str, object]:
    """A result that says what was done, in one line for people."""
    return {"success": True, "summary": summary, "error": None, **values}


def failed(error: str, **values: object) -> dict[str, object]:
    """A result that says why it was not done."""
    return {"success": False, "summary": "", "error": error, **values}


def reports_failures(trigger: Callable[P, dict[str, object]]) -> Callable[P, dict[str, object]]:
    """Decorator: what the file system or aiemp refuses becomes a failed result. Blocked is passed on."""

    @wraps(trigger)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> dict[str, object]:
        try:
            return trigger(*args, **kwargs)
        except Blocked:
            raise
        except (AiempError, OSError) as error:
            log.debug("%s failed", trigger.__name__, exc_info=True)
            return failed(str(error))

    return reporting


def last_line(text: object) -> str:
    """The last line of an answer, where Claude sums up; shortened, "" when there is none."""
    lines = str(text).strip().splitlines()
    line = " ".join(lines[-1].split()) if lines else ""
    return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1] + "…"
