"""The writer: it replaces the file as a whole, keeps what is its owner's, and says what it cannot do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.dashboard import DashboardError, HealthRow, add_activity, set_health, touch, update
from aiemp.dashboard import rewrite as rewrite_module
from aiemp.dashboard import swap as swap_module
from aiemp.dashboard.snapshot import SIZE_LIMIT

AT = datetime(2026, 2, 27, 10, 30, 5, tzinfo=UTC)
UP = set_health([HealthRow("gmail_watcher", "🟢 Running")], AT)


def dashboard(vault: Path) -> Path:
    return vault / "Dashboard.md"


def leftovers(vault: Path) -> list[str]:
    return [path.name for path in vault.iterdir() if path.name.startswith(".") and path.name != ".state"]


def test_an_update_changes_its_rows_and_nothing_else(vault: Path) -> None:
    """Every other byte is as it was, and nothing is left lying about."""
    before = dashboard(vault).read_bytes()
    assert update(vault, UP)
    after = dashboard(vault).read_bytes()
    row = "| Gmail Watcher | 🟢 Running | 2026-02-27 10:30:05 |".encode()
    assert after == before.replace("| Gmail Watcher | — | — |".encode(), row)
    assert leftovers(vault) == []


def test_an_update_without_a_difference_does_not_write(vault: Path) -> None:
    """The file stays the very same one, so that nobody's editor reloads it."""
    update(vault, UP)
    before = dashboard(vault).stat()
    assert not update(vault, UP)
    after = dashboard(vault).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_mode_stays(vault: Path) -> None:
    """A dashboard that others may read can be read by them afterwards."""
    dashboard(vault).chmod(0o640)
    update(vault, UP)
    assert dashboard(vault).stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_stays(vault: Path) -> None:
    """Root, editing somebody's dashboard, does not take it from him."""
    os.chown(dashboard(vault), 1234, 1235)
    update(vault, UP)
    assert (dashboard(vault).stat().st_uid, dashboard(vault).stat().st_gid) == (1234, 1235)


@pytest.mark.parametrize("content", [None, b""], ids=["missing", "empty"])
def test_a_missing_or_empty_dashboard_is_made_from_the_template(vault: Path, content: bytes | None) -> None:
    """It comes with all its sections, and ours filled in."""
    dashboard(vault).unlink()
    if content is not None:
        dashboard(vault).write_bytes(content)
    assert update(vault, UP, touch(AT))
    text = dashboard(vault).read_text(encoding="utf-8")
    assert "| Gmail Watcher | 🟢 Running | 2026-02-27 10:30:05 |" in text
    assert "**Last Updated:** 2026-02-27 10:30:05" in text
    assert "## Recent Errors" in text
    assert leftovers(vault) == []


def test_a_blank_dashboard_is_not_an_empty_one(vault: Path) -> None:
    """Somebody's blank lines are his; the section comes below them."""
    dashboard(vault).write_bytes(b"\n\n")
    update(vault, UP)
    assert dashboard(vault).read_bytes().startswith(b"\n\n## System Health\n")


def test_a_link_inside_the_vault_is_followed(vault: Path) -> None:
    """The link stays a link; the file it leads to is edited."""
    real = vault / "Notes" / "Board.md"
    real.parent.mkdir()
    dashboard(vault).rename(real)
    dashboard(vault).symlink_to("Notes/Board.md")
    update(vault, UP)
    assert dashboard(vault).is_symlink()
    assert "🟢 Running" in real.read_text(encoding="utf-8")


def spoilt(vault: Path, tmp_path: Path, how: str) -> str:
    """Spoil the dashboard in one way; returns words that the error must have."""
    path = dashboard(vault)
    if how == "utf-16":
        path.write_bytes("# Dashboard\n".encode("utf-16"))
        return "save it as UTF-8"
    if how == "large":
        path.write_bytes(b"# x\n" * (SIZE_LIMIT // 4 + 1))
        return "larger than 5 MB"
    if how == "full":
        path.write_bytes(b"x" * (SIZE_LIMIT - 10))
        return "is full: shorten it"
    path.unlink()
    if how == "folder":
        path.mkdir()
        return "is a folder: move it away"
    if how == "fifo":
        os.mkfifo(path)
        return "not a regular file"
    if how == "loop":
        path.symlink_to("Dashboard.md")
        return "leads nowhere: remove it"
    outside = tmp_path / "outside.md"
    outside.write_text("theirs")
    path.symlink_to(outside)
    return "outside the vault"


@pytest.mark.parametrize("how", ["utf-16", "large", "full", "folder", "fifo", "loop", "outside"])
def test_what_cannot_be_edited_is_said_and_left_alone(vault: Path, tmp_path: Path, how: str) -> None:
    """What, where, and what to do; and no byte of it is touched."""
    words = spoilt(vault, tmp_path, how)
    before = dashboard(vault).lstat()
    with pytest.raises(DashboardError, match=words) as raised:
        update(vault, UP)
    assert "Dashboard.md" in str(raised.value)
    after = dashboard(vault).lstat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )
    assert leftovers(vault) == []
    if how == "outside":
        assert (tmp_path / "outside.md").read_text() == "theirs"


def test_a_vault_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    """A disk that is not mounted must not get a vault of ours in its place."""
    with pytest.raises(DashboardError, match="is not there: mount"):
        update(tmp_path / "vault", UP)
    assert not (tmp_path / "vault").exists()


def test_an_update_that_fails_leaves_no_file_open(vault: Path) -> None:
    """A long-lived process can be refused again and again without running out of descriptors."""
    dashboard(vault).write_bytes(b"x" * (SIZE_LIMIT - 10))
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(DashboardError, match="is full"):
            update(vault, UP)
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize("call", ["fsync", "write", "fchmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_write_that_fails_leaves_the_old_file(
    vault: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """A full or broken disk: the old bytes are there, the error names the remedy, the next update works."""
    before = dashboard(vault).read_bytes()

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(DashboardError, match="was not updated"):
            update(vault, UP)
    assert dashboard(vault).read_bytes() == before
    assert leftovers(vault) == []
    assert update(vault, UP)


def test_what_a_killed_update_left_is_no_hindrance(vault: Path) -> None:
    """Its half-written file is replaced and gone."""
    (vault / ".Dashboard.md.aiemp.tmp").write_text("half")
    assert update(vault, UP)
    assert leftovers(vault) == []


def test_without_the_exchange_of_names_it_works_as_well(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system or file system that lacks the call, a rename does it."""
    monkeypatch.setattr(swap_module, "exchange_call", lambda: None)
    assert update(vault, UP)
    assert "🟢 Running" in dashboard(vault).read_text(encoding="utf-8")
    assert leftovers(vault) == []


def test_text_between_a_truncation_and_the_write_is_waited_for(vault: Path) -> None:
    """An editor that has just emptied the file gets the time to write; no template takes its place."""
    code = (
        "import sys, time\n"
        "f = open(sys.argv[1], 'w')\n"
        "print('empty', flush=True)\n"
        "time.sleep(0.15)\n"
        "f.write('# Mine\\n\\nmy own words\\n')\n"
        "f.close()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(dashboard(vault))], stdout=subprocess.PIPE
    ) as editor:
        assert editor.stdout is not None
        editor.stdout.readline()
        update(vault, UP)
    text = dashboard(vault).read_text(encoding="utf-8")
    assert text.startswith("# Mine\n\nmy own words\n\n## System Health\n")
    assert "## Queue Summary" not in text


@pytest.mark.parametrize("exchange", [True, False])
def test_a_write_into_the_file_that_lost_its_name_is_brought_in(
    vault: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    """Somebody opened the file before us and writes into it after us: his line is in the new file."""
    if not exchange:
        monkeypatch.setattr(swap_module, "exchange_call", lambda: None)
    code = (
        "import os, sys\n"
        "f = open(sys.argv[1], 'a')\n"
        "print('open', flush=True)\n"
        "while os.stat(sys.argv[1]).st_ino == os.fstat(f.fileno()).st_ino: pass\n"
        "f.write('one line of theirs\\n')\n"
        "f.close()\n"
    )
    os.utime(dashboard(vault))  # somebody is at work: the watch is long
    with subprocess.Popen(
        [sys.executable, "-c", code, str(dashboard(vault))], stdout=subprocess.PIPE
    ) as editor:
        assert editor.stdout is not None
        editor.stdout.readline()
        update(vault, UP, add_activity(AT, "once", "", "ok"))
    text = dashboard(vault).read_text(encoding="utf-8")
    assert "one line of theirs\n" in text
    assert "🟢 Running" in text
    assert text.count("| once ") == 1


def test_a_line_that_was_brought_in_survives_a_write_of_older_text(vault: Path) -> None:
    """Somebody's late line is in the new file; he then writes the text he had read before that."""
    code = (
        "import os, sys\n"
        "path = sys.argv[1]\n"
        "f = open(path, 'a')\n"
        "print('open', flush=True)\n"
        "while os.stat(path).st_ino == os.fstat(f.fileno()).st_ino: pass\n"
        "older = open(path, 'rb').read()\n"
        "f.write('one line of theirs\\n')\n"
        "f.close()\n"
        "while b'one line of theirs' not in open(path, 'rb').read(): pass\n"
        "open(path, 'wb').write(older)\n"
    )
    os.utime(dashboard(vault))  # somebody is at work: the watch is long
    with subprocess.Popen(
        [sys.executable, "-c", code, str(dashboard(vault))], stdout=subprocess.PIPE
    ) as editor:
        assert editor.stdout is not None
        editor.stdout.readline()
        update(vault, UP)
    assert editor.returncode == 0
    assert dashboard(vault).read_text(encoding="utf-8").count("one line of theirs\n") == 1


def test_a_program_that_never_pauses_is_told_of_and_loses_nothing(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where our rows do not come to stay, the error says so, and the file is what the other one wrote."""
    monkeypatch.setattr(rewrite_module, "UPDATE_PATIENCE_S", 0.5)
    own = dashboard(vault).read_bytes()
    code = (
        "import sys\n"
        "text = sys.stdin.buffer.read()\n"
        "print('go', flush=True)\n"
        "while True: open(sys.argv[1], 'r+b').write(text)\n"  # never looks at what is there
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(dashboard(vault))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write(own)
    other.stdin.close()
    other.stdout.readline()
    try:
        with pytest.raises(DashboardError, match="rewritten by another program again and again"):
            update(vault, add_activity(AT, "x" * 60, "", "ok"), UP)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert dashboard(vault).read_bytes().startswith(own[:100])


def test_updates_of_many_processes_all_arrive(vault: Path) -> None:
    """Eight processes, each with five rows: forty rows, each once."""
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from aiemp.dashboard import add_activity, update\n"
        "for n in range(5):\n"
        "    update(Path(sys.argv[1]), add_activity(datetime.now(UTC), f'row {sys.argv[2]}.{n}', '', 'ok'))\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(vault), str(n)]) for n in range(8)]
    assert [child.wait(60) for child in children] == [0] * 8
    text = dashboard(vault).read_text(encoding="utf-8")
    assert all(text.count(f"| row {child}.{n} |") == 1 for child in range(8) for n in range(5))


@pytest.mark.parametrize("delay_ms", range(0, 60, 6))
def test_a_kill_at_any_moment_leaves_a_whole_file(vault: Path, delay_ms: int) -> None:
    """Killed during an endless series of updates, the file is one that an update wrote, or the first one."""
    before = dashboard(vault).read_text(encoding="utf-8")
    code = (
        "import itertools, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from aiemp.dashboard import HealthRow, set_health, update\n"
        "at = datetime(2026, 2, 27, tzinfo=UTC)\n"
        "print('go', flush=True)\n"
        "for n in itertools.count():\n"
        "    update(Path(sys.argv[1]), set_health([HealthRow('gmail', f'up {n}')], at))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(vault)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay_ms / 1000)  # the moment of the kill, not a wait for something
    child.kill()
    child.wait()
    child.stdout.close()
    text = dashboard(vault).read_text(encoding="utf-8")
    other_lines = [line for line in text.splitlines() if not line.startswith("| Gmail")]
    assert other_lines == [line for line in before.splitlines() if not line.startswith("| Gmail")]
    assert update(vault, add_activity(AT, "after", "", "ok"))
    assert leftovers(vault) == []
