"""The lines that are not in a table: "Last Updated" in all its forms, and "System Status". Pure.

Source: vault-facts "Dashboard.md, the commonest form" and the variants below it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from aiemp.dashboard.cells import DASHES, inline
from aiemp.dashboard.document import Document, body_of, ending_of
from aiemp.dashboard.timestamps import DATE_AND_SECONDS, find_stamp, parse_stamp, written_like

STATUS_LIMIT = 120
LONGEST_FREE_FORM = 40
OTHER_WRITER = timedelta(minutes=1)
"""A stamp up to this far ahead was written by somebody else meanwhile and is newer than ours."""

_YAML_SAMPLE = "2000-01-01T00:00:00Z"
_UPDATED = re.compile(r"(?P<lead>(?:[^\w|]|_)*)last[ _-]?updated?(?![^\W_])[ \t*_]*:?[ \t*_]*", re.IGNORECASE)
# Compiled when they are needed; a run only needs the one above.
_DATE_LIKE = r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b"
_STATUS = r"(?i)(?P<lead>(?:[^\w|]|_)*)system[ _-]?status[ \t*_]*:[ \t*_]*"
_YAML_UPDATED = r"(?i)last[_-]?updated?[ \t]*:[ \t]*(?P<quote>[\"']?)"
_AROUND = "*_ \t"
_STANDINS = frozenset({"", "never", "n/a", "na", "none", "null", "tbd", "~"})
_SECTION = "last updated"
_ABOUT_THE_SYSTEM = frozenset({"system status", "status", "system health", "health", "overview"})


def touched(document: Document, at: datetime) -> Document:
    """The document with its "Last Updated" set to ``at``, wherever and however it is written.

    Each form that is there is kept in its own format, in UTC unless it names another zone (vault-facts);
    none is added where there is none.
    """
    at = at.astimezone(UTC)
    for number, start in _updated_lines(document):
        body = body_of(document.lines[number])
        document = _with_body(document, number, _stamped(body, start, at))
    return document


def with_system_status(document: Document, text: str) -> Document:
    """The document with another ``> **System Status:**`` above its first section; not added elsewhere."""
    status = inline(text, STATUS_LIMIT)
    sections = document.sections
    for number in range(sections[0].heading if sections else len(document.lines)):
        body = body_of(document.lines[number])
        found = None if number in document.hidden else re.match(_STATUS, body)
        if status and found is not None and set(found["lead"]) & set(">*_"):
            old = body[found.end() :].rstrip()
            line_break = body[found.end() + len(old) :]  # two blanks at the end are a line break
            new = body[: found.end()].rstrip() + " " + status + line_break
            return _with_body(document, number, new)
    return document


def _updated_lines(document: Document) -> list[tuple[int, int]]:
    """Line number and the column at which the value begins, for each "Last Updated" of the document."""
    found = []
    for number in document.frontmatter():
        yaml = re.match(_YAML_UPDATED, document.lines[number])
        if yaml is not None:
            found.append((number, yaml.end()))
            break
    sections = document.sections
    for section in sections:
        if section.key == _SECTION:
            number = next((n for n in range(section.start, section.end) if not _is_blank(document, n)), -1)
            if number >= 0 and number not in document.hidden:
                body = body_of(document.lines[number])
                label = _UPDATED.match(body)
                found.append((number, label.end() if label else _value_start(body)))
            break
    line = _labelled_line(document)
    if line is not None and line[0] not in [number for number, _start in found]:
        found.append(line)
    return found


def _labelled_line(document: Document) -> tuple[int, int] | None:
    """The line that says "Last Updated: …" about the dashboard itself, not about one of its subjects.

    That is the first one above all sections; else one in a section about the system; else the last one
    that is set off by emphasis or a quote, such as a footer.
    """
    labelled = [
        (number, label)
        for number, line in enumerate(document.lines)
        if "pdate" in line.lower()
        and number not in document.hidden
        and (label := _UPDATED.match(body_of(line))) is not None
    ]
    sections = document.sections
    preamble_end = sections[0].heading if sections else len(document.lines)
    about = [s for s in sections if s.key in _ABOUT_THE_SYSTEM]
    for number, label in labelled:
        if number < preamble_end or any(s.start <= number < s.end for s in about):
            return number, label.end()
    for number, label in reversed(labelled):
        lead = label["lead"].strip()
        if lead and lead[0] in "*_>" and not label["lead"].lstrip().startswith("* "):
            return number, label.end()
    return None


def _stamped(body: str, start: int, at: datetime) -> str:
    """A line with the time behind ``start`` replaced; the line itself if that is nothing like a time."""
    value = body[start:]
    found = find_stamp(value)
    if found is not None:
        existing = parse_stamp(found[0], UTC)
        if existing is not None and timedelta(0) < existing - at <= OTHER_WRITER:
            return body
        new = written_like(found[0], at) or found[0]
        return body[: start + found.start()] + new + body[start + found.end() :]
    yaml = re.match(_YAML_UPDATED, body)
    text = value.strip(_AROUND + "\"'" if yaml else _AROUND)
    if not (_is_standin(text) or (len(text) <= LONGEST_FREE_FORM and re.search(_DATE_LIKE, text))):
        return body
    new = written_like(_YAML_SAMPLE if yaml else DATE_AND_SECONDS, at) or ""
    if text:
        return body[:start] + value.replace(text, new, 1)
    gap = "" if not start or body[start - 1] in " \t\"'" else " "
    return body[:start] + gap + new + value.lstrip()


def _is_standin(text: str) -> bool:
    return text.lower() in _STANDINS or not set(text) - DASHES or text.startswith("YYYY")


def _with_body(document: Document, number: int, body: str) -> Document:
    line = document.lines[number]
    if body == body_of(line):
        return document
    return document.replace(number, number + 1, [body + ending_of(line, "")])


def _is_blank(document: Document, number: int) -> bool:
    return not body_of(document.lines[number]).strip()


def _value_start(body: str) -> int:
    return len(body) - len(body.lstrip(" \t*_>-"))
