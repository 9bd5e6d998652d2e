"""Verdicts on files: the configuration, the vault, its state, skills and MCP servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiemp.doctor.config import ConfigSeen, DotenvSeen, judge_config, judge_dotenv
from aiemp.doctor.findings import Finding, Level, fail, ok, warn
from aiemp.doctor.mcp_servers import McpServerSeen, judge_mcp_servers
from aiemp.doctor.skills import SkillSeen, SkillsSeen, judge_skills
from aiemp.doctor.state import StateSeen, judge_state
from aiemp.doctor.vault import VaultSeen, judge_vault
from aiemp.frozen import replace

FILE = Path("/home/me/.config/aiemp/aiemp.toml")
VAULT = VaultSeen(Path("/home/me/My vault"), "me", free_bytes=34 * 1000**3, free_inodes=10**6)
STATE = StateSeen(Path("/v/.state/s.json"), True)


def test_every_mistake_is_a_failure_with_its_own_remedy() -> None:
    """What a mistake says behind its last semicolon is what to do."""
    seen = ConfigSeen(FILE, True, mistakes=("f:3: no task is called x; correct its name", "f:9: bad"))
    assert judge_config(seen) == [
        fail("f:3: no task is called x", "correct its name"),
        fail("f:9: bad", "see the message"),
    ]


@pytest.mark.parametrize(
    ("warning", "finding"),
    [
        ("f can be written by others; run: chmod go-w f", warn("f can be written by others", "chmod go-w f")),
        (
            "x is no JSON; its MCP servers are not watched",
            warn(
                "x is no JSON; its MCP servers are not watched",
                "correct it, then look again: aiemp doctor config dotenv",
            ),
        ),
    ],
)
def test_what_is_odd_is_a_warning(warning: str, finding: Finding) -> None:
    """A warning that names no remedy, only what follows, is shown whole."""
    assert judge_config(ConfigSeen(FILE, True, warnings=(warning,))) == [finding]
    assert judge_dotenv(DotenvSeen(FILE, True, (warning,))) == [finding]


def test_a_configuration_without_mistakes() -> None:
    """It is told where it is, or that there is none, which is fine."""
    assert judge_config(ConfigSeen(FILE, True)) == [ok(f"{FILE}: no mistakes")]
    assert judge_config(ConfigSeen(FILE, False)) == [ok(f"there is no {FILE}: all defaults")]
    assert judge_dotenv(DotenvSeen(FILE, False)) == []


@pytest.mark.parametrize(
    ("changes", "level", "what", "remedy"),
    [
        ({}, Level.OK, "can be written, 34 GB free", ""),
        ({"free_bytes": None}, Level.OK, "can be written", ""),
        ({"missing": "it is gone; mount it"}, Level.FAIL, "it is gone", "mount it"),
        (
            {"unwritable": (Path("/home/me/My vault"), Path("/home/me/My vault/.state"), Path("/x"))},
            Level.FAIL,
            "me cannot write /home/me/My vault, /x",
            "sudo chown -R me '/home/me/My vault' /x && chmod -R u+rwX '/home/me/My vault' /x",
        ),
        ({"is_read_only": True, "unwritable": (Path("/x"),)}, Level.FAIL, "read-only", "remount,rw"),
        ({"free_bytes": 400 * 1000**2}, Level.WARN, "400 MB left", "du -xh '/home/me/My vault'"),
        ({"free_bytes": 3 * 1000**2}, Level.FAIL, "3 MB left", "free some space"),
        ({"free_inodes": 7}, Level.FAIL, "7 more files", "free some space"),
    ],
)
def test_vault(changes: dict[str, object], level: Level, what: str, remedy: str) -> None:
    """There, writable, and with room on its disk; otherwise one finding says what to do."""
    (finding,) = judge_vault(replace(VAULT, **changes))  # type: ignore[arg-type]
    assert finding.level is level
    assert what in finding.what
    assert remedy in finding.remedy
    assert bool(finding.remedy) == (level is not Level.OK)


def test_a_full_disk_does_not_hide_what_cannot_be_written() -> None:
    """Two independent causes are two findings."""
    seen = replace(VAULT, unwritable=(Path("/x"),), free_bytes=0)
    assert [finding.level for finding in judge_vault(seen)] == [Level.FAIL, Level.FAIL]


def test_state() -> None:
    """Unreadable and torn are failures; what was set aside earlier is told until it is removed; nothing
    where nothing has run."""
    assert judge_state(StateSeen(STATE.file, False)) == []
    assert judge_state(STATE) == [ok("/v/.state/s.json can be read")]
    (finding,) = judge_state(replace(STATE, unreadable="Permission denied"))
    assert (finding.level, "chown" in finding.remedy) == (Level.FAIL, True)
    (finding,) = judge_state(replace(STATE, is_corrupt=True))
    assert (finding.level, "aiemp list" in finding.remedy) == (Level.FAIL, True)
    (finding,) = judge_state(replace(STATE, set_aside=(Path("/v/a b"), Path("/v/c"))))
    assert finding.what.startswith("2 torn state files were set aside")
    assert finding.level is Level.WARN
    assert finding.remedy.endswith("rm '/v/a b' /v/c")


def test_skills() -> None:
    """A missing skill names the tasks; a stub of ours is made by init, another has to be written."""
    ours = SkillSeen(Path("/v/.claude/skills/email-triage/SKILL.md"), ("triage",), False, is_ours=True)
    own = SkillSeen(Path("/v/.claude/skills/mine/SKILL.md"), ("a", "b"), False)
    found = judge_skills(SkillsSeen(Path("/v w"), (ours, own)))
    assert [finding.level for finding in found] == [Level.WARN, Level.WARN]
    assert found[0].remedy == "aiemp init '/v w'"
    assert "a, b" in found[1].what
    assert found[1].remedy == f"write {own.file}"
    assert judge_skills(SkillsSeen(Path("/v"), (replace(own, exists=True),))) == [ok("1 skill found")]
    assert judge_skills(SkillsSeen(Path("/v"))) == []


def test_mcp_servers() -> None:
    """One that is not built says where to build it; one without a project says where it is named."""
    built = McpServerSeen("email", Path("/v/m/dist/index.js"), True, Path("/v/m"))
    bare = replace(built, exists=False, project=None)
    assert judge_mcp_servers(()) == []
    assert judge_mcp_servers((built,)) == [ok("1 server: email")]
    (finding,) = judge_mcp_servers((built, replace(built, exists=False, project=Path("/v/my mcp"))))
    assert finding.remedy == "cd '/v/my mcp' && npm install && npm run build"
    assert ".mcp.json" in judge_mcp_servers((bare,))[0].remedy
