"""Secrets do not leave by what aiemp writes: a task that prints one everywhere, on a real run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.cli.output import redraw
from aiemp.redaction import Redactor, in_force, put_in_force
from tests.conftest import Aiemp, wait_until
from tests.fakes.claude import FakeClaude

WriteConfig = Callable[[str], Path]

SECRET = "t0k3n/with+odd=signs-91"
FOREIGN = "s3cr3t-of-the-environment"
PASSWORD = "d4t4b4se-pass"
DOTENV = f"MAIL_API_TOKEN={SECRET}\nDATABASE=postgres://app:{PASSWORD}@db.example.com/app\n"
# It waits once, so that the secret comes in two chunks.
LEAK = (
    "import os, sys, time\n"
    f"a, b = {SECRET[:9]!r}, {SECRET[9:]!r}\n"
    "sys.stdout.write('out ' + a); sys.stdout.flush(); time.sleep(0.2)\n"
    "sys.stdout.write(b + ' ' + os.environ['MAIL_API_TOKEN'] + chr(10)); sys.stdout.flush()\n"
    "sys.stderr.write('err ' + os.environ['DATABASE'] + chr(10))\n"
    "sys.exit('it failed with ' + os.environ['MAIL_API_TOKEN'] + ' ' + os.environ['FOREIGN_PASSWORD'])\n"
)
CONFIG = """
[tasks.leak]
frequency = "hourly"
max_attempts = 1
command = ["/usr/bin/python3", "Drop/leak.py"]
[alerts]
command = ["sh", "-c", "{ cat; env | grep ^AIEMP_ALERT; } > ALERTED"]
"""


def files_naming(vault: Path, text: str) -> list[str]:
    """The files of the vault that hold ``text``, in JSON's spelling or as it is."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode()}
    found = []
    for path in vault.rglob("*"):
        if path.is_file() and any(form in path.read_bytes() for form in forms):
            found.append(path.relative_to(vault).as_posix())
    return found


def test_a_task_that_prints_secrets_leaves_none_behind(
    vault: Path, aiemp: Aiemp, write_config: WriteConfig, tmp_path: Path
) -> None:
    """Neither log nor ledger, history, dashboard, alert, alert command nor terminal shows what .env and the
    environment hold; what happened is still told."""
    (vault / ".env").write_text(DOTENV)
    (vault / "Drop" / "leak.py").write_text(LEAK)
    alerted = tmp_path / "alerted.txt"
    write_config(CONFIG.replace("ALERTED", str(alerted)))
    done = aiemp("trigger", "leak", "--scheduled", FOREIGN_PASSWORD=FOREIGN)
    assert done.returncode == 1
    shown = done.stdout + done.stderr
    for command in (("history", "--json"), ("status",), ("status", "--json"), ("logs", "leak"), ("list",)):
        more = aiemp(*command, FOREIGN_PASSWORD=FOREIGN)
        shown += more.stdout + more.stderr
    assert list((vault / "Needs_Action" / "alerts").glob("*.md")), "there was an alert"
    for secret in (SECRET, FOREIGN, PASSWORD):
        assert secret not in shown
        assert secret not in alerted.read_text(encoding="utf-8")
    assert files_naming(vault, SECRET) == [".env"]
    assert files_naming(vault, PASSWORD) == [".env"]
    assert files_naming(vault, FOREIGN) == []
    assert "it failed with [MAIL_API_TOKEN redacted] [FOREIGN_PASSWORD redacted]" in shown
    assert "postgres://app:[DATABASE redacted]@db" in (vault / "Logs/aiemp/task-leak.log").read_text()


def test_a_dry_run_shows_no_secret(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """The command that would be run is shown without the token among its arguments."""
    (vault / ".env").write_text(DOTENV)
    write_config(
        f'[tasks.send]\nfrequency = "hourly"\ncommand = ["send", "{SECRET}", "--api-key", "{FOREIGN}"]\n'
    )
    for arguments in (("trigger", "send", "--dry-run"), ("trigger", "send", "--dry-run", "--json")):
        done = aiemp(*arguments)
        assert done.returncode == 0, done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert FOREIGN not in done.stdout + done.stderr
    assert "send [MAIL_API_TOKEN redacted] --api-key [api-key redacted]" in done.stdout
    shown = aiemp("config", "show", "--json").stdout
    assert SECRET not in shown
    assert json.loads(shown)["tasks"]


def test_an_error_shows_no_secret(vault: Path, aiemp: Aiemp, write_config: WriteConfig) -> None:
    """A trigger function that fails with the secret in its message is told, and logged, without it."""
    (vault / ".env").write_text(DOTENV)
    module = f"def call(*_args, **_more):\n    raise RuntimeError('cannot log in with {SECRET}')\n"
    folder = vault.parent / "modules"
    folder.mkdir()
    (folder / "leaky.py").write_text(module)
    write_config('[tasks.own]\nfrequency = "hourly"\nfunction = "leaky:call"\n')
    done = aiemp("trigger", "own", PYTHONPATH=str(folder))
    assert done.returncode == 1
    assert "cannot log in with [MAIL_API_TOKEN redacted]" in done.stdout
    assert "Traceback" not in done.stderr
    assert "leaky.py:2" in done.stderr
    assert "Traceback" in aiemp("trigger", "own", "-vv", PYTHONPATH=str(folder)).stderr
    assert SECRET not in done.stdout + done.stderr
    assert files_naming(vault, SECRET) == [".env"]


NAMED = "s3cr3t-na_me-91"


@pytest.mark.parametrize(
    "command",
    [
        "doctor",
        "doctor mcp",
        "doctor --json",
        "status",
        "list",
        "check",
        "config show",
        "config validate",
        "init",
    ],
)
def test_every_command_redacts_what_the_vault_names(vault: Path, aiemp: Aiemp, command: str) -> None:
    """A server of .mcp.json may be called like a secret of .env, and a watcher of the vault too: whatever a
    command shows of them passes the redactor of its plan."""
    (vault / ".env").write_text(f"A_TOKEN={NAMED}\nB_TOKEN=s3cr3t_watcher\n")
    (vault / ".mcp.json").write_text(json.dumps({"mcpServers": {NAMED: {"command": "true"}}}))
    scripts = vault / "scripts" / "watchers"
    scripts.mkdir(parents=True)
    (scripts / "s3cr3t_watcher_watcher.py").write_text("")
    aiemp("trigger", "health_dashboard_update")
    done = aiemp(*command.split())
    assert done.returncode in (0, 3), done.stderr
    assert NAMED not in done.stdout + done.stderr
    assert "s3cr3t_watcher" not in done.stdout + done.stderr
    if command in ("doctor", "status", "config show"):
        assert "[A_TOKEN redacted]" in done.stdout


def test_what_is_drawn_again_and_again_is_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """A progress line that is drawn anew has no secret in it, as little as what is printed once."""
    before = in_force()
    put_in_force(Redactor({NAMED: "A_TOKEN"}))
    try:
        redraw(f"MCP {NAMED} available")
    finally:
        put_in_force(before)
    assert "MCP [A_TOKEN redacted] available" in capsys.readouterr().out


@pytest.mark.parametrize("streams", [True, False])
def test_a_token_that_claude_writes_into_dotenv_is_taken_out_of_its_logs(
    vault: Path,
    aiemp: Aiemp,
    environ: dict[str, str],
    tmp_path: Path,
    write_config: Callable[[str], Path],
    streams: bool,
) -> None:
    """It was no known secret when it was printed; when the run is over no log that is kept shows it."""
    token = "n3w-t0ken-of-this-run"
    told = json.dumps(
        {"type": "assistant", "message": {"content": [{"type": "text", "text": f"It is {token}"}]}}
    )
    result = json.dumps(
        {"type": "result", "subtype": "success", "is_error": False, "result": f"Kept {token}"}
    )
    said = f"{told}\n{result}\n" if streams else f"The token is {token}\n"
    fake = FakeClaude(tmp_path / "bin", ("say", said), ("write", ".env", f"MAIL_API_TOKEN={token}\n"))
    environ["PATH"] = f"{fake.folder}:{environ['PATH']}"
    write_config("[tasks.ask]\nprompt = 'Log in'\nfrequency = 'daily'\ntime = '00:00'\n")
    done = aiemp("trigger", "ask", check=True)
    assert token not in done.stdout + done.stderr
    assert files_naming(vault, token) == [".env"]
    logs = [
        path
        for path in (vault / "Logs").rglob("*")
        if path.is_file() and b"MAIL_API_TOKEN redacted" in path.read_bytes()
    ]
    assert {path.suffix for path in logs} >= ({".jsonl", ".log"} if streams else {".log"})
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in logs)
    assert not list((vault / "Logs").rglob("*.tmp"))


def test_a_watchers_log_is_redacted_when_it_starts_again_and_when_it_is_shown(
    vault: Path, aiemp: Aiemp, write_config: Callable[[str], Path]
) -> None:
    """It writes to its log by itself, so that it outlives a killed orchestrator; so what it printed stands there
    until then. `aiemp logs` shows it without."""
    (vault / ".env").write_text(DOTENV)
    code = "import os; print('mine is', os.environ['MAIL_API_TOKEN'])"
    write_config(f"[watchers.chatty]\ncommand = [{sys.executable!r}, '-c', {json.dumps(code)}]\n")
    aiemp("run", "--once", "--no-schedules")
    log = vault / "Logs" / "aiemp" / "watcher-chatty.log"
    wait_until(lambda: SECRET in log.read_text(), "what it printed")
    shown = aiemp("logs", "chatty").stdout
    assert "mine is [MAIL_API_TOKEN redacted]" in shown
    assert SECRET not in shown
    write_config("[watchers.chatty]\ncommand = ['/bin/true']\n")
    aiemp("run", "--once", "--no-schedules")
    wait_until(lambda: SECRET not in log.read_text(), "the log without it")
    assert "mine is [MAIL_API_TOKEN redacted]" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
