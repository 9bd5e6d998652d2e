"""A task of the user's own that is a command: an argv, never a shell's line."""

from __future__ import annotations

import logging
import os

from aiemp.environment import child_environment, vault_environment
from aiemp.process import Ending, find_program, run_supervised
from aiemp.triggers.context import RunContext
from aiemp.triggers.results import failed, last_line, reports_failures, succeeded

log = logging.getLogger("aiemp.triggers")


@reports_failures
def run_command(context: RunContext, dry_run: bool) -> dict[str, object]:
    """Run the task's command in the vault; exit 0 is success. A dry run says what would be run. One that
    needs Claude, as its owner says, is held back and counted like our own calls; may raise Blocked.

    Returns ``exit_code``, ``timed_out``, ``duration_seconds`` and ``output``. The program is found as
    :func:`aiemp.process.find_program` says; one with a slash that is no full path is taken from the vault.
    """
    vault, argv = context.plan.vault, list(context.task.command)
    if dry_run:
        import shlex  # noqa: PLC0415 - only to show it

        shown = f"Dry run, nothing was run. In {vault}:\n{shlex.join(argv)}"
        if context.task.requires_claude:
            from aiemp.triggers.claude_leave import leave_in_words  # noqa: PLC0415 - few commands need Claude

            shown += f"\n{leave_in_words(context)}"
        return succeeded("The command was not run", output=shown)
    if context.task.requires_claude:
        from aiemp.triggers.claude_leave import require_leave  # noqa: PLC0415 - as above

        require_leave(context)
    if os.sep not in argv[0]:
        found = find_program(argv[0], context.environ)
        if found is None:
            path = context.environ.get("PATH", "not set")
            return failed(f"the command {argv[0]!r} was not found on PATH ({path}); name its full path")
        argv[0] = str(found)
    dotenv, problems = vault_environment(vault)
    for problem in problems:
        log.warning("%s", problem)
    try:
        finished = run_supervised(
            argv,
            cwd=vault,
            env=child_environment(context.environ, dotenv, dry_run),
            timeout_s=context.timeout_s,
            log_file=context.log_file,
            on_output=context.on_output,
        )
    except OSError as error:
        return failed(f"the command {argv[0]!r} cannot be started: {error}")
    output = finished.output.decode("utf-8", "replace")
    values = {
        "exit_code": finished.exit_code,
        "timed_out": finished.ended is Ending.TIMED_OUT,
        "duration_seconds": round(finished.duration_s, 3),
        "output": output,
    }
    if context.task.requires_claude:
        values["claude_s"] = values["duration_seconds"]
    if finished.ended is not Ending.EXITED:
        minutes = context.task.timeout_minutes
        return failed(f"the command was still at work after {minutes} min and was ended", **values)
    if finished.exit_code != 0:
        how = f"exit code {finished.exit_code}" if finished.signal is None else f"signal {finished.signal}"
        said = last_line(finished.stderr.decode("utf-8", "replace")) or last_line(output) or "no message"
        return failed(f"the command ended with {how}: {said}", **values)
    return succeeded(last_line(output) or "The command ended well", **values)
