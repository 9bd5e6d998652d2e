"""Starts MCP servers, asks each to ``initialize``, and ends them with all that they started.

Each server leads a session of its own, and everything it starts is found as in a supervised run
(:mod:`aiemp.process.descendants`). Ending follows the specification ("Lifecycle", "Shutdown"): its stdin is
closed, then it gets SIGTERM, then SIGKILL.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from aiemp.frozen import frozen, replace
from aiemp.mcp.launch import Launch, Launcher
from aiemp.mcp.protocol import LONGEST_DETAIL, clean
from aiemp.mcp.trial import Trial
from aiemp.mcp.verdict import State, Verdict
from aiemp.plan import McpServer, Plan
from aiemp.process.descendants import Descendants, adopting_orphans, die_with_parent
from aiemp.process.held_signals import HeldSignals
from aiemp.process.streams import Streams
from aiemp.redaction import in_force

log = logging.getLogger("aiemp.mcp")

POLL_S = 0.05
"""How often to look for an exit, which no event tells where a child of the server holds its output open."""


@frozen
class ProbeLimits:
    """How long a probe takes at most. ``at_once`` servers are started together; when ``total_s`` would be
    exceeded, the rest is left for the next probe.

    A server of Node.js answers within a second or two on an idle machine; Claude Code itself waits 30 s.
    """

    answer_s: float = 10.0
    close_s: float = 1.0
    terminate_s: float = 1.0
    at_once: int = 4
    total_s: float = 40.0


DEFAULT_LIMITS = ProbeLimits()


def probe_servers(
    plan: Plan,
    servers: Iterable[McpServer],
    environ: Mapping[str, str],
    now: datetime,
    *,
    only_approved: bool = True,
    limits: ProbeLimits = DEFAULT_LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Verdict]:
    """Try ``servers``; ``only_approved`` leaves those alone that nobody has adopted yet. In a dry run only
    their files are looked at.

    Returns a verdict for each that there was time for. Whatever was started is gone when this returns, or
    raises what a signal handler raised meanwhile. Not for a process that starts other children meanwhile.
    """
    started = clock()
    verdicts: dict[str, Verdict] = {}
    waiting: list[tuple[McpServer, Launch]] = []
    launcher = Launcher(plan, environ, now, only_approved=only_approved)
    for server in servers:
        prepared = launcher.prepare(server)
        if isinstance(prepared, Verdict):
            verdicts[server.name] = prepared
        else:
            waiting.append((server, prepared))
    longest_s = limits.answer_s + limits.close_s + limits.terminate_s
    while waiting:
        batch, waiting = waiting[: limits.at_once], waiting[limits.at_once :]
        if clock() - started + longest_s > limits.total_s:
            log.warning("no time to try these MCP servers: %s", ", ".join(each.name for each, _ in batch))
            break
        launches = [launch for _, launch in batch]
        for (server, _), verdict in zip(batch, _try_together(launches, limits, clock), strict=True):
            verdicts[server.name] = replace(verdict, checked=now)
    return verdicts


def _try_together(
    launches: Sequence[Launch], limits: ProbeLimits, clock: Callable[[], float]
) -> list[Verdict]:
    """Try these servers at the same time, and end them all."""
    with (
        HeldSignals() as signals,
        adopting_orphans() as adopts,
        Streams(None, 0, None, clock, in_force()) as streams,
        contextlib.ExitStack() as pipes,
    ):
        if signals.wake_descriptor >= 0:
            streams.wake_on(signals.wake_descriptor)
        descendants = Descendants(adopts)
        trials: list[Trial | Verdict] = []
        try:
            trials += (_start(launch, descendants, streams, pipes, clock) for launch in launches)
            running = [trial for trial in trials if isinstance(trial, Trial)]
            _wait_for_answers(running, signals, streams, limits.answer_s, clock)
            _close(running, descendants, streams, limits, clock)
        finally:
            descendants.kill()
            for trial in trials:
                if isinstance(trial, Trial):
                    trial.process.poll()
    return [trial.verdict if isinstance(trial, Trial) else trial for trial in trials]  # type: ignore[misc]


def _start(
    launch: Launch,
    descendants: Descendants,
    streams: Streams,
    pipes: contextlib.ExitStack,
    clock: Callable[[], float],
) -> Trial | Verdict:
    started = clock()
    try:
        process = subprocess.Popen(
            launch.argv,
            cwd=launch.cwd,
            env=launch.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - it is None when there are threads
        )
    except OSError as error:
        return Verdict(State.MISSING, clean(f"{launch.argv[0]}: {error.strerror}", LONGEST_DETAIL))
    descendants.lead_by(process.pid, process.poll)
    trial = Trial(process, started)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipes.enter_context(pipe)
    streams.read(process.stdout.fileno(), trial.answer)
    streams.read(process.stderr.fileno(), trial.stderr)
    trial.ask()
    return trial


def _wait_for_answers(
    trials: Sequence[Trial],
    signals: HeldSignals,
    streams: Streams,
    answer_s: float,
    clock: Callable[[], float],
) -> None:
    """Read until each has been judged. Who has answered loses its standard input at once."""
    open_ = list(trials)
    deadline = clock() + answer_s
    while open_ and (left_s := deadline - clock()) > 0:
        signals.deliver()
        streams.step(min(POLL_S, left_s))
        for trial in list(open_):
            assert trial.process.stdin is not None and trial.process.stdout is not None
            trial.is_read = not streams.reads(trial.process.stdout.fileno())
            if trial.judge(clock()):
                open_.remove(trial)
                trial.process.stdin.close()
                if trial.answer.is_too_much:
                    streams.forget(trial.process.stdout.fileno())  # it shall wait, not keep us busy
    for trial in open_:
        trial.give_up(answer_s)


def _close(
    trials: Sequence[Trial],
    descendants: Descendants,
    streams: Streams,
    limits: ProbeLimits,
    clock: Callable[[], float],
) -> None:
    for trial in trials:
        assert trial.process.stdin is not None
        with contextlib.suppress(OSError):
            trial.process.stdin.close()
    if not _all_gone(descendants, streams, limits.close_s, clock):
        descendants.terminate()
        _all_gone(descendants, streams, limits.terminate_s, clock)


def _all_gone(
    descendants: Descendants, streams: Streams, within_s: float, clock: Callable[[], float]
) -> bool:
    deadline = clock() + within_s
    while not descendants.gone():
        if (left_s := deadline - clock()) <= 0:
            return False
        streams.step(min(POLL_S, left_s))
    return True
