"""How doctor looks at real files, and that it changes none of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.doctor.observers import configuration, pm2, programs
from aiemp.doctor.observers import vault as vault_observer
from aiemp.doctor.observers.scene import Scene
from aiemp.places import Places

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MakeScene = Callable[..., Scene]
Configure = Callable[[str], Path]


@pytest.fixture
def scene_of(environ: dict[str, str], tmp_path: Path) -> MakeScene:
    """The scene of a vault, made when a test has arranged it."""
    folder = tmp_path / "Mein Vault's 100% $HOME ü"
    return lambda **more: Scene({**environ, **more}, NOW, vault=folder)


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("content", [b"{torn", b"[]", b"\xff\xfe", b""])
def test_a_torn_state_file_is_left_where_it_is(vault: Path, scene_of: MakeScene, content: bytes) -> None:
    """Every other command sets it aside; doctor changes nothing, and says what it found."""
    file = Places(vault).ledger
    file.parent.mkdir()
    file.write_bytes(content)
    before = files_below(vault)
    seen = vault_observer.observe_state(scene_of())
    assert (seen.exists, seen.is_corrupt) == (True, True)
    assert files_below(vault) == before


def test_a_state_file_that_would_hang_or_lead_away(vault: Path, scene_of: MakeScene, tmp_path: Path) -> None:
    """The vault may hold a pipe of that name, or a link: neither is waited for or followed."""
    file = Places(vault).ledger
    file.parent.mkdir()
    os.mkfifo(file)
    assert vault_observer.observe_state(scene_of()).is_corrupt
    file.unlink()
    (tmp_path / "secret").write_text("{}")
    file.symlink_to(tmp_path / "secret")
    assert vault_observer.observe_state(scene_of()).is_corrupt


def test_names_from_prompts_may_be_anything(
    vault: Path, scene_of: MakeScene, write_config: Configure
) -> None:
    """One that is too long for a file name is not there, and no crash."""
    name = "x" * 5000
    write_config(f'[tasks.own]\nfrequency = "hourly"\nprompt = "@.claude/skills/{name}/SKILL.md"\n')
    seen = {each.tasks: each.exists for each in vault_observer.observe_skills(scene_of()).skills}
    assert seen[("own",)] is False


def test_set_aside_state_files_are_found(vault: Path, scene_of: MakeScene) -> None:
    """Also when a good one has taken their place, or none."""
    file = Places(vault).ledger
    file.parent.mkdir()
    aside = file.with_name(f"{file.name}.corrupt-1")
    aside.write_text("x")
    assert vault_observer.observe_state(scene_of()).set_aside == (aside,)
    file.write_text("{}")
    seen = vault_observer.observe_state(scene_of())
    assert (seen.is_corrupt, seen.set_aside) == (False, (aside,))


def test_runs_in_the_future(vault: Path, scene_of: MakeScene) -> None:
    """A clock that is a few seconds off is no finding."""
    file = Places(vault).ledger
    file.parent.mkdir()
    last_runs = {
        "done_archive": (NOW + timedelta(seconds=5)).isoformat(),
        "daily_rollover": (NOW + timedelta(days=2)).isoformat(),
    }
    file.write_text(json.dumps({"schedule_last_run": last_runs}))
    seen = configuration.observe_clock(scene_of())
    assert [name for name, _ in seen.future] == ["daily_rollover"]


def test_skills_of_enabled_tasks(vault: Path, scene_of: MakeScene, write_config: Configure) -> None:
    """Those of the built-in prompts, of tasks of one's own, and in the text of a prompt; each once."""
    write_config(
        "[tasks.linkedin_post]\nenabled = false\n"
        '[tasks.own]\nfrequency = "hourly"\nskills = ["mine"]\n'
        'prompt = "and @.claude/skills/deep/er/SKILL.md"\n'
        '[tasks.off]\nfrequency = "hourly"\nskills = ["off"]\nprompt = "x"\nenabled = false\n'
    )
    skill = vault / ".claude/skills/mine/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("x")
    seen = {each.file.relative_to(vault): each for each in vault_observer.observe_skills(scene_of()).skills}
    folder = Path(".claude/skills")
    assert {path.parent.relative_to(folder).as_posix() for path in seen} == {
        *("email-triage", "task-planner", "hitl-handler"),
        *("mine", "deep/er"),
    }
    assert seen[folder / "mine/SKILL.md"].exists
    assert not seen[folder / "email-triage/SKILL.md"].exists
    assert seen[folder / "email-triage/SKILL.md"].is_ours


def test_mcp_server_that_is_not_built(vault: Path, scene_of: MakeScene) -> None:
    """Its project is where package.json lies, so that is where to build it."""
    project = vault / "mcp-servers" / "email"
    project.mkdir(parents=True)
    (project / "package.json").write_text("{}")
    servers = {
        "email": {"command": "node", "args": ["mcp-servers/email/dist/index.js"]},
        "gone": {"command": "node", "args": ["nowhere/dist/index.js"]},
        "trusted": {"command": "notes-mcp"},
    }
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    seen = {each.name: each for each in vault_observer.observe_mcp_servers(scene_of())}
    assert (seen["email"].exists, seen["email"].project) == (False, project)
    assert (seen["gone"].exists, seen["gone"].project) == (False, None)
    assert "trusted" not in seen


def test_dry_run_of_mcp_servers(vault: Path, scene_of: MakeScene) -> None:
    """Only a DRY_RUN that is written out; a variable follows whoever starts the server."""
    servers = {
        name: {"command": "node", "env": {"DRY_RUN": word, "TOKEN": "hunter2"}}
        for name, word in (("hard", "true"), ("soft", "${DRY_RUN}"), ("blank", ""))
    }
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    assert configuration.observe_dry_run(scene_of()).servers == (("hard", "true"),)


def test_claude_that_needs_node(
    vault: Path, scene_of: MakeScene, tmp_path: Path, write_config: Configure
) -> None:
    """A Claude Code that is a script for node needs node where it is started."""
    claude = program(tmp_path / "bin" / "claude", "#!/usr/bin/env -S node --enable-source-maps\n")
    write_config(f'[claude]\ncommand = "{claude}"\n')
    scene = scene_of(PATH=str(tmp_path / "bin"))
    seen = programs.observe_claude(scene)
    assert seen is not None and seen.found == claude
    (node,) = programs.observe_programs(scene)["node-path"]
    assert (node.name, node.wanted_by, node.found) == ("node", ("Claude Code",), None)
    program(claude, "#!/bin/sh\n")
    assert programs.observe_programs(scene_of(PATH=str(tmp_path / "bin")))["node-path"] == []


def test_claude_is_not_looked_for_when_no_task_needs_it(
    vault: Path, scene_of: MakeScene, write_config: Configure
) -> None:
    """The check does not apply then."""
    write_config("[tasks.morning_triage]\nenabled = false\n[tasks.linkedin_post]\nenabled = false\n")
    assert programs.observe_claude(scene_of()) is None


def test_programs_of_all_kinds(
    vault: Path, scene_of: MakeScene, tmp_path: Path, write_config: Configure
) -> None:
    """Each with those who start it; one with a slash is meant from the vault."""
    write_config(
        '[tasks.a]\ncommand = ["tools/a.sh"]\nfrequency = "hourly"\n'
        '[tasks.b]\ncommand = ["tool"]\nfrequency = "hourly"\n'
        '[watchers.w]\ncommand = ["tool", "-w"]\n'
        '[watchers.u]\ncommand = ["uv", "run", "x"]\n'
        '[alerts]\ncommand = ["alarm"]\n'
        '[mcp.m]\ncommand = ["npx", "m"]\n'
    )
    own = program(vault / "tools" / "a.sh")
    tool = program(tmp_path / "bin" / "tool")
    found = programs.observe_programs(scene_of(PATH=str(tmp_path / "bin")))
    commands = {each.name: each for each in found["commands"]}
    assert commands[str(own)].found == own
    assert (commands["tool"].wanted_by, commands["tool"].found) == (("task b", "watcher w"), tool)
    assert (commands["alarm"].wanted_by, commands["alarm"].found) == (("alerts",), None)
    assert [each.name for each in found["node-path"]] == ["npx"]
    assert [each.name for each in found["uv-path"]] == ["uv"]


def test_pm2_that_is_not_running_is_not_started(vault: Path, scene_of: MakeScene, tmp_path: Path) -> None:
    """What it would bring back at boot stands in its file; asking its program would start its daemon."""
    asked = tmp_path / "asked"
    program(tmp_path / "bin" / "pm2", f"#!/bin/sh\ntouch '{asked}'\necho '[]'\n")
    home = tmp_path / "pm2"
    home.mkdir()
    saved = [
        {
            "name": "aiemp-orchestrator",
            "pm_exec_path": "/opt/aiemp/bin/aiemp",
            "args": ["run"],
            "pm_cwd": "/x",
        },
        {"name": "old", "pm_exec_path": f"{vault}/scripts/orchestrator.py", "TOKEN": "hunter2"},
        {"name": "old-elsewhere", "pm_exec_path": "/y/scripts/orchestrator.py", "pm_cwd": "/y"},
        {"name": "web", "pm_exec_path": "/usr/bin/node", "args": "server.js", "pm_cwd": str(vault)},
    ]
    (home / "dump.pm2").write_text(json.dumps(saved))
    (home / "pm2.pid").write_text("4194999")
    scene = scene_of(PM2_HOME=str(home), PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    seen = [(each.name, each.is_online, each.is_aiemp) for each in pm2.pm2_processes(scene)]
    assert seen == [("aiemp-orchestrator", False, True), ("old", False, False)]
    assert not asked.exists()


def test_pm2_that_runs_is_asked(vault: Path, scene_of: MakeScene, tmp_path: Path) -> None:
    """Its answer may come after other lines; what is stopped does not count."""
    listed = [
        {"name": "a", "pm2_env": {"status": "online", "pm_exec_path": "/b/aiemp", "pm_cwd": str(vault)}},
        {"name": "b", "pm2_env": {"status": "stopped", "pm_exec_path": "/b/aiemp", "pm_cwd": str(vault)}},
    ]
    answer = tmp_path / "answer"
    answer.write_text(f">>>> In-memory PM2 is out-of-date\n{json.dumps(listed)}\n")
    program(tmp_path / "bin" / "pm2", f"#!/bin/sh\ncat '{answer}'\n")
    (tmp_path / "pm2").mkdir()
    (tmp_path / "pm2" / "pm2.pid").write_text(str(os.getpid()))
    scene = scene_of(PM2_HOME=str(tmp_path / "pm2"), PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert [(each.name, each.is_online) for each in pm2.pm2_processes(scene)] == [("a", True)]


@pytest.mark.parametrize("text", ["", "{", "{}", "[1, null]", '[{"name": 5, "args": {"a": 1}}]'])
def test_pm2_files_may_hold_anything(vault: Path, scene_of: MakeScene, tmp_path: Path, text: str) -> None:
    """They are another program's: what is no list of processes counts as none."""
    (tmp_path / "pm2").mkdir()
    (tmp_path / "pm2" / "dump.pm2").write_text(text)
    assert list(pm2.pm2_processes(scene_of(PM2_HOME=str(tmp_path / "pm2")))) == []
