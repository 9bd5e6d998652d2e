"""Pings under a real systemd: from the sandbox of the orchestrator, and from that of a task without a network."""

from __future__ import annotations

import json

import pytest

from tests.systemd.employee import IDLE, ORCHESTRATOR, Employee

pytestmark = pytest.mark.real_engine("systemd")

LISTENER = """
import http.server
class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("Logs/heard", "a") as heard:
            print(self.path, file=heard)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8124), Listener).serve_forever()
"""
CONFIG = (
    IDLE
    + """
[alerts]
ping_url = "http://127.0.0.1:8124/tick/4a7c9e1b2d"
run_ping_url = "http://127.0.0.1:8124/run/4a7c9e1b2d/{task}"
[watchers.listener]
command = ["python3", "Drop/listener.py"]
"""
)
DONE_ARCHIVE = "[tasks.done_archive]\nenabled = false\n"


def test_pings_get_out_of_the_sandbox(employee: Employee) -> None:
    """The orchestrator's and those of a task that has no network without them; no address is in the journal."""
    script = employee.vault / "Drop/listener.py"
    employee.machine.write_file(script, LISTENER, user=employee.user.name)
    employee.start(CONFIG.replace(DONE_ARCHIVE, "[tasks.done_archive]\ntime = '00:00'\n"))
    employee.until(lambda: "/tick/4a7c9e1b2d" in employee.read("Logs/heard"), "a ping")
    runs = ["/run/4a7c9e1b2d/done_archive/start", "/run/4a7c9e1b2d/done_archive"]
    employee.until(lambda: set(runs) <= set(employee.read("Logs/heard").split()), "the pings of a run")
    assert employee.history("done_archive") == ["succeeded"]
    assert "4a7c9e1b2d" not in employee.journal("-u", ORCHESTRATOR)
    assert "4a7c9e1b2d" not in json.dumps(employee.aiemp("--json", "status", check=False).stdout)
