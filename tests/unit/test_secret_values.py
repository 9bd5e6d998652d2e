"""Which values count as secrets: by names, in addresses, commands and .env."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiemp.environment import parse_dotenv
from aiemp.plan import Frequency, McpServer, Plan, ScheduledTask, Watcher
from aiemp.redaction import Redactor, redactor_of
from aiemp.secret_values import dotenv_pairs, find_secrets, names_a_secret


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


def test_names() -> None:
    """Names are taken apart into words, so that a KEYBOARD is no KEY and TOKENS are counted, not kept."""
    assert names_a_secret("api-key")
    assert names_a_secret("clientSecret")
    assert not names_a_secret("monkey_island")
    assert not names_a_secret("MAX_TOKENS")
    assert not names_a_secret("")
