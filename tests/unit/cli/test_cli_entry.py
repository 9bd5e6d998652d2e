"""How one call ends: its exit status, and what goes to which stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from aiemp.cli import cli, entry
from aiemp.cli.command import Command, LazyGroup
from aiemp.errors import AiempError, Blocked, ConfigError, LockHeld, UsageError, VaultError

RAISES: dict[str, Callable[[], BaseException]] = {}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Runs a command line whose command raises what the test gives."""

    def call(error: BaseException, *arguments: str) -> int:
        def body(_invocation: object) -> None:
            raise error

        made = Command("fail", callback=click.pass_obj(body))
        monkeypatch.setattr(LazyGroup, "get_command", lambda *_: made)
        return entry.run([*arguments, "list"])

    yield call


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AiempError("a"), 1),
        (VaultError("a"), 1),
        (LockHeld("a"), 1),
        (Blocked("a"), 1),
        (UsageError("a"), 2),
        (ConfigError(["a"]), 2),
    ],
)
def test_our_errors_are_one_paragraph(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str], error: AiempError, status: int
) -> None:
    """An error that can be understood is its message on standard error, and its own exit status."""
    assert failing(error) == status
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", "aiemp: a\n")


def test_all_mistakes_are_listed(failing: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Several mistakes of a configuration come one on a line."""
    assert failing(ConfigError(["f:1: one", "f:2: two"])) == 2
    assert capsys.readouterr().err == (
        "aiemp: the configuration has 2 mistakes, so nothing was done:\n  f:1: one\n  f:2: two\n"
    )


def test_the_unforeseen_has_its_traceback_on_request(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug is one paragraph that says how to see more; with -vv it is the traceback."""
    assert failing(KeyError("x")) == 1
    said = capsys.readouterr().err
    assert said.startswith("aiemp: KeyError: 'x'")
    assert len(said.splitlines()) == 1
    assert "test_cli_entry.py:" in said
    assert "-vv" in said
    assert "Traceback" not in said
    assert failing(KeyError("x"), "-vv") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_system_error_names_its_file(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """An OSError is told by file and reason, not by its number."""
    assert failing(PermissionError(13, "Permission denied", "/v/x")) == 1
    assert capsys.readouterr().err.startswith("aiemp: /v/x: Permission denied; give yourself the right")


def test_interrupts_are_quiet(failing: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130, as shells expect, and without a word."""
    assert failing(KeyboardInterrupt()) == 130
    out = capsys.readouterr()
    assert out.out + out.err == ""


def test_global_options_work_on_both_sides(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--vault, --config, --json, -v and -q may stand before the command or after it; the later one wins."""
    seen = []

    def body(invocation: object) -> None:
        seen.append(invocation)

    made = Command("seen", callback=click.pass_obj(body))
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: made)
    for arguments in (
        ["--vault", "/a", "--config", "/c", "--json", "-vv", "-q", "list"],
        ["list", "--vault", "/a", "--config", "/c", "--json", "-v"],
        ["--vault", "/b", "-v", "list", "--vault", "/a", "--config=/c", "--json"],
    ):
        assert entry.run(arguments) == 0
    for invocation in seen:
        assert (invocation.vault, invocation.config) == (Path("/a"), Path("/c"))
        assert (invocation.json, invocation.verbosity) == (True, 1)


@pytest.mark.parametrize("option", ["--vault", "--config"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_path_is_a_mistake(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """``--vault "$UNSET"`` is refused instead of meaning the current folder."""
    assert entry.run([option, value, "list"]) == 2
    assert "it is empty; name a path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lits"], "there is no command 'lits'; did you mean 'list'"),
        (["xyzzy"], "there is no command 'xyzzy'; there are: init, run, status"),
        (["config", "shwo"], "there is no command 'shwo'; did you mean 'show'?"),
        (["list", "--nope"], "No such option"),
        (["trigger"], "Missing argument 'NAME'"),
        (["run", "--interval", "0"], "--interval"),
        (["run", "--interval", "-5"], "--interval"),
        (["run", "--engine", "launchd"], "--engine"),
        (["history", "-n", "0"], "-n"),
        (["history", "--since"], "Run `aiemp history --help` to see"),
        (["history", "--since", ""], "'' is no length of time"),
        (["status", "--watch"], "--watch draws on a terminal"),
    ],
)
def test_wrong_usage_is_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A mistyped command line says what is wrong, on standard error, with status 2."""
    assert entry.run(["--vault", str(tmp_path), *arguments]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert said in out.err


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Just ``aiemp`` lists the commands, and is no success."""
    assert entry.run([]) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*cli.members, "config show", "config validate"])  # type: ignore[attr-defined]
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """-h works everywhere, and each option says what it does."""
    assert entry.run([*name.split(), "-h"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: aiemp")
    for line in text.partition("Options:")[2].splitlines():
        if line.strip().startswith("-"):
            assert len(line.split()) > 1


def test_json_is_ascii_for_any_name() -> None:
    """JSON is valid in every locale, for file names that are no text, and for values that are no JSON."""
    from aiemp.cli.output import json_text

    text = json_text({"name": "ü \udcff 🟢", "path": Path("/x")})
    assert text.isascii()
    assert json.loads(text) == {"name": "ü \udcff 🟢", "path": "/x"}


def test_json_has_only_numbers_that_json_has() -> None:
    """An infinity, from an edited file or a task's details, is null instead of broken JSON."""
    from aiemp.cli.output import json_text

    text = json_text({"a": [float("inf"), 1.5], "b": {"c": float("nan")}})
    assert json.loads(text) == {"a": [None, 1.5], "b": {"c": None}}
    assert "null" in text
