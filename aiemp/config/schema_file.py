"""``aiemp.schema.json`` beside ``aiemp.toml``, which names it in its first line; its only writer."""

from __future__ import annotations

import contextlib
from pathlib import Path

from aiemp.config.schema import SCHEMA_FILE, schema_text
from aiemp.durable import replace_file

READABLE = 0o644


def write_schema(config_file: Path, *, only_renew: bool = False) -> None:
    """Write the schema of this version beside ``config_file``. ``only_renew``: not where there is none.

    Best effort: an editor does without it.
    """
    path = config_file.with_name(SCHEMA_FILE)
    data = schema_text().encode()
    with contextlib.suppress(OSError):
        if (path.read_bytes() != data) if path.exists() else not only_renew:
            replace_file(path, data, mode=READABLE)
