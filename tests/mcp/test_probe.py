"""Starting MCP servers, a real one and bad ones: what is said of each, and that nothing of any is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from aiemp.frozen import replace
from aiemp.mcp.probe import ProbeLimits, probe_servers
from aiemp.mcp.verdict import State, Verdict
from aiemp.plan import DryRun, McpServer, Plan
from aiemp.stopping import TimeLimitReached, time_limit
from tests.conftest import processes_naming
from tests.mcp.conftest import HURRIED, NOW, PATIENT, Fake, Try


def test_a_real_server_answers(everything: Path, probe: Try) -> None:
    """The real server from npm says its name and version, and is gone afterwards."""
    server = McpServer("everything", ("node", str(everything), "stdio"), entry=everything)
    verdict = probe(server, limits=PATIENT)["everything"]
    assert verdict.state is State.AVAILABLE
    assert verdict.server == "mcp-servers/everything"
    assert verdict.version
    assert verdict.answered_ms is not None and 0 < verdict.answered_ms < 30_000
    assert verdict.checked == NOW
    assert verdict.shown.startswith("🟢 Available (mcp-servers/everything ")
    assert processes_naming(str(everything)) == []


@pytest.mark.parametrize(
    "behaviour", ["good", "late", "noisy", "answers_and_dies", "hidden_behind_a_wrapper"]
)
def test_an_answer_is_found(fake: Fake, probe: Try, behaviour: str) -> None:
    """An answer counts however late within the limit, and whatever else is printed before it."""
    verdict = probe(fake(behaviour), limits=PATIENT)[behaviour]
    assert (verdict.state, verdict.server, verdict.version) == (State.AVAILABLE, "fake", "1.2.3")


@pytest.mark.parametrize(
    ("behaviour", "state", "detail"),
    [
        ("hangs", State.HANGS, "no answer within 1.5 s"),
        ("rubbish", State.RUBBISH, "it printed: Welcome to my server, listening on port 3000"),
        ("flood", State.RUBBISH, "it prints and prints"),
        ("flood_one_line", State.RUBBISH, "it prints and prints"),
        ("dies", State.DIED, "exit status 1: Error: Cannot find module 'left-pad'"),
        ("dies_of_a_signal", State.DIED, "killed by signal 9"),
        ("refuses", State.REFUSED, "GMAIL_TOKEN is old"),
    ],
)
def test_no_answer_is_told_apart(fake: Fake, probe: Try, behaviour: str, state: State, detail: str) -> None:
    """Hanging, dying, refusing and printing rubbish are different troubles, each with its reason; a server
    that ignores SIGTERM is gone all the same (see the fixture)."""
    limits = HURRIED if behaviour in ("hangs", "rubbish") else replace(HURRIED, answer_s=30.0)
    verdict = probe(fake(behaviour), limits=limits)[behaviour]
    assert verdict.state is state
    assert detail in verdict.detail
    assert verdict.checked == NOW
    assert not verdict.is_well


@pytest.mark.parametrize("behaviour", ["forks", "flood_stderr"])
def test_a_server_that_answers_and_will_not_end(fake: Fake, probe: Try, behaviour: str) -> None:
    """It is available; its children in their own sessions, deaf to SIGTERM, are ended with it (see the
    fixture)."""
    limits = replace(HURRIED, answer_s=30.0)
    assert probe(fake(behaviour), limits=limits)[behaviour].state is State.AVAILABLE


def test_many_at_once_do_not_wait_for_each_other(fake: Fake, probe: Try) -> None:
    """Four servers that hang take as long as one; a good one among them is judged by itself."""
    servers = [fake("hangs", name=f"h{number}") for number in range(3)]
    started = time.monotonic()
    verdicts = probe(*servers, fake("good"), limits=replace(HURRIED, answer_s=4.0))
    assert time.monotonic() - started < 8.0
    assert {name: verdict.state for name, verdict in verdicts.items()} == {
        "h0": State.HANGS,
        "h1": State.HANGS,
        "h2": State.HANGS,
        "good": State.AVAILABLE,
    }


def test_what_there_is_no_time_for_is_left_out(fake: Fake, probe: Try) -> None:
    """The whole probe has a limit: the servers beyond it get no verdict this time."""
    limits = ProbeLimits(answer_s=1.0, close_s=0.1, terminate_s=0.1, at_once=1, total_s=2.0)
    assert set(probe(fake("hangs", name="a"), fake("good", name="b"), limits=limits)) == {"a"}


@pytest.mark.timeout(method="thread")  # SIGALRM is the test's own
def test_a_time_limit_ends_the_servers_too(fake: Fake, probe: Try) -> None:
    """When the task's own limit strikes in the middle, it is raised, and nothing is left."""
    started = time.monotonic()
    with pytest.raises(TimeLimitReached), time_limit(0.7):
        probe(fake("hangs"), limits=PATIENT)
    assert time.monotonic() - started < PATIENT.answer_s / 2, "at once, not after the servers' own limit"
    assert signal.getsignal(signal.SIGALRM) is not None


def test_nothing_but_initialize_is_sent(fake: Fake, probe: Try, tmp_path: Path, vault: Path) -> None:
    """The one request, then the end of the input: no tool is listed or called, nothing is confirmed. The
    child has what a child may have, in the vault."""
    (vault / ".env").write_text("FROM_DOTENV=yes\n")
    file = tmp_path / "seen.json"
    server = replace(fake("records", str(file)), env=(("OWN", "${FROM_DOTENV} ${NONE:-none}"),))
    assert probe(server, limits=PATIENT, NOTIFY_SOCKET="/x", DRY_RUN="0")["records"].state is State.AVAILABLE
    seen = json.loads(file.read_text())
    assert seen["request"]["method"] == "initialize"
    assert seen["request"]["params"]["capabilities"] == {}
    assert seen["rest"] == ""
    assert "NOTIFY_SOCKET" not in seen["env"]
    assert (seen["env"]["DRY_RUN"], seen["env"]["OWN"]) == ("false", "yes none")
    assert seen["cwd"] == str(vault)


def test_variables_that_are_not_set(fake: Fake, probe: Try) -> None:
    """A server that wants a variable which nobody has set is not configured, and not started."""
    server = replace(fake("good"), env=(("TOKEN", "${MISSING_TOKEN}"),))
    verdict = probe(server)["good"]
    assert (verdict.state, verdict.detail) == (State.NOT_CONFIGURED, "MISSING_TOKEN is not set")
    assert verdict.is_well


def test_programs_and_files_that_are_not_there(probe: Try, vault: Path) -> None:
    """A missing program, a missing script and a source that nobody has built are told without a start."""
    project = vault / "mcp"
    (project / "src").mkdir(parents=True)
    started = vault / "started"
    verdicts = probe(
        McpServer("a", ("no-such-program-at-all",)),
        McpServer("b", ("node", "x.js"), entry=vault / "x.js"),
        McpServer("c", ("touch", str(started)), entry=project / "dist" / "index.js"),
        McpServer("d", ("./no-such-script",)),
    )
    assert {name: verdict.state for name, verdict in verdicts.items()} == {
        "a": State.MISSING,
        "b": State.MISSING,
        "c": State.NOT_BUILT,
        "d": State.MISSING,
    }
    assert verdicts["a"].detail == "no-such-program-at-all is not on PATH"
    assert not started.exists()


def test_a_program_that_cannot_be_executed(probe: Try, vault: Path) -> None:
    """A script whose interpreter is missing is named, with what the system said."""
    script = vault / "server"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    verdict = probe(McpServer("a", (str(script),)))["a"]
    assert verdict.state is State.MISSING
    assert "No such file" in verdict.detail


def test_a_dry_run_starts_nothing(fake: Fake, vault: Path) -> None:
    """In a dry run only files are looked at."""
    plan = Plan(vault, mcp_servers=(fake("good"),), dry_run=DryRun(True, "test"))
    assert probe_servers(plan, plan.mcp_servers, os.environ, NOW) == {"good": Verdict(State.CONFIGURED)}


def test_a_server_that_must_not_be_started(fake: Fake, probe: Try) -> None:
    """``probe = false``: judged by its files."""
    assert probe(replace(fake("good"), probe=False)) == {"good": Verdict(State.AVAILABLE)}


def test_addresses(probe: Try) -> None:
    """On this machine somebody must listen; other machines are not asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        verdicts = probe(
            McpServer("up", url=f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"),
            McpServer("down", url=f"http://localhost:{closed.getsockname()[1]}/mcp"),
            McpServer("far", url="https://mcp.example.com/"),
            McpServer("odd", url="http://127.0.0.1:99999/"),
            McpServer("unset", url="http://127.0.0.1:${MCP_PORT}/"),
        )
    states = {name: verdict.state.value for name, verdict in verdicts.items()}
    assert states == {
        "up": "available",
        "down": "unreachable",
        "far": "configured",
        "odd": "unreachable",
        "unset": "not configured",
    }
    assert verdicts["far"].checked is None


def test_what_a_server_says_is_redacted(fake: Fake, probe: Try, vault: Path) -> None:
    """A server that dies or refuses with a token on its lips does not get it into the verdict."""
    from aiemp.redaction import Redactor, in_force, put_in_force

    before = in_force()
    put_in_force(Redactor({"module 'left-pad'": "A_TOKEN", "GMAIL_TOKEN": "B_TOKEN"}))
    try:
        verdicts = probe(fake("dies"), fake("refuses_in_escapes"), limits=PATIENT)
    finally:
        put_in_force(before)
    assert verdicts["refuses_in_escapes"].detail == "[B_TOKEN redacted] is old"
    assert verdicts["dies"].detail == "exit status 1: Error: Cannot find [A_TOKEN redacted]"
