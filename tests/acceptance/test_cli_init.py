"""``aiemp init`` for somebody who sits in front of it, and for scripts; and what it tells of an existing vault."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Aiemp
from tests.terminal import OnTerminal


@pytest.fixture
def config(home: Path) -> Path:
    """Where the configuration belongs."""
    return home / ".config" / "aiemp" / "aiemp.toml"


def settings(config: Path) -> str:
    """What the configuration really sets."""
    return "\n".join(line for line in config.read_text().splitlines() if line and not line.startswith("#"))


def test_it_asks_little_and_shows_defaults(on_terminal: OnTerminal, config: Path, tmp_path: Path) -> None:
    """Enter takes what is shown; a mistake is asked again, with what may have been meant."""
    screen = on_terminal("init", "mine", named=False, TZ="Europe/Berlin")
    screen.wait_for(f"A new vault in {tmp_path / 'mine'}")
    screen.wait_for("Your name")
    screen.type("Anna Muster\n")
    screen.wait_for("Time zone [Europe/Berlin]:")
    screen.type("Europe/Lisbn\n")
    screen.wait_for("did you mean `Europe/Lisbon`?")
    screen.wait_for("Time zone")
    screen.type("Europe/Lisbon\n")
    screen.wait_for("Morning triage at [08:00]:")
    screen.type("25:00\n")
    screen.wait_for("no time of day")
    screen.type("07:15\n")
    screen.wait_for("Which of them, or none [filesystem, approval]:")
    screen.type("aproval\n")
    screen.wait_for("did you mean 'approval'?")
    screen.type("approval\n")
    screen.wait_for("Next: ")
    assert screen.end() == 0
    assert "- Name: Anna Muster\n" in (tmp_path / "mine" / "Company_Handbook.md").read_text()
    said = settings(config)
    assert 'timezone = "Europe/Lisbon"' in said
    assert '[tasks.morning_triage]\ntime = "07:15"' in said
    assert said.endswith("[watchers.filesystem]\nenabled = false")


def test_enter_alone_is_the_same_as_no_terminal(on_terminal: OnTerminal, aiemp: Aiemp, config: Path) -> None:
    """The defaults that are shown are those that hold without a question."""
    screen = on_terminal("init")
    for question in ("Your name", "Time zone", "Morning triage at", "Which of them"):
        screen.wait_for(question)
        screen.type("\n")
    assert screen.end() == 0
    asked = config.read_text()
    config.unlink()
    aiemp("init", check=True)
    assert config.read_text() == asked


@pytest.mark.parametrize("arguments", [("--yes",), ("--json",), ("--yes", "-q")])
def test_who_wants_no_question_gets_none(
    on_terminal: OnTerminal, arguments: tuple[str, ...], config: Path
) -> None:
    """With ``--yes`` or ``--json`` nothing is asked, also on a terminal."""
    screen = on_terminal("init", *arguments)
    assert screen.end() == 0
    assert "[" not in screen.seen.partition("vault")[0]
    assert config.exists()


def test_it_asks_only_for_what_it_needs(on_terminal: OnTerminal, aiemp: Aiemp, vault: Path) -> None:
    """What an option says is not asked, and a vault and a configuration that are there need nothing."""
    screen = on_terminal(
        "init", "--name", "Ü", "--timezone", "UTC", "--morning", "06:30", "--no-watcher", "filesystem"
    )
    assert screen.end() == 0
    assert "Time zone" not in screen.seen
    assert "- Name: Ü\n" in (vault / "Company_Handbook.md").read_text()
    again = on_terminal("init")
    assert again.end() == 0
    assert "Your name" not in again.seen
    assert "nothing; the vault is complete" in again.seen


def test_interrupted_it_has_made_nothing(on_terminal: OnTerminal, config: Path, tmp_path: Path) -> None:
    """Ctrl-C at a question leaves no half vault."""
    screen = on_terminal("init", "mine", named=False)
    screen.wait_for("Your name")
    assert screen.interrupt() == 130
    assert not (tmp_path / "mine").exists()
    assert not config.exists()


def test_a_script_says_all_by_options(aiemp: Aiemp, config: Path, vault: Path, named: str) -> None:
    """And may say the same again; something else is refused, since init changes nothing that is there."""
    words = ("--timezone", "Europe/Berlin", "--morning", "06:45", "--watcher", "approval", "--name", "Bo")
    first = json.loads(aiemp("init", *words, "--json", check=True).stdout)
    assert first["watchers_off"] == ["filesystem"]
    assert '[tasks.morning_triage]\ntime = "06:45"' in settings(config)
    before = config.read_bytes()
    aiemp("init", *words, check=True)
    aiemp("init", "--no-watcher", "filesystem", check=True)
    for other in (("--timezone", "UTC"), ("--morning", "07:00"), ("--no-watcher", "approval")):
        out = aiemp("init", *other)
        assert out.returncode == 2
        assert other[0] in out.stderr
        assert f"{named} config edit" in out.stderr
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--timezone", "Berlin"), "did you mean `Europe/Berlin`?"),
        (("--timezone", "Europe/Berln"), "did you mean `Europe/Berlin`?"),
        (("--morning", "8 Uhr"), 'give it like "08:00"'),
        (("--watcher", "aproval"), "did you mean 'approval'?"),
        (("--no-watcher", "mail"), "there are: filesystem, approval"),
    ],
)
def test_a_wrong_option_makes_nothing(
    aiemp: Aiemp, config: Path, vault: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit status 2, and what may have been meant."""
    out = aiemp("init", *arguments)
    assert out.returncode == 2
    assert said in out.stderr
    assert not config.exists()
    assert not (vault / "Inbox").exists()


@pytest.fixture
def old_vault(vault: Path) -> Path:
    """A vault that has done its work in other ways so far."""
    (vault / "Needs_Action" / "EMAIL_a.md").write_text("x")
    (vault / "Pending_Approval" / "email").mkdir()
    (vault / "scripts" / "watchers").mkdir(parents=True)
    (vault / "scripts" / "watchers" / "gmail_watcher.py").write_text("print('hello')")
    (vault / "scripts" / "plan.py").write_text("from apscheduler.schedulers import blocking\n")
    (vault / ".mcp.json").write_text('{"mcpServers": {"email-mcp": {"command": "node", "args": ["x.js"]}}}')
    (vault / ".state").mkdir()
    last = '{"schedule_last_run": {"done_archive": "2026-01-02T03:04:05", "my_own": "2026-01-02T03:04:05"}}'
    (vault / ".state" / "orchestrator_state.json").write_text(last)
    return vault


def test_it_tells_what_of_an_existing_vault_is_adopted(
    on_terminal: OnTerminal, old_vault: Path, home: Path
) -> None:
    """Before the questions what will be, at the end what was, and what has to be switched off by its owner."""
    (home / ".pm2").mkdir()
    app = {"name": "brain", "pm_exec_path": f"{old_vault}/scripts/brain.py"}
    dump = home / ".pm2" / "dump.pm2"
    dump.write_text(json.dumps([app]))
    screen = on_terminal("init", "--name", "A", "--timezone", "UTC", "--morning", "08:00")
    screen.wait_for("is a vault already; all it has stays as it is")
    screen.wait_for("layout: Needs_Action flat; Pending_Approval by domain (email)")
    screen.wait_for("its own watchers will be adopted: gmail")
    screen.wait_for("MCP servers of its .mcp.json will be adopted")
    screen.wait_for("Which of them, or none [filesystem, approval, gmail]")
    screen.type("\n")
    screen.wait_for("adopted  the vault's own watchers: gmail")
    screen.wait_for("adopted  the MCP servers of .mcp.json: email-mcp")
    screen.wait_for("imported when they last ran: done_archive (Fri 2026-01-02 03:04)")
    screen.wait_for("unknown here, and ignored: my_own")
    screen.wait_for("To be switched off, or everything happens twice")
    screen.wait_for("pm2 delete brain && pm2 save")
    screen.wait_for("Found, and not running")
    screen.wait_for("scripts/plan.py (imports apscheduler)")
    assert screen.end() == 0
    assert json.loads(dump.read_text()) == [app], "it switches nothing off by itself"


def test_a_flat_vault_stays_flat(aiemp: Aiemp, old_vault: Path) -> None:
    """No folders of domains are made where the owner files by name: his way is no mistake."""
    out = json.loads(aiemp("init", "--json", check=True).stdout)
    assert out["layout"] == ["Needs_Action flat", "Pending_Approval by domain (email)"]
    assert not (old_vault / "Needs_Action" / "email").exists()
    assert out["imported_last_runs"] == ["done_archive"]
    assert [found["kind"] for found in out["predecessors"]] == ["APScheduler"]


def test_editors_find_the_schema_beside_the_configuration(aiemp: Aiemp, config: Path) -> None:
    """The first line of the file names it, and a configuration of one's own place gets none."""
    aiemp("init", check=True)
    assert config.read_text().startswith("#:schema ./aiemp.schema.json\n")
    assert json.loads(config.with_name("aiemp.schema.json").read_text()) == json.loads(
        aiemp("config", "schema").stdout
    )


def test_a_configuration_that_is_there_gets_no_schema(
    aiemp: Aiemp, write_config: Callable[[str], Path]
) -> None:
    """Beside what somebody else has made there is only the record of what is adopted (docs/security.md)."""
    path = write_config("")
    aiemp("init", check=True)
    assert {each.name for each in path.parent.iterdir()} == {"aiemp.toml", "scripts-adopted.json"}


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("home", "would lie inside the vault"),
        ("file", "file is not a folder"),
        ("file/vault", "file is not a folder"),
        ("", "it is empty"),
    ],
)
def test_what_cannot_be_a_vault_is_refused_before_anything_is_made(
    environ: dict[str, str], tmp_path: Path, folder: str, words: str
) -> None:
    """Not the home, where the configuration lies; not a file; and an empty word is not the current folder."""
    (tmp_path / "file").touch()
    there = sorted(tmp_path.rglob("*"))
    target = str(tmp_path / folder) if folder else ""
    out = subprocess.run(
        [sys.executable, "-m", "aiemp", "init", "--yes", target],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (out.returncode, out.stdout) == (2, "")
    assert words in out.stderr
    assert "WARNING" not in out.stderr
    assert sorted(tmp_path.rglob("*")) == there


def test_a_vault_within_a_vault_is_warned_of(aiemp: Aiemp, vault: Path, environ: dict[str, str]) -> None:
    """It is made, since it was asked for; but who works in the outer one would take its files for his own."""
    inner = vault / "Inbox" / "second"
    inner.mkdir(parents=True)
    (inner / "Dashboard.md").touch()
    out = subprocess.run(
        [sys.executable, "-m", "aiemp", "init", "--yes", str(inner)],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{inner} lies inside another vault, {vault}; " in out.stdout
    assert "inside another vault" not in aiemp("init", "--yes", check=True).stdout
