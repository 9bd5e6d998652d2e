"""Noticing that another version of aiemp was installed under a running one.

A process that lives for months loads some of its modules only when it needs them (an alert, say). After an
upgrade that would be a module of the new version in a process of the old one, which may fail just then.
"""

from __future__ import annotations

from pathlib import Path

import aiemp
from aiemp.file_signature import file_signature


class InstalledCode:
    """The installed code, compared with what this process was started from. ``file`` changes with each version."""

    def __init__(self, file: Path = Path(aiemp.__file__)) -> None:
        self._file = file
        self._ours = self._last = file_signature(file)

    def is_another(self) -> bool:
        """Whether another version is there now and was at the last look: an installation takes a moment, and
        between the old files and the new ones there are none."""
        before, self._last = self._last, file_signature(self._file)
        return self._last not in (None, self._ours) and self._last == before
