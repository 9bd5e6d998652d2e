"""Notes that are written anew as long as nobody else has touched them, and never over anybody's words.

The last line of a note is a seal: a hash of everything above it. A note whose seal fits is as we wrote it.
"""

from __future__ import annotations

import hashlib
import re
from itertools import count
from pathlib import Path

from aiemp.durable import replace_file
from aiemp.vault.frontmatter import read_start
from aiemp.vault.moves import make_exclusively

LARGEST_NOTE = 1024 * 1024
SEAL = "<!-- aiemp sha256={} -->\n"
SEALED = re.compile(rb"(.*)<!-- aiemp sha256=([0-9a-f]{64}) -->\n", re.DOTALL)


def write_note(folder: Path, stem: str, text: str, *, beneath: Path) -> Path:
    """Write ``text`` as ``stem.md`` in ``folder``; where that is somebody's, as ``stem_1.md``, ``stem_2.md``.

    A note of ours that is untouched is replaced. Returns the path; raises OSError when it cannot be written, or when
    ``folder`` is not in ``beneath``, the vault, links followed.
    """
    body = text.encode("utf-8", "replace")
    data = body + SEAL.format(hashlib.sha256(body).hexdigest()).encode()
    names = (f"{stem}_{number}.md" if number else f"{stem}.md" for number in count())
    while True:
        path = folder / next(names)
        try:
            make_exclusively(path, data, beneath=beneath)
        except FileExistsError:
            if not is_untouched(path):
                continue
            replace_file(path, data, beneath=beneath)
        return path


def is_untouched(path: Path) -> bool:
    """Whether the file is a note of ours exactly as it was written. A link never is."""
    try:
        if path.is_symlink():
            return False
        match = SEALED.fullmatch(read_start(path, LARGEST_NOTE))
    except OSError:
        return False
    return match is not None and hashlib.sha256(match[1]).hexdigest().encode() == match[2]
