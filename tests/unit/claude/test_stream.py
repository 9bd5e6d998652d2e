"""Claude Code's events, read from output in any pieces, with anything else among them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.claude.activity import describe
from aiemp.claude.stream import KINDS, LONGEST_LINE_BYTES, EventReader, Piece, shortened
from aiemp.claude.verdict import judge
from aiemp.process import Ending, Finished
from aiemp.redaction import Redactor

ROOT = Path(__file__).parents[3]
INIT = {
    "type": "system",
    "subtype": "init",
    "session_id": "s1",
    "claude_code_version": "2.1.197",
    "model": "m",
}
RESULT = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "num_turns": 2,
    "result": "Done: ü",
    "session_id": "s1",
    "total_cost_usd": 0.5,
}


FIELDS = (
    *(
        "message",
        "content",
        "type",
        "text",
        "input",
        "name",
        "event",
        "delta",
        "is_error",
        "result",
        "status",
    ),
    *("num_turns", "total_cost_usd", "errors", "subtype", "rate_limit_info", "resetsAt", "mcp_servers"),
    *("api_error_status", "session_id", "file_path"),
)


def line(event: object) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read(*chunks: bytes) -> tuple[EventReader, list[Piece]]:
    reader = EventReader("/vault")
    pieces = [piece for chunk in chunks for piece in reader.feed(chunk)]
    return reader, pieces + reader.finish()


def test_a_whole_run() -> None:
    """What a run costs, how many turns it took, its session and its answer are learnt from its events."""
    reader, pieces = read(line(INIT) + line(RESULT))
    result = reader.learned.result
    assert result is not None
    assert (result.text, result.cost_usd, result.turns, result.is_error) == ("Done: ü", 0.5, 2, False)
    assert reader.learned.session_id == "s1"
    assert [piece.lines for piece in pieces] == [
        ("Claude Code 2.1.197, model m",),
        ("Answered (2 turns, 0.50 US dollars)",),
    ]


@given(st.lists(st.integers(1, 30), max_size=60))
def test_pieces_of_any_size(sizes: list[int]) -> None:
    """Wherever the output is cut, in a character or a number, the same is learnt, and no byte is lost."""
    whole = b"warning: odd\n" + line(INIT) + b"not {json}\n{half\n" + line(RESULT) + b"\xff\xfe end"
    chunks, position = [], 0
    for size in sizes:
        chunks.append(whole[position : position + size])
        position += size
    reader, pieces = read(*filter(None, chunks), *filter(None, [whole[position:]]))
    assert b"".join(piece.raw for piece in pieces) == whole
    events = b"".join(piece.raw for piece in pieces if piece.is_event)
    assert events == line(INIT) + line(RESULT)
    assert reader.learned.result is not None and reader.learned.result.text == "Done: ü"


@given(st.lists(st.binary(max_size=50) | st.sampled_from([b"{", b'{"type":', b"\n", b'"result"', b"[" * 20])))
def test_rubbish_passes_through(chunks: list[bytes]) -> None:
    """Whatever bytes come, they come out again."""
    _, pieces = read(*filter(None, chunks))
    assert b"".join(piece.raw for piece in pieces) == b"".join(chunks)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(FIELDS),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["system", "assistant", "user", "result", "stream_event", "rate_limit_event"]),
)
def test_events_of_any_form(value: object, kind: str) -> None:
    """A Claude Code of the future, which changes what its events hold, breaks nothing here."""
    event = {**(value if isinstance(value, dict) else {"message": value}), "type": kind}
    if kind == "system":
        event["subtype"] = "init"
    reader, (piece,) = read(line(event))
    assert piece.is_event
    result = reader.learned.result
    assert result is None or result.cost_usd is None or result.cost_usd >= 0


def test_json_that_is_no_event_is_text() -> None:
    """A plain answer may be JSON itself."""
    reader, pieces = read(b'{"answer": 1}\n', b'{"type": "invoice"}')
    assert [piece.is_event for piece in pieces] == [False, False]
    assert not reader.learned.has_events


HUGE = 10**400
SECRETS = Redactor({"tok-12345678": "A_TOKEN", "rejected": "B_TOKEN"})


@pytest.mark.parametrize("odd", [HUGE, -HUGE, float("nan"), float("inf"), -1, -0.5, True, "3", [1]], ids=repr)
def test_numbers_that_cannot_be_meant_are_not_known(odd: object) -> None:
    """Neither shown nor counted: a cost or a number of turns that is negative, endless or no number."""
    reader, (piece,) = read(line({**RESULT, "total_cost_usd": odd, "num_turns": odd}))
    assert reader.learned.result is not None
    assert (reader.learned.result.cost_usd, reader.learned.result.turns) == (None, None)
    assert piece.lines == ("Answered",)


@pytest.mark.parametrize("kind", [["string", "null"], {}, None, 3])
def test_a_type_that_is_no_name(kind: object) -> None:
    """A JSON schema in an answer has types that are lists: it is text."""
    _, (piece,) = read(line({"type": kind}))
    assert not piece.is_event


def test_a_giant_result_with_a_cost_that_is_no_number() -> None:
    """Its cost is not known then; the answer is."""
    whole = line({**RESULT, "result": "x" * (2 * LONGEST_LINE_BYTES)}).replace(b":0.5", b":1.2.3")
    reader, _ = read(whole)
    assert reader.learned.result is not None
    assert reader.learned.result.cost_usd is None


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [HUGE, -HUGE, 1e300, float("nan"), float("inf"), "\ud800", "rejected", "init", "api_retry"]
    )
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=10,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*sorted(KINDS), None]),
            st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=8),
        )
        | ANY_JSON
        | st.binary(max_size=30),
        max_size=4,
    ),
    st.sampled_from([0, 1, None]),
    st.booleans(),
)
def test_nothing_that_is_printed_raises(values: list[object], code: int | None, is_redacting: bool) -> None:
    """Whatever stands on stdout: it is read, told, and judged."""
    printed = b""
    for value in values:
        if isinstance(value, tuple):
            value = {**value[1], "type": value[0]} if value[0] else value[1]
        printed += value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
    reader = EventReader("/vault", redact=SECRETS.values if is_redacting else None)
    pieces = [*reader.feed(printed), *reader.finish()]
    for piece in pieces:
        assert all(isinstance(each, str) for each in piece.lines)
    finished = Finished(
        code, None if code is not None else 9, Ending.EXITED, 1.0, printed, printed, len(printed)
    )
    verdict = judge(finished, reader.learned, 10, 5)
    if verdict.refusal is not None:
        now = datetime(2026, 11, 25, tzinfo=UTC)
        verdict.refusal.until(now, UTC, reader.learned.reset_at)


@pytest.mark.parametrize("depth", [100, 300, 480, 900, 990, 5000])
@pytest.mark.parametrize("field", ["errors", "mcp_servers", "type", "message", "attempt"])
def test_deep_events_are_survived(depth: int, field: str) -> None:
    """What is nested beyond what can be read is text."""
    deep = b"[" * depth + b'"\\u0061"' + b"]" * depth
    for kind in (b"result", b"system", b"user"):
        event = b'{"subtype":"init","%s":%s,"type":"%s"}\n' % (field.encode(), deep, kind)
        reader = EventReader(redact=SECRETS.values)
        (piece,) = reader.feed(event)
        assert piece.raw == event


def test_secrets_in_escapes_and_at_a_cut() -> None:
    """A secret that JSON spells otherwise is taken out of all that is learnt, told and written, whole."""
    reader = EventReader(redact=SECRETS.values)
    tool = {"type": "tool_use", "name": "Bash", "input": {"command": "x" * 285 + " tok-12345678"}}
    event = {"type": "assistant", "message": {"content": [tool, {"type": "text", "text": "tok-12345678"}]}}
    (piece,) = reader.feed(line(event).replace(b"tok-", b"\\u0074ok-"))
    assert "5678" not in repr((piece, reader.learned))
    assert "tok" not in repr((piece, reader.learned))
    assert json.loads(piece.raw)["message"]["content"][1]["text"] == "[A_TOKEN redacted]"
    (text,) = reader.feed(b'{"type":"else","\\u0074ok-12345678":"\\u0074ok-12345678"}\n')
    assert json.loads(text.raw) == {"type": "else", "[A_TOKEN redacted]": "[A_TOKEN redacted]"}


def test_an_unfinished_message() -> None:
    """What Claude was saying when it was ended is known, and forgotten once the message is whole."""
    start = {"type": "stream_event", "event": {"type": "message_start"}}
    delta = {"type": "stream_event", "event": {"type": "content_block_delta", "delta": {"text": "half"}}}
    reader, pieces = read(line(start) + line(delta) + line(delta))
    assert reader.learned.unfinished == "halfhalf"
    assert all(piece.is_part for piece in pieces)
    reader.feed(line({"type": "assistant", "message": {"content": [{"type": "text", "text": "half"}]}}))
    assert (reader.learned.unfinished, reader.learned.last_text) == ("", "half")


def test_a_sub_agents_words_are_not_the_answer() -> None:
    """What an agent tells its principal is no word to the owner."""
    event = {"type": "assistant", "message": {"content": [{"type": "text", "text": "secret plan"}]}}
    reader, _ = read(line({**event, "parent_tool_use_id": "t1"}))
    assert reader.learned.last_text == ""


def test_a_giant_result_still_tells_its_cost() -> None:
    """An answer beyond all bounds is not kept, but paid it was; every byte of it is passed on."""
    event = {**RESULT, "result": "x" * (2 * LONGEST_LINE_BYTES), "total_cost_usd": 7.5}
    whole = line(event)
    reader, pieces = read(*(whole[at : at + 65536] for at in range(0, len(whole), 65536)), line(INIT))
    result = reader.learned.result
    assert result is not None
    assert (result.cost_usd, result.turns, result.is_error) == (7.5, 2, False)
    assert "bytes" in result.text
    assert sum(len(piece.raw) for piece in pieces) == len(whole) + len(line(INIT))
    assert reader.learned.session_id == "s1", "the line after it is read again"


FLOODS = {
    "no newline": b"x" * 65536,
    "an event without end": b'{"type":"user","x":"' + b"y" * 65516,
    "giant events": b'{"type":"user","x":"' + b"y" * 65536 * 40 + b'"}\n',
    "nested lists": b'{"type":"user","x":[' + b"[]," * 340_000 + b"[]]}\n",
    "deep lists": b'{"type":"user","x":' + b"[" * 900_000 + b"\n",
    "many lines": b"y\n" * 32768,
    "invalid text": b"\xff\xfe\n\x00" * 16384,
    "long answers": b'{"type":"assistant","message":{"content":[{"type":"text","text":"'
    + "ü\U0001f600".encode() * 120_000
    + b'"}]}}\n',
}


@pytest.mark.parametrize("name", FLOODS)
def test_memory_stays_bounded(name: str) -> None:
    """100 MB of anything cost the reader less than 16 MB."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.peak_memory import peak_kb\n"
        "from aiemp.claude.stream import EventReader\n"
        "chunk = sys.stdin.buffer.read()\n"
        "reader = EventReader('/vault')\n"
        "before = peak_kb()\n"
        "for _ in range(100_000_000 // len(chunk)):\n"
        "    for at in range(0, len(chunk), 65536):\n"
        "        reader.feed(chunk[at:at + 65536])\n"
        "reader.finish()\n"
        "print(peak_kb() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=FLOODS[name], capture_output=True, check=True)
    assert int(done.stdout) < 16 * 1024


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            {"type": "assistant", "message": {"content": [{"type": "text", "text": "One\n\nTwo"}]}},
            ["One", "Two"],
        ),
        (("Read", {"file_path": "/vault/Needs_Action/x.md"}), ["Reading Needs_Action/x.md"]),
        (("Edit", {"file_path": "/else/x.md"}), ["Editing /else/x.md"]),
        (("Bash", {"command": "ls\n  -la"}), ["Running ls -la"]),
        (("Bash", {}), ["Running ..."]),
        (("mcp__email__send", {"to": "a@b.c"}), ["Calling send of MCP server email"]),
        (("NewTool", None), ["Using NewTool"]),
        (
            {
                "type": "user",
                "message": {"content": [{"type": "tool_result", "is_error": True, "content": "no\nway"}]},
            },
            ["... which failed: no way"],
        ),
        ({"type": "user", "message": {"content": [{"type": "tool_result", "content": "file"}]}}, []),
        (
            {
                **INIT,
                "mcp_servers": [{"name": "a", "status": "connected"}, {"name": "b", "status": "failed"}],
            },
            ["Claude Code 2.1.197, model m", "MCP server b: failed"],
        ),
        (
            {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": 529},
            ["The API refused (529); trying again, try 2 of 10"],
        ),
        (
            {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed_warning"}},
            ["Usage limit: allowed warning"],
        ),
        ({"type": "rate_limit_event", "rate_limit_info": {"status": "allowed"}}, []),
        ({"type": "result", "is_error": True, "result": "x"}, []),
        ({"type": "something new"}, []),
    ],
)
def test_events_in_words(event: object, lines: list[str]) -> None:
    """The owner reads what is done, with paths as the vault has them, never JSON."""
    if isinstance(event, tuple):
        name, given_input = event
        event = {
            "type": "assistant",
            "message": {"content": [{"type": "tool_use", "name": name, "input": given_input}]},
        }
    assert isinstance(event, dict)
    assert list(describe(event, "/vault")) == lines


def test_a_long_text_loses_its_middle() -> None:
    """Beginning and end stay, and how much is missing is said."""
    assert shortened("abc", 10) == "abc"
    assert shortened("a" * 30 + "b" * 30, 20) == "aaaaa\n[... 40 characters left out ...]\n" + "b" * 15


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_an_array_of_events_is_read_as_they_are(size: int) -> None:
    """``--output-format json --verbose`` prints the whole run as one array, on one line."""
    said = {"type": "assistant", "message": {"content": [{"type": "text", "text": "Working"}]}}
    data = line([INIT, said, {"type": "something_new"}, RESULT])
    reader = EventReader()
    pieces = [
        piece for start in range(0, len(data), size) for piece in reader.feed(data[start : start + size])
    ]
    pieces += reader.finish()
    assert reader.learned.result is not None
    assert (reader.learned.result.text, reader.learned.result.cost_usd) == ("Done: ü", 0.5)
    assert reader.learned.session_id == "s1"
    assert [told for piece in pieces for told in piece.lines][1] == "Working"
    assert b"".join(piece.raw for piece in pieces) == data


@pytest.mark.parametrize("text", ["[warn] careful\n", "[]\n", "[1, 2]\n", '[{"a": 1}]\n', '[{"type": 7}]\n'])
def test_a_line_that_begins_like_an_array_stays_text(text: str) -> None:
    """It is shown and kept as it came."""
    reader = EventReader()
    pieces = reader.feed(text.encode()) + reader.finish()
    assert b"".join(piece.raw for piece in pieces) == text.encode()
    assert not any(piece.is_event for piece in pieces)
    assert not reader.learned.has_events


def test_an_array_that_was_cut_off_is_known_to_be() -> None:
    """What is cut off is known to be, and no answer is made of it."""
    reader = EventReader()
    reader.feed(line([INIT, RESULT])[:-20])
    reader.finish()
    assert reader.learned.is_cut_off
    assert reader.learned.result is None
