"""A small Messages API for the real Claude Code: it answers as the first folder of the request's path says.

    python messages_api.py PORT

``ANTHROPIC_BASE_URL=http://127.0.0.1:PORT/slow`` gets the scenario ``slow``. The forms of answers, errors and
headers are those of the API's documentation ("Streaming messages", "Errors", "Rate limits").
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PART_S = 0.25
SLOW_PARTS = 21
RESET_AFTER_S = 2 * 3600
WRITTEN_FILE = "Plans/from_claude.md"

ERRORS = {
    "401": (401, "authentication_error", "invalid x-api-key"),
    "429": (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
    ),
    "529": (529, "overloaded_error", "Overloaded"),
}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        """Claude Code looks whether the server is there."""
        self._send(200, b"")

    def do_GET(self) -> None:
        """Nothing to be had."""
        self._send(404, b"")

    def do_POST(self) -> None:
        """Answers a conversation."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        scenario = self.path.split("/")[1]
        if scenario in ERRORS:
            self._refuse(*ERRORS[scenario])
        else:
            self._answer(scenario, body)

    def _refuse(self, status: int, kind: str, message: str) -> None:
        error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_test"}
        headers = {"x-should-retry": "false"}
        if status == 429:
            headers["retry-after"] = str(RESET_AFTER_S)
            headers["anthropic-ratelimit-unified-status"] = "rejected"
            headers["anthropic-ratelimit-unified-representative-claim"] = "five_hour"
            headers["anthropic-ratelimit-unified-reset"] = str(int(time.time()) + RESET_AFTER_S)
        self._send(status, json.dumps(error).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, scenario: str, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        message = {"id": "msg_test", "type": "message", "role": "assistant", "model": body.get("model")}
        usage = {"input_tokens": 1000, "output_tokens": 1}
        self._event("message_start", message={**message, "content": [], "stop_reason": None, "usage": usage})
        has_result = "tool_result" in json.dumps(body["messages"][-1])
        stop = "end_turn"
        if scenario == "hangs":
            time.sleep(600)
        elif scenario == "turns" or (scenario == "tool" and not has_result):
            stop = "tool_use"
            file = {"file_path": f"{self._vault(body)}/{WRITTEN_FILE}", "content": "Written by Claude.\n"}
            self._tool_use(f"toolu_{len(body['messages'])}", "Write", file)
        elif scenario != "empty":
            self._text(scenario)
        self._event("message_delta", delta={"stop_reason": stop}, usage={"output_tokens": 50})
        self._event("message_stop")

    def _vault(self, body: dict[str, Any]) -> str:
        """Claude Code tells its working directory in what it sends; the tests name it in the prompt."""
        text = json.dumps(body["messages"], ensure_ascii=False)
        return text.partition("[[")[2].partition("]]")[0]

    def _tool_use(self, number: str, name: str, given: dict[str, str]) -> None:
        block = {"type": "tool_use", "id": number, "name": name, "input": {}}
        self._event("content_block_start", index=0, content_block=block)
        delta = {"type": "input_json_delta", "partial_json": json.dumps(given)}
        self._event("content_block_delta", index=0, delta=delta)
        self._event("content_block_stop", index=0)

    def _text(self, scenario: str) -> None:
        self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        parts = ["All ", "done."]
        if scenario == "slow":
            parts = ["word "] * SLOW_PARTS + parts
        for part in parts:
            self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": part})
            if scenario == "slow":
                time.sleep(PART_S)
        while scenario == "endless":
            self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": "and on "})
            time.sleep(0.02)
        self._event("content_block_stop", index=0)

    def _event(self, kind: str, **values: object) -> None:
        self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **values})}\n\n".encode())
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    """Answers several at once; a client that was killed is no trouble."""

    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    print("ready", flush=True)
    server.serve_forever()
