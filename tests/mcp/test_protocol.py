"""Reading a server's output, filling in variables, and the words for what was found. Pure."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.mcp.protocol import LONGEST_NAME, MOST_BYTES, AnswerReader, Reply, initialize_request
from aiemp.mcp.variables import expand
from aiemp.mcp.verdict import MCP_TROUBLES, SIGNS, WELL, State, Verdict
from aiemp.plan import McpServer

ANSWER = {"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": {"name": "email-mcp", "version": "1.2.0"}}}


def reply_to(*messages: object) -> Reply | None:
    reader = AnswerReader()
    for message in messages:
        reader.add(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
    return reader.reply


def test_the_request_is_one_line_of_json_rpc() -> None:
    """MCP specification 2025-06-18, "Transports": messages are delimited by newlines and hold none."""
    request = initialize_request()
    assert request.count(b"\n") == 1
    assert request.endswith(b"\n")
    message = json.loads(request)
    assert (message["jsonrpc"], message["method"]) == ("2.0", "initialize")
    assert set(message["params"]) == {"protocolVersion", "capabilities", "clientInfo"}


@given(cuts=st.lists(st.integers(0, 400), max_size=10), before=st.text(max_size=30))
def test_an_answer_is_found_however_it_is_cut(cuts: list[int], before: str) -> None:
    """Chunks of a pipe have nothing to do with lines."""
    data = before.encode("utf-8", "replace") + b"\n" + json.dumps(ANSWER).encode() + b"\nmore\n"
    reader = AnswerReader()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in itertools.pairwise(places):
        reader.add(data[start:end])
    assert reader.reply == Reply("email-mcp", "1.2.0")


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 2, "result": {}},
        {"jsonrpc": "2.0", "id": True, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "roots/list"},
        {"jsonrpc": "2.0", "method": "notifications/x"},
        {"id": 1, "result": {}},
        [ANSWER],
        "text",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_answer(message: object) -> None:
    """Other messages, other ids and lines that are no message are passed over."""
    assert reply_to(message) is None
    assert reply_to(message, ANSWER) == Reply("email-mcp", "1.2.0")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no\nlogin"}}, "no login"),
        ({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}}, "Parse error"),
        ({"jsonrpc": "2.0", "id": 1, "error": "broken"}, "broken"),
        ({"jsonrpc": "2.0", "id": 1, "result": "yes"}, "its answer to initialize holds no result"),
        ({"jsonrpc": "2.0", "id": 1}, "its answer to initialize holds no result"),
    ],
)
def test_errors_are_answers_too(message: object, error: str) -> None:
    """A server that refuses has answered: its words say why, or ours that it gave no result."""
    assert reply_to(message) == Reply(error=error)


def test_names_are_harmless() -> None:
    """What a server calls itself is a stranger's text: one short line without control characters."""
    info = {"name": "a\x1b[31mb\n" + "x" * 200, "version": ["no text"]}
    reply = reply_to({"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": info}})
    assert reply is not None
    assert len(reply.server) == LONGEST_NAME
    assert reply.server.isprintable()
    assert reply.version == ""
    assert reply_to({"jsonrpc": "2.0", "id": 1, "result": {}}) == Reply()


def test_output_is_bounded() -> None:
    """After a megabyte without an answer nothing is kept and nothing counts."""
    reader = AnswerReader()
    for _ in range(MOST_BYTES // 65536 + 1):
        reader.add(b"x" * 65536)
    assert reader.is_too_much
    reader.add(b"\n" + json.dumps(ANSWER).encode() + b"\n")
    assert reader.reply is None


def test_a_last_line_without_its_newline_counts() -> None:
    """A server may end right after its answer."""
    reader = AnswerReader()
    reader.add(json.dumps(ANSWER).encode())
    assert reader.reply is None
    reader.finish()
    assert reader.reply == Reply("email-mcp", "1.2.0")


def test_variables_are_filled_in_as_claude_code_does() -> None:
    """In command, args, env and url; a default stands for a variable that is not set, not for an empty one."""
    server = McpServer(
        "m",
        ("${BIN}/x", "--level=${LEVEL:-info}", "$HOME", "${EMPTY:-full}"),
        env=(("K", "${KEY}"),),
        url="http://${HOST:-localhost}:${PORT}/",
    )
    expanded, missing = expand(server, {"BIN": "/opt", "EMPTY": ""})
    assert expanded.command == ("/opt/x", "--level=info", "$HOME", "")
    assert expanded.url == "http://localhost:/"
    assert missing == ("KEY", "PORT")


def test_words() -> None:
    """The dashboard's words are short, and begin with those that vaults know."""
    verdict = Verdict(State.AVAILABLE, server="email-mcp", version="1.2.0", answered_ms=140)
    assert verdict.shown == "🟢 Available (email-mcp 1.2.0, 140 ms)"
    assert verdict.words == "available (email-mcp 1.2.0, 140 ms)"
    assert Verdict(State.NOT_BUILT).shown == "🟠 Not built"
    assert Verdict(State.DIED, "exit status 1").shown == "🔴 Died (exit status 1)"


def test_every_state_has_its_words() -> None:
    """No state is without a sign, and each that is not well says what is wrong."""
    assert set(SIGNS) == set(State)
    assert set(MCP_TROUBLES) == set(State) - WELL
