"""Ten ways to break an employee, each done for real: what the program prints names the way back, and that alone heals.

Nothing here knows more than what ``status``, ``doctor`` and ``explain`` print: a remedy is taken from there and typed
into a shell. (``tests/systemd`` does the same to units: a bus that is gone, linger, what is not installed.)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aiemp.places import Places
from tests.conftest import Aiemp, Running, processes_naming, wait_until

FAKE_SERVER = Path(__file__).parents[1] / "mcp" / "fake_server.py"
NO_CLAUDE = "[tasks.morning_triage]\nenabled = false\n[tasks.linkedin_post]\nenabled = false\n"
OFTEN = """[tasks.mark]
command = ["sh", "-c", "echo x >> Done/marks"]
frequency = "every_n_minutes"
interval_minutes = 1
"""
SLOW = """#!/bin/sh
test -e Done/again && { echo done > Done/finished; exit 0; }
touch Done/again
sleep 600
"""
"""The first run of it lasts until it is killed."""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a disk or give files away")

Configure = Callable[[str], Path]
Start = Callable[..., Running]


@pytest.fixture
def well(aiemp: Aiemp, vault: Path, write_config: Configure) -> Aiemp:
    """A vault with all its folders, whose tasks need no Claude."""
    aiemp("init", check=True)
    write_config(NO_CLAUDE + OFTEN)
    return aiemp


def problems(call: Aiemp) -> dict[str, str]:
    """What ``status`` says is not well, with its remedy."""
    out = call("status", "--json")
    return {each["what"]: each["remedy"] for each in json.loads(out.stdout)["problems"]}


def checks(call: Aiemp, *names: str) -> dict[str, dict[str, Any]]:
    """What ``doctor`` does not find well, by check."""
    out = call("doctor", *names, "--json")
    return {each["check"]: each for each in json.loads(out.stdout)["checks"] if each["level"] != "ok"}


def explained(call: Aiemp, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(call("explain", name, "--json", check=True).stdout)
    return answer


@pytest.fixture
def type_in(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Types a command line as it was printed. Who is root needs no sudo."""

    def type_it(line: str) -> None:
        as_root = re.sub(r"\bsudo ", "", line)
        path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            ["sh", "-ec", as_root],
            env={**environ, "PATH": path},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"

    yield type_it


def state_of_orchestrator(call: Aiemp) -> bool:
    return bool(json.loads(call("status", "--json").stdout)["orchestrator"]["running"])


def test_1_killed(well: Aiemp, start_aiemp: Start, vault: Path, named: str) -> None:
    """``kill -9``, the run that is on included: status says that nothing runs and what starts it; what was cut off is
    explained, and done by the one that is started."""
    slow = vault / "slow"
    slow.write_text(SLOW)
    slow.chmod(0o755)
    config = Path(vault.parent / "home/.config/aiemp/aiemp.toml")
    config.write_text(NO_CLAUDE + '[tasks.slow]\ncommand = ["./slow"]\nfrequency = "hourly"\npriority = 1\n')
    running = start_aiemp("run", "--interval", "1")
    wait_until((vault / "Done/again").exists, "the run")
    pid = json.loads(Places(vault).run_lock.read_text())["pid"]
    for each in (running.pid, pid):
        os.kill(each, signal.SIGKILL)
    running.process.wait()
    wait_until(lambda: not state_of_orchestrator(well), "its end")
    assert problems(well) == {"the orchestrator is not running": f"start it: {named} run"}
    assert checks(well)["orchestrator"]["remedy"].endswith(f"{named} run")
    seen = explained(well, "slow")
    assert "died without a word" in " ".join(seen["why"])
    assert f"start the orchestrator: {named} run" in seen["steps"]
    start_aiemp("run", "--interval", "1")
    wait_until((vault / "Done/finished").exists, "the second attempt")
    wait_until(lambda: not problems(well), "that all is well")


def test_2_wrong_time(well: Aiemp, start_aiemp: Start, vault: Path) -> None:
    """The clock was set back, so that runs lie ahead of it: doctor says which and what sets it right. Nobody has to do
    more: whoever starts counts them as of now, and goes on."""
    well("trigger", "mark", check=True)
    state = json.loads(Places(vault).ledger.read_text())
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    state["schedule_last_run"]["mark"] = ahead
    Places(vault).ledger.write_text(json.dumps(state))
    found = checks(well, "clock")["clock"]
    assert "the last run of mark" in found["what"]
    assert found["remedy"] in ("sudo timedatectl set-ntp true", "set it right, see: date")
    assert explained(well, "mark")["state"] == "not due"
    start_aiemp("run", "--interval", "1")
    wait_until(lambda: "clock" not in checks(well, "clock"), "that it counts as of now")


def test_3_no_claude(
    well: Aiemp, start_aiemp: Start, vault: Path, tmp_path: Path, write_config: Configure
) -> None:
    """A task that needs it is blocked, not failed, and costs no attempt; once it is there the task runs by itself."""
    write_config(NO_CLAUDE + '[tasks.ask]\nfrequency = "hourly"\nprompt = "say hello"\n')
    folder = tmp_path / "bin"
    folder.mkdir()
    path = f"{folder}:/usr/bin:/bin"
    running = start_aiemp("run", "--interval", "1", PATH=path)

    def state() -> str:
        return str(explained(well, "ask")["state"])

    wait_until(lambda: state() == "blocked", "the blocked task")
    (remedy,) = [remedy for what, remedy in problems(well).items() if "Claude Code is not installed" in what]
    assert "npm install -g @anthropic-ai/claude-code" in remedy
    assert checks(well, "claude-path")["claude-path"]["remedy"] == remedy
    assert remedy in explained(well, "ask")["steps"]
    program = folder / "claude"
    running.process.send_signal(signal.SIGSTOP)  # else it may be quicker than the look
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    wait_until(
        lambda: not {*processes_naming("trigger ask")} & {*map(int, children.read_text().split())},
        "the end of a run that it has just started",
    )
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    seen = json.loads(well("explain", "ask", "--json", PATH=path).stdout)
    running.process.send_signal(signal.SIGCONT)
    assert "it is there by now" in " ".join(seen["why"])
    wait_until(lambda: state() == "not due", "the run")
    assert json.loads(well("history", "ask", "--json").stdout)["runs"][0]["attempt"] == 1


@pytest.fixture
def disk(request: pytest.FixtureRequest, vault: Path) -> Iterator[Path]:
    """The vault on a disk of its own, whose size is the parameter."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(vault)], check=True)
    try:
        (vault / "Dashboard.md").write_text("# AI Employee Dashboard\n")
        yield vault
    finally:
        subprocess.run(["umount", "--lazy", str(vault)], check=True)


@only_root
@pytest.mark.parametrize("disk", ["4m"], indirect=True)
def test_4_full_disk(disk: Path, well: Aiemp, start_aiemp: Start) -> None:
    """Status, doctor and the refusal to run say so; when there is room again, it goes on by itself."""
    running = start_aiemp("run", "--interval", "1")
    wait_until(lambda: "health_dashboard_update" in well("history").stdout, "what is due at the start")
    filler = disk / "Inbox" / "video"

    def full() -> list[str]:
        # Again and again: what the running one removes meanwhile makes room.
        with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        return [what for what in problems(well) if "is full, so nothing runs" in what]

    wait_until(full, "that it is seen")
    (what,) = full()
    assert "free some space, and it goes on by itself" in problems(well)[what]
    found = checks(well, "vault")["vault"]
    assert found["level"] == "fail"
    line = found["remedy"].partition("the largest are shown by: ")[2]
    assert line.startswith("du -xh ")
    largest = subprocess.run(
        ["sh", "-c", line.replace("~", "$HOME")], capture_output=True, text=True, check=True
    )
    assert "Inbox" in largest.stdout
    filler.unlink()
    before = (disk / "Done/marks").read_text()
    well("trigger", "mark", check=True)
    assert len((disk / "Done/marks").read_text()) > len(before)
    assert not problems(well)
    assert running.process.poll() is None, "it lived through it"


@pytest.mark.skipif(
    Path("/run/systemd/system").exists(), reason="there is a bus; tests/systemd takes one away"
)
def test_5_no_bus(well: Aiemp, start_aiemp: Start, home: Path, named: str) -> None:
    """Units are installed where no systemd runs them: one failure, whose consequences are skipped by name; the remedy
    is the engine that needs none."""
    well("render", "--user", "--output", str(home / ".config/systemd/user"), check=True)
    found = checks(well)
    assert (found["systemd-bus"]["level"], found["systemd-bus"]["remedy"]) == ("fail", f"{named} run")
    assert {name for name, each in found.items() if each["level"] == "fail"} == {"systemd-bus"}
    text = well("doctor").stdout
    assert re.search(r"^skip +orchestrator +skipped: because systemd-bus fails$", text, re.MULTILINE)
    start_aiemp(*shlex.split(found["systemd-bus"]["remedy"])[1:], "--interval", "1")
    wait_until(lambda: state_of_orchestrator(well), "the local engine")
    assert problems(well) == {}


def test_6_bad_toml(well: Aiemp, write_config: Configure) -> None:
    """Every command says file, line, and what was probably meant; doing that to the line is enough."""
    config = write_config(NO_CLAUDE + OFTEN.replace("interval_minutes", "intervall_minutes"))
    for command in ("status", "list", "run"):
        out = well(command)
        assert out.returncode == 2
        assert f"{config}:8" in out.stderr
        assert "interval_minutes" in out.stderr
    found = checks(well)
    assert set(found) == {"config"}
    meant = re.search(r"did you mean `?'?(\w+)", found["config"]["what"] + found["config"]["remedy"])
    assert meant is not None
    config.write_text(config.read_text().replace("intervall_minutes", meant[1]))
    assert "config" not in checks(well)
    assert well("list").returncode == 0


def test_7_an_mcp_server_that_hangs(well: Aiemp, vault: Path) -> None:
    """It is named with what it did; once it answers, trying it again as advised is all."""
    server = {"command": sys.executable, "args": [str(FAKE_SERVER), "hangs"]}
    file = vault / ".mcp.json"
    file.write_text(json.dumps({"mcpServers": {"mail": server}}))
    well("init", check=True)
    found = checks(well, "mcp")["mcp"]
    assert "MCP server mail hangs" in found["what"]
    line = found["remedy"].partition("then try it again: ")[2]
    file.write_text(json.dumps({"mcpServers": {"mail": {**server, "args": [str(FAKE_SERVER), "good"]}}}))
    out = well(*shlex.split(line)[1:])
    assert out.returncode == 0, out.stdout
    assert "mail answers" in out.stdout


@only_root
@pytest.mark.parametrize("disk", ["1g"], indirect=True)  # takes no more than is written
def test_8_read_only_vault(disk: Path, well: Aiemp, type_in: Callable[[str], None]) -> None:
    """The disk went read-only under it: one failure, and the command that makes it writable again does."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert any("is on a file system mounted read-only, so nothing runs" in what for what in problems(well))
    found = checks(well, "vault")["vault"]
    assert found["what"].endswith("lies on a disk that is mounted read-only")
    refused = well("trigger", "mark")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    type_in(found["remedy"])
    assert "vault" not in checks(well, "vault")
    well("trigger", "mark", check=True)


def test_9_two_supervisors(well: Aiemp, start_aiemp: Start, type_in: Callable[[str], None]) -> None:
    """The second one is refused, by pid, with what stops the first; after that it gets the vault."""
    first = start_aiemp("run", "--interval", "1")
    wait_until(lambda: state_of_orchestrator(well), "the first")
    second = well("run")
    assert second.returncode == 1
    assert f"pid {first.pid}" in second.stderr
    assert len(second.stderr.splitlines()) <= 2, second.stderr
    type_in(second.stderr.strip().partition("stop that one first: ")[2])
    assert first.process.wait(30) == 0
    start_aiemp("run", "--interval", "1")
    wait_until(lambda: state_of_orchestrator(well), "the second")
    wait_until(lambda: not problems(well), "that all is well")


@only_root
def test_10_wrong_owner(
    well: Aiemp, vault: Path, environ: dict[str, str], tmp_path: Path, type_in: Callable[[str], None]
) -> None:
    """After a copy by somebody else the vault belongs to him: doctor says what cannot be written, and how it can."""
    obeying = partial(well, obeying_modes=True)
    well("trigger", "mark", check=True)
    subprocess.run(["chown", "-R", "4711:4711", str(vault)], check=True)
    subprocess.run(["chmod", "-R", "go-w", str(vault)], check=True)
    found = checks(obeying)
    assert found["vault"]["level"] == "fail"
    assert "cannot write" in found["vault"]["what"]
    refused = obeying("trigger", "mark")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    type_in(found["vault"]["remedy"])
    assert {name for name, each in checks(obeying).items() if each["level"] == "fail"} == {"orchestrator"}
    assert obeying("trigger", "mark").returncode == 0
