"""What Claude Code prints with ``--output-format stream-json``, read as it comes. Pure; bounded in memory.

Each line is one event, a JSON object with a ``type``; ``result`` is the last. (``json --verbose`` prints all of
them in one array, at the end.) Whatever else comes (an older
Claude Code's plain answer, a warning, rubbish, half a line, 500 MB of it) passes through as text. The forms
of the events were seen with Claude Code 2.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiemp.claude.activity import amount, describe
from aiemp.frozen import frozen

LONGEST_LINE_BYTES = 1024 * 1024
"""Longer events (a picture that was read) are not taken apart. The longest answer of a model is shorter."""

MOST_VALUES = 100_000
"""An event with more commas and brackets is not taken apart either: each empty list costs 64 bytes."""

LONGEST_TEXT = 64 * 1024
TAIL_BYTES = 4096
KINDS = frozenset(
    (
        *("system", "assistant", "user", "result", "stream_event", "rate_limit_event", "tool_progress"),
        *("auth_status", "tool_use_summary", "control_request", "control_response", "keep_alive"),
    )
)
LONGEST_ARRAY_BYTES = 8 * 1024 * 1024
"""``--output-format json --verbose`` prints the events of the whole run as one array."""
_EVENT_STARTS = (b'{"type":', b'[{"type":')
_ARRAY = b"["
_BEGINNINGS = (b"{", _ARRAY)
_NEXT_EVENT = re.compile(rb"\n(?=[{\[])")
_COST = re.compile(rb'"total_cost_usd":([0-9.eE+-]+)')
_TURNS = re.compile(rb'"num_turns":(\d+)')


@frozen
class Piece:
    """A part of the output: ``raw`` as it was printed, and for an event the ``lines`` for its reader.

    ``is_part``: the event is a part of a message that comes whole later.
    """

    raw: bytes
    is_event: bool = False
    lines: tuple[str, ...] = ()
    is_part: bool = False


@frozen
class RunResult:
    """The ``result`` event. ``api_status`` is the HTTP status of a refused request, ``errors`` what went wrong."""

    text: str
    is_error: bool
    subtype: str = ""
    cost_usd: float | None = None
    turns: int | None = None
    errors: tuple[str, ...] = ()
    api_status: int | None = None


class Learned:
    """What is known so far. ``reset_at``: seconds since 1970 when the usage limit that was met is lifted.

    ``unfinished`` is what came of a message that has not ended yet. ``is_cut_off``: the output ended within an
    event.
    """

    has_events: bool = False
    is_cut_off: bool = False
    session_id: str | None = None
    last_text: str = ""
    last_activity: str = ""
    unfinished: str = ""
    reset_at: float | None = None
    result: RunResult | None = None


class EventReader:
    """Takes the output in chunks of any size; ``vault`` is cut off from the paths that a reader is shown.

    ``takes_events``: whether events were asked for. Otherwise a line of an answer that looks like one is text.
    ``redact`` takes secrets out of a decoded value, where JSON's escapes hid them from who redacted the bytes.
    """

    def __init__(
        self,
        vault: str = "",
        *,
        takes_events: bool = True,
        redact: Callable[[object], object] | None = None,
    ) -> None:
        self.vault = vault
        self.takes_events = takes_events
        self.redact = redact
        self.learned = Learned()
        self._line = bytearray()
        self._tail = b""
        self._length = 0
        self._in_text = False

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that ``chunk`` completes. A line that may be an event waits for its end."""
        if not self.takes_events:
            return [Piece(chunk)] if chunk else []
        pieces: list[Piece] = []
        while chunk:
            if not self._length and not self._in_text and not chunk.startswith(_BEGINNINGS):
                self._in_text = True
            chunk = self._text(chunk, pieces) if self._in_text else self._event(chunk, pieces)
        return pieces

    def finish(self) -> list[Piece]:
        """The rest: what was printed without the end of its line."""
        if not self._length:
            return []
        start = bytes(self._line[: max(map(len, _EVENT_STARTS))])
        piece = self._end_event()
        if not piece.is_event and any(each.startswith(start[: len(each)]) for each in _EVENT_STARTS):
            self.learned.is_cut_off = True
        return [piece]

    def _text(self, chunk: bytes, pieces: list[Piece]) -> bytes:
        """Take all lines up to one that may be an event, in one piece."""
        found = _NEXT_EVENT.search(chunk)
        if found is None:
            self._in_text = not chunk.endswith(b"\n")
            pieces.append(Piece(chunk))
            return b""
        self._in_text = False
        pieces.append(Piece(chunk[: found.end()]))
        return chunk[found.end() :]

    def _event(self, chunk: bytes, pieces: list[Piece]) -> bytes:
        end = chunk.find(b"\n") + 1
        part, rest = (chunk[:end], chunk[end:]) if end else (chunk, b"")
        was_too_long = self._length > self._longest()
        self._length += len(part)
        if was_too_long:
            self._tail = (self._tail + part)[-TAIL_BYTES:]
            pieces.append(Piece(part, self._seems_event()))
        else:
            self._line += part
            if self._length > self._longest():
                pieces.append(Piece(bytes(self._line), self._seems_event()))
                self._tail = bytes(self._line[-TAIL_BYTES:])
                del self._line[TAIL_BYTES:]
        if end:
            pieces.append(self._end_event())
        return rest

    def _end_event(self) -> Piece:
        line, length, tail, longest = bytes(self._line), self._length, self._tail, self._longest()
        self._line = bytearray()
        self._length = 0
        self._tail = b""
        if length > longest:
            return Piece(b"", True, self._too_long(line, length, tail or line[-TAIL_BYTES:]))
        if line.count(b",") + line.count(b"[") + line.count(b"{") > MOST_VALUES:
            return Piece(line, True, self._too_long(line, length, tail or line[-TAIL_BYTES:]))
        try:
            line, event = self._decoded(line)
            kinds = [_kind_of(each) for each in event] if isinstance(event, list) else [_kind_of(event)]
            if not kinds or None in kinds or kinds[0] not in KINDS:
                return Piece(line)
            self.learned.has_events = True
            events = event if isinstance(event, list) else [event]
            lines = [told for each in events if each["type"] in KINDS for told in self._learn(each)]
            return Piece(line, True, tuple(lines), kinds == ["stream_event"])
        except (ValueError, RecursionError):
            return Piece(line)

    def _decoded(self, line: bytes) -> tuple[bytes, Any]:
        """The line and its value, both without secrets. Text without a backslash stands in JSON as it is."""
        event = json.loads(line)
        if self.redact is not None and b"\\" in line:
            redacted = _with_keys(self.redact(event), self.redact)
            if redacted != event:
                return json.dumps(redacted, separators=(",", ":")).encode() + b"\n", redacted
        return line, event

    def _seems_event(self) -> bool:
        return self._line.startswith(_EVENT_STARTS)

    def _longest(self) -> int:
        return LONGEST_ARRAY_BYTES if self._line.startswith(_ARRAY) else LONGEST_LINE_BYTES

    def _too_long(self, line: bytes, length: int, tail: bytes) -> tuple[str, ...]:
        """Of an endless ``result``, or array of events, at least what was paid; of others nothing."""
        is_array = line.startswith(_EVENT_STARTS[1])
        if not is_array and not line.startswith(b'{"type":"result"'):
            return ()
        head = tail if is_array else line[:TAIL_BYTES]
        if not tail.rstrip().endswith(b"}]" if is_array else b"}"):
            self.learned.is_cut_off = True
            return ()
        cost, turns = _COST.search(tail) or _COST.search(head), _TURNS.search(head)
        self.learned.has_events = True
        self.learned.result = RunResult(
            text=f"[an answer of {length} bytes, which stands in Claude's log]",
            is_error=b'"is_error":true' in head,
            subtype="success" if b'"subtype":"success"' in head else "",
            cost_usd=_amount_in(cost),
            turns=_whole(_amount_in(turns)),
        )
        return ()

    def _learn(self, event: Mapping[str, Any]) -> tuple[str, ...]:
        learned, kind = self.learned, event["type"]
        session = event.get("session_id")
        if isinstance(session, str) and session:
            learned.session_id = session[:100]
        if kind == "stream_event":
            self._learn_part(event.get("event"))
        elif kind == "result":
            learned.result = _result(event)
        elif kind == "rate_limit_event":
            self._learn_limit(event.get("rate_limit_info"))
        elif kind == "assistant":
            learned.unfinished = ""
            text = texts_of(event)
            if text and not event.get("parent_tool_use_id"):
                learned.last_text = text[-LONGEST_TEXT:]
        lines = describe(event, self.vault)
        if lines:
            learned.last_activity = lines[-1]
        return lines

    def _learn_part(self, part: object) -> None:
        if not isinstance(part, dict):
            return
        if part.get("type") == "message_start":
            self.learned.unfinished = ""
        delta = part.get("delta")
        if isinstance(delta, dict):
            new = delta.get("text") or delta.get("thinking")
            if isinstance(new, str):
                self.learned.unfinished = (self.learned.unfinished + new)[-LONGEST_TEXT // 8 :]

    def _learn_limit(self, info: object) -> None:
        if isinstance(info, dict) and info.get("status") == "rejected":
            self.learned.reset_at = _number(info.get("resetsAt"))


def texts_of(event: Mapping[str, Any]) -> str:
    """The text of an ``assistant`` event's message; empty when it has none."""
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return ""
    blocks = [block for block in content if isinstance(block, dict) and block.get("type") == "text"]
    return "\n".join(text for block in blocks if isinstance(text := block.get("text"), str) and text.strip())


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """``text``, with a note in the place of its middle when it is longer than ``longest`` characters."""
    if len(text) <= longest:
        return text
    head = longest // 4
    tail = longest - head
    return f"{text[:head]}\n[... {len(text) - longest} characters left out ...]\n{text[-tail:]}"


def _result(event: Mapping[str, Any]) -> RunResult:
    text, status = event.get("result"), _number(event.get("api_error_status"))
    errors = event.get("errors")
    subtype = event.get("subtype")
    subtype = subtype if isinstance(subtype, str) else ""
    return RunResult(
        text=shortened(text.strip()) if isinstance(text, str) else "",
        is_error=event.get("is_error") is True or subtype.startswith("error"),
        subtype=subtype,
        cost_usd=amount(event.get("total_cost_usd")),
        turns=_whole(amount(event.get("num_turns"))),
        errors=tuple(str(each)[:500] for each in errors[:5]) if isinstance(errors, list) else (),
        api_status=_whole(status),
    )


def _kind_of(event: object) -> str | None:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else None


def _amount_in(match: re.Match[bytes] | None) -> float | None:
    try:
        return amount(float(match[1])) if match else None
    except ValueError:
        return None


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _with_keys(value: object, redact: Callable[[object], object]) -> object:
    """``value`` with its keys redacted; what the keys lead to already is."""
    if isinstance(value, dict):
        return {redact(key): _with_keys(below, redact) for key, below in value.items()}
    if isinstance(value, list):
        return [_with_keys(each, redact) for each in value]
    return value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 else None  # not for what is not a number either
