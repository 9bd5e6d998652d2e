"""Verdicts on programs: Claude Code, Node.js, uv, and what tasks and watchers start."""

from __future__ import annotations

from pathlib import Path

from aiemp.doctor.findings import fail, ok
from aiemp.doctor.programs import ClaudeSeen, ProgramSeen, Search, judge_claude, judge_programs

HERE, UNITS = Search(), Search("aiemp install-units")
CLAUDE = Path("/home/me/.local/bin/claude")
NODE = ProgramSeen("node", ("Claude Code", "MCP server email"), None)


def test_claude_is_looked_for_where_tasks_look() -> None:
    """With units it is their PATH that counts; one that only the shell finds is a failure that installing
    again mends."""
    assert judge_claude(None) == []
    assert judge_claude(ClaudeSeen(UNITS, CLAUDE, version="2.1.9")) == [
        ok(f"{CLAUDE} 2.1.9, on the PATH of the units")
    ]
    assert judge_claude(ClaudeSeen(HERE, CLAUDE, version="2.1.9")) == [
        ok(f"{CLAUDE} 2.1.9, on this shell's PATH")
    ]
    (finding,) = judge_claude(ClaudeSeen(HERE, CLAUDE))
    assert "does not say which version" in finding.what
    assert finding.remedy == f"look at what it says: {CLAUDE} --version"
    assert judge_claude(ClaudeSeen(UNITS, None, "it is not there; get it", here=CLAUDE)) == [
        fail(f"Claude Code is {CLAUDE}, but not on the PATH of the units", "aiemp install-units")
    ]
    for search in (HERE, UNITS):
        assert judge_claude(ClaudeSeen(search, None, "not there; get it")) == [fail("not there", "get it")]


def test_missing_programs_name_who_needs_them() -> None:
    """Each is one failure, with where to get it, and what makes the units find it then."""
    assert judge_programs(HERE, []) == []
    (finding,) = judge_programs(UNITS, [NODE])
    assert finding.what == "`node`, needed by Claude Code, MCP server email, is not on the PATH of the units"
    assert finding.remedy == "install Node.js (https://nodejs.org), then: aiemp install-units"
    (finding,) = judge_programs(UNITS, [ProgramSeen("npx", ("x",), None, here=Path("/opt/npx"))])
    assert "is /opt/npx, but" in finding.what
    assert finding.remedy == "aiemp install-units"
    (finding,) = judge_programs(HERE, [ProgramSeen("/opt/my tool", ("task t",), None)])
    assert finding.remedy == "correct its name, or: chmod +x '/opt/my tool'"
    (finding,) = judge_programs(HERE, [ProgramSeen("tool", ("task t",), None)])
    assert finding.remedy == "install it, or name its full path"


def test_found_programs_are_one_line() -> None:
    """With all of them there, the check is ok and names their paths."""
    programs = [
        ProgramSeen("node", ("x",), Path("/usr/bin/node")),
        ProgramSeen("npx", ("y",), Path("/b/npx")),
    ]
    assert judge_programs(HERE, programs) == [ok("/usr/bin/node, /b/npx")]
