"""Which values count as secrets, and that none of them gets through, however text is cut."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aiemp.alerts import Alert, raise_alert
from aiemp.environment import parse_dotenv
from aiemp.frozen import replace
from aiemp.places import Places
from aiemp.plan import DryRun, Frequency, McpServer, Plan, ScheduledTask, Watcher
from aiemp.redaction import SHAPES, Redactor, in_force, put_in_force, redactor_of
from aiemp.runner import run_task
from aiemp.secret_values import dotenv_pairs, find_secrets, names_a_secret

VALUES = st.text(alphabet="ab12-/+=\"'\\ ü%", min_size=8, max_size=20).map(str.strip)


@pytest.fixture(autouse=True)
def _own_redactor() -> Iterator[None]:
    """What a test puts in force is gone after it."""
    before = in_force()
    yield
    put_in_force(before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTHROPIC_API_KEY", "made-up-value-1"),
        ("SMTP_PASSWORD", "tr0ub4dor&3"),
        ("smtpPassword", "correcthorse"),
        ("DB_PWD", "hunter2hunter2"),
        ("GMAIL_TOKEN", "12345678"),
        ("GPG_PASSPHRASE", "several words of it"),
        ("LINKEDIN_COOKIE", "li_at=AQEDAT-zzz"),
        ("SLACK_WEBHOOK", "https://hooks.example.com/services/T0/B0/aB3dE5gH7jK9mN1p"),
        ("SENTRY_DSN", "https://0123456789abcdef0123@sentry.example.com/4"),
        ("AWS_SECRET_ACCESS_KEY", "/bPxRfiCYEXAMPLEKEY9wJalrXUtnFEMI+K7MDENG"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "abcd-efgh-ijkl"),
        ("GITHUB_PAT", "11ABCDEFG0-example"),
        ("SMTP_PW", "correcthorse"),
        ("APP_CREDS", "me:hunter2hunter2"),
        ("WIFI_PSK", "several words of it"),
    ],
)
def test_values_of_telling_names_are_secrets(name: str, value: str) -> None:
    """The variable's name decides, in whatever spelling."""
    assert value in find_secrets([(name, value)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_PASSWORD", "localhost"),
        ("API_TOKEN", "true"),
        ("API_TOKEN", "short"),
        ("GMAIL_CREDENTIALS_PATH", "credentials/gmail-oauth.json"),
        ("GMAIL_CREDENTIALS", "/home/user/credentials/gmail"),
        ("GMAIL_TOKEN", "token-gmail.json"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-XXXX/agent.1234"),
        ("PWD", "/home/user/some-folder"),
        ("OLDPWD", "/home/user/some-folder"),
        ("MAX_TOKENS", "100000000"),
        ("KEYBOARD_LAYOUT", "something-long"),
        ("SMTP_AUTH", "oauthbearer"),
        ("TOKEN_URL", "https://login.example.com/token"),
        ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAAC3Nz user@host"),
        ("HOME", "/home/somebody"),
        ("API_KEY", "${REAL_API_KEY}"),
        ("GIT_PAT_KIND", "finegrained"),
        ("PATTERN", "something-long-1"),
        ("HOMEPAGE", "https://discord.com/channels/123456789012345678"),
        ("ENDPOINT", "https://example.com/api/webhooks"),
    ],
)
def test_ordinary_values_are_none(name: str, value: str) -> None:
    """What may stand in any sentence, or says where something lies, stays readable in logs."""
    assert find_secrets([(name, value)]) == {}


def test_passwords_in_addresses_are_secrets_in_any_variable() -> None:
    """Of an address the password is a secret, also a short one where it stands as such."""
    found = find_secrets(
        [
            ("DATABASE", "postgres://app:s3cr3t-pass@db.example.com/app"),
            ("CACHE", "redis://user:abc@cache.example.com"),
            ("FEED", "https://example.com/feed?api_key=0a1b2c3d4e5f&page=2"),
        ]
    )
    assert set(found) == {"s3cr3t-pass", ":abc@", "0a1b2c3d4e5f"}
    assert Redactor(found).text("redis://user:abc@cache abc") == "redis://user[CACHE redacted]cache abc"


def test_a_password_in_an_address_is_a_secret_as_it_is_meant_too() -> None:
    """Programs decode what an address has to encode, and show it so."""
    found = find_secrets([("DATABASE_URL", "postgres://app:s3cr%40t%2Fp%C3%A4ss@db.example.com/app")])
    redactor = Redactor(found)
    for shown in ("s3cr%40t%2Fp%C3%A4ss", "s3cr@t/päss", "s3cr%40t%2fp%c3%a4ss"):
        assert redactor.text(f"bad login with {shown}!") == "bad login with [DATABASE_URL redacted]!"
    assert Redactor(find_secrets([("F", "https://x.example.com/?token=ab%2Bcd%2Fef9")])).text(
        "ab+cd/ef9"
    ) == ("[F redacted]")


SLACK = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
DISCORD = "https://discord.com/api/webhooks/123456789012345678/aB3-dE5_gH7jK9mN1p-qR3sT5uV7wX9yZ/slack"


@pytest.mark.parametrize(
    ("command", "secrets"),
    [
        (("curl", "-H", "Authorization: Bearer s3cr3t-value"), ["s3cr3t-value"]),
        (("curl", "-HX-Api-Key: s3cr3t-value"), ["s3cr3t-value"]),
        (("curl", "--header=Cookie: sid=s3cr3t-value"), ["s3cr3t-value"]),
        (("env", "APP_TOKEN=s3cr3t-value", "app"), ["s3cr3t-value"]),
        (
            ("sh", "-c", "curl -H 'Authorization: Bearer s3cr3t-value' x --api-key \"k3y-of-it\""),
            ["s3cr", "k3y-"],
        ),
        (("sh", "-c", "API_TOKEN=s3cr3t-value exec app --password=hunter2hunter2"), ["s3cr", "hunter2"]),
        (("curl", "-d", "@-", SLACK), ["X" * 24]),
        (("sh", "-c", f"curl -d @- '{SLACK}'; echo done"), ["X" * 24]),
        (("curl", DISCORD), ["aB3-dE5_gH7"]),
        (("curl", "https://discord.com/api/webhooks/1234/abcdef_ghijkl"), ["abcdef_ghijkl"]),
        (("curl", "-u", "me:passw0rd99", "--proxy-user=me:0ther-pass"), ["passw0rd99", "0ther-pass"]),
        (("curl", "https://api.telegram.org/bot123456:ABC-DEF1234ghIkl-zyx/sendMessage"), ["ABC-DEF1234"]),
        (("curl", "https://me:s3cr3t-pass@example.com/"), ["s3cr3t-pass"]),
    ],
)
def test_secrets_in_commands_are_found(command: tuple[str, ...], secrets: list[str]) -> None:
    """Headers, options, assignments and the addresses of webhooks, in words of their own or in a shell's line;
    in the command of a task, a watcher, an MCP server, of Claude, and of alerts."""
    task = ScheduledTask("own", "", Frequency.HOURLY, command=command)
    for plan in (
        Plan(Path("/v"), tasks=(task,)),
        Plan(Path("/v"), watchers=(Watcher("w", command=command),)),
        Plan(Path("/v"), mcp_servers=(McpServer("m", command),)),
        Plan(Path("/v"), alert_command=command),
    ):
        shown = redactor_of(plan, {}).text(f"{shlex.join(command)} {json.dumps(command)}")
        for secret in secrets:
            assert secret not in shown
        assert command[0] in shown


def test_ordinary_commands_stay_as_they_are() -> None:
    """What only looks like a secret's neighbour is shown."""
    command = ("sh", "-c", "Content-Type: application/json; --token-file /run/token -k a=b Host: example.com")
    plan = Plan(Path("/v"), alert_command=(*command, "https://example.com/webhook", "--key", "ordinary"))
    assert redactor_of(plan, {}).text(shlex.join(plan.alert_command)) == shlex.join(plan.alert_command)


def test_two_redactors_together_know_what_both_know() -> None:
    """What was a secret at the begin of a run stays one when it is gone from .env at its end."""
    redactor = Redactor({"s3cr3t-value": "A"}).joined(Redactor({"s3cr3t-value-2": "B", "s3cr3t-value": "C"}))
    assert redactor.text("s3cr3t-value-2 s3cr3t-value") == "[B redacted] [A redacted]"
    assert redactor.data(b"s3cr3t-value-2 s3cr3t-value") == b"[B redacted] [A redacted]"


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_a_token_that_a_run_writes_into_dotenv_is_redacted_at_its_end(vault: Path) -> None:
    """What was no secret when the run began is one in its record, history, dashboard and report; and what was one
    then stays one."""
    (vault / ".env").write_text("OLD_TOKEN=old-s3cr3t-value\n")
    script = (
        "printf 'NEW_TOKEN=%s\\n' new-s3cr3t-$((40+2)) > .env; "
        "echo new-s3cr3t-$((41+1)) old-s3cr3t-val$(echo ue); exit $0"
    )
    for status in ("0", "7"):
        (vault / ".env").write_text("OLD_TOKEN=old-s3cr3t-value\n")
        task = ScheduledTask(
            "own", "", Frequency.HOURLY, requires_claude=False, command=("sh", "-c", script, status)
        )
        report = run_task(
            Plan(vault, tasks=(task,)), "own", scheduled=False, environ={"PATH": "/usr/bin:/bin"}
        )
        assert "[NEW_TOKEN redacted] [OLD_TOKEN redacted]" in report.message
        assert "s3cr3t-42" not in str(report)
        assert (
            in_force().text("new-s3cr3t-42 old-s3cr3t-value") == "[NEW_TOKEN redacted] [OLD_TOKEN redacted]"
        )
    places = Places(vault)
    for path in (places.ledger, vault / "Dashboard.md", *places.runs.glob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t-42" not in text
        assert "old-s3cr3t" not in text


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_a_reason_for_being_blocked_is_redacted_with_what_the_run_wrote(vault: Path) -> None:
    """What the run wrote into .env is no less a secret when it was blocked than at any other end."""
    blocked = ScheduledTask(
        "own", "", Frequency.HOURLY, requires_claude=False, trigger_fn="tests.unit.blocked_task:writing"
    )
    report = run_task(Plan(vault, tasks=(blocked,)), "own", scheduled=False, environ={"PATH": "/usr/bin"})
    assert report.message == "own: blocked: no login with [A_TOKEN redacted]"
    assert "s3cr3t" not in Places(vault).ledger.read_text(encoding="utf-8")
    assert "s3cr3t" not in (vault / "Dashboard.md").read_text(encoding="utf-8")


def test_a_key_of_many_lines_is_found_line_by_line() -> None:
    """A private key is shown with indents or in JSON: each of its lines is a secret, its frame is none."""
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nAbCdEfGhIjKlMnOpQrSt\n-----END PRIVATE KEY-----"
    shown = Redactor(find_secrets([("SIGNING_KEY", key)])).text("  " + key.replace("\n", "\n  "))
    assert "MIIEvQIBADANBgkqhkiG" not in shown
    assert "AbCdEfGhIjKlMnOpQrSt" not in shown
    assert "-----BEGIN PRIVATE KEY-----" in shown


def test_it_is_found_as_json_address_and_shell_write_it() -> None:
    """The usual ways of writing a value down do not hide it."""
    value = "pä\"ss/w\\o rd+1'x"
    redactor = Redactor({value: "X_PASSWORD"})
    for written in (
        value,
        json.dumps({"error": value}),
        json.dumps({"error": value}, ensure_ascii=False),
        quote(value),
        quote(value, safe=""),
        quote(value, safe="").lower(),
        quote_plus(value),
        shlex.quote(value),
    ):
        assert "[X_PASSWORD redacted]" in redactor.text(written), written
        assert b"[X_PASSWORD redacted]" in redactor.data(written.encode()), written


@pytest.mark.parametrize(("start", "least"), SHAPES)
def test_known_tokens_are_found_by_their_shape(start: str, least: int) -> None:
    """A token of a well-known kind is redacted though nobody has named it; half a one is not a token."""
    token = start + "aB3_" * least
    assert Redactor().text(f"use {token}, please") == "use [token redacted], please"
    assert Redactor().data(f"use {token}, please".encode()) == b"use [token redacted], please"
    assert Redactor().text(f"{start}x is no token") == f"{start}x is no token"


@example(secrets=["token1234", "token1234-more5678"], text="xtoken1234-more5678", cuts=[10])
@example(secrets=["abab1234", "12345678"], text="abab12345678", cuts=[8])
@given(
    secrets=st.lists(VALUES, min_size=1, max_size=4),
    text=st.text(alphabet="ab12-/ x\n", max_size=40),
    cuts=st.lists(st.integers(0, 120), max_size=12),
)
def test_no_cut_lets_a_secret_through(secrets: list[str], text: str, cuts: list[int]) -> None:
    """However a stream is cut into chunks, what comes out of it, put together, has none of the secrets."""
    secrets = [secret for secret in secrets if len(secret) >= 8]
    assume(secrets)
    redactor = Redactor({secret: f"N{number}" for number, secret in enumerate(secrets)})
    data = (text + text.join(secrets) + "".join(secrets) + text).encode()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    stream = redactor.stream()
    out = b"".join(stream.feed(data[a:b]) for a, b in itertools.pairwise(places)) + stream.finish()
    for secret in secrets:
        assert secret.encode() not in out
    assert redactor.data(data) == out or b"redacted]" in out


@given(text=st.text(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_text_without_secrets_is_unchanged(text: str, cuts: list[int]) -> None:
    """Every byte that belongs to no secret comes out as it went in."""
    redactor = Redactor({"a-secret-of-somebody": "A_TOKEN", "another\n": "B"})
    assume("a-secret-of-somebody" not in text)
    data = text.encode("utf-8", "replace")
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    stream = redactor.stream()
    out = b"".join(stream.feed(data[a:b]) for a, b in itertools.pairwise(places)) + stream.finish()
    assert out == data
    assert redactor.text(text) == text


def test_a_stream_holds_back_no_more_than_a_beginning() -> None:
    """What a person waits to see is shown at once; only what may be the beginning of a secret waits."""
    stream = Redactor({"s3cr3t-value": "A_TOKEN"}).stream()
    assert stream.feed(b"Password: ") == b"Password: "
    assert stream.feed(b"the s3cr3t") == b"the "
    assert stream.feed(b" service\n") == b"s3cr3t service\n"
    assert stream.feed(b"s3cr3t-val") == b""
    assert stream.feed(b"ue.") == b"[A_TOKEN redacted]."
    assert stream.feed(b"s3c") == b""
    assert stream.finish() == b"s3c"


def test_a_token_cut_in_two_is_one_token() -> None:
    """A token that is known only by its shape is not shown in part when a chunk ends in it."""
    stream = Redactor().stream()
    out = (
        b"".join(stream.feed(part) for part in (b"key gh", b"p_" + b"a" * 33, b"bcd", b" end"))
        + stream.finish()
    )
    assert out == b"key [token redacted] end"


def test_values_in_values_are_redacted() -> None:
    """What a trigger gives is redacted all the way down; numbers and switches stay what they are."""
    redactor = Redactor({"s3cr3t-value": "A_TOKEN"})
    given_value = {"a": ["x s3cr3t-value"], "b": {"c": "s3cr3t-value"}, "ok": True, "n": 1.5, "none": None}
    assert redactor.values(given_value) == {
        "a": ["x [A_TOKEN redacted]"],
        "b": {"c": "[A_TOKEN redacted]"},
        "ok": True,
        "n": 1.5,
        "none": None,
    }


def test_a_mark_never_shows_a_secret() -> None:
    """A variable whose name is somebody's secret is not named."""
    redactor = Redactor({"s3cr3t-value": "PREFIX_12345678", "12345678": "A_TOKEN"})
    assert redactor.text("s3cr3t-value") == "***"


DOTENV = r"""
# a comment with TOKEN=not-a-value-of-it
export A_TOKEN="double \"quoted\" value"   # and a comment
B_TOKEN='single quoted value'
C_TOKEN=plain-value-here # comment
D_TOKEN = spaces-around-it
AIEMP_PASSWORD=refused-for-its-name
E_SECRET="first line of it
second line of it"
F_TOKEN="${C_TOKEN}-and-more"
"""


def test_dotenv_is_read_generously() -> None:
    """Every value that children may get is known, and those that they do not get as well."""
    secrets = find_secrets(dotenv_pairs(DOTENV))
    redactor = Redactor(secrets)
    for name, value in parse_dotenv(DOTENV)[0].items():
        for line in value.splitlines():
            assert redactor.text(f"<{line}>").replace("[C_TOKEN redacted]-and-more", "") != f"<{line}>", name
    assert "refused-for-its-name" in secrets
    assert redactor.text("plain-value-here-and-more") == "[F_TOKEN redacted]"


LINES = st.text(alphabet="abcfv123 #\"'\\$-=", max_size=24)


@example(lines=['"', "111111\\a", '"'])
@given(lines=st.lists(LINES, min_size=1, max_size=4))
def test_no_reading_of_dotenv_is_missed(lines: list[str]) -> None:
    """Whatever the library reads as the value of a secret is redacted, in whatever quotes it was written."""
    text = "".join(f"V{number}_TOKEN={line}\n" for number, line in enumerate(lines))
    values, _ = parse_dotenv(text)
    redactor = Redactor(find_secrets(dotenv_pairs(text)))
    for name, value in values.items():
        if find_secrets([(name, value)]):
            assert value not in redactor.text(f"({value})"), (text, name, value)


def test_redactor_knows_environment_dotenv_and_configuration(tmp_path: Path) -> None:
    """All places from which a process gets secrets are looked at, but not the names of where they lie."""
    (tmp_path / ".env").write_text("ONE_TOKEN=from-dotenv-1\n")
    plan = Plan(
        tmp_path,
        watchers=(Watcher("w", env=(("TWO_TOKEN", "from-watcher-2"),)),),
        mcp_servers=(
            McpServer("m", ("node", "x.js", "--api-key", "from-option-3"), env=(("KEY", "from-server-4"),)),
            McpServer("u", url="https://u:from-url-5@example.com/"),
        ),
    )
    redactor = redactor_of(plan, {"SIX_TOKEN": "from-environ-6", "PATH": "/usr/bin"})
    text = "from-dotenv-1 from-watcher-2 from-option-3 from-server-4 from-url-5 from-environ-6 /usr/bin"
    assert "from-" not in redactor.text(text)
    assert redactor.text(text).endswith("/usr/bin")


def test_alerts_are_redacted_in_all_their_places(vault: Path, tmp_path: Path) -> None:
    """The file, the row and what the user's command gets have no secret, even where it would have been cut."""
    put_in_force(Redactor({"s3cr3t-value": "A_TOKEN"}))
    told = tmp_path / "told"
    command = ("sh", "-c", 'env | grep ^AIEMP_ALERT > "$0"; cat >> "$0"', str(told))
    plan = Plan(vault, alert_command=command)
    alert = Alert("k", "c", "no s3cr3t-value", "x" * 1995 + "s3cr3t-value", "revoke s3cr3t-value")
    outcome = raise_alert(plan, alert, datetime(2026, 11, 23, tzinfo=UTC), {"PATH": "/usr/bin:/bin"})
    assert outcome.file is not None and outcome.on_dashboard and outcome.command_ran
    for path in (outcome.file, vault / "Dashboard.md", told):
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t" not in text
        assert "no [A_TOKEN redacted]" in text


@pytest.mark.timeout(method="thread")  # SIGALRM is for the run's time limit
def test_nothing_that_a_run_reports_holds_a_secret(vault: Path) -> None:
    """A reason for being blocked, and what a dry run gives, are redacted for whoever calls the runner."""
    (vault / ".env").write_text("A_TOKEN=s3cr3t-value\n")
    blocked = ScheduledTask(
        "own", "", Frequency.HOURLY, requires_claude=False, trigger_fn="tests.unit.blocked_task:blocked"
    )
    plan = Plan(vault, tasks=(blocked, replace(blocked, name="cmd", command=("send", "s3cr3t-value"))))
    report = run_task(plan, "own", scheduled=False, environ={"PATH": "/usr/bin"})
    assert report.message == "own: blocked: no login with [A_TOKEN redacted]"
    assert "s3cr3t" not in Places(vault).ledger.read_text(encoding="utf-8")
    assert "s3cr3t" not in (vault / "Dashboard.md").read_text(encoding="utf-8")
    rehearsed = run_task(
        replace(plan, dry_run=DryRun(True, "test")), "cmd", scheduled=False, environ={"PATH": "/usr/bin"}
    )
    assert str(rehearsed.details["output"]).endswith("send [A_TOKEN redacted]")


def test_names() -> None:
    """Names are taken apart into words, so that a KEYBOARD is no KEY and TOKENS are counted, not kept."""
    assert names_a_secret("api-key")
    assert names_a_secret("clientSecret")
    assert not names_a_secret("monkey_island")
    assert not names_a_secret("MAX_TOKENS")
    assert not names_a_secret("")
