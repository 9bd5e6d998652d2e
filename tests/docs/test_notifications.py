"""The recipes of docs/notifications.md are taken out of the page and run."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp.alert_command import COMMAND_LIMIT_S
from aiemp.alerts import COMMAND_AGAIN_AFTER, Alert, clear_alert, raise_alert
from aiemp.config.load import load_plan
from aiemp.ping_call import CALL_LIMIT_S
from aiemp.pings import LEAST_PAUSE_S, PATIENCE_S, START_PATIENCE_S
from aiemp.plan import Plan
from tests.conftest import Aiemp
from tests.docs.pages import ROOT, Block, blocks
from tests.fakes.http_service import HttpService

PAGE = ROOT / "docs" / "notifications.md"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ALERT = Alert(
    "watcher-gmail",
    "watcher_gmail",
    "Watcher gmail is paused",
    "it \"ended\" 6 times\n$(touch /tmp/never); 'rm' --version",
    "See `aiemp logs gmail`",
)
RECIPES = {block.heading: block for block in blocks(PAGE) if block.language == "toml"}
REAL_HOSTS = re.compile(r"https://(?:ntfy\.sh|hooks\.slack\.com|hc-ping\.com)")
Recipe = Callable[..., Plan]


@pytest.fixture
def recipe(vault: Path, write_config: Callable[[str], Path], environ: dict[str, str]) -> Recipe:
    """The plan that a recipe makes, as aiemp.toml has it, with ``url`` in place of the real service."""

    def plan(heading: str, url: str = "https://nowhere.invalid") -> Plan:
        block: Block = RECIPES[heading]
        write_config(REAL_HOSTS.sub(url, block.text))
        return load_plan(vault=vault, environ=environ)

    return plan


@pytest.fixture
def stand_in(tmp_path: Path, environ: dict[str, str]) -> Callable[[str], Callable[[], tuple[list[str], str]]]:
    """Puts a program of that name on the PATH; what comes back says what it was started with."""

    def put(name: str) -> Callable[[], tuple[list[str], str]]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(
            f"""#!/bin/sh\nprintf '%s\\0' "$@" > "{folder}/{name}.argv"; cat > "{folder}/{name}.stdin"\n"""
        )
        (folder / name).chmod(0o755)
        environ["PATH"] = f"{folder}:{os.environ['PATH']}"

        def seen() -> tuple[list[str], str]:
            words = (folder / f"{name}.argv").read_text().split("\0")[:-1]
            return words, (folder / f"{name}.stdin").read_text()

        return seen

    return put


def test_all_recipes_are_tried_here() -> None:
    """A recipe that is added to the page needs a test."""
    assert set(RECIPES) == {
        "A phone, with ntfy",
        "A chat, with a webhook that takes JSON",
        "A desktop, on Linux",
        "A desktop, on macOS",
        "E-mail, with sendmail",
        "Pings: when aiemp itself is silent",
    }


def test_numbers_of_the_page_are_those_of_the_program() -> None:
    """How long and how often, as the page says it, is what the program does."""
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"The program has {COMMAND_LIMIT_S:g} seconds" in text
    assert f"at most every {LEAST_PAUSE_S:g} seconds" in text
    assert f"A call has {CALL_LIMIT_S} seconds" in text
    assert f"up to {START_PATIENCE_S:g} seconds before its work, and up to {PATIENCE_S:g} when" in text
    assert timedelta(hours=1) == COMMAND_AGAIN_AFTER and "told at most once an hour" in text


def test_ntfy(recipe: Recipe, service: HttpService, environ: dict[str, str]) -> None:
    """The title is a header, the rest the message; the end of the trouble is told too, tagged as such."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    plan = recipe("A phone, with ntfy", service.url)
    outcome = raise_alert(plan, ALERT, NOW, environ)
    assert outcome.command_ran, outcome.problems
    assert clear_alert(plan, ALERT.key)
    first, second = service.requests
    assert (first.method, first.path) == ("POST", "/your-secret-topic")
    assert (first.headers["Title"], first.headers["Tags"]) == ("Watcher gmail is paused", "opened")
    assert ALERT.detail in first.body
    assert "See `aiemp logs gmail`" in first.body
    assert (second.headers["Title"], second.headers["Tags"]) == ("Watcher gmail is paused", "resolved")
    assert second.body.startswith("Resolved: Watcher gmail is paused\n")


def test_ntfy_that_refuses_is_a_problem(
    recipe: Recipe, service: HttpService, environ: dict[str, str]
) -> None:
    """What the service answers is not taken for success, and the topic is not in what is said of it."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    plan = recipe("A phone, with ntfy", f"{service.url}/status/429")
    outcome = raise_alert(plan, ALERT, NOW, environ)
    assert not outcome.command_ran
    assert "429" in outcome.problems[0]


def test_webhook_with_json(recipe: Recipe, service: HttpService, environ: dict[str, str]) -> None:
    """Quotes and line breaks of an alert are data in the JSON, whatever they are."""
    plan = recipe("A chat, with a webhook that takes JSON", service.url)
    outcome = raise_alert(plan, ALERT, NOW, {**environ, "no_proxy": "*"})
    assert outcome.command_ran, outcome.problems
    (request,) = service.requests
    assert request.path == "/services/T00000000/B00000000/your-secret"
    assert request.headers["Content-Type"] == "application/json"
    assert ALERT.detail in json.loads(request.body)["text"]


def test_desktop_on_linux(recipe: Recipe, stand_in: Callable, environ: dict[str, str]) -> None:  # type: ignore[type-arg]
    """Title and body are one argument each, behind ``--``: nothing in them is an option."""
    seen = stand_in("notify-send")
    outcome = raise_alert(recipe("A desktop, on Linux"), ALERT, NOW, environ)
    assert outcome.command_ran, outcome.problems
    words, _ = seen()
    assert words[-3:-1] == ["--", "Watcher gmail is paused"]
    assert words[-1] == f"{' '.join(ALERT.detail.split())} {ALERT.remedy}"


def test_desktop_on_macos(recipe: Recipe, stand_in: Callable, environ: dict[str, str]) -> None:  # type: ignore[type-arg]
    """The script is fixed; title and body are its arguments."""
    seen = stand_in("osascript")
    assert raise_alert(recipe("A desktop, on macOS"), ALERT, NOW, environ).command_ran
    words, _ = seen()
    assert words[:2] == ["-e", "on run argv"]
    assert words[-3:] == ["--", "Watcher gmail is paused", " ".join(ALERT.detail.split())]


def test_mail(recipe: Recipe, stand_in: Callable, environ: dict[str, str]) -> None:  # type: ignore[type-arg]
    """A whole message: its headers, an empty line, the text; a title cannot add a header."""
    seen = stand_in("sendmail")
    nasty = Alert("k", "c", "It is down\nBcc: all@example.com", ALERT.detail, ALERT.remedy)
    outcome = raise_alert(recipe("E-mail, with sendmail"), nasty, NOW, environ)
    assert outcome.command_ran, outcome.problems
    words, message = seen()
    head, _, body = message.partition("\n\n")
    assert words == ["-t"]
    assert head.splitlines() == [
        "To: you@example.com",
        "Subject: aiemp: It is down Bcc: all@example.com",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",  # what is told may hold any letters
    ]
    assert ALERT.detail in body


def test_states_of_an_alert(vault: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """New, still there after an hour, over; the end is told only if asked for, and only once."""
    told = tmp_path / "told"
    command = ("sh", "-c", 'echo "$1" "$AIEMP_ALERT_STATE" >> "$2"', "sh", "{state}", str(told))
    plan = Plan(vault, alert_command=command, tell_resolved=True)
    for minutes in (0, 1, 61):
        raise_alert(plan, ALERT, NOW + timedelta(minutes=minutes), environ)
    assert clear_alert(plan, ALERT.key)
    assert not clear_alert(plan, ALERT.key)
    assert told.read_text().splitlines() == ["opened opened", "again again", "resolved resolved"]
    quiet = Plan(vault, alert_command=command)
    raise_alert(quiet, ALERT, NOW, environ)
    clear_alert(quiet, ALERT.key)
    assert told.read_text().splitlines()[3:] == ["opened opened"]


def test_placeholders_and_nothing_else_is_replaced(
    vault: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Other braces stay, the program's own name too, and what a value holds is not replaced again."""
    told = tmp_path / "told"
    script = 'shift; printf "%s|" "$@" > "$0"'
    words = ("{title}", '{"text": "{component}"}', "{other}", "{{key}}", "{text}")
    plan = Plan(vault, alert_command=("sh", "-c", script, str(told), "--", *words))
    alert = Alert("the-key", "comp", "About {detail}", "d", "r")
    assert raise_alert(plan, alert, NOW, environ).command_ran
    assert told.read_text().split("|") == [
        *("About {detail}", '{"text": "comp"}', "{other}", "{the-key}"),
        *("About {detail}\n\ncomp: d\n\nr\n", ""),
    ]


def test_pings_of_the_page_are_valid(
    recipe: Recipe, write_config: Callable[[str], Path], aiemp: Aiemp
) -> None:
    """Both addresses of the page are taken as they stand there."""
    shown = [block.text for block in blocks(PAGE) if block.heading.startswith("Pings")]
    assert shown
    for text in shown:
        write_config(text)
        done = aiemp("config", "validate")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('ping_url = "ftp://host.example/secret-1"', "is no address that can be called"),
        ('ping_url = "https://user:secret-1@host.example/"', "is no address that can be called"),
        ('ping_url = "https://host.example/sec ret-1"', "is no address that can be called"),
        ('ping_url = "host.example/secret-1"', "is no address that can be called"),
        ('run_ping_url = "https://host.example/secret-1"', "write {task} into its path"),
        ('run_ping_url = "https://host.example/secret-1?x={task}"', "write {task} into its path"),
    ],
)
def test_addresses_that_cannot_be_called_are_mistakes(
    write_config: Callable[[str], Path], aiemp: Aiemp, line: str, said: str
) -> None:
    """Named with the line; the address itself is not shown."""
    write_config(f"[alerts]\n{line}\n")
    done = aiemp("config", "validate")
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert "aiemp.toml:2: alerts." in told
    assert said in told
    assert "secret-1" not in told


def test_alert_test_tries_all_ways(
    write_config: Callable[[str], Path], aiemp: Aiemp, service: HttpService, vault: Path
) -> None:
    """It says what came of each and leaves nothing in the vault."""
    write_config(f'[alerts]\ncommand = ["true"]\nping_url = "{service.url}/p"\n')
    done = aiemp("alert", "--test", no_proxy="*")
    assert (done.returncode, done.stdout) == (0, "command: done\nping_url: done\n")
    write_config(f'[alerts]\ncommand = ["false"]\nping_url = "{service.url}/status/404"\n')
    done = aiemp("alert", "--test", "--json", no_proxy="*")
    assert done.returncode == 1
    assert [each["way"] for each in json.loads(done.stdout)["tried"] if each["problem"]] == [
        "command",
        "ping_url",
    ]
    write_config('[alerts]\ncommand = ["not-there"]\n')
    assert aiemp("alert", "--test").stdout == (
        "command: not-there cannot be started (No such file or directory); install it, or write its full path\n"
    )
    assert not (vault / "Needs_Action" / "alerts").exists()
    write_config("")
    done = aiemp("alert", "--test")
    assert done.returncode == 2
    assert 'command = ["notify-send", "--", "{title}", "{detail}"]' in done.stderr
    assert Path(done.stderr.split()[-1]).is_file(), "the page is on this machine"
    assert aiemp("alert").returncode == 2
    assert aiemp("alert", "--test", "x.service").returncode == 2
