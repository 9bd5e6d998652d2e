"""Nothing in the vault adds a command, a task or a watcher by itself: what its owner has adopted is noted outside."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.adoption import SCRIPTS, adopt_scripts, adopted_scripts, changed_scripts, record_file
from aiemp.cli.installing import adoption_hints
from aiemp.config.load import load_plan
from aiemp.plan import Origin
from tests.conftest import Aiemp, Running, wait_until

WriteConfig = Callable[[str], Path]

SCRIPT = """
import pathlib, sys, time
pathlib.Path({note!r}).open("a").write("ran " + " ".join(sys.argv[1:]) + chr(10))
print("Found 9 stale approvals", flush=True)
if "--check-stale" not in sys.argv:
    time.sleep(600)
"""


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """Where a planted script notes that it ran."""
    return tmp_path / "note"


@pytest.fixture
def config(write_config: WriteConfig, vault: Path) -> Path:
    """A configuration that names the vault."""
    path = write_config(f"vault = {json.dumps(str(vault), ensure_ascii=False)}\n")
    path.chmod(0o600)
    return path


def plant(vault: Path, name: str, note: Path, more: str = "") -> Path:
    """A watcher of the vault's own."""
    path = vault / "scripts" / "watchers" / f"{name}_watcher.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(note=str(note)) + more, encoding="utf-8")
    return path


def ran(note: Path) -> str:
    return note.read_text(encoding="utf-8") if note.exists() else ""


def stale_count(aiemp: Aiemp) -> object:
    done = aiemp("trigger", "stale_approval_check", "--json")
    return json.loads(done.stdout)["details"]["stale_count"]


def test_a_planted_approval_watcher_is_not_asked(config: Path, vault: Path, aiemp: Aiemp, note: Path) -> None:
    """Before its owner has run ``init``, and when it appeared after that; once adopted it is."""
    plant(vault, "approval", note)
    assert stale_count(aiemp) == 0, "nobody has adopted anything yet"
    (vault / "scripts/watchers/approval_watcher.py").unlink()
    aiemp("init", check=True)
    plant(vault, "approval", note)
    assert stale_count(aiemp) == 0
    assert ran(note) == ""
    aiemp("init", check=True)
    assert stale_count(aiemp) == 9
    assert "--check-stale" in ran(note)


def test_a_planted_watcher_is_not_started_by_a_restart(
    config: Path, vault: Path, aiemp: Aiemp, named: str, note: Path, start_aiemp: Callable[..., Running]
) -> None:
    """A supervisor starts `aiemp run` anew by itself: what was planted since is told of by status and doctor, and
    runs after `aiemp init`."""
    aiemp("run", "--once", "--no-schedules", check=True)
    plant(vault, "mail", note)
    running = start_aiemp("run", "--no-schedules")
    running.wait_for("mail: not started")
    assert "nobody has adopted it" in running.said()
    status, doctor = aiemp("status").stdout, aiemp("doctor", "watchers").stdout
    assert "watcher mail is new in the vault and not started" in status
    assert f"{named} init" in status
    assert "mail is new in the vault, and nobody has adopted it" in doctor
    assert f"{named} init" in doctor
    assert running.stop() == 0
    assert ran(note) == ""
    assert "mail" in aiemp("init", check=True).stdout
    again = start_aiemp("run", "--no-schedules")
    again.wait_for("mail: started")
    wait_until(lambda: "--interval" in ran(note), "the adopted script")
    assert again.stop() == 0


def test_the_first_run_adopts_what_is_there(config: Path, vault: Path, aiemp: Aiemp, note: Path) -> None:
    """PM2 may be the first to start aiemp in an existing vault: its watchers are its owner's."""
    plant(vault, "mail", note)
    report = json.loads(aiemp("run", "--once", "--no-schedules", "--json").stdout)
    states = {watcher["name"]: watcher["state"] for watcher in report["watchers"]}
    assert states["mail"] == "running"


def test_a_watcher_is_not_started_by_name_either(config: Path, vault: Path, aiemp: Aiemp, note: Path) -> None:
    """``aiemp watch NAME`` is what a unit runs."""
    aiemp("init", check=True)
    plant(vault, "mail", note)
    done = aiemp("watch", "mail")
    assert "nobody has adopted it" in done.stderr
    assert ran(note) == ""


@pytest.mark.parametrize("name", ["filesystem", "file", "approval"])
def test_a_planted_watcher_takes_no_place_of_a_built_in_one(
    config: Path, vault: Path, aiemp: Aiemp, note: Path, name: str
) -> None:
    """Its name would replace the built-in watcher, in a unit that is installed, too."""
    aiemp("init", check=True)
    plant(vault, name, note)
    plan = load_plan(config=config, environ={"HOME": str(config.parents[2])})
    built_in = "approval" if name == "approval" else "filesystem"
    watcher = plan.watcher(built_in)
    assert watcher is not None
    assert watcher.origin is Origin.BUILT_IN
    if name in ("approval", "filesystem"):
        assert "is new in the vault, and nobody has adopted it" in aiemp("status").stdout.replace("\n", " ")
    else:
        assert "file is new in the vault" in aiemp("doctor", "watchers").stdout
    aiemp("watch", built_in, "--once")
    assert ran(note) == ""


def test_a_planted_python_runs_nothing(config: Path, vault: Path, aiemp: Aiemp, note: Path) -> None:
    """A ``.venv`` that appears in the vault would be what runs the vault's watchers."""
    plant(vault, "mail", note)
    plant(vault, "approval", note)
    aiemp("init", check=True)
    python = vault / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho planted >> '{note}'\necho Found 7 stale approvals\n")
    python.chmod(0o755)
    assert "nobody has adopted it" in aiemp("watch", "mail").stderr
    assert stale_count(aiemp) == 0
    assert ran(note) == ""
    aiemp("init", check=True)
    assert stale_count(aiemp) == 7


def test_a_changed_script_is_told_of(config: Path, vault: Path, aiemp: Aiemp, note: Path) -> None:
    """Its owner edits it, so it goes on; that he did is for him to know."""
    script = plant(vault, "mail", note)
    aiemp("init", check=True)
    told = "the script of watcher mail is not the one that was adopted"
    assert told not in aiemp("status").stdout
    script.write_text(script.read_text() + "# more\n")
    assert told in aiemp("status").stdout
    assert told.replace("watcher ", "") in aiemp("doctor", "watchers").stdout
    aiemp("init", check=True)
    assert told not in aiemp("status").stdout


def test_what_aiemp_toml_names_is_adopted(
    vault: Path, write_config: WriteConfig, aiemp: Aiemp, note: Path
) -> None:
    """The owner has written its name down, outside of the vault."""
    aiemp("init", check=True)
    plant(vault, "mail", note)
    write_config("[watchers.mail]\ninterval_seconds = 5\n")
    report = json.loads(aiemp("run", "--once", "--no-schedules", "--json").stdout)
    assert {watcher["name"]: watcher["state"] for watcher in report["watchers"]}["mail"] == "running"


def test_installing_takes_what_is_there(config: Path, vault: Path, note: Path) -> None:
    """``install-units`` plans with all that is in the vault, and notes it."""
    environ = {"HOME": str(config.parents[2])}
    assert adopt_scripts(config, vault, environ) == ()
    plant(vault, "mail", note)
    watcher = load_plan(config=config, environ=environ).watcher("mail")
    assert watcher is not None
    assert not watcher.adopted
    watcher = load_plan(config=config, environ=environ, adopting=True).watcher("mail")
    assert watcher is not None
    assert watcher.adopted
    assert adopt_scripts(config, vault, environ) == ("mail",)


def test_the_record_lies_outside_of_the_vault(vault: Path, home: Path, note: Path) -> None:
    """Also where the configuration lies in it, as one may name it with ``--config``."""
    environ = {"HOME": str(home)}
    inside = vault / "aiemp.toml"
    inside.touch()
    path = record_file(inside, vault, environ, SCRIPTS)
    assert path == home / ".config" / "aiemp" / SCRIPTS
    (home / ".config").mkdir()
    plant(vault, "mail", note)
    adopt_scripts(inside, vault, environ)
    assert path.exists()
    assert not (vault / SCRIPTS).exists()


@pytest.mark.parametrize("text", ["", "[]", "null", '{"V": []}', '{"V": 7}', "{", '{"V": {"mail": "yes"}}'])
def test_a_record_that_makes_no_sense_adopts_nothing_anew(
    vault: Path, home: Path, config: Path, note: Path, text: str
) -> None:
    """It is read as far as it can be, and raises nothing."""
    environ = {"HOME": str(home)}
    plant(vault, "mail", note)
    config.with_name(SCRIPTS).write_text(text.replace("V", str(vault)))
    adopted_scripts(config, vault, environ)
    changed_scripts(config, vault, environ)
    load_plan(config=config, environ=environ)
    adopt_scripts(config, vault, environ)
    assert "mail" in (adopted_scripts(config, vault, environ) or {})


def test_a_planted_mcp_server_is_not_started(
    config: Path, vault: Path, aiemp: Aiemp, note: Path, tmp_path: Path
) -> None:
    """The health update tries servers by themselves; one that ``.mcp.json`` names since is left alone."""
    aiemp("init", check=True)
    code = f"open({str(note)!r}, 'a').write('ran')"
    server = {"mcpServers": {"evil": {"command": sys.executable, "args": ["-c", code]}}}
    (vault / ".mcp.json").write_text(json.dumps(server))
    aiemp("trigger", "health_dashboard_update", check=True)
    aiemp("run", "--once", "--no-watchers")
    assert ran(note) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            ".state/aiemp/pause.json",
            '{"until": null, "reason": "$(touch PWNED)", "command": ["touch", "PWNED"]}',
        ),
        (".state/orchestrator_state.json", '{"aiemp": {"tasks": {"evil": {"command": ["touch", "PWNED"]}}}}'),
        (".state/aiemp/rollover.json", '{"archive": "../PWNED", "behind": 0, "lines": [], "rows": [{}]}'),
        ("aiemp.toml", "[tasks.evil]\ncommand = ['touch', 'PWNED']\nfrequency = 'daily'\ntime = '00:00'\n"),
        (".env", "PATH=/evil\nLD_PRELOAD=/evil.so\nPYTHONPATH=/evil\nBASH_ENV=/evil\n"),
        ("json.py", "open('PWNED', 'w')\n"),
        ("aiemp/__init__.py", "open('PWNED', 'w')\n"),
        ("sitecustomize.py", "open('PWNED', 'w')\n"),
        (".claude/settings.json", '{"enabledMcpjsonServers": ["x"], "hooks": {}}'),
    ],
)
def test_a_file_that_was_written_into_the_vault_runs_nothing(
    config: Path, vault: Path, aiemp: Aiemp, tmp_path: Path, name: str, text: str
) -> None:
    """State, pause, configuration, environment and modules in the vault are read as data, or not at all."""
    (vault / name).parent.mkdir(parents=True, exist_ok=True)
    (vault / name).write_text(text)
    for command in (("run", "--once"), ("trigger", "daily_rollover"), ("status",), ("resume",)):
        done = aiemp(*command)
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("PWNED"))
    assert "evil" not in aiemp("list").stdout


def test_installing_says_what_it_adopts(vault: Path, home: Path, config: Path, note: Path) -> None:
    """A script that is new in the vault is named, with the built-in watcher that it replaces; a known one is not."""
    environ = {"HOME": str(home)}
    adopt_scripts(config, vault, environ)
    plant(vault, "approval", note)
    plant(vault, "mail", note)
    plan = load_plan(config=config, environ=environ, adopting=True)
    assert adoption_hints(plan, environ) == (
        "Adopted from the vault: the watcher approval (scripts/watchers/approval_watcher.py), in place of aiemp's own "
        "approval watcher.",
        "Adopted from the vault: the watcher mail (scripts/watchers/mail_watcher.py).",
    )
    adopt_scripts(config, vault, environ)
    assert adoption_hints(plan, environ) == ()
