"""The frontmatter of a vault's files: the YAML between two ``---`` lines at the top.

Files come from mails, scripts and people, so nothing in one may stop the program: what is wrong with it is
returned as text, together with whatever could be read all the same.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiemp.frozen import field, frozen
from aiemp.vault.layout import reason_of
from aiemp.vault.moments import parse_moment
from aiemp.vault.plain_fields import plain_fields

if TYPE_CHECKING:
    import yaml

__all__ = ["FRONTMATTER_LIMIT", "Frontmatter", "parse_frontmatter", "parse_moment", "read_frontmatter"]

FRONTMATTER_LIMIT = 64 * 1024
MOST_NODES = 5_000
"""A YAML parser needs seconds for 64 KiB of nothing but brackets; real frontmatter has a dozen fields."""
MOST_LEVELS = 50
LARGEST_NUMBER = 10**18
"""Python refuses to print numbers of some thousand digits, so a larger one stays text."""

NO_FIELDS: Mapping[str, object] = MappingProxyType({})
_OPENING = re.compile(rb"(?:[ \t]*\r?\n)*---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][\w -]{0,60}")
# What PyYAML's constructors raise on scalars they misjudge, such as the timestamp 2026-02-30.
_SCALAR_ERRORS = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)


@frozen
class Frontmatter:
    """What was read; ``problem`` says what is wrong with it, and is empty when nothing is.

    No frontmatter at all is no problem. With a problem, ``fields`` may still hold what could be made out.
    """

    fields: Mapping[str, object] = field(default_factory=lambda: NO_FIELDS)
    problem: str = ""

    def first(self, *names: str) -> object | None:
        """The value of the first of ``names`` that has one. Case, and ``-`` or a blank for ``_``: all one."""
        present = {_normalised(name): value for name, value in self.fields.items()}
        values = (present.get(_normalised(name)) for name in names)
        return next((value for value in values if value is not None and value != ""), None)


def read_frontmatter(path: Path, *, limit: int = FRONTMATTER_LIMIT) -> Frontmatter:
    """The frontmatter of the file at ``path``, which must end within ``limit`` bytes. Never raises.

    Follows a link: whoever lists a folder decides about links (:func:`aiemp.vault.items.files_below`).
    """
    try:
        data = read_start(path, limit)
    except (OSError, ValueError) as error:
        return Frontmatter(problem=f"cannot be read: {reason_of(error)}")
    return parse_frontmatter(data, limit=limit)


def read_start(path: Path, limit: int) -> bytes:
    """The first ``limit`` bytes of a regular file. OSError for any other: a pipe would be waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        data = os.read(descriptor, limit)
        while len(data) < limit and (more := os.read(descriptor, limit - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


def parse_frontmatter(data: bytes, *, limit: int = FRONTMATTER_LIMIT) -> Frontmatter:
    """The frontmatter of a file that begins with ``data``. Never raises."""
    if not data.strip():
        return Frontmatter(problem="the file is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Frontmatter(problem="not UTF-8 but UTF-16; save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    opening = _OPENING.match(data)
    if opening is None:
        return Frontmatter()
    closing = _CLOSING.search(data, opening.end())
    if closing is None:
        longest = f"within {limit} bytes" if len(data) >= limit else "by a line of ---"
        return Frontmatter(problem=f"the frontmatter is not closed {longest}")
    block = data[opening.end() : closing.start()]
    try:
        text, problem = block.decode("utf-8"), ""
    except UnicodeDecodeError:
        text, problem = block.decode("utf-8", errors="replace"), "not UTF-8"
    return _parse_block(text.replace("\r\n", "\n"), problem)


def _parse_block(text: str, problem: str) -> Frontmatter:
    plain = plain_fields(text)
    if plain is not None:
        return Frontmatter(MappingProxyType(plain), problem)
    try:
        value = _load(text)
    except _yaml_errors() as error:
        # Scripts write "subject: Re: offer" unquoted, which is not YAML. The dates beside it still count.
        return Frontmatter(MappingProxyType(_line_by_line(text)), f"not valid YAML: {_in_one_line(error)}")
    if value is None:
        return Frontmatter(problem=problem)
    if not isinstance(value, dict):
        return Frontmatter(problem=f"the frontmatter is a {type(value).__name__}, not a mapping of fields")
    return Frontmatter(MappingProxyType({str(key): item for key, item in value.items()}), problem)


def _line_by_line(text: str) -> dict[str, object]:
    """The unindented ``key: value`` lines, all values as text."""
    fields: dict[str, object] = {}
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if colon and _KEY.fullmatch(key) and value[:1] in ("", " ", "\t"):
            fields[key.rstrip()] = _unquoted(value.strip())
    return fields


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _load(text: str) -> object:
    loader = _loader()(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _yaml_errors() -> tuple[type[Exception], ...]:
    import yaml  # noqa: PLC0415 - most files need no YAML parser

    return (yaml.YAMLError, RecursionError, *_SCALAR_ERRORS)


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml  # noqa: PLC0415 - most files need no YAML parser

    class BoundedLoader(yaml.SafeLoader):
        """safe_load that refuses aliases (merged, they grow without bound) and floods of nodes.

        A scalar that only looks like a date or number (``2026-02-30``) stays text. The pure Python
        parser on purpose: it meets deep nesting with an error, where C code may run out of stack.
        """

        nodes = 0
        level = 0

        def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases (*name) are not read in frontmatter")
            self.nodes += 1
            self.level += 1
            if self.nodes > MOST_NODES:
                raise yaml.YAMLError(f"more than {MOST_NODES} values")
            if self.level > MOST_LEVELS:
                raise yaml.YAMLError(f"nested more than {MOST_LEVELS} levels deep")
            node = super().compose_node(parent, index)
            self.level -= 1
            return node

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
            try:
                value = super().construct_object(node, deep)
            except _SCALAR_ERRORS:
                if not isinstance(node, yaml.ScalarNode):
                    raise
                value = node.value
            if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
                value = node.value
            if isinstance(value, str):
                # An escape such as "\ud800" makes text that cannot be written to any file again.
                value = value.encode("utf-8", errors="replace").decode("utf-8")
            return value

    return BoundedLoader


def _in_one_line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 2})" if mark is not None else ""  # the opening --- is line 1
    return " ".join(f"{problem}{where}".split())[:200]


def _normalised(key: str) -> str:
    return key.strip().casefold().replace("-", "_").replace(" ", "_")
