"""``- Name: value`` lists, which some dashboards have instead of a table. Pure."""

from __future__ import annotations

import re

from aiemp.dashboard.cells import inline
from aiemp.dashboard.document import Document, Section, body_of, ending_of
from aiemp.dashboard.timestamps import find_stamp
from aiemp.frozen import frozen

_ITEM = re.compile(
    r"(?P<lead>[ \t]*[-*+][ \t]+(?:\[[ xX]\][ \t]+)?)(?P<icon>[^\w\s*_\[`|:-]{1,4}[ \t]+)?(?P<open>\*\*|__)?"
    r"(?P<name>[^:*|—–\r\n]{1,100}?)"
    r"(?P<gap>[ \t]*(?::\*\*|\*\*:|:__|__:|\*\*[ \t]*[—–-]|:|—|–| - )[ \t]*)(?P<value>[^\r\n]*)"
)
_NOT_IN_NAME = re.compile(r"[:*|—–]+|\s-\s|\A[\W_]+")
NAME_LIMIT = 90
_ICON = re.compile(r"(?P<icon>[^\w\s]{1,4})[ \t]+(?P<rest>\S.*)")


@frozen
class Bullet:
    """One item: everything before its name (``lead``, ``icon``, ``open``), the name, the gap, the value."""

    number: int
    line: str
    lead: str
    icon: str
    open: str
    name: str
    gap: str
    value: str


def bullets_in(document: Document, section: Section) -> list[Bullet]:
    """The items of a section that have a name and a value."""
    found = []
    for number in range(section.start, section.end):
        item = None if number in document.hidden else _ITEM.match(document.lines[number])
        if item is not None:
            parts = {name: text or "" for name, text in item.groupdict().items()}
            found.append(Bullet(number, document.lines[number], **parts))
    return found


def with_value(document: Document, bullet: Bullet, value: str) -> Document:
    """The document with another value for one item. An icon before its name changes with the value's own."""
    icon, text = _split_icon(value) if bullet.icon else ("", value)
    if bullet.icon == icon and bullet.value.strip() == text:
        return document
    line = bullet.lead + icon + bullet.open + bullet.name + bullet.gap + text
    return document.replace(bullet.number, bullet.number + 1, [line + ending_of(bullet.line, "")])


def item_name(name: str) -> str:
    """``name`` as a new item can bear it: without what would end it; "" when nothing is left."""
    return _NOT_IN_NAME.sub(" ", inline(name, NAME_LIMIT)).strip(" _")


def with_item(document: Document, like: Bullet, name: str, value: str) -> Document:
    """The document with a new item behind ``like`` and what is indented below that."""
    icon, text = _split_icon(value) if like.icon else ("", value)
    at = like.number + 1
    indent = len(like.lead) - len(like.lead.lstrip())
    while at < len(document.lines) and _is_below(document.lines[at], indent):
        at += 1
    line = like.lead + icon + like.open + name + like.gap + text
    return document.replace(at, at, [line + ending_of(like.line, document.ending)])


def _split_icon(value: str) -> tuple[str, str]:
    split = _ICON.match(value)
    return (split["icon"] + " ", split["rest"]) if split else ("", value)


def tail_with_time(value: str) -> str:
    """What stands behind an item's own value and has a time in it, as ``(checked 2026-02-27 10:00)``."""
    found = find_stamp(value)
    if found is None:
        return ""
    start = max(value.rfind(mark, 0, found.start()) for mark in ("(", "[", ",", ";", " — ", " – ", " - "))
    return value[start:].strip() if start >= 0 else ""


def _is_below(line: str, indent: int) -> bool:
    body = body_of(line)
    text = body.lstrip(" \t")
    return bool(text) and len(body) - len(text) > indent
