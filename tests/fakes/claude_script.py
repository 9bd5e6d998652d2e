"""The body of the fake ``claude``: does what ``script.json`` beside it says, and notes how it was called.

A step is ``[verb, argument ...]``; the verbs are the functions below.
"""
# No pathlib: importing it would double the time that a start of this takes, and the tests start it often.
# ruff: noqa: PTH100, PTH110, PTH103, PTH104, PTH109, PTH118, PTH120, PTH123

import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FOR_EVER_S = 600
SLEEPER = [sys.executable, "-S", "-c", f"import time; time.sleep({FOR_EVER_S})"]


def note_pid(pid):
    with open(os.path.join(HERE, "pids"), "a") as file:
        file.write(f"{pid}\n")


def say(text):
    os.write(1, text.encode("utf-8", "surrogateescape"))


def complain(text):
    os.write(2, text.encode())


def say_bytes(hexadecimal):
    os.write(1, bytes.fromhex(hexadecimal))


def sleep(seconds=FOR_EVER_S):
    time.sleep(seconds)


def end(code):
    os._exit(code)


def die(number):
    os.kill(os.getpid(), number)


def ignore_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def say_on_sigterm(text):
    def handler(_number, _frame):
        say(text)
        os._exit(143)

    signal.signal(signal.SIGTERM, handler)


def flood(number_of_bytes):
    block = b"x" * 65535 + b"\n"
    for _ in range(number_of_bytes // len(block)):
        os.write(1, block)


def flood_events(number_of_bytes):
    """Events of Claude Code, as when it reads endless files."""
    event = {"type": "user", "message": {"content": [{"type": "tool_result", "content": "x" * 65000}]}}
    block = json.dumps(event).encode() + b"\n"
    for _ in range(number_of_bytes // len(block)):
        view = memoryview(block)
        while view:
            view = view[os.write(1, view) :]


def close_output():
    os.close(1)
    os.close(2)


def helper(stubborn=False):
    """A child of ours, like an MCP server, that outlives us and holds our output open."""
    argv = list(SLEEPER)
    seen, told = os.pipe()
    if stubborn:
        argv[-1] = f"import os, signal; signal.signal(15, signal.SIG_IGN); os.close({told}); " + argv[-1]
    note_pid(subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=(told,) if stubborn else ()).pid)
    os.close(told)
    os.read(seen, 1)  # the end, once nobody has the other side: a stubborn one ignores the signal by then
    os.close(seen)


def daemon(keeps_output=False):
    """Forks twice, with a session of its own in between, as daemons do; waits until that one runs."""
    seen, told = os.pipe()
    first = os.fork()
    if first:
        os.close(told)
        os.read(seen, 1)
        os.waitpid(first, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    note_pid(os.getpid())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not keeps_output:
        os.close(1)
        os.close(2)
    os.write(told, b"\0")
    time.sleep(FOR_EVER_S)


def dodging_daemon():
    """A daemon that forks and dies for ever, so that it never has the pid one has just seen."""
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deadline = time.monotonic() + FOR_EVER_S
    note_pid(os.getpid())
    while time.monotonic() < deadline:
        if os.fork():
            os._exit(0)
        time.sleep(0.001)


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def move(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(source, target)


def tell(path):
    """Make the file ``path``, for a test that waits until we are this far."""
    write(path, "here")


def note_call():
    note_pid(os.getpid())
    call = {
        "argv": sys.argv[1:],
        "cwd": os.getcwd(),
        "env": dict(os.environ),
        "stdin": sys.stdin.read(),
        "leads_session": os.getsid(0) == os.getpid(),
    }
    with open(os.path.join(HERE, "calls.jsonl"), "a") as file:
        file.write(json.dumps(call) + "\n")


def refuse_options():
    """As an older Claude Code, if ``known.json`` says what it knows."""
    path = os.path.join(HERE, "known.json")
    if os.path.exists(path):
        with open(path) as file:
            known = json.load(file)
        for word in sys.argv[1:]:
            if word.startswith("--") and word not in known:
                complain(f"error: unknown option '{word}'\n")
                os._exit(1)


note_call()
refuse_options()
with open(os.path.join(HERE, "script.json")) as script:
    for verb, *arguments in json.load(script):
        globals()[verb](*arguments)
