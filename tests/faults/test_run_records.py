"""A run's records in short: ``make faults`` injects every error at every step and damages every byte."""

from __future__ import annotations

import errno
import os
from itertools import islice
from pathlib import Path

import pytest

from aiemp import durable, ledger
from aiemp.durable import append_line, replace_file
from tests.faults.injection import CALLS, ERRORS, Trap, in_child, trapped
from tests.faults.run_records import (
    cut_short,
    failing_calls,
    flipped,
    kills,
    torn_states,
    zeroed,
)

EVERY_NTH = 7


@pytest.fixture
def folder(quick_folder: Path) -> Path:
    """A vault that is made anew for each fault."""
    return quick_folder / "vault"


@pytest.mark.parametrize("first_run", [True, False], ids=["first-run", "next-run"])
def test_a_failing_call_loses_and_repeats_nothing(folder: Path, first_run: bool) -> None:
    """Whichever call of a run's records fails, the run is done once, is written down, and no file is torn."""
    tally = failing_calls(folder, first_run=first_run, errors=(errno.ENOSPC,))
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["injected"] >= 15


@pytest.mark.parametrize("first_run", [True, False], ids=["first-run", "next-run"])
def test_a_kill_at_any_step_loses_and_repeats_nothing(folder: Path, first_run: bool) -> None:
    """A process that is killed at any of its calls leaves whole files; what it wrote down as done stays done, and
    what not is done again; its temporary files are gone after the next run."""
    tally = kills(folder, first_run=first_run)
    print(tally.line())
    assert tally.wrong == []
    assert tally.counts["injected"] >= 10


@pytest.mark.parametrize("damage", [cut_short, zeroed, flipped])
def test_a_damaged_state_is_kept_and_repeats_nothing(folder: Path, damage: object) -> None:
    """A state file that is cut, full of zeros or no text is set aside whole, and the history says what
    ran."""
    assert callable(damage)
    tally = torn_states(folder, lambda whole: islice(damage(whole), 0, None, EVERY_NTH))
    print(tally.line())
    assert tally.wrong == []


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("code", [*ERRORS, None], ids=[*(errno.errorcode[code] for code in ERRORS), "kill"])
def test_a_replaced_file_is_the_old_or_the_new_one(tmp_path: Path, kind: str, code: int | None) -> None:
    """replace_file, failing or killed at each call: one version or the other is there, as the caller was told."""
    path, old, new = tmp_path / "file", b"old" * 9999, b"new" * 12345
    for at in range(1, 20):
        path.write_bytes(old)
        trap, failed = Trap(at, code, kind), False
        if code is None:
            sprung = in_child(lambda: replace_file(path, new), trap)
        else:
            with trapped(trap):
                try:
                    replace_file(path, new)
                except OSError:
                    failed = True
            sprung = trap.sprung > 0
        content = path.read_bytes()
        assert content == (old if failed else content)
        assert content in (old, new)
        assert sprung or content == new
        if code is not None:
            assert [each.name for each in tmp_path.iterdir()] == ["file"]
        if not sprung:
            return
    pytest.fail("it makes no end of calls")


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("code", ERRORS, ids=[errno.errorcode[code] for code in ERRORS])
def test_an_append_that_fails_leaves_whole_lines(tmp_path: Path, kind: str, code: int) -> None:
    """append_line, failing at each call: the lines before it stay whole, and so does the next."""
    for at in range(1, 20):
        path = tmp_path / f"{at}.jsonl"
        append_line(path, b"first")
        trap = Trap(at, code, kind)
        with trapped(trap):
            try:
                append_line(path, b"second")
            except OSError:
                assert trap.sprung
        append_line(path, b"third")
        lines = path.read_bytes().split()
        assert [line for line in lines if line != b"second"] == [b"first", b"third"] or (
            # Cut off by the same fault that would have mended it: it costs that line alone.
            lines[0] == b"first" and lines[-1] == b"third" and b"second".startswith(lines[1])
        )
        if not trap.sprung:
            return
    pytest.fail("it makes no end of calls")


def test_the_campaign_sees_a_file_that_is_written_in_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the temporary file and its rename, torn states are found."""

    def in_place(path: Path, data: bytes, *, mode: int = 0o600, beneath: Path | None = None) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            durable.write_all(descriptor, data)
        finally:
            os.close(descriptor)

    monkeypatch.setattr("aiemp.state_file.replace_file", in_place)
    assert any("torn" in each for each in kills(folder, first_run=False).wrong)


def test_the_campaign_sees_an_end_that_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an error of the last write is hidden, the run is found done twice."""
    finish = ledger.Ledger.finish

    def hides(*arguments: object) -> None:
        try:
            finish(*arguments)  # type: ignore[arg-type]
        except OSError:
            return

    monkeypatch.setattr(ledger.Ledger, "finish", hides)
    tally = failing_calls(folder, first_run=False, errors=(errno.EIO,))
    assert tally.counts["doubled"] > 0
