"""``aiemp doctor`` as a person or a script calls it, in an empty home without systemd units."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiemp.places import Places
from tests.conftest import Aiemp, Running, wait_until

Configure = Callable[[str], Path]
QUIET = "[tasks.morning_triage]\nenabled = false\n[tasks.linkedin_post]\nenabled = false\n"


def findings(out: Any) -> dict[str, list[dict[str, str]]]:
    """The findings of a ``--json`` answer, by check."""
    found: dict[str, list[dict[str, str]]] = {}
    for each in json.loads(out.stdout)["checks"]:
        found.setdefault(each["check"], []).append(each)
    return found


def is_published(vault: Path) -> bool:
    """Whether a running orchestrator has written down how its watchers are."""
    file = Places(vault).ledger
    return file.exists() and '"watchers"' in file.read_text()


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    """A folder with a ``claude`` in it."""
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 2.1.197\n")
    program.chmod(0o755)
    return program.parent


def test_a_new_user_is_told_what_is_missing(aiemp: Aiemp, vault: Path, home: Path, named: str) -> None:
    """No Claude, nothing running: both with their remedy, the home as ~, exit status 3; what does not apply
    to him is not mentioned."""
    out = aiemp("doctor", "--json")
    assert out.returncode == 3
    found = findings(out)
    assert found["claude-path"][0]["level"] == "fail"
    assert "https://claude.com/claude-code" in found["claude-path"][0]["remedy"]
    assert found["orchestrator"][0]["remedy"].endswith(f"{named} run")
    assert not {"systemd-bus", "units-current", "linger", "state", "clock", "dotenv", "user"} & set(found)
    text = aiemp("doctor").stdout
    assert str(home) not in text
    assert "-> " in text
    assert text.splitlines()[-1].startswith("2 failures")


def test_all_is_well(aiemp: Aiemp, start_aiemp: Callable[..., Running], claude: Path, vault: Path) -> None:
    """With Claude and a running orchestrator nothing fails, and the exit status is 0."""
    path = f"{claude}:/usr/bin:/bin"
    aiemp("init", check=True)
    running = start_aiemp("run", "--interval", "1", PATH=path)
    wait_until(lambda: is_published(vault), "the orchestrator's state")
    out = aiemp("doctor", "--json", PATH=path)
    assert out.returncode == 0, out.stdout
    found = findings(out)
    assert {each["level"] for several in found.values() for each in several} == {"ok"}
    assert f"pid {running.pid}, local engine" in found["orchestrator"][0]["what"]
    assert "approval" in found["watchers"][0]["what"]


def test_mistakes_silence_everything_that_needs_the_plan(aiemp: Aiemp, write_config: Configure) -> None:
    """Each mistake is one failure; what cannot be known because of them is named, not guessed."""
    write_config("nonsense = 1\n[limits]\nrestarts = -1\n")
    out = aiemp("doctor", "--json")
    assert out.returncode == 3
    assert [each["level"] for each in findings(out)["config"]] == ["fail", "fail"]
    assert set(findings(out)) == {"config"}
    assert {"vault", "orchestrator", "watchers"} <= set(json.loads(out.stdout)["left_out"])


def test_a_vault_that_is_gone_is_one_failure(aiemp: Aiemp, vault: Path, write_config: Configure) -> None:
    """Its state, skills, orchestrator and watchers are not seven more."""
    write_config(QUIET)
    vault.rename(vault.with_name("elsewhere"))
    out = aiemp("doctor", "--json")
    failed = [name for name, several in findings(out).items() if several[0]["level"] == "fail"]
    assert failed == ["vault"]
    assert {"state", "orchestrator", "watchers"} <= set(json.loads(out.stdout)["left_out"])


def test_only_what_was_asked_for(aiemp: Aiemp, write_config: Configure) -> None:
    """Named checks alone decide the exit status; a name that is none is suggested the nearest."""
    write_config(QUIET)
    out = aiemp("doctor", "dry-run", "vault", "--json")
    assert (out.returncode, list(findings(out))) == (0, ["vault", "dry-run"])
    out = aiemp("doctor", "dry_run")
    assert (out.returncode, out.stdout) == (2, "")
    assert "did you mean 'dry-run'" in out.stderr


def test_three_sources_of_trouble(aiemp: Aiemp, vault: Path, home: Path, write_config: Configure) -> None:
    """A configuration that others can write, a server that is not built and told to pretend, a skill that
    is not there: each with the command or the words that mend it."""
    config = write_config(QUIET + '[tasks.own]\nfrequency = "hourly"\nprompt = "x"\nskills = ["mine"]\n')
    config.chmod(0o666)
    project = vault / "mcp" / "email"
    project.mkdir(parents=True)
    (project / "package.json").write_text("{}")
    server = {"command": "node", "args": ["mcp/email/dist/index.js"], "env": {"DRY_RUN": "true"}}
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": {"email": server}}))
    found = findings(aiemp("doctor", "--json"))
    assert found["config"][0]["remedy"] == "chmod go-w ~/.config/aiemp/aiemp.toml"
    assert found["mcp-built"][0]["remedy"].endswith("/mcp/email' && npm install && npm run build")
    assert '"DRY_RUN": "false"' in found["dry-run"][0]["remedy"]
    assert ".claude/skills/mine/SKILL.md" in found["skills"][0]["what"]


def test_no_secret_is_shown(aiemp: Aiemp, vault: Path, write_config: Configure) -> None:
    """Neither values of .env and of environment variables, nor those of MCP servers and watchers."""
    write_config('[watchers.w]\ncommand = ["cat"]\nenv = { TOKEN = "hunter2" }\n')
    (vault / ".env").write_text("PASSWORD=hunter2\nPATH=hunter2\n")
    server = {"command": "x", "env": {"KEY": "hunter2"}}
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": {"m": server}}))
    for arguments in (("doctor",), ("doctor", "--json")):
        out = aiemp(*arguments, API_KEY="hunter2")
        assert "hunter2" not in out.stdout + out.stderr
        assert "PATH could change which programs are run" in out.stdout


def test_it_changes_nothing(aiemp: Aiemp, vault: Path, home: Path, write_config: Configure) -> None:
    """Not even a torn state file, which any other command would set aside."""
    write_config(QUIET)
    file = Places(vault).ledger
    file.parent.mkdir()
    file.write_text("{torn")

    def everything() -> dict[str, tuple[int, int]]:
        paths = [*vault.rglob("*"), *home.rglob("*")]
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}

    before = everything()
    out = aiemp("doctor", "--json")
    assert findings(out)["state"][0]["level"] == "fail"
    assert {"clock", "watchers"} <= set(json.loads(out.stdout)["left_out"])
    assert everything() == before


def test_a_vault_that_cannot_be_written(aiemp: Aiemp, vault: Path, write_config: Configure) -> None:
    """The folder is named, with the command that gives it back."""
    write_config(QUIET)
    vault.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        out = aiemp("doctor", "vault", "--json", obeying_modes=True)
        (finding,) = findings(out)["vault"]
    finally:
        vault.chmod(0o755)
    assert finding["level"] == "fail"
    assert finding["remedy"].startswith("sudo chown -R ")


def test_a_watcher_that_nobody_has_adopted(
    aiemp: Aiemp, start_aiemp: Callable[..., Running], vault: Path, write_config: Configure, named: str
) -> None:
    """One that appears while aiemp runs is a warning with both ways out."""
    write_config(QUIET)
    start_aiemp("run", "--interval", "1")
    wait_until(lambda: is_published(vault), "the orchestrator's state")
    folder = vault / "scripts" / "watchers"
    folder.mkdir(parents=True)
    (folder / "late_watcher.py").write_text("")
    (finding,) = findings(aiemp("doctor", "watchers", "--json"))["watchers"]
    assert finding["level"] == "warn"
    assert "late is new in the vault" in finding["what"]
    assert f"{named} disable late" in finding["remedy"]


def test_fix_runs_what_is_safe_and_looks_again(
    aiemp: Aiemp, vault: Path, home: Path, write_config: Configure
) -> None:
    """Folders are made, a right is taken from others, a torn state is set aside; the answer is how it is then. What
    is not safe is left to its owner: nobody's file changes its owner, nothing is started."""
    config = write_config(QUIET)
    config.chmod(0o666)
    (vault / "Done").rmdir()
    file = Places(vault).ledger
    file.parent.mkdir()
    file.write_text("{torn")
    before = aiemp("doctor", "--json")
    assert {name for name, several in findings(before).items() if several[0]["fixable"]} == {
        "config",
        "folders",
        "state",
    }
    out = aiemp("doctor", "--fix", "--json", "-q")
    assert out.stderr == ""
    answer = json.loads(out.stdout)
    assert [(each["command"].split()[0], each["done"]) for each in answer["fixed"]] == [
        ("chmod", True),
        ("mkdir", True),
        ("aiemp", True),
    ]
    assert str(home) not in out.stdout
    after = findings(out)
    assert after["config"][0]["level"] == after["folders"][0]["level"] == "ok"
    assert after["state"][0]["level"] == "warn", "the torn file is still there to be looked at"
    assert after["orchestrator"][0]["level"] == "fail"
    assert (vault / "Done").is_dir()
    assert out.returncode == 3


def test_fix_starts_a_paused_watcher_again(
    aiemp: Aiemp, start_aiemp: Callable[..., Running], vault: Path, write_config: Configure, tmp_path: Path
) -> None:
    """Under `aiemp run` that is the SIGHUP which the remedy names; one that is mended then runs."""
    mended = tmp_path / "mended"
    program = f"test -e '{mended}' && exec sleep 600; exit 1"
    write_config(
        QUIET + f"[limits]\nrestarts = 0\n[watchers.w]\ncommand = {json.dumps(['sh', '-c', program])}\n"
    )
    aiemp("init", check=True)
    start_aiemp("run", "--interval", "1")

    def state() -> str:
        watchers = json.loads(aiemp("status", "--json").stdout)["watchers"]
        return next(str(each["state"]) for each in watchers if each["name"] == "w")

    wait_until(lambda: state() == "paused", "the watcher to be paused")
    mended.touch()
    out = aiemp("doctor", "watchers", "--fix", "--json")
    (done,) = json.loads(out.stdout)["fixed"]
    assert done["command"].startswith("kill -HUP ")
    assert out.returncode == 0  # it looks until what it asked for is there
    assert state() == "running"


def test_checks_and_options_are_completed(aiemp: Aiemp) -> None:
    """A shell is told the names of the checks that begin with what was typed."""
    out = aiemp(_AIEMP_COMPLETE="bash_complete", COMP_WORDS="aiemp doctor units", COMP_CWORD="2").stdout
    assert {line.partition(",")[2] for line in out.splitlines()} == {"units-current", "units-failed"}


def test_what_others_may_write_is_closed(
    aiemp: Aiemp, vault: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """The remedy is for that file, whatever its path holds: as it is told, pasted into a shell, and as --fix runs it,
    which then has nothing left to do."""
    config, dotenv = tmp_path / "my employee's" / "a b.toml", vault / ".env"
    config.parent.mkdir()
    for file in (config, dotenv):
        file.touch()
        file.chmod(0o666)
    told = json.loads(aiemp("--config", str(config), "doctor", "config", "dotenv", "--json").stdout)
    remedies = [each["remedy"] for each in told["checks"] if each["level"] == "warn"]
    assert len(remedies) == 2
    for remedy in remedies:
        subprocess.run(["sh", "-c", remedy], env=environ, check=True)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (config, dotenv)} == {0o644}

    for file in (config, dotenv):
        file.chmod(0o666)
    fixed = json.loads(aiemp("--config", str(config), "doctor", "--fix", "config", "dotenv", "--json").stdout)
    assert [each["done"] for each in fixed["fixed"]] == [True, True]
    again = json.loads(aiemp("--config", str(config), "doctor", "--fix", "config", "dotenv", "--json").stdout)
    assert (again["fixed"], [each["level"] for each in again["checks"]]) == ([], ["ok", "ok"])


def test_a_job_of_cron_that_does_the_same_work(
    aiemp: Aiemp, vault: Path, environ: dict[str, str], cron: Path, start_aiemp: Callable[..., Running]
) -> None:
    """What cron starts in the vault beside aiemp is a second supervisor, and the remedy switches just that off; a
    backup of the vault is none."""
    job, backup = f"0 8 * * * cd '{vault}' && claude -p triage", f"0 2 * * * rsync -a '{vault}' /backup"
    cron.write_text(f"{job}\n{backup}\n")
    assert "second-supervisor" not in findings(aiemp("doctor", "--json")), "nothing runs beside it"
    start_aiemp("run", "--no-schedules").wait_for("orchestrator starting")
    wait_until(lambda: "second-supervisor" in findings(aiemp("doctor", "--json")), "the second")
    [found] = findings(aiemp("doctor", "--json"))["second-supervisor"]
    assert found["level"] == "warn"
    assert found["what"].startswith("your crontab has a job for this vault: 0 8 * * * cd ")
    line = found["remedy"].removeprefix("if aiemp does that now: ")
    subprocess.run(["sh", "-c", line], env=environ, check=True)
    assert cron.read_text().splitlines() == [f"#{job}", backup]
    assert "second-supervisor" not in findings(aiemp("doctor", "--json"))
