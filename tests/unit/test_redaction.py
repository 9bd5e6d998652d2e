"""No secret gets through, however text is cut and however it is written."""

from __future__ import annotations

import itertools
import json
import shlex
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aiemp.plan import McpServer, Plan, Watcher
from aiemp.redaction import SHAPES, Redactor, redactor_of
from aiemp.secret_values import find_secrets

VALUES = st.text(alphabet="ab12-/+=\"'\\ ü%", min_size=8, max_size=20).map(str.strip)


def test_two_redactors_together_know_what_both_know() -> None:
    """What was a secret at the begin of a run stays one when it is gone from .env at its end."""
    redactor = Redactor({"s3cr3t-value": "A"}).joined(Redactor({"s3cr3t-value-2": "B", "s3cr3t-value": "C"}))
    assert redactor.text("s3cr3t-value-2 s3cr3t-value") == "[B redacted] [A redacted]"
    assert redactor.data(b"s3cr3t-value-2 s3cr3t-value") == b"[B redacted] [A redacted]"


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
