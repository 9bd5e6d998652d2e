"""Pings: called while all goes well, in the way of nothing, and silent about their address."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiemp import pings as pings_module
from aiemp.doctor.findings import Level
from aiemp.doctor.pings import PingsSeen, judge_pings
from aiemp.ping_trouble import PingTrouble, note_ping_trouble, ping_troubles
from aiemp.pings import PATIENCE_S, PingCall, RunPings, TickPings, run_address
from aiemp.places import Places
from aiemp.plan import Pings, Plan
from aiemp.redaction import redactor_of
from aiemp.runs import Result
from tests.conftest import wait_until
from tests.fakes.http_service import HttpService

ENVIRON = {"PATH": os.environ["PATH"], "http_proxy": "", "no_proxy": "*"}


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="aiemp")


class Hand:
    """A monotonic clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def settled(pings: TickPings, url: str | None) -> None:
    """Tick until the call under way is over and was taken in, without beginning another."""

    def over() -> bool:
        pings.after_tick(url, well=False)
        return pings._call is None

    wait_until(over, "the end of the call")


def test_a_ping_calls_the_address(service: HttpService) -> None:
    """With GET, and with the name of who calls."""
    assert PingCall(f"{service.url}/ping/abc?x=1", ENVIRON).wait(PATIENCE_S) == "answered"
    (request,) = service.requests
    assert (request.method, request.path) == ("GET", "/ping/abc?x=1")
    assert request.headers["User-Agent"].startswith("aiemp/")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/status/404/secret-path", "it answered with HTTP status 404"),
        ("/status/500/secret-path", "it answered with HTTP status 500"),
        ("/to/ftp://127.0.0.1/secret-path", "it redirects to an address of ftp, which is not followed"),
        ("/to/file:///etc/secret-path", "it answered with HTTP status 302"),
    ],
)
def test_why_a_ping_failed_is_said_without_its_address(service: HttpService, path: str, said: str) -> None:
    """The address is a secret, so the reason has no part of it."""
    outcome = PingCall(f"{service.url}{path}", ENVIRON).wait(PATIENCE_S)
    assert said in outcome
    assert "secret-path" not in outcome


def test_a_redirect_is_followed(service: HttpService) -> None:
    """As Healthchecks does from one host to another; and one that goes in a circle comes to an end."""
    assert PingCall(f"{service.url}/to/{service.url}/there", ENVIRON).wait(PATIENCE_S) == "answered"
    assert service.paths()[-1] == "/there"
    circle = PingCall(f"{service.url}/to//to/", ENVIRON).wait(PATIENCE_S)
    assert circle != "answered"


def test_refused_connection_is_an_answer_of_its_own() -> None:
    """Nobody listens: said at once."""
    outcome = PingCall(f"http://127.0.0.1:{closed_port()}/abc", ENVIRON).wait(PATIENCE_S)
    assert "it cannot be reached" in outcome
    assert "refused" in outcome


def test_the_address_is_not_to_be_seen_in_the_process_list(service: HttpService) -> None:
    """Every user of the machine can read the arguments of every process."""
    call = PingCall(f"{service.url}/hang/secret-path", ENVIRON)
    wait_until(service.paths, "the call")
    assert b"secret-path" not in Path(f"/proc/{call._process.pid}/cmdline").read_bytes()
    call.end()


def test_a_service_that_hangs_holds_up_no_tick(service: HttpService) -> None:
    """A tick takes no longer than starting the child does, a call under way is not doubled, and it ends."""
    hand = Hand()
    pings = TickPings(ENVIRON, hand)
    url = f"{service.url}/hang"
    pings.after_tick(url, well=True)
    wait_until(service.paths, "the call")
    began = time.monotonic()
    for _ in range(50):
        hand.now += 30
        pings.after_tick(url, well=True)
    assert time.monotonic() - began < 1
    assert len(service.paths()) == 1
    assert pings._call is not None
    process = pings._call._process
    pings.stop()
    assert process.returncode is not None, "nothing of it is left after a stop"


def test_a_call_ends_by_its_own_clock(service: HttpService, caplog: pytest.LogCaptureFixture) -> None:
    """Also when nobody looks after it, and whoever starts it is told."""
    pings = TickPings(ENVIRON, Hand())
    pings.after_tick(f"{service.url}/hang", well=True)
    settled(pings, None)
    assert "did not answer in time" in caplog.text


def test_trouble_is_said_once_until_it_is_over(
    service: HttpService, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when calls begin to fail, one when they work again; other reasons meanwhile are no news."""
    hand = Hand()
    pings = TickPings(ENVIRON, hand)
    for path in ("/status/500", "/status/404", "/status/500", "/fine", "/fine"):
        hand.now += 30
        pings.after_tick(service.url + path, well=True)
        settled(pings, None)
    assert len(service.paths()) == 5
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert "HTTP status 500" in lines[0]
    assert lines[1] == "the address of ping_url answers again"


def test_pings_come_only_while_all_is_well_and_not_too_often(service: HttpService) -> None:
    """A tick with trouble is not told, so that the other side notices; nor is one right after another."""
    hand = Hand()
    pings = TickPings(ENVIRON, hand)
    pings.after_tick(service.url, well=False)
    assert pings._call is None
    for step in (0, 5, 5, 5, 5):
        hand.now += step
        pings.after_tick(service.url, well=True)
        settled(pings, None)
    assert len(service.paths()) == 2, "at 0 s and at 20 s"


def test_an_address_that_is_taken_away_is_not_called(service: HttpService) -> None:
    """An edit of aiemp.toml counts from the next tick on."""
    hand = Hand()
    pings = TickPings(ENVIRON, hand)
    pings.after_tick(None, well=True)
    assert service.paths() == []


@pytest.mark.parametrize(
    ("url", "ending", "called"),
    [
        ("https://x.example/k/{task}", "/start", "https://x.example/k/triage/start"),
        ("https://x.example/k/{task}?create=1", "", "https://x.example/k/triage?create=1"),
        ("https://x.example/k/{task}/?create=1", "/fail", "https://x.example/k/triage/fail?create=1"),
    ],
)
def test_addresses_of_runs(url: str, ending: str, called: str) -> None:
    """The task's name and the ending belong to the path, before the question mark."""
    assert run_address(url, "triage", ending) == called


@pytest.mark.parametrize(
    ("result", "paths"),
    [
        (Result.SUCCEEDED, ["/k/triage/start", "/k/triage"]),
        (Result.FAILED, ["/k/triage/start", "/k/triage/fail"]),
        (Result.BLOCKED, ["/k/triage/start"]),
        (Result.INTERRUPTED, ["/k/triage/start"]),
    ],
)
def test_calls_about_a_run(service: HttpService, result: Result, paths: list[str]) -> None:
    """Its start, and its end if it has one; in this order."""
    pings = RunPings(f"{service.url}/k/{{task}}", "triage", ENVIRON)
    pings.started()
    pings.ended(result)
    assert service.paths() == paths


def children() -> set[str]:
    """The processes that this one has started and not reaped."""
    return {
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and parent_of(entry / "stat") == os.getpid()
    }


def parent_of(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_the_start_of_a_run_is_held_up_for_seconds_at_most(
    service: HttpService, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that hangs is given up, and no child of the call is left when the work begins."""
    monkeypatch.setattr(pings_module, "START_PATIENCE_S", 0.5)
    pings = RunPings(f"{service.url}/hang/{{task}}", "triage", ENVIRON)
    before, began = children(), time.monotonic()
    pings.started()
    assert time.monotonic() - began < 5
    assert "did not answer in time" in caplog.text
    assert children() <= before


def test_runs_without_an_address_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nearly all runs have none, they cost nothing."""
    monkeypatch.setattr(pings_module, "PingCall", lambda *_: pytest.fail("a call"))
    pings = RunPings(None, "triage", ENVIRON)
    pings.started()
    pings.ended(Result.SUCCEEDED)


@pytest.mark.parametrize(
    "url",
    [
        "https://hc-ping.com/0f9b2a44-8d1e-4c3a-9d55-2f5be1a2c001",
        "https://uptime.example.com/api/push/Zx81kQ0pLm?status=up",
        "https://checks.example.com/ping/AbCdEf0123456789xyz/{task}",
    ],
)
def test_the_address_is_redacted(tmp_path: Path, url: str) -> None:
    """Whoever knows it can call it: neither it nor its telling part is in anything that leaves."""
    for pings in (Pings(tick_url=url), Pings(run_url=url)):
        redactor = redactor_of(Plan(tmp_path, pings=pings), {})
        telling = max(url.partition("//")[2].partition("?")[0].replace("{task}", "").split("/")[1:], key=len)
        shown = redactor.text(f"called {url} and {telling}")
        assert telling not in shown
        assert url not in shown


def test_what_fails_is_noted_once_and_taken_back(vault: Path) -> None:
    """A reason beside the locks while calls fail, as old as the trouble; gone with the first answer, and what the
    orchestrator before this one noted goes with it, too."""
    (vault / ".state" / "aiemp").mkdir(parents=True, exist_ok=True)
    note_ping_trouble(vault, "ping_url", "status 404")
    (trouble,) = ping_troubles(vault, ("ping_url", "run_ping_url"))
    assert (trouble.setting, trouble.why) == ("ping_url", "status 404")
    assert ping_troubles(vault, ("run_ping_url",)) == (), "the other has no address any more"
    os.utime(Places(vault).ping_trouble("ping_url"), (1_700_000_000, 1_700_000_000))
    note_ping_trouble(vault, "ping_url", "status 404")
    (trouble,) = ping_troubles(vault, ("ping_url",))
    assert trouble.since == datetime.fromtimestamp(1_700_000_000, UTC), "the same trouble goes on"
    noted: list[str] = []
    pings = TickPings(ENVIRON, Hand(), noted.append)
    for outcome in ("", "", "timeout", "timeout", ""):
        pings._say(outcome)
    assert noted == ["", "timeout", ""]
    note_ping_trouble(vault, "ping_url", "")
    assert ping_troubles(vault, ("ping_url", "run_ping_url")) == ()


def test_doctor_and_status_tell_of_pings_that_fail() -> None:
    """Doctor at once, as a warning; nothing where nothing is called."""
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    trouble = PingTrouble("ping_url", "status 404", now - timedelta(minutes=3))
    (finding,) = judge_pings(PingsSeen(("ping_url",), (trouble,), now))
    assert (finding.level, finding.what) == (Level.WARN, "ping_url: status 404 (for 3 min)")
    assert "aiemp alert --test" in finding.remedy
    assert judge_pings(PingsSeen((), (), now)) == []
    (well,) = judge_pings(PingsSeen(("run_ping_url",), (), now))
    assert well.level is Level.OK
