"""The pause's one file: what it says, what it survives, and that in doubt it holds."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiemp.claude.pause import Pause, read_pause, remove_pause, write_pause
from aiemp.places import Places

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SOON = NOW + timedelta(hours=2)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the pause of ``tmp_path`` lies."""
    folder = Places(tmp_path).pause.parent
    folder.mkdir(parents=True)
    return Places(tmp_path).pause


def test_it_holds_until_its_end(tmp_path: Path) -> None:
    """Written, read back, private to its owner; over by itself at its moment, and at once when removed."""
    assert read_pause(tmp_path, NOW) is None
    pause = Pause(NOW, SOON, "holiday")
    write_pause(tmp_path, pause)
    assert read_pause(tmp_path, NOW) == pause
    assert Places(tmp_path).pause.stat().st_mode & 0o777 == 0o600
    assert read_pause(tmp_path, SOON - timedelta(seconds=1)) is not None
    assert read_pause(tmp_path, SOON) is None
    write_pause(tmp_path, Pause(NOW))
    assert read_pause(tmp_path, NOW + timedelta(days=900)) == Pause(NOW)
    assert remove_pause(tmp_path)
    assert not remove_pause(tmp_path)
    assert read_pause(tmp_path, NOW) is None


def test_in_words() -> None:
    """In the owner's time; the reason for a blocked task says how to end it."""
    assert Pause(NOW, SOON, "holiday").in_words(BERLIN) == "paused until Wed 2026-11-25 13:00 (holiday)"
    last = datetime.max.replace(tzinfo=UTC)
    assert "9999-12-31" in Pause(NOW, last).in_words(BERLIN)
    assert Pause(NOW).why_blocked(BERLIN) == "Claude is paused; end that with: aiemp resume"


def test_a_reason_is_one_line(tmp_path: Path) -> None:
    """It is shown in tables and on terminals."""
    write_pause(tmp_path, Pause(NOW, None, "a\n\x1b[31m b" + "x" * 999))
    pause = read_pause(tmp_path, NOW)
    assert pause is not None
    assert pause.reason.startswith("a [31m bxx")
    assert len(pause.reason) == 200


@pytest.mark.parametrize(
    "content", [b"", b'{"until": "20', b"[]", b"\xff\xfe", b'{"until": 5}', b'{"until": "soon"}', b"[" * 9999]
)
def test_what_is_no_pause_holds(tmp_path: Path, file: Path, content: bytes) -> None:
    """Torn or foreign: somebody wanted Claude to stop. It says which file that is, and resume ends it."""
    file.write_bytes(content)
    pause = read_pause(tmp_path, NOW)
    assert pause is not None
    assert str(file) in pause.problem
    assert "aiemp resume" in pause.why_blocked(UTC)
    assert remove_pause(tmp_path)


def test_what_is_no_file_holds(tmp_path: Path, file: Path) -> None:
    """A link is not followed, a FIFO not waited for."""
    good = tmp_path / "elsewhere.json"
    good.write_text("{}")
    file.symlink_to(good)
    link = read_pause(tmp_path, NOW)
    assert link is not None
    assert link.problem
    file.unlink()
    os.mkfifo(file)
    pause = read_pause(tmp_path, NOW)
    assert pause is not None
    assert pause.problem


def test_other_keys_and_a_missing_end_are_no_mistake(tmp_path: Path, file: Path) -> None:
    """A newer aiemp may write more: the pause still holds."""
    file.write_text('{"by": "me"}')
    assert read_pause(tmp_path, NOW) == Pause()


@pytest.mark.parametrize("filled", [True, False])
def test_a_folder_of_that_name_is_set_aside(tmp_path: Path, file: Path, filled: bool) -> None:
    """Whatever it holds is kept under another name, by the end of a pause and by a new one."""
    for number in (1, 2):
        file.mkdir()
        if filled:
            (file / "x").write_text("kept")
        pause = read_pause(tmp_path, NOW)
        assert pause is not None
        assert pause.problem
        if number == 1:
            assert remove_pause(tmp_path)
            assert read_pause(tmp_path, NOW) is None
        else:
            write_pause(tmp_path, Pause(NOW))
            assert read_pause(tmp_path, NOW) == Pause(NOW)
        aside = sorted(file.parent.glob("pause.json.aside-*"))
        assert len(aside) == number
        assert (aside[-1] / "x").exists() == filled
