"""An MCP server that behaves as it is told to: ``fake_server.py BEHAVIOUR [FILE]``."""

import json
import os
import signal
import sys
import time
from pathlib import Path


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def receive():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def answer(request):
    result = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "serverInfo": {"name": "fake", "version": "1.2.3"},
    }
    send({"jsonrpc": "2.0", "id": request["id"], "result": result})


def wait_for_ever():
    while True:
        time.sleep(3600)


def ignore_everything():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def good(*_):
    answer(receive())
    while receive() is not None:
        pass


def late(*_):
    request = receive()
    time.sleep(0.5)
    answer(request)


def noisy(*_):
    request = receive()
    sys.stdout.write("starting up ...\n\n{not json\n[1, 2]\n" + "x" * 100_000 + "\n")
    send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}})
    send({"jsonrpc": "2.0", "id": 99, "result": {"serverInfo": {"name": "somebody else"}}})
    send({"jsonrpc": "2.0", "id": request["id"], "method": "ping"})
    answer(request)
    while receive() is not None:
        pass


def hangs(*_):
    ignore_everything()
    wait_for_ever()


def rubbish(*_):
    print("Welcome to my server, listening on port 3000", flush=True)
    wait_for_ever()


def flood(*_):
    ignore_everything()
    while True:
        os.write(1, b"la la la\n" * 8000)


def flood_one_line(*_):
    ignore_everything()
    while True:
        os.write(1, b"x" * 65536)


def flood_stderr(*_):
    ignore_everything()
    answer(receive())
    while True:
        os.write(2, b"x" * 65536)


def dies(*_):
    sys.exit("Error: Cannot find module 'left-pad'")


def dies_of_a_signal(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def refuses(*_):
    request = receive()
    send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "GMAIL_TOKEN is old"}})
    while receive() is not None:
        pass


def refuses_in_escapes(*_):
    """The whole message as escapes of JSON, which no look at the bytes can read."""
    request = receive()
    said = "".join(f"\\u{ord(letter):04x}" for letter in "GMAIL_TOKEN is old")
    sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {request["id"]}, "error": {{"message": "{said}"}}}}\n')
    sys.stdout.flush()


def answers_and_dies(*_):
    answer(receive())


def forks(*_):
    """Children in its group, in a session of their own, orphaned; none of them hears a signal."""
    ignore_everything()
    request = receive()
    for leaves in (False, True):
        if os.fork() == 0:
            if leaves:
                os.setsid()
                if os.fork():
                    os._exit(0)
            wait_for_ever()
    answer(request)
    wait_for_ever()


def hidden_behind_a_wrapper(*_):
    """What npx and uv do: the one that was started only starts another, and waits."""
    if os.fork() == 0:
        good()
        os._exit(0)
    os.wait()


def records(file):
    """Writes down what it gets: the first line, everything after it, and its environment."""
    request = json.loads(sys.stdin.readline())
    answer(request)
    rest = sys.stdin.read()
    seen = {"request": request, "rest": rest, "env": dict(os.environ), "cwd": str(Path.cwd())}
    Path(file).write_text(json.dumps(seen), encoding="utf-8")


globals()[sys.argv[1]](*sys.argv[2:])
