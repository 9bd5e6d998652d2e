"""The long-running process of ``aiemp run``: ``python -m aiemp.supervise OPTIONS``, OPTIONS being JSON.

``aiemp run`` parses its command line with click and then becomes this process (execve), which never loads
click: what a process that lives for months imports, it keeps.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from aiemp.config.load import load_plan
from aiemp.config.locate import config_to_read
from aiemp.engines.choice import EngineMaker, local_engine, systemd_engine
from aiemp.errors import AiempError
from aiemp.escaping import escaped_lines
from aiemp.log_files import log_to
from aiemp.orchestrator import Orchestrator
from aiemp.places import Places
from aiemp.plan import Plan
from aiemp.plan_source import PlanSource
from aiemp.redaction import in_force, put_in_force, redactor_of
from aiemp.systemd.names import START_AFRESH
from aiemp.systemd.notify import take_over

log = logging.getLogger("aiemp.supervise")

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run the orchestrator as OPTIONS say. Returns the exit status."""
    options: dict[str, Any] = json.loads(arguments[0])
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked by `aiemp run` until here
        status = _run(options)
    except KeyboardInterrupt:  # before the orchestrator took the signal over
        return INTERRUPTED
    except Exception as error:
        # The journal and the log file have the traceback, a person who sees the terminal the words.
        log.critical("aiemp run has ended", exc_info=error)
        status = 1
    if status and options.get("failure_pause"):
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(float(options["failure_pause"]))
    return status


def _run(options: dict[str, Any]) -> int:
    notifier = take_over()
    level = logging.DEBUG if options.get("verbose") else logging.INFO
    tracebacks = bool(options.get("verbose"))
    log_to(None, level=level, tracebacks=tracebacks)

    config, system = _path(options.get("config")), bool(options.get("system"))

    def load() -> Plan:
        plan = load_plan(
            config=config,
            vault=_path(options.get("vault")),
            dry_run=bool(options.get("dry_run")),
            system=system,
        )
        put_in_force(redactor_of(plan, os.environ))
        return plan

    try:
        source = PlanSource(load, lambda: config_to_read(config, os.environ, system=system))
        orchestrator = Orchestrator(
            Path(),
            engine=_engine(options),
            check_interval=float(options.get("interval", 30)),
            source=source,
            with_schedules=bool(options.get("schedules", True)),
            notifier=notifier,
        )
        if not orchestrator.dry_run:
            log_to(Places(orchestrator.vault_path).orchestrator_log, level=level, tracebacks=tracebacks)
        orchestrator.start()
        if orchestrator.waited:
            return START_AFRESH
        if orchestrator.superseded:
            notifier.give_back(os.environ)
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell is wanted
    except AiempError as error:
        sys.stderr.write(escaped_lines(in_force().text(f"aiemp: {error}")) + "\n")
        return error.exit_code
    return 0


def _engine(options: dict[str, Any]) -> EngineMaker:
    if options.get("engine") == "systemd":
        return systemd_engine(bool(options.get("system")), os.environ)
    return local_engine(bool(options.get("watchers", True)), os.environ)


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
