"""The little of the Model Context Protocol that a probe speaks: ``initialize`` over stdio. Pure.

Specification 2025-06-18, "Lifecycle" and "Transports": messages are JSON-RPC 2.0, one a line. The client's
``notifications/initialized`` is not sent: it is what a server waits for before it begins to work, and a
probe ends it there and then. Nothing else is ever sent, no tool is listed or called.
"""

from __future__ import annotations

import json

from aiemp import __version__
from aiemp.frozen import frozen

PROTOCOL_VERSION = "2025-06-18"
"""A server that knows only others answers with one of those, which is an answer as good as any."""

REQUEST_ID = 1
MOST_BYTES = 1024 * 1024
"""A server that has printed as much as this without an answer will not give one."""

LONGEST_NAME = 40
LONGEST_DETAIL = 200


def initialize_request() -> bytes:
    """The one message that is sent, with its newline."""
    message = {
        "jsonrpc": "2.0",
        "id": REQUEST_ID,
        "method": "initialize",
        "params": {
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": {"name": "aiemp", "version": __version__},
        },
    }
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


@frozen
class Reply:
    """The answer to ``initialize``: who the server says it is, or the ``error`` that it gave."""

    server: str = ""
    version: str = ""
    error: str = ""


class AnswerReader:
    """Finds the answer in what a server prints. Notifications and log lines before it are passed over."""

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.is_too_much = False
        self.strange = ""
        self._read_bytes = 0
        self._line = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take in what came. After the answer, and after too much, nothing counts any more."""
        if self.reply is not None or self.is_too_much:
            return
        self._read_bytes += len(chunk)
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._take(bytes(self._line) + line)
            self._line.clear()
            if self.reply is not None:
                return
        self._line += rest
        self.is_too_much = self._read_bytes > MOST_BYTES
        if self.is_too_much:
            self._line.clear()

    def finish(self) -> None:
        """The stream has ended: a last line without its newline counts, too."""
        self.add(b"\n")

    def _take(self, line: bytes) -> None:
        line = line.strip()
        if not line:
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.strange = self.strange or clean(line.decode("utf-8", "replace"), LONGEST_DETAIL)
        elif "method" not in message:
            self.reply = _reply_in(message)


def _reply_in(message: dict[str, object]) -> Reply | None:
    """The answer in a response; None when it answers something else."""
    error, result, number = message.get("error"), message.get("result"), message.get("id")
    # A server that could not read the request does not know its number (JSON-RPC 2.0, 5.1).
    is_ours = number == REQUEST_ID and not isinstance(number, bool)
    if error is not None and (is_ours or number is None):
        said = error.get("message") if isinstance(error, dict) else error
        return Reply(error=clean(str(said), LONGEST_DETAIL) or "an error without a message")
    if not is_ours:
        return None
    if not isinstance(result, dict):
        return Reply(error="its answer to initialize holds no result")
    info = result.get("serverInfo")
    info = info if isinstance(info, dict) else {}
    name, version = info.get("name"), info.get("version")
    return Reply(
        clean(name, LONGEST_NAME) if isinstance(name, str) else "",
        clean(version, LONGEST_NAME) if isinstance(version, str) else "",
    )


def clean(text: str, limit: int) -> str:
    """A stranger's text as one short line that can do no harm on a terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
