"""One Claude run for a task, with the task's limits and the plan's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from aiemp.claude import invoke_claude
from aiemp.claude.run_log import new_log
from aiemp.errors import Blocked
from aiemp.file_signature import file_signature
from aiemp.log_files import redact_again
from aiemp.places import Places
from aiemp.process import LogFile
from aiemp.redaction import redactor_of_dotenv
from aiemp.triggers.claude_leave import leave_in_words, require_leave
from aiemp.triggers.context import RunContext

MOST_IN_TASK_LOG_BYTES = 1024 * 1024
"""Of each run. The whole of it is in the run's own log."""


def ask_claude(context: RunContext, prompt: str, dry_run: bool) -> dict[str, object]:
    """What :func:`aiemp.claude.invoke_claude` returns for ``prompt``, in the run's vault.

    For the history it has ``claude_s`` (seconds that Claude worked) and ``claude_log`` (its log, as a path in
    the vault) in the place of ``log_file``; what is not known is left out.

    Raises Blocked, also when Claude may not be called now (:mod:`aiemp.triggers.claude_leave`). That is asked
    here, where it would be called: a triage that has nothing to do is no matter of the budget.
    """
    plan = context.plan
    claude_log = None
    if not dry_run:
        require_leave(context)
        claude_log = new_log(
            Places(plan.vault), context.task.name, context.local_now, plan.claude.keep_logs_days
        )
    with _TaskLog(context.log_file, plan.vault, context.on_output) as task_log:
        try:
            answer = invoke_claude(
                prompt,
                plan.vault,
                context.task.timeout_minutes,
                dry_run,
                settings=plan.claude,
                environ=context.environ,
                log_file=claude_log,
                on_output=task_log.on_output,
                zone=plan.zone,
            )
        except Blocked as blocked:
            if blocked.details:
                blocked.details = _for_history(blocked.details, plan.vault, claude_log)
            raise
    if dry_run:
        return {**answer, "output": f"{answer['output']}\n{leave_in_words(context)}"}
    return _for_history(answer, plan.vault, claude_log)


def _for_history(answer: Mapping[str, object], vault: Path, claude_log: Path | None) -> dict[str, object]:
    values = {"claude_s": answer["duration_seconds"], **answer}
    del values["log_file"]  # an absolute path, which a vault that moves would make wrong
    if claude_log is not None:
        values["claude_log"] = str(claude_log.relative_to(vault))
    unknown = ("cost_usd", "turns", "session_id")
    return {key: value for key, value in values.items() if not (key in unknown and value is None)}


def duration_text(answer: dict[str, object]) -> str:
    """How long Claude worked, as the seed's ``duration``: ``45 s``."""
    return f"{answer['duration_seconds']:.0f} s"


class _TaskLog:
    """What a person sees of the work, for ``aiemp logs NAME`` and for who watches it now."""

    def __init__(self, path: Path | None, vault: Path, listener: Callable[[bytes], None] | None) -> None:
        self._path, self._vault = path, vault
        self._dotenv = file_signature(vault / ".env")
        self._file = LogFile(path)
        self._listener = listener
        self._room = MOST_IN_TASK_LOG_BYTES

    def __enter__(self) -> _TaskLog:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()
        if self._path is not None and file_signature(self._vault / ".env") != self._dotenv:
            # What Claude wrote there was no known secret when it was printed.
            redact_again(self._path, self._vault, redactor_of_dotenv(self._vault))

    def on_output(self, chunk: bytes) -> None:
        if self._room > 0:
            self._file.write(chunk[: self._room])
            self._room -= len(chunk)
        if self._listener is not None:
            self._listener(chunk)
