"""One call of an address, as a process of its own: ``python -m aiemp.ping_call``, the address on its stdin.

It says ``answered``, or in a few words why not; never the address, which is a secret. It ends by itself in any
case: a name server or a host that hangs is ended with the process.
"""

from __future__ import annotations

import signal
import sys
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from aiemp import __version__

if TYPE_CHECKING:
    from http.client import HTTPMessage

CALL_LIMIT_S = 8
CONNECTION_LIMIT_S = 5
ANSWERED = "answered"


class _CarefulRedirects(HTTPRedirectHandler):
    """Follows only to HTTP, and never from an encrypted connection to one that is not."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        scheme = newurl.partition(":")[0].lower()
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            raise URLError(f"it redirects to an address of {scheme}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def call(url: str) -> str:
    """Call ``url`` (GET); ANSWERED when it answered with 200 to 299, else why that is not so."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, UnknownHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    opener.add_handler(_CarefulRedirects())
    opener.add_handler(HTTPErrorProcessor())
    request = Request(url, headers={"User-Agent": f"aiemp/{__version__}"})  # noqa: S310 - checked when configured
    try:
        with opener.open(request, timeout=CONNECTION_LIMIT_S) as answer:
            answer.read(1024)  # the service may count only who has read its answer
        return ANSWERED
    except HTTPError as error:
        error.close()
        return f"it answered with HTTP status {error.code}"
    except TimeoutError:
        return "it did not answer in time"
    except URLError as error:
        return f"it cannot be reached ({error.reason})"
    except Exception as error:  # noqa: BLE001 - its text may hold the address
        return f"it cannot be called ({type(error).__name__})"


def main() -> int:
    """Call the address on stdin, within the limit."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CALL_LIMIT_S)
    said = call(sys.stdin.readline().strip())
    sys.stdout.write(said)
    return 0 if said == ANSWERED else 1


if __name__ == "__main__":
    sys.exit(main())
