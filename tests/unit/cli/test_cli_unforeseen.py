"""A mistake of ours, or a refusal of the system's, in every command: one paragraph, and a traceback on request."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiemp.cli import cli, entry
from aiemp.log_files import log_to
from aiemp.unforeseen import in_words

WITHOUT_A_PLAN = {"completion", "uninstall-units"}
ARGUMENTS = {
    "trigger": ["daily_rollover"],
    "enable": ["daily_rollover"],
    "disable": ["daily_rollover"],
    "explain": ["daily_rollover"],
    "watch": ["approval"],
    "alert": ["x.service"],
    "config": ["show"],
    "doctor": ["vault"],
    "bugreport": ["--output", "/nonexistent/x.tar.gz"],
}
BUG = RuntimeError("planted")
REFUSED = PermissionError(errno.EACCES, "Permission denied", "/my vault/x")


@pytest.fixture
def planted(
    monkeypatch: pytest.MonkeyPatch, home: Path, environ: dict[str, str]
) -> Iterator[Callable[[Exception], None]]:
    """Lets whatever reads a configuration fail."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def plant(error: Exception) -> None:
        def fail(*_args: object, **_more: object) -> None:
            raise error

        monkeypatch.setattr("aiemp.config.load.load_plan", fail)
        monkeypatch.setattr("aiemp.config.document.read_document", fail, raising=False)

    yield plant


@pytest.mark.parametrize("command", sorted(set(cli.members) - WITHOUT_A_PLAN))  # type: ignore[attr-defined]
@pytest.mark.parametrize("error", [BUG, REFUSED], ids=["bug", "refused"])
def test_every_command_says_it_in_one_paragraph(
    command: str,
    error: Exception,
    planted: Callable[[Exception], None],
    vault: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What, where and what next, on one line, whichever command it is; -vv adds the traceback."""
    monkeypatch.chdir(tmp_path)
    planted(error)
    arguments = ["--vault", str(vault), command, *ARGUMENTS.get(command, [])]
    assert entry.run(arguments) != 0
    out = capsys.readouterr()
    said = out.err + out.out
    assert "Traceback" not in said
    if command not in ("init", "bugreport", "doctor", "alert", "run", "install-units"):
        assert len(out.err.splitlines()) == 1, out.err
        assert out.out == ""
        assert ("planted" in said) if error is BUG else ("/my vault/x: Permission denied" in said)
        assert ("test_cli_unforeseen.py:" in said) if error is BUG else ("sudo chown" in said)
        assert entry.run(["-vv", *arguments]) == 1
        assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            REFUSED,
            """/my vault/x: Permission denied; give yourself the right, for example: sudo chown "$(id -u)" '/my""",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "/v"), "shown by: df -h /v"),
        (
            OSError(errno.EROFS, "Read-only file system", "/v"),
            'sudo mount -o remount,rw "$(findmnt -nT /v -o TARGET)"',
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device; the system refused that",
        ),
        (OSError(errno.EIO, "Input/output error", 7), "Input/output error; the system refused that"),
        (RuntimeError(), "RuntimeError; this is a mistake in aiemp"),
    ],
)
def test_words(error: Exception, words: str) -> None:
    """A refusal names its file and the command that helps; a mistake of ours says so."""
    assert words in in_words(error)


def test_where_it_happened() -> None:
    """Of a mistake in aiemp its line, of one in a function of the owner's that."""
    from aiemp.frozen import replace

    with pytest.raises(AttributeError) as ours:
        replace(1)
    assert "(aiemp/frozen.py:" in in_words(ours.value)
    with pytest.raises(ZeroDivisionError) as theirs:
        1 / 0  # noqa: B018
    assert "test_cli_unforeseen.py:" in in_words(theirs.value)
    assert "mistake in aiemp" not in in_words(theirs.value)


def test_a_log_keeps_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person who sees standard error is told in words, and the log file has all of it."""
    log_to(tmp_path / "x.log", tracebacks=False)
    try:
        raise BUG
    except RuntimeError:
        logging.getLogger("aiemp.test").exception("the step failed")
    said = capsys.readouterr().err
    assert "the step failed: RuntimeError: planted" in said
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "x.log").read_text()
