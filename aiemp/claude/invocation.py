"""One supervised run of Claude Code (seed 2E; semantics, "Claude Code")."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from aiemp.claude.command_line import OutputForm, claude_words, is_refused_option, output_forms
from aiemp.claude.preflight import find_claude, warnings_about
from aiemp.claude.run_log import RunLog
from aiemp.claude.stream import EventReader, Learned, Piece
from aiemp.claude.verdict import Verdict, judge
from aiemp.clock import utc_now
from aiemp.errors import Blocked
from aiemp.frozen import frozen
from aiemp.plan import ClaudeSettings
from aiemp.process import Ending, Finished, run_supervised
from aiemp.redaction import in_force

log = logging.getLogger("aiemp.claude")

DEFAULT_SETTINGS = ClaudeSettings()
SECONDS_PER_MINUTE = 60.0
TICK_S = 1.0

INSTALLATION_ERRORS = frozenset({errno.ENOEXEC, errno.ENOENT, errno.EACCES, errno.EPERM})
"""Why a program cannot be started, whatever it is asked to do; a prompt that is too long (E2BIG) is the task's."""

WORKED_S = 60.0
"""A refusal comes within seconds. After this long something was done before it, where the cost is not known."""


def invoke_claude(
    prompt: str,
    vault_path: Path,
    timeout_minutes: float = 10,
    dry_run: bool = False,
    *,
    settings: ClaudeSettings = DEFAULT_SETTINGS,
    environ: Mapping[str, str] | None = None,
    log_file: Path | None = None,
    on_output: Callable[[bytes], None] | None = None,
    zone: tzinfo = UTC,
    clock: Callable[[], datetime] = utc_now,
    grace_s: float = 10.0,
) -> dict[str, object]:
    """Run Claude Code once on ``prompt`` in the vault, and wait until nothing of it is left.

    The result has the seed's ``success``, ``output`` (text, shortened in the middle when long),
    ``duration_seconds`` and ``error`` (None, or what happened), and ``timed_out``, ``exit_code``, ``cost_usd``
    (US dollars), ``turns``, ``session_id``, ``log_file``: each None when it is not known; and ``warnings``,
    a text that may be empty. A dry run runs nothing and says in ``output`` what would be run.

    ``environ`` stands for this process's environment. ``on_output`` gets what a person should see of the
    work, ``log_file`` the whole of it (:mod:`aiemp.claude.run_log`), with times in ``zone``. Asked to end,
    Claude has ``grace_s`` seconds. Raises Blocked when Claude Code is not there, or refuses because of a
    usage limit or a missing login, with the time to come back; and with the result in its ``details``, when it
    had worked before. A Claude Code that cannot be started is Blocked too.
    """
    environ = os.environ if environ is None else environ
    if dry_run:
        from aiemp.claude.rehearsal import rehearsal_text  # noqa: PLC0415 - real runs do without

        text = rehearsal_text(prompt, vault_path, timeout_minutes, settings, environ)
        return _result(Verdict(text), None, Learned(), None)
    if not vault_path.is_dir():
        raise Blocked(f"Claude Code cannot work in {vault_path}: there is no such folder; is it mounted?")
    program = find_claude(settings, environ)
    if "\0" in prompt:
        return _failed("the prompt holds a NUL character, which no program can be given")
    warnings = warnings_about(prompt, vault_path)
    with RunLog(log_file, lambda: clock().astimezone(zone)) as run_log:
        run_log.step(f"Asked in {vault_path}: {prompt}", *(f"Warning: {warning}" for warning in warnings))
        call = _Call(program, prompt, vault_path, timeout_minutes, settings, run_log, on_output, grace_s)
        try:
            finished, learned = call.in_best_form(_environment(vault_path, environ))
        except OSError as error:
            reason = f"Claude Code ({program}) cannot be started in {vault_path}: {error}"
            if error.errno in INSTALLATION_ERRORS and vault_path.is_dir():
                if error.errno == errno.ENOENT and program.exists():
                    reason += " (the program that its first line names is not there)"
                run_log.step(f"Blocked: {reason}")
                raise Blocked(f"{reason}; mend the installation, or claude.command in aiemp.toml") from error
            run_log.step(f"Failed: {reason}")
            return _failed(reason)
        verdict = judge(finished, learned, timeout_minutes, settings.silent_minutes)
        if verdict.refusal is not None:
            now = clock()
            until = verdict.refusal.until(now, zone, learned.reset_at)
            reason = verdict.refusal.reason(until, zone, now)
            run_log.step(f"Blocked: {reason}")
            has_worked = _has_worked(finished, learned)
            raise Blocked(
                reason, until, _result(verdict, finished, learned, log_file) if has_worked else None
            )
        took = f"after {finished.duration_s:.0f} s"
        run_log.step(f"Failed {took}: {verdict.error}" if verdict.error else f"Ended well {took}")
    return _result(verdict, finished, learned, log_file, warnings)


@frozen
class _Call:
    """One call of :func:`invoke_claude`: what its steps share."""

    program: Path
    prompt: str
    vault: Path
    timeout_minutes: float
    settings: ClaudeSettings
    run_log: RunLog
    on_output: Callable[[bytes], None] | None
    grace_s: float

    def in_best_form(self, env: Mapping[str, str]) -> tuple[Finished, Learned]:
        """Run it in the first form that this Claude Code knows. Raises OSError if it cannot be started."""
        deadline = time.monotonic() + self.timeout_minutes * SECONDS_PER_MINUTE
        for form in output_forms(self.settings.args):
            reader = EventReader(str(self.vault), takes_events=form.prints_events, redact=in_force().values)
            finished = self._run(form, env, reader, max(0.0, deadline - time.monotonic()))
            self._pass_on(reader.finish())
            if not (form.options and _is_refused(finished, reader.learned)):
                break
            log.debug("%s does not know all of %s", self.program, form.options)
        if finished.ended is not Ending.EXITED and reader.learned.unfinished:
            self.run_log.step(f"In the middle of: {reader.learned.unfinished}")
        return finished, reader.learned

    def _run(
        self, form: OutputForm, env: Mapping[str, str], reader: EventReader, timeout_s: float
    ) -> Finished:
        def listen(chunk: bytes) -> None:
            if not chunk and self.on_output is not None:
                self.on_output(b"")
            self._pass_on(reader.feed(chunk))

        return run_supervised(
            claude_words(str(self.program), self.settings.args, form, self.prompt),
            cwd=self.vault,
            env=env,
            timeout_s=timeout_s,
            grace_s=self.grace_s,
            silence_s=self.settings.silent_minutes * SECONDS_PER_MINUTE if form.streams else None,
            on_output=listen,
            on_stderr=lambda chunk: self._pass_on([Piece(chunk)]),
            tick_s=None if self.on_output is None else TICK_S,
        )

    def _pass_on(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if not piece.is_event:
                self.run_log.text(piece.raw)
                self._show(piece.raw)
                continue
            if not piece.is_part:
                self.run_log.event(piece.raw)
                self.run_log.step(*piece.lines)
            if piece.lines:
                lines = in_force().text("\n".join(piece.lines) + "\n")
                self._show(lines.encode("utf-8", "backslashreplace"))

    def _show(self, data: bytes) -> None:
        if self.on_output is not None and data:
            self.on_output(data)


def _has_worked(finished: Finished, learned: Learned) -> bool:
    """Whether a run that was refused in the end is one of the day's: refusals at once, which come again and
    again until the limit is lifted, must not use up the budget of runs."""
    cost_usd = learned.result.cost_usd if learned.result else None
    return bool(cost_usd) if cost_usd is not None else finished.duration_s >= WORKED_S


def _is_refused(finished: Finished, learned: Learned) -> bool:
    """Whether it ended because of an option that it does not know: so nothing was asked, or paid for."""
    if finished.ended is not Ending.EXITED or not finished.exit_code or learned.has_events:
        return False
    return is_refused_option((finished.output + finished.stderr).decode("utf-8", "replace"))


def _environment(vault_path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    from aiemp.environment import child_environment, vault_environment  # noqa: PLC0415 - loads dotenv

    dotenv, problems = vault_environment(vault_path)
    for problem in problems:
        log.warning("%s", problem)
    return child_environment(environ, dotenv, dry_run=False)


def _printable(text: str) -> str:
    """Without secrets, and without the half characters that JSON can spell and no file can hold."""
    return in_force().text(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _failed(error: str) -> dict[str, object]:
    return _result(Verdict("", error), None, Learned(), None)


def _result(
    verdict: Verdict,
    finished: Finished | None,
    learned: Learned,
    log_file: Path | None,
    warnings: tuple[str, ...] = (),
) -> dict[str, object]:
    found = learned.result
    return {
        "success": verdict.error is None,
        "output": _printable(verdict.output),
        "duration_seconds": round(finished.duration_s, 3) if finished else 0.0,
        "error": None if verdict.error is None else _printable(verdict.error),
        "timed_out": finished is not None and finished.ended is Ending.TIMED_OUT,
        "exit_code": finished.exit_code if finished else None,
        "cost_usd": found.cost_usd if found else None,
        "turns": found.turns if found else None,
        "session_id": learned.session_id,
        "log_file": str(log_file) if log_file else None,
        "warnings": "; ".join((*warnings, *((verdict.warning,) if verdict.warning else ()))),
    }
