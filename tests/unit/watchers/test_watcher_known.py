"""The file of processed ids: kept whole, bounded, and mended when it is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiemp.watchers.known import MOST_IDS_OF_GONE, Known, load, remove_leftovers

NOW_S = 1_772_182_330.0  # 2026-02-27T08:52:10Z


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".state" / "approval_processed.json"


def saved(path: Path, *ids: str) -> None:
    known = Known(path, ids)
    known.make_folder()
    known.save(NOW_S)


def test_ids_come_back_in_their_order(path: Path) -> None:
    """What was saved is loaded, in the form that existing vaults use, readable by its owner alone."""
    saved(path, "b", "a", "caf\udce9.txt|1|2|3")
    known, messages = load(path, NOW_S)
    assert (list(known), messages, known.ours) == (["b", "a", "caf\udce9.txt|1|2|3"], [], True)
    content = json.loads(path.read_bytes())
    assert content["last_updated"] == "2026-02-27T08:52:10+00:00"
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_there_is_a_first_start(path: Path) -> None:
    """No file: no ids, no complaint, and not ours."""
    known, messages = load(path, NOW_S)
    assert (list(known), messages, known.ours) == ([], [], False)


def test_another_programs_ids_and_keys_are_kept(path: Path) -> None:
    """The own watcher that ours replaced wrote this file: nothing of it is lost."""
    path.parent.mkdir()
    path.write_text(json.dumps({"processed_ids": ["x", 7, "y"], "last_updated": "2026", "cursor": {"a": 1}}))
    known, _ = load(path, NOW_S)
    assert not known.ours
    known.add("z")
    known.save(NOW_S)
    content = json.loads(path.read_bytes())
    assert content["processed_ids"] == ["x", "y", "z"]
    assert content["cursor"] == {"a": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"[]",
        b'{"processed_ids": {"a": 1}}',
        b'{"last_updated": "x"}',
        b"\xff\xfe not text",
        b"[" * 200_000,
    ],
)
def test_a_corrupt_file_is_set_aside_and_said(path: Path, data: bytes) -> None:
    """The bytes are kept under another name, and a new file can be saved."""
    path.parent.mkdir()
    path.write_bytes(data)
    known, [message] = load(path, NOW_S)
    assert not known.ours
    assert "set aside as approval_processed.json.corrupt-20260227T085210Z" in message
    assert path.with_name("approval_processed.json.corrupt-20260227T085210Z").read_bytes() == data
    known.save(NOW_S)
    assert load(path, NOW_S)[1] == []


def test_a_second_corrupt_file_does_not_replace_the_first(path: Path) -> None:
    """Set aside twice within a second: both are kept."""
    path.parent.mkdir()
    for text in ("one", "two"):
        path.write_text(text)
        load(path, NOW_S)
    assert {p.read_text() for p in path.parent.glob("*.corrupt-*")} == {"one", "two"}


def test_ids_in_a_torn_file_are_salvaged(path: Path) -> None:
    """A file that ends in the middle still tells most of what was processed."""
    saved(path, 'a "quoted".txt|1|2|3', "ünï.txt|4|5|6", "third|7|8|9")
    path.write_bytes(path.read_bytes().partition(b"|7|8|9")[0])
    known, [message] = load(path, NOW_S)
    assert list(known) == ['a "quoted".txt|1|2|3', "ünï.txt|4|5|6"]
    assert "2 ids could be made out" in message
    assert known.unsaved


def test_a_dry_run_leaves_a_corrupt_file_where_it_is(path: Path) -> None:
    """It says so, and writes nothing."""
    path.parent.mkdir()
    path.write_text("torn")
    _, [message] = load(path, NOW_S, dry_run=True)
    assert "is corrupt" in message
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_file_that_cannot_be_read_is_not_taken_for_a_missing_one(path: Path) -> None:
    """Else it would be overwritten: a link, or a folder, raises."""
    path.parent.mkdir()
    path.symlink_to("elsewhere.json")
    with pytest.raises(OSError, match="symbolic"):
        load(path, NOW_S)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="it is a folder"):
        load(path, NOW_S)


def test_only_ids_of_what_is_gone_are_forgotten(path: Path) -> None:
    """The list is bounded; a file that still lies there never loses its id, however old that is."""
    ids = [str(number) for number in range(MOST_IDS_OF_GONE + 50)]
    known = Known(path, ids)
    known.forget_oldest(still_there={"0", "1"})
    assert len(known) == MOST_IDS_OF_GONE + 2
    assert list(known)[:3] == ["0", "1", "50"]


def test_touch_refreshes_the_file_and_says_when_there_is_none(path: Path) -> None:
    """The heartbeat: mtime only, the content stays."""
    known = Known(path)
    assert not known.touch()
    known.make_folder()
    known.save(NOW_S)
    before = path.read_bytes()
    os.utime(path, (1, 1))
    assert known.touch()
    assert path.stat().st_mtime > 1
    assert path.read_bytes() == before


def test_a_vanished_vault_is_not_made_again_by_saving(path: Path) -> None:
    """Saving makes no folder at all, and only .state may be missing when it is made."""
    with pytest.raises(FileNotFoundError):
        Known(path).save(NOW_S)
    with pytest.raises(FileNotFoundError):
        Known(path.parent.parent / "gone" / ".state" / path.name).make_folder()
    assert list(path.parent.parent.iterdir()) == []


def test_leftovers_of_a_killed_writer_are_removed(path: Path) -> None:
    """Temporary files of this name go, everybody else's stay."""
    path.parent.mkdir()
    ours = path.parent / f".{path.name}.0123456789ab.tmp"
    others = [path.parent / name for name in (".other.json.0123456789ab.tmp", path.name, "x.tmp", ".hidden")]
    for each in (ours, *others):
        each.touch()
    remove_leftovers(path.parent, lambda name: name == path.name)
    assert set(path.parent.iterdir()) == set(others)
    remove_leftovers(path.parent / "gone", lambda name: True)


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(codec=None), max_size=20), unique=True, max_size=8))
def test_any_strings_survive_saving(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """File names can be anything, surrogates included."""
    path = tmp_path_factory.mktemp("vault") / "x_processed.json"
    Known(path, ids).save(NOW_S)
    assert list(load(path, NOW_S)[0]) == ids
