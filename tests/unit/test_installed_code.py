"""Noticing that another version was installed under a running one."""

from __future__ import annotations

from pathlib import Path

from aiemp.installed_code import InstalledCode


def replace(path: Path, text: str) -> None:
    """Another file of that name, as an installer puts it there."""
    fresh = path.with_name("fresh")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def test_another_version_counts_once_it_stands_still(tmp_path: Path) -> None:
    """Not at first sight, not while files are missing, not while they change; and the same file is no other."""
    path = tmp_path / "__init__.py"
    replace(path, "1")
    code = InstalledCode(path)
    assert [code.is_another() for _ in range(2)] == [False, False]
    path.unlink()
    assert [code.is_another() for _ in range(3)] == [False] * 3
    replace(path, "2")
    assert not code.is_another()
    replace(path, "3 ")
    assert [code.is_another() for _ in range(2)] == [False, True]
