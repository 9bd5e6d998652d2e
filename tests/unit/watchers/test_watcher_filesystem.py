"""The filesystem watcher, one look at a time: each dropped file gets exactly one item."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiemp.watchers.filesystem import FilesystemWatch
from aiemp.watchers.known import load, processed_file
from aiemp.watchers.loop import Looked, Stop
from aiemp.watchers.options import Options
from aiemp.watchers.settling import BLIND_SETTLE_S

NOW_S = 1_772_182_330.0


class World:
    """A vault and its watcher. Every look comes long after the one before, so that all files have settled."""

    def __init__(self, vault: Path) -> None:
        self.vault = vault
        self.drop = vault / "Drop"
        self.stop = Stop()
        self.steady_s = 0.0
        self.restart()

    def restart(self, *, dry_run: bool = False) -> None:
        options = Options(str(self.vault))
        options.dry_run = dry_run
        self.watch = FilesystemWatch(options, self.stop)

    def look(self, times: int = 2) -> Looked:
        for _ in range(times):
            looked = Looked()
            self.steady_s += 2 * BLIND_SETTLE_S
            self.watch.look(looked, NOW_S, self.steady_s)
        return looked

    def put(self, name: str, text: str = "text", at_s: float = NOW_S - 60) -> Path:
        path = self.drop / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        os.utime(path, (at_s, at_s))
        return path

    def items(self) -> list[Path]:
        return sorted(self.vault.glob("[!.D]*/**/FILE_*.md"))

    def item_texts(self) -> str:
        return "\n".join(item.read_text() for item in self.items())

    def ids(self) -> list[str]:
        return list(load(processed_file(self.vault, "filesystem"), NOW_S)[0])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    vault = tmp_path / "vault"
    (vault / ".state").mkdir(parents=True)
    (vault / "Needs_Action" / "email").mkdir(parents=True)
    world = World(vault)
    world.drop.mkdir()
    yield world
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_dropped_file_becomes_one_item_and_stays_where_it_is(world: World) -> None:
    """The item lies in Needs_Action/file and points to the file, which nobody touches."""
    path = world.put("report.pdf")
    before = path.stat()
    world.look(times=4)
    [item] = world.items()
    assert item.parent == world.vault / "Needs_Action" / "file"
    assert 'original_path: "Drop/report.pdf"' in item.read_text()
    after = path.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ctime_ns) == (
        before.st_mtime_ns,
        before.st_size,
        before.st_ctime_ns,
    )


def test_a_restart_makes_no_second_item(world: World) -> None:
    """What is known survives in .state, whatever became of the item."""
    world.put("a.txt")
    world.put("sub/b.txt")
    world.look()
    for item in world.items():
        item.unlink()
    world.restart()
    world.look()
    assert world.items() == []


def test_a_crash_between_item_and_record_makes_no_second_item(world: World) -> None:
    """The item was written and its id was not: its mark is found, also when Claude moved it meanwhile."""
    world.put("a.txt")
    world.put("b.txt")
    world.look()
    Path(processed_file(world.vault, "filesystem")).unlink()
    done = world.vault / "Done" / "archive"
    done.mkdir(parents=True)
    first = world.items()[0]
    first.rename(done / first.name.replace(".md", "_1.md"))
    world.restart()
    world.look()
    assert len(list(world.vault.rglob("FILE_*.md"))) == 2
    assert len(world.ids()) == 2


def test_changed_content_is_a_new_drop(world: World) -> None:
    """A new version under the old name is to be looked at; both items have names of their own."""
    world.put("a.txt", "one")
    world.look()
    world.put("a.txt", "two and more", NOW_S - 30)
    world.look()
    assert len(world.items()) == 2


def test_same_content_dropped_again_later_is_a_new_drop(world: World) -> None:
    """Removed, and put there again another day: the owner means it."""
    path = world.put("a.txt")
    world.look()
    path.unlink()
    world.look()
    world.put("a.txt", at_s=NOW_S - 5)
    world.look()
    assert len(world.items()) == 2


def test_a_file_that_is_only_touched_is_no_new_drop(world: World) -> None:
    """A program that only sets the time of a file has put nothing there."""
    path = world.put("a.txt")
    world.look()
    os.utime(path, (NOW_S - 1, NOW_S - 1))
    world.look()
    assert len(world.items()) == 1
    world.restart()
    world.look()
    assert len(world.items()) == 1


def test_files_that_vanish_and_come_back_unchanged_are_known(world: World) -> None:
    """Drop was unmounted for a while: no file becomes a second item."""
    world.put("a.txt")
    world.look()
    world.drop.rename(world.vault / "elsewhere")
    assert world.look().problems["Drop"].endswith("make it, to drop files")
    world.put("b.txt")
    world.look()
    shutil.rmtree(world.drop)
    (world.vault / "elsewhere").rename(world.drop)
    world.look()
    assert len(world.items()) == 2


def test_equal_names_in_different_folders_are_different_drops(world: World) -> None:
    """Same name, same content, same second: two items."""
    world.put("x/scan.pdf")
    world.put("y/scan.pdf")
    world.look()
    assert len(world.items()) == 2
    assert "Drop/x/scan.pdf" in world.item_texts()
    assert "Drop/y/scan.pdf" in world.item_texts()


def test_a_flat_vault_stays_flat(world: World) -> None:
    """Decided at the start, and kept when somebody makes folders later."""
    (world.vault / "Needs_Action" / "email").rmdir()
    world.put("a.txt")
    world.look()
    (world.vault / "Needs_Action" / "email").mkdir()
    world.put("b.txt")
    world.look()
    assert {item.parent.name for item in world.items()} == {"Needs_Action"}


def test_a_dry_run_writes_nothing_and_says_each_file_once(world: World) -> None:
    """Not even Drop/ or the processed file."""
    world.put("a.txt")
    world.restart(dry_run=True)
    before = sorted(world.vault.rglob("*"))
    messages = [message for _ in range(3) for message in world.look(times=1).messages]
    assert len(messages) == 1
    assert "dry run: 'Drop/a.txt' would become FILE_a_" in messages[0]
    assert sorted(world.vault.rglob("*")) == before
    world.restart()
    world.look()
    assert len(world.items()) == 1


def test_a_missing_drop_folder_is_made_at_the_start(world: World) -> None:
    """So that there is something to drop into; one that is removed later is not made again."""
    world.drop.rmdir()
    world.look()
    assert world.drop.is_dir()
    world.drop.rmdir()
    world.look()
    assert not world.drop.exists()


def test_an_item_that_cannot_be_written_is_written_later(world: World) -> None:
    """The look fails, nothing is recorded, and when the cause is gone there is one item."""
    folder = world.vault / "Needs_Action" / "file"
    folder.write_text("in the way")
    world.put("a.txt")
    with pytest.raises(NotADirectoryError):
        world.look()
    folder.unlink()
    world.look()
    assert len(world.items()) == 1
    assert len(world.ids()) == 1


def test_a_record_that_cannot_be_written_makes_no_second_item(world: World) -> None:
    """Within the process the ids are known, and they are saved as soon as that is possible again."""
    world.look()
    state = world.vault / ".state"
    shutil.rmtree(state)
    state.write_text("in the way")
    world.put("a.txt")
    for _ in range(3):
        with pytest.raises(OSError, match=r"\.state"):
            world.look(times=1)
    state.unlink()
    state.mkdir()
    world.look()
    assert len(world.items()) == 1
    assert len(world.ids()) == 1


def test_one_unreadable_file_does_not_stop_the_others(world: World) -> None:
    """A link swapped in, a pipe, a dangling link: said, and the rest goes on."""
    (world.drop / "dangling").symlink_to("nowhere")
    os.mkfifo(world.drop / "pipe")
    world.put("z.txt")
    looked = world.look()
    assert len(world.items()) == 1
    assert len(looked.problems) == 2


def test_ids_of_the_own_watcher_that_was_replaced_count(world: World) -> None:
    """It kept names or paths; what it has dealt with is not dealt with again, and its ids are kept."""
    Path(processed_file(world.vault, "filesystem")).write_text(
        '{"processed_ids": ["a.txt", "Drop/sub/b.txt"], "last_updated": "2026-01-01T00:00:00"}'
    )
    for name in ("a.txt", "sub/b.txt", "c.txt"):
        world.put(name)
    world.look()
    assert 'subject: "c.txt"' in world.item_texts()
    assert len(world.items()) == 1
    assert world.ids()[:2] == ["a.txt", "Drop/sub/b.txt"]


def test_a_link_in_place_of_drop_that_leads_out_is_not_followed(world: World, tmp_path: Path) -> None:
    """Else anything on the machine could be made an item."""
    world.look()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "passwords.txt").write_text("x")
    world.drop.rmdir()
    world.drop.symlink_to(elsewhere)
    assert "Drop" in world.look().problems
    assert world.items() == []


def test_no_item_is_written_through_a_link_out_of_the_vault(world: World, tmp_path: Path) -> None:
    """Needs_Action was made a link: nothing is written there, and it is said."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(world.vault / "Needs_Action")
    (world.vault / "Needs_Action").symlink_to(elsewhere)
    world.put("a.txt")
    with pytest.raises(OSError, match="leads out of the vault"):
        world.look()
    assert list(elsewhere.iterdir()) == []


def test_leftovers_of_a_killed_watcher_are_cleared_at_the_start(world: World) -> None:
    """Temporary files of items and of the record; nobody else's."""
    folder = world.vault / "Needs_Action" / "file"
    folder.mkdir()
    leftovers = [
        folder / ".FILE_a_x.md.0123456789ab.tmp",
        world.vault / ".state" / ".filesystem_processed.json.1.tmp",
    ]
    for leftover in leftovers:
        leftover.touch()
    (folder / ".note.md.0123456789ab.tmp").touch()
    world.look()
    assert not any(leftover.exists() for leftover in leftovers)
    assert (folder / ".note.md.0123456789ab.tmp").exists()


def test_many_files_at_once_all_get_their_item(world: World) -> None:
    """60 files in folders, one item each."""
    for number in range(60):
        world.put(f"batch {number % 7}/file {number}.txt", str(number))
    world.look()
    assert len(world.items()) == 60
    assert len(world.ids()) == 60
