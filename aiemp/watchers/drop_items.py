"""The action item that a dropped file becomes: where it goes, what it is called, what it says.

The dropped file itself stays where it is; the item points to it. An item's name ends in a mark that follows
from the file's identity, so that after a crash it can be told which files already have theirs.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiemp.watchers.listing import ListedFile

LONGEST_NAME_PART = 40
"""In characters: 4 bytes each at worst, which leaves room below the 255 bytes of a file name."""

MARK = re.compile(r"^FILE_.*_([0-9a-f]{12})(?:_\d+)?\.md$", re.DOTALL)
NO_ITEMS_HERE = frozenset({"Drop", "Logs", "node_modules"})


def mark_of(processed_id: str) -> str:
    """The mark in the item's name: the same for the same dropped file, always."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL; not needed by every start

    return hashlib.sha256(processed_id.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def item_name(file: ListedFile, mark: str, received_s: float) -> str:
    """``FILE_report_2026-02-27T02-52-10_3fa9c1d20b7e.md``; the time is UTC."""
    stem = os.path.splitext(os.path.basename(file.relative))[0]  # noqa: PTH119, PTH122 - a name, no path of ours
    plain = re.sub(r"[^\w-]+", "_", shown(stem)).strip("_")[:LONGEST_NAME_PART] or "file"
    return f"FILE_{plain}_{time.strftime('%Y-%m-%dT%H-%M-%S', time.gmtime(received_s))}_{mark}.md"


def received_s(file: ListedFile, now_s: float) -> float:
    """When the file came into the folder, as well as it can be told: its last status change (stat(2))."""
    return min(file.changed_s, now_s)


def render(file: ListedFile, received: float) -> bytes:
    """The text of the item. Everything that comes from the file's name is escaped: it may be hostile."""
    where = f"Drop/{file.relative}"
    lines = [
        "---",
        "type: file",
        "source: filesystem",
        f"subject: {quoted(os.path.basename(file.relative))}",  # noqa: PTH119 - a name, no path of ours
        f"original_path: {quoted(where)}",
        f"size_bytes: {file.size}",
        f'received: "{time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(received))}"',
        "priority: medium",
        "status: pending",
        "---",
        "",
        "A file was put into the drop folder of this vault. It is still there, as it was dropped:",
        "",
        f"- File: {code_span(where)}",
        f"- Size: {file.size} bytes",
        "",
    ]
    return "\n".join(lines).encode()


def shown(name: str) -> str:
    r"""``name`` as text: bytes that are no UTF-8 become ``\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def quoted(name: str) -> str:
    """``name`` as a double-quoted YAML string on one line, in printable characters only."""
    return "".join(_escape(character) for character in json.dumps(shown(name), ensure_ascii=False))


def code_span(name: str) -> str:
    """``name`` as Markdown code; its backticks cannot end it (CommonMark, "Code spans")."""
    text = "".join(_escape(character) for character in shown(name))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"{fence}{text}{fence}"


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def marks_in(vault: Path) -> set[str]:
    """The marks of all items of dropped files, wherever in the vault they have been moved by now."""
    found = set()
    for folder, folders, names in os.walk(vault):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if Path(folder) == vault:
            folders[:] = [name for name in folders if name not in NO_ITEMS_HERE]
        for name in names:
            match = MARK.match(name) if name.startswith("FILE_") else None
            if match:
                found.add(match.group(1))
    return found
