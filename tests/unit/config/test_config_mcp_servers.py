"""MCP servers from the vault's .mcp.json, the configuration and the seed's folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiemp.config.mcp_servers import entry_of, planned_servers
from aiemp.mcp.probe import probe_servers
from aiemp.mcp.results import last_verdicts, save
from aiemp.mcp.verdict import State, Verdict
from aiemp.plan import McpServer, Plan

Load = Callable[..., Plan]


def write(vault: Path, servers: object) -> None:
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))


def test_servers_of_the_vault_are_planned(vault: Path) -> None:
    """Command and args become one argv; the script is the entry; a url needs no command."""
    write(
        vault,
        {
            "email-mcp": {
                "command": "node",
                "args": ["dist/index.js"],
                "cwd": "mcp/email",
                "env": {"A": "${B}"},
            },
            "remote": {"type": "http", "url": "https://x.example/mcp"},
        },
    )
    servers, warnings = planned_servers((), vault)
    assert warnings == ()
    assert servers == (
        McpServer(
            "email-mcp",
            ("node", "dist/index.js"),
            cwd=vault / "mcp/email",
            env=(("A", "${B}"),),
            entry=vault / "mcp/email/dist/index.js",
        ),
        McpServer("remote", url="https://x.example/mcp"),
    )


def test_the_configuration_wins_key_by_key(load: Load, vault: Path) -> None:
    """A table changes what it names, and adds servers of its own."""
    write(
        vault,
        {"a": {"command": "node", "args": ["x.js"], "env": {"K": "1", "L": "2"}}, "b": {"command": "b"}},
    )
    plan = load(
        """
        [mcp.a]
        env = { K = "9" }
        cwd = "sub"
        [mcp.b]
        url = "http://localhost:1/"
        [mcp.c]
        command = ["~/bin/c"]
        entry = "c.txt"
        """
    )
    home = vault.parent / "home"
    assert plan.mcp_servers == (
        McpServer("a", ("node", "x.js"), None, vault / "sub", (("K", "9"), ("L", "2")), vault / "sub/x.js"),
        McpServer("b", url="http://localhost:1/"),
        McpServer("c", (f"{home}/bin/c",), entry=vault / "c.txt"),
    )
    assert plan.warnings == ()


@pytest.mark.parametrize(
    ("command", "entry"),
    [
        (("node", "dist/index.js"), "/v/dist/index.js"),
        (("node", "--flag", "/abs/x.mjs", "y.js"), "/abs/x.mjs"),
        (("uv", "run", "python", "server.py"), "/v/server.py"),
        (("./server", "x"), "/v/server"),
        (("npx", "-y", "@scope/server"), None),
        (("node", "${ROOT}/x.js"), None),
        ((), None),
    ],
)
def test_the_script_of_a_command_is_its_entry(command: tuple[str, ...], entry: str | None) -> None:
    """The first argument that names one; a program by its path; else nothing that could be looked for."""
    assert entry_of(command, Path("/v")) == (None if entry is None else Path(entry))


def test_without_mcp_json_the_seed_s_folders_count(vault: Path) -> None:
    """mcp-servers/*/ with src/index.ts (seed 3A); links and bad names are left out."""
    for name in ("linkedin-mcp", "email-mcp", "a b", ".git"):
        (vault / "mcp-servers" / name).mkdir(parents=True)
    (vault / "mcp-servers/file").touch()
    (vault / "mcp-servers/link").symlink_to("/")
    servers, warnings = planned_servers((), vault)
    assert warnings == ()
    assert servers == tuple(
        McpServer(name, entry=vault / "mcp-servers" / name / "src/index.ts")
        for name in ("email-mcp", "linkedin-mcp")
    )


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"5", b'{"mcpServers": []}', b"\xff\xfe", b"", b"[" * 100_000, b"x" * 2_000_000]
)
def test_a_broken_mcp_json_is_a_warning(load: Load, vault: Path, content: bytes) -> None:
    """It lies in the vault: whoever breaks it must not stop the program."""
    (vault / ".mcp.json").write_bytes(content)
    plan = load('[mcp.own]\ncommand = ["x"]\n')
    assert [server.name for server in plan.mcp_servers] == ["own"]
    assert f"{vault}/.mcp.json" in plan.warnings[0]


def test_a_link_out_of_the_vault_is_not_followed(vault: Path, tmp_path: Path) -> None:
    """Its servers are not taken, and a warning names the link."""
    (tmp_path / "other.json").write_text('{"mcpServers": {"x": {"command": "x"}}}')
    (vault / ".mcp.json").symlink_to(tmp_path / "other.json")
    servers, warnings = planned_servers((), vault)
    assert servers == ()
    assert "is a link to a place outside the vault" in warnings[0]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("a/b", {"command": "x"}),
        ("x", {}),
        ("x", 5),
        ("x", {"command": ["x"]}),
        ("x", {"command": "x", "args": "y"}),
        ("x", {"command": "x\0"}),
        ("x", {"command": "x", "args": ["\ud800"]}),
        ("x", {"url": "file:///etc/passwd"}),
    ],
)
def test_one_bad_server_does_not_hide_the_others(vault: Path, name: str, entry: object) -> None:
    """It is left out with a warning; the others are planned."""
    write(vault, {name: entry, "good": {"command": "g"}})
    servers, warnings = planned_servers((), vault)
    assert [server.name for server in servers] == ["good"]
    assert len(warnings) == 1 and "it is not watched" in warnings[0] and warnings[0].isprintable()


def test_no_more_servers_than_can_be_looked_after(vault: Path) -> None:
    """A thousand entries are not a thousand probes."""
    write(vault, {f"s{i}": {"command": "x"} for i in range(1000)})
    servers, warnings = planned_servers((), vault)
    assert len(servers) == 100
    assert "only the first 100" in warnings[0]


def test_a_table_that_changes_nothing_is_a_warning(load: Load, vault: Path) -> None:
    """Its server is named in the vault, where somebody else may have removed it: no mistake of the file."""
    plan = load('\n[mcp.gone]\nenv = { A = "1" }\n')
    assert plan.mcp_servers == ()
    assert "[mcp.gone] in line 2: there is no such server" in plan.warnings[0]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["command", "args", "env", "cwd", "url", "x"]), inner, max_size=4),
    ),
    max_leaves=10,
)


@given(JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_is_too_odd(vault: Path, value: object) -> None:
    """Whatever stands where a server should, the plan is made."""
    write(vault, {"odd": value})
    servers, warnings = planned_servers((), vault)
    assert len(servers) + len(warnings) == 1


@pytest.mark.parametrize("file", ["settings.json", "settings.local.json"])
def test_a_server_that_claude_code_is_told_not_to_use_is_disabled(vault: Path, file: str) -> None:
    """It outweighs the list of enabled ones, and leaves the others as they are; so does nonsense there."""
    write(vault, {name: {"command": "node"} for name in ("off", "on", "neither")})
    (vault / ".claude").mkdir(exist_ok=True)
    told = {"disabledMcpjsonServers": ["off", 7, "unknown"], "enabledMcpjsonServers": ["off", "on"]}
    (vault / ".claude" / file).write_text(json.dumps(told))
    servers, warnings = planned_servers((), vault)
    assert [server.name for server in servers if server.disabled] == ["off"]
    assert warnings == ()
    for text in ("[]", "{", '{"disabledMcpjsonServers": "off"}', ""):
        (vault / ".claude" / file).write_text(text)
        assert not any(server.disabled for server in planned_servers((), vault)[0])


def test_a_disabled_server_is_shown_and_not_started(vault: Path, load: Load) -> None:
    """Whatever a probe found before, and also when doctor is asked to try all."""
    write(vault, {"off": {"command": "/no/such/program", "args": ["dist/index.js"]}})
    (vault / ".claude").mkdir(exist_ok=True)
    (vault / ".claude" / "settings.json").write_text('{"disabledMcpjsonServers": ["off"]}')
    plan = load("")
    now = datetime.now(UTC)
    save(plan, {"off": Verdict(State.DIED, checked=now)})
    assert last_verdicts(plan)["off"] == Verdict(State.DISABLED)
    assert probe_servers(plan, plan.mcp_servers, {}, now, only_approved=False)["off"] == Verdict(
        State.DISABLED
    )
