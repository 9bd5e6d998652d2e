"""What the built-in watchers share: signals, heartbeat, and the loop around one look.

A crashed watcher should be back before anybody notices, so what is imported at start is lean: no dataclasses,
no typing, no argparse, and logging only after the first look is done. A look returns what it has to say.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Protocol

    from aiemp.systemd.notify import Notifier
    from aiemp.watchers.known import Known
    from aiemp.watchers.options import Options

    class Watch(Protocol):
        """A built-in watcher as the loop sees it."""

        name: str
        known: Known | None

        def is_there(self) -> bool:
            """Whether the vault can be seen. False while it is unmounted or moved away."""

        def look(self, looked: Looked, now_s: float, steady_s: float) -> None:
            """Look once, and put what there is to say into ``looked``. ``now_s`` is seconds since the
            epoch, ``steady_s`` monotonic. OSError when it cannot do its work now."""

        def wait(self, timeout_s: float, stop: Stop) -> bool:
            """Sleep; return True when something happened that is worth a look before its time."""

        def close(self) -> None:
            """Let go of what it holds."""


LOCK_DESCRIPTOR = "AIEMP_WATCHER_LOCK"
"""Names the inherited descriptor of the watcher's lock, so that a built-in watcher does not take it again."""

BEAT_S = 30.0
SHORTEST_PAUSE_S = 0.5
LONGEST_BACKOFF_S = 300.0
ABSENCE_PAUSE_S = 5.0
ONCE_PATIENCE_S = 60.0
"""So long a single look (``--once``) waits for files that are still being written."""


class Looked:
    """What one look found: ``messages`` and ``warnings`` to log; ``problems`` by what they are about, each
    said once until it is over; ``again_in_s`` when it wants to look again before the interval is over."""

    __slots__ = ("again_in_s", "messages", "problems", "warnings")

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.warnings: list[str] = []
        self.problems: dict[str, str] = {}
        self.again_in_s: float | None = None

    def look_again_in(self, seconds: float) -> None:
        self.again_in_s = seconds if self.again_in_s is None else min(self.again_in_s, seconds)


class Stop:
    """Set by SIGTERM, SIGINT or SIGHUP. The handler only sets a flag. A byte in a pipe, which Python's own
    C handler writes (signal.set_wakeup_fd), ends the wait: no signal is missed between looking and waiting.
    """

    def __init__(self) -> None:
        self.requested = False
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

    def is_set(self) -> bool:
        """The name by which watchfiles asks."""
        return self.requested

    def wait(self, timeout_s: float, also: int = -1) -> bool:
        """Return after ``timeout_s`` seconds, at once when asked to stop, or, with True, when the descriptor ``also``
        becomes readable."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if also >= 0:
            poll.register(also, select.POLLIN)
        ready = [] if self.requested else [each for each, _ in poll.poll(max(0, int(timeout_s * 1000)))]
        if self._reader in ready:
            os.read(self._reader, 512)
        return also in ready


def beat(watch: Watch, now_s: float, *, dry_run: bool) -> None:
    """Show that the loop works: a fresh mtime on the processed file, by which "hung" is told.

    A dry run creates nothing, and nothing is made in place of a vault that is not there.
    """
    if watch.known is not None and not watch.known.touch() and not dry_run and watch.is_there():
        watch.known.make_folder()
        watch.known.save(now_s)


def run(watch: Watch, options: Options, stop: Stop) -> int:
    """Look, beat, wait, until told to stop. Returns the exit code: 1 when ``--once`` could not look."""
    voice: Voice | None = None
    failures = 0
    began = time.monotonic()
    look_at = 0.0
    notifier, ready = _notifier(), False
    while not stop.requested:
        now = time.monotonic()
        if now >= look_at:
            looked, failed = _look(watch, options, now)
            failures = failures + 1 if failed else 0
            voice = voice or Voice(watch.name, options)
            voice.tell(looked, all_seen=not failed)
            patience_over = now - began > ONCE_PATIENCE_S
            if options.once and (failed or looked.again_in_s is None or patience_over):
                break
            look_at = now + pause_s(looked, failures, options.interval_s, time.monotonic() - now)
        else:
            _beat_anyway(watch, options)
        if notifier is not None:
            if not ready:
                ready = True
                notifier.ready()
            notifier.watchdog()
        timeout_s = min(max(0.0, look_at - time.monotonic()), BEAT_S)
        if failures:
            stop.wait(timeout_s)
        elif watch.wait(timeout_s, stop):
            look_at = min(look_at, max(time.monotonic(), now + SHORTEST_PAUSE_S))
    watch.close()
    return 1 if options.once and failures else 0


def _notifier() -> Notifier | None:
    """What tells systemd that the loop works, where it is systemd that started us (Type=notify)."""
    if "NOTIFY_SOCKET" not in os.environ:
        return None
    from aiemp.systemd.notify import take_over  # noqa: PLC0415 - nobody listens elsewhere

    return take_over()


def run_locked(watch: Watch, options: Options, stop: Stop) -> int:
    """:func:`run`, under the watcher's lock: the inherited one, or, started by hand, one of its own."""
    try:
        # Not for what the watcher itself starts.
        os.set_inheritable(int(os.environ.pop(LOCK_DESCRIPTOR, "")), False)
        inherited = True
    except (ValueError, OSError):
        inherited = False
    return run(watch, options, stop) if inherited else _run_by_hand(watch, options, stop)


def _run_by_hand(watch: Watch, options: Options, stop: Stop) -> int:
    from pathlib import Path  # noqa: PLC0415 - only by hand

    from aiemp.errors import AiempError, LockHeld  # noqa: PLC0415
    from aiemp.watchers.launch import take_lock  # noqa: PLC0415

    try:
        lock = take_lock(Path(options.vault), watch.name, os.getpid(), "started by hand")
    except AiempError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if isinstance(error, LockHeld) else error.exit_code
    with lock:
        return run(watch, options, stop)


def _look(watch: Watch, options: Options, steady_s: float) -> tuple[Looked, bool]:
    """One look and its heartbeat, and whether it failed: what fails now may work later (disk, mount)."""
    looked = Looked()
    if not watch.is_there():
        looked.problems["vault"] = f"{options.vault} cannot be reached any more; waiting for it"
        return looked, True
    now_s = time.time()
    try:
        watch.look(looked, now_s, steady_s)
        beat(watch, now_s, dry_run=options.dry_run)
    except OSError as error:
        # The folder, since a temporary file has another name each time.
        where = f" in {os.path.dirname(error.filename)}" if isinstance(error.filename, str) else ""  # noqa: PTH120
        looked.problems["work"] = f"cannot work now, and will try again: {error.strerror or error}{where}"
        _beat_anyway(watch, options)
        return looked, True
    return looked, False


def _beat_anyway(watch: Watch, options: Options) -> None:
    try:
        beat(watch, time.time(), dry_run=options.dry_run)
    except OSError:
        return  # looks meet the same error, and say it


def pause_s(looked: Looked, failures: int, interval_s: int, look_took_s: float) -> float:
    """How long after the start of a look the next one is due. Pure."""
    if "vault" in looked.problems:
        return min(interval_s, ABSENCE_PAUSE_S)
    if failures:
        return min(interval_s * 2.0 ** min(failures - 1, 10), max(interval_s, LONGEST_BACKOFF_S))
    if looked.again_in_s is None:
        return interval_s
    # A look that takes long (a huge folder) is not repeated at once, whatever goes on there.
    return min(max(looked.again_in_s, SHORTEST_PAUSE_S, 5 * look_took_s), interval_s)


class Voice:
    """Says what looks report, on standard error: each problem once, and once more when it is over.

    Made after the first look, so that loading ``logging`` does not keep a restarted watcher from its work.
    """

    def __init__(self, name: str, options: Options) -> None:
        import logging  # noqa: PLC0415 - see above

        from aiemp.log_files import log_to  # noqa: PLC0415 - see above

        log_to(None)
        self._log = logging.getLogger(f"aiemp.watcher.{name}")
        self._open: dict[str, str] = {}
        if not options.once:
            dry_run = ", dry run: nothing is written" if options.dry_run else ""
            self._log.info("watching %s every %d s%s", options.vault, options.interval_s, dry_run)

    def tell(self, looked: Looked, *, all_seen: bool) -> None:
        """``all_seen``: the look was not cut short, so a problem it does not report is over."""
        for message in looked.messages:
            self._log.info("%s", message)
        for warning in looked.warnings:
            self._log.warning("%s", warning)
        for about, text in looked.problems.items():
            if self._open.get(about) != text:
                self._log.warning("%s", text)
        if all_seen:
            for about in self._open.keys() - looked.problems.keys():
                self._log.info("this is over: %s", self._open.pop(about))
        self._open |= looked.problems
