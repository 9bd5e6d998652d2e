"""The rules of ARCHITECTURE.md about who may import what."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "aiemp"

PURE = [
    "agenda.py",
    "calendar_slots.py",
    "claude/activity.py",
    "claude/budget.py",
    "claude/command_line.py",
    "claude/refusals.py",
    "claude/reset_times.py",
    "claude/stream.py",
    "config/dry_run.py",
    "config/key_texts.py",
    "config/keys.py",
    "config/names.py",
    "dashboard/cells.py",
    "dashboard/document.py",
    "dashboard/edits.py",
    "dashboard/tables.py",
    "decisions.py",
    "escaping.py",
    "engines/restart_policy.py",
    "engines/stop_times.py",
    "ledger_format.py",
    "mcp/protocol.py",
    "mcp/variables.py",
    "mcp/verdict.py",
    "places.py",
    "plan.py",
    "runs.py",
    "schedule_words.py",
    "schedules.py",
    "secret_values.py",
    "systemd/scope.py",
    "timers.py",
    "watcher_status.py",
]
IMPURE_MODULES = {"subprocess", "socket", "signal", "os", "click", "time", "logging", "shutil", "tempfile"}
CLOCK_READINGS = {"now", "today", "utcnow", "time", "monotonic"}
HEAVY = {
    "click",
    "jinja2",
    "rich",
    "yaml",
    "tomlkit",
    "dotenv",
    "watchfiles",
    "oncalendar",
    "asyncio",
    "difflib",
    "urllib.request",
    "email",
    "http",
    "argparse",
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it, by their full names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_have_no_effects(name: str) -> None:
    """A pure module imports nothing that acts on the world and never reads the clock."""
    path = PACKAGE / name
    assert not {module.split(".")[0] for module in imports_of(path)} & IMPURE_MODULES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            read = isinstance(owner, ast.Name) and owner.id in ("datetime", "date", "time")
            assert not (read and node.func.attr in CLOCK_READINGS), f"{name}:{node.lineno} reads the clock"


def test_pure_modules_build_on_pure_modules() -> None:
    """What a pure module imports from aiemp is pure too, or holds plain values."""
    values = {"aiemp", "aiemp.errors", "aiemp.frozen", "aiemp.dashboard", "aiemp.systemd"}
    pure = {"aiemp." + name.removesuffix(".py").replace("/", ".") for name in PURE} | values
    for name in PURE:
        ours = {module for module in imports_of(PACKAGE / name) if module.startswith("aiemp")}
        ours = {module for module in ours if not module.startswith("aiemp.dashboard.")}
        assert ours <= pure, f"{name} imports {ours - pure}"


def test_nothing_imports_the_command_line() -> None:
    """Only the command line itself, and the module that starts it, know it."""
    for path in modules():
        inside = path.relative_to(PACKAGE).parts[0] in ("cli", "__main__.py")
        assert inside or not any(m.startswith("aiemp.cli") for m in imports_of(path)), path


def test_engines_do_not_know_each_other() -> None:
    """Neither engine imports the other."""
    engines = {"local", "systemd"}
    for name in engines:
        others = {f"aiemp.engines.{other}" for other in engines - {name}}
        assert not others & set(imports_of(PACKAGE / "engines" / f"{name}.py"))


def test_only_systemctl_calls_systemctl() -> None:
    """No other module names the program."""
    for path in modules():
        if path.name != "systemctl.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            strings = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
            assert "systemctl" not in strings, path


def loaded_by(statement: str) -> set[str]:
    """The modules that are loaded in a fresh Python after ``statement``."""
    code = f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(json.loads(out.stdout))


@pytest.mark.parametrize(
    "statement",
    [
        "import aiemp.supervise, aiemp.engines.local, aiemp.pings, aiemp.alerts",
        "import aiemp.watchers.filesystem",
        "import aiemp.watchers.approval",
    ],
)
def test_long_running_processes_load_nothing_heavy(statement: str) -> None:
    """What lives for months does not carry libraries that it needs for a moment or never."""
    assert not loaded_by(statement) & HEAVY


ORCHESTRATOR = """
import json, os, signal, sys
from datetime import timedelta
import aiemp.supervise
from aiemp import orchestrator
from aiemp.engines.wakeup import Wakeup
orchestrator.STABLE_FOR = timedelta(0)  # the minute after which it looks for alerts to take back
ticks = []
def wait(self, seconds, also=()):
    ticks.append(seconds)
    if len(ticks) == 2 * orchestrator.HEALTH_EVERY_TICKS:
        print(json.dumps(sorted(sys.modules)))
        os.kill(os.getpid(), signal.SIGTERM)
Wakeup.wait = wait
sys.exit(aiemp.supervise.main([sys.argv[1]]))
"""
SYSTEMCTL = """#!/bin/sh
for unit; do case $unit in aiemp-*) printf 'ActiveState=active\\nMainPID=1\\n%s\\n\\n' "$SINCE" ;; esac; done
"""
HELD_FROM_THE_LIBRARY = """
    abc atexit codecs collections contextlib copyreg ctypes datetime
    encodings enum errno fcntl fnmatch functools genericpath grp importlib io ipaddress
    itertools json keyword linecache locale logging math ntpath operator os pathlib posixpath
    pwd re reprlib select selectors signal sre_compile stat string struct subprocess sysconfig
    textwrap threading time token tokenize tomllib traceback types typing urllib warnings weakref
    zipimport zoneinfo
"""
"""What an orchestrator under systemd holds for months. A name more is memory on every machine, so ask first whether
the function that wants it can import it; ``make bench`` tells what that costs. ctypes is there to put a new
Dashboard.md in place of the old one."""


def test_orchestrator_holds_nothing_that_it_does_not_use(
    vault: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """After some ticks of the default plan, its looks at watchers and alerts included, the orchestrator holds no
    library but those named above; above all not OpenSSL (hashlib), and nothing that only alerts need."""
    fake = tmp_path / "bin" / "systemctl"
    fake.parent.mkdir()
    fake.write_text(SYSTEMCTL)
    fake.chmod(0o755)
    environ = {
        **environ,
        "PATH": f"{fake.parent}:{environ['PATH']}",
        "SINCE": "ActiveEnterTimestamp=Sun 2026-01-11 10:00:00 UTC",
    }
    options = json.dumps({"vault": str(vault), "engine": "systemd"})
    bare = loaded_by("pass")
    done = subprocess.run(
        [sys.executable, "-c", ORCHESTRATOR, options], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    held = {name.split(".")[0] for name in set(json.loads(done.stdout)) - bare}
    assert "aiemp" in held
    assert {name for name in held if not name.startswith("_")} - set(HELD_FROM_THE_LIBRARY.split()) == {
        "aiemp"
    }
    assert not held & {"_hashlib", "_ssl", "_strptime", "_pickle"}


def test_scheduled_trigger_loads_only_what_it_needs() -> None:
    """A scheduled run is a fresh process each time: beside click it starts with nothing heavy."""
    loaded = loaded_by("import aiemp.cli.commands.trigger, aiemp.runner, aiemp.config.load")
    assert not loaded & (HEAVY - {"click"})


CALLED = """
import json, sys
from aiemp.cli.entry import run
run(sys.argv[1:])
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def called(vault: Path, environ: dict[str, str], *words: str) -> tuple[str, set[str]]:
    """What ``aiemp WORDS`` answers, and the modules that it has loaded by its end."""
    argv = [sys.executable, "-c", CALLED, "--vault", str(vault), *words]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


NOT_FOR_A_RUN = {
    "aiemp.alert_files",
    "aiemp.alerts",
    "aiemp.claude",
    "aiemp.dashboard.bullets",
    "aiemp.dashboard.counts",
    "aiemp.dashboard.health",
    "aiemp.dashboard.names",
    "aiemp.dashboard.rollover",
    "aiemp.mcp",
    "aiemp.ping_call",
    "aiemp.systemd.names",
    "aiemp.vault.items",
    "aiemp.watchers.launch",
    "glob",
    "hashlib",
    "random",
    "shlex",
    "shutil",
    "tempfile",
}
MODULES_OF_A_RUN = 94
"""Each costs a run a fifth of a millisecond (benchmarks/promises.py has the sum)."""


def test_a_run_loads_only_what_it_needs(
    vault: Path, environ: dict[str, str], write_config: Callable[[str], Path]
) -> None:
    """A run of a command is a fresh process each time. It loads what keeps its record, runs its child and adds its
    row to the dashboard, and nothing that only other tasks, failures and owners with other wishes need."""
    write_config("[tasks.nothing]\nfrequency = 'hourly'\ncommand = ['true']\n")
    said, loaded = called(vault, environ, "trigger", "nothing")
    assert "succeeded" in said
    assert not loaded & ((HEAVY - {"click"}) | NOT_FOR_A_RUN)
    assert len([name for name in loaded if name.split(".")[0] == "aiemp"]) <= MODULES_OF_A_RUN


NOT_FOR_A_LOOK = {
    "aiemp.alert_files",
    "aiemp.claude.invocation",
    "aiemp.mcp.results",
    "aiemp.mcp.verdict",
    "aiemp.process.supervised",
    "aiemp.systemd.install",
    "aiemp.systemd.units",
    "aiemp.systemd.unquoting",
    "aiemp.vault.approvals",
    "aiemp.vault.frontmatter",
    "dotenv",
    "glob",
    "jinja2",
    "oncalendar",
    "rich",
    "subprocess",
    "tomlkit",
    "yaml",
}


def test_a_look_at_a_new_vault_loads_only_what_it_needs(vault: Path, environ: dict[str, str]) -> None:
    """`aiemp status` is asked often and waited for: where there are no approvals, alerts and MCP servers, it does
    not load what reads them, nor what runs Claude or renders units (benchmarks/status.py tells what that costs)."""
    said, loaded = called(vault, environ, "status")
    assert "NEEDS YOU" in said
    assert not loaded & NOT_FOR_A_LOOK


def test_modules_stay_readable() -> None:
    """A file holds one idea: none is longer than a reader takes in at one sitting."""
    too_long = {p.name: n for p in modules() if (n := len(p.read_text().splitlines())) > 350}
    assert too_long == {}
