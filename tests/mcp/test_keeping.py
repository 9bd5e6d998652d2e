"""What the last probe found is kept and shown, and who may be probed: approvals and results on disk."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiemp.config.mcp_servers import planned_servers
from aiemp.frozen import replace
from aiemp.mcp.approval import adopt_servers, approved_servers, is_approved
from aiemp.mcp.files import file_verdict
from aiemp.mcp.launch import Launch, Launcher
from aiemp.mcp.results import last_verdicts, save
from aiemp.mcp.verdict import State, Verdict
from aiemp.places import Places
from aiemp.plan import McpServer, Plan

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GOOD = Verdict(State.AVAILABLE, "", "email-mcp", "1.2.0", 140, NOW)


def write_servers(vault: Path, servers: object) -> Plan:
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    return Plan(vault, mcp_servers=planned_servers((), vault)[0])


@pytest.fixture
def entry(vault: Path) -> Path:
    file = vault / "mcp" / "dist" / "index.js"
    file.parent.mkdir(parents=True)
    file.write_text("1")
    return file


def test_a_result_is_kept_and_shown(vault: Path, entry: Path) -> None:
    """Everybody who looks sees what the last probe found, and when."""
    plan = Plan(vault, mcp_servers=(McpServer("email-mcp", ("node", str(entry)), entry=entry),))
    assert last_verdicts(plan) == {"email-mcp": Verdict(State.AVAILABLE)}
    save(plan, {"email-mcp": GOOD})
    assert last_verdicts(plan) == {"email-mcp": GOOD}


def test_a_result_holds_for_the_files_that_were_tried(vault: Path, entry: Path) -> None:
    """When the script or the command has changed since, the result is of something else."""
    server = McpServer("email-mcp", ("node", str(entry)), entry=entry)
    plan = Plan(vault, mcp_servers=(server,))
    save(plan, {"email-mcp": replace(GOOD, state=State.DIED)})
    assert last_verdicts(plan)["email-mcp"].state is State.DIED
    other = replace(plan, mcp_servers=(replace(server, env=(("A", "1"),)),))
    assert last_verdicts(other)["email-mcp"] == Verdict(State.AVAILABLE)
    entry.write_text("a new build")
    assert last_verdicts(plan)["email-mcp"] == Verdict(State.AVAILABLE)
    entry.unlink()
    assert last_verdicts(plan)["email-mcp"].state is State.MISSING
    (entry.parent.parent / "src").mkdir()
    assert last_verdicts(plan)["email-mcp"].state is State.NOT_BUILT


def test_servers_that_were_not_tried_keep_their_result(vault: Path) -> None:
    """A probe that had no time for one leaves what is known of it; servers that are gone are forgotten."""
    plan = Plan(vault, mcp_servers=(McpServer("a", ("a",)), McpServer("b", ("b",))))
    save(plan, {"a": GOOD, "b": GOOD})
    save(plan, {"b": replace(GOOD, state=State.HANGS, answered_ms=None)})
    assert {name: verdict.state for name, verdict in last_verdicts(plan).items()} == {
        "a": State.AVAILABLE,
        "b": State.HANGS,
    }
    save(replace(plan, mcp_servers=plan.mcp_servers[:1]), {})
    assert set(json.loads(Places(vault).mcp_results.read_bytes())["servers"]) == {"a"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{torn",
        "[]",
        '{"servers": [1]}',
        '{"servers": {"a": 1}}',
        '{"servers": {"a": {"state": "splendid", "checked": "2026-11-23T10:00:00+00:00", "fingerprint": FP}}}',
        '{"servers": {"a": {"state": "available", "checked": "yesterday", "fingerprint": FP}}}',
        '{"servers": {"a": {"state": ["x"], "checked": 3, "fingerprint": FP}}}',
    ],
)
def test_a_file_that_somebody_wrote_into(vault: Path, text: str) -> None:
    """The file lies in the vault: what makes no sense counts as not known, and is written anew."""
    plan = Plan(vault, mcp_servers=(McpServer("a", ("a",)),))
    save(plan, {"a": GOOD})
    file = Places(vault).mcp_results
    print_ = json.loads(file.read_bytes())["servers"]["a"]["fingerprint"]
    file.write_text(text.replace("FP", json.dumps(print_)))
    assert last_verdicts(plan) == {"a": Verdict(State.CONFIGURED)}
    save(plan, {"a": GOOD})
    assert last_verdicts(plan) == {"a": GOOD}


def test_files_of_servers(vault: Path) -> None:
    """A server's source without its build is not built, also in a vault that has no .mcp.json."""
    project = vault / "mcp-servers" / "email"
    (project / "src").mkdir(parents=True)
    (project / "src" / "index.ts").touch()
    by_folder = planned_servers((), vault)[0][0]
    assert file_verdict(by_folder).state is State.NOT_BUILT
    (project / "dist").mkdir()
    assert file_verdict(by_folder).state is State.AVAILABLE
    deep = McpServer("x", ("node", "x"), entry=project / "build" / "src" / "index.js")
    assert file_verdict(deep).state is State.NOT_BUILT


def test_a_server_that_was_adopted_since_is_not_new(vault: Path) -> None:
    """What there was no time for could have been started: it is as its files say, which is not called tried."""
    plan = write_servers(vault, {"m": {"command": "true"}})
    save(plan, {"m": Verdict(State.NEW, checked=NOW)})
    assert last_verdicts(plan)["m"].state is State.NEW
    save(plan, {})
    assert last_verdicts(plan)["m"] == Verdict(State.CONFIGURED)


def test_a_server_of_the_vault_has_to_be_adopted(vault: Path, environ: dict[str, str]) -> None:
    """What appears in .mcp.json is not started by aiemp before its owner has run init, install-units or run;
    what changes there afterwards is new again."""
    plan = write_servers(vault, {"m": {"command": "true", "args": ["x"], "env": {"A_TOKEN": "1", "B": "2"}}})
    assert Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]) == Verdict(State.NEW, checked=NOW)
    assert adopt_servers(plan, environ) == ("m",)
    assert adopt_servers(plan, environ) == ()
    assert isinstance(Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]), Launch)
    for changed in (
        {"command": "false", "args": ["x"], "env": {"A_TOKEN": "1", "B": "2"}},
        {"command": "true", "args": ["y"], "env": {"A_TOKEN": "1", "B": "2"}},
        {"command": "true", "args": ["x"], "env": {"A_TOKEN": "1", "B": "evil"}},
        {"command": "true", "args": ["x"], "env": {"A_TOKEN": "1", "B": "2", "NODE_OPTIONS": "-r ./evil"}},
    ):
        plan = write_servers(vault, {"m": changed})
        assert Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]) == Verdict(State.NEW, checked=NOW)
    plan = write_servers(vault, {"m": {"command": "true", "args": ["x"], "env": {"A_TOKEN": "9", "B": "2"}}})
    assert isinstance(Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]), Launch), "a new token"


def test_dotenv_of_the_vault_cannot_change_what_is_started(vault: Path, environ: dict[str, str]) -> None:
    """A reference that the vault's own .env fills in is a part of what was adopted."""
    (vault / ".env").write_text("SCRIPT=good\n")
    plan = write_servers(vault, {"m": {"command": "true", "args": ["${SCRIPT}"]}})
    adopt_servers(plan, environ)
    assert isinstance(Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]), Launch)
    (vault / ".env").write_text("SCRIPT=evil\n")
    assert Launcher(plan, environ, NOW).prepare(plan.mcp_servers[0]) == Verdict(State.NEW, checked=NOW)


def test_servers_of_the_configuration_need_no_approval() -> None:
    """aiemp.toml lies outside of the vault: what it names may be started."""
    assert is_approved(McpServer("m", ("true",)), {}, {})
    assert not is_approved(McpServer("m", ("true",), from_vault=True), {}, {})


def test_the_note_is_kept_for_each_vault_and_outside_of_them(
    vault: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Nothing in the vault can approve; two vaults of one user do not know each other's servers."""
    plan = write_servers(vault, {"m": {"command": "true"}})
    other = Plan(tmp_path / "other", mcp_servers=(McpServer("o", ("true",), from_vault=True),))
    adopt_servers(plan, environ)
    adopt_servers(other, environ)
    assert set(approved_servers(plan, environ)) == {"m"}
    assert set(approved_servers(other, environ)) == {"o"}
    note = Path(environ["HOME"]) / ".config" / "aiemp" / "mcp-approved.json"
    assert note.exists()
    note.write_text("[torn")
    assert approved_servers(plan, environ) == {}


def test_a_note_that_cannot_be_written_is_no_error(
    vault: Path, environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Then the servers stay new, and it is said why."""
    plan = write_servers(vault, {"m": {"command": "true"}})
    config = Path(environ["HOME"]) / ".config"
    config.write_text("a file where a folder should be")
    with caplog.at_level("WARNING", logger="aiemp.mcp"):
        assert adopt_servers(plan, environ) == ()
    assert os.path.lexists(config)
    assert approved_servers(plan, environ) == {}
