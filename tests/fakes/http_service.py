"""A small HTTP service on this machine that writes down what it is asked; it can hang, refuse and redirect."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class HttpService:
    """Answers 200 to everything but paths that begin with ``/hang``, ``/status/N`` and ``/to/ADDRESS``."""

    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> HttpService:
        service = self
        self.released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                service.requests.append(Request(self.command, self.path, dict(self.headers), body))
                if self.path.startswith("/hang"):
                    service.released.wait(60)
                    return
                code, place = 200, ""
                if self.path.startswith("/status/"):
                    code = int(self.path.split("/")[2])
                if self.path.startswith("/to/"):
                    code, place = 302, self.path.removeprefix("/to/")
                self.send_response(code)
                if place:
                    self.send_header("Location", place)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            do_POST = do_PUT = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.path for request in self.requests]
