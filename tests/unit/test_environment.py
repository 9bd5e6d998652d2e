"""The environment of children, and what the vault's .env may add (aiemp.environment)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.dry_run import meaning
from aiemp.environment import child_environment, parse_dotenv, vault_dry_run, vault_environment


def dotenv(vault: Path, text: str | bytes) -> Path:
    path = vault / ".env"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def test_the_usual_forms_are_understood(tmp_path: Path) -> None:
    """Comments, quotes, export, blanks, several lines and CRLF, as python-dotenv reads them."""
    dotenv(
        tmp_path,
        "# tokens\r\nexport A=1\r\nB = 'x # y'  # z\r\nC=\"two\nlines\"\nD=\nE=a#b\nF=ü $HOME `id` %n\n",
    )
    variables, problems = vault_environment(tmp_path)
    assert problems == []
    assert variables == {
        "A": "1",
        "B": "x # y",
        "C": "two\nlines",
        "D": "",
        "E": "a#b",
        "F": "ü $HOME `id` %n",
    }


def test_a_missing_file_or_vault_is_nothing(tmp_path: Path) -> None:
    """Most vaults have no .env: no variables, and no warning."""
    assert vault_environment(tmp_path) == ({}, [])
    assert vault_environment(tmp_path / "gone") == ({}, [])


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "SHELL", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "PYTHONPATH"),
        *("PYTHONSTARTUP", "PYTHONHOME", "NODE_OPTIONS", "BASH_ENV", "ENV", "SHELLOPTS", "IFS", "PS4"),
        *("GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "AIEMP_CONFIG", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"),
        *("PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "UV_INDEX_URL", "npm_config_script_shell", "EDITOR"),
    ],
)
def test_what_changes_which_program_runs_is_dropped_and_reported(tmp_path: Path, name: str) -> None:
    """Nothing in the vault may add a command; the value is not shown."""
    path = dotenv(tmp_path, f"OK=1\n{name}=/evil\n")
    variables, problems = vault_environment(tmp_path)
    assert variables == {"OK": "1"}
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}:2: {name} could change which programs are run")
    assert "/evil" not in problems[0]


def test_tokens_and_settings_of_the_owner_s_programs_pass(tmp_path: Path) -> None:
    """What real vaults keep in .env reaches the children."""
    names = ["GMAIL_CREDENTIALS_PATH", "WHATSAPP_SESSION_PATH", "ANTHROPIC_API_KEY", "DRY_RUN", "VAULT_PATH"]
    dotenv(tmp_path, "".join(f"{name}=x\n" for name in [*names, "NODE_ENV", "LOG_LEVEL"]))
    variables, problems = vault_environment(tmp_path)
    assert (list(variables), problems) == ([*names, "NODE_ENV", "LOG_LEVEL"], [])


def test_references_are_resolved_within_the_file_only() -> None:
    """Never from this process's environment; what the file does not know is left to who can."""
    assert "HOME" in os.environ
    variables, problems = parse_dotenv(
        "A=1\nB=${A}/x\nC=${HOME}/y\nD=${NOPE:-dflt}\nE=${PATH}\nF=${LATER}\nLATER=1\n"
    )
    assert variables == {"A": "1", "B": "1/x", "D": "dflt", "LATER": "1"}
    assert [line for line, _ in problems] == [3, 5, 6]
    assert "C refers to ${HOME}, which this file does not set before" in problems[0][1]


def test_each_bad_line_is_reported_and_the_others_are_used() -> None:
    """With its number; the values are not shown."""
    text = 'A=1\n\n\nthis is a secret\nB="unclosed\nbad-name=1\n9X=1\nC\nD=a\0b\nE=2\n'
    variables, problems = parse_dotenv(text)
    assert variables == {"A": "1", "E": "2"}
    assert [line for line, _ in problems] == [4, 5, 6, 7, 8, 9]
    assert "secret" not in str(problems)


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    """A replacement character stands for them, and the other lines are read."""
    dotenv(tmp_path, b"A=\xe4\nB=2\n")
    variables, _ = vault_environment(tmp_path)
    assert variables == {"A": "\ufffd", "B": "2"}


def test_odd_files_are_reported_and_not_used(tmp_path: Path) -> None:
    """A folder, a FIFO, a huge file, a link out of the vault, a loop: none blocks, none is read."""
    path = tmp_path / "vault" / ".env"
    outside = tmp_path / "outside"
    outside.write_text("A=1\n")
    for make, reason in (
        (path.mkdir, "is a folder"),
        (lambda: os.mkfifo(path), "is no regular file"),
        (lambda: path.write_bytes(b"A=1\n" * 100_000), "is larger than"),
        (lambda: path.symlink_to(outside), "is a link to a place outside the vault"),
        (lambda: path.symlink_to(path), "is a loop of links"),
    ):
        path.parent.mkdir()
        make()
        variables, problems = vault_environment(path.parent)
        assert variables == {}
        assert len(problems) == 1 and problems[0].startswith(f"{path} {reason}"), problems
        assert vault_dry_run(path.parent)[0] == "(not readable)"
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        path.parent.rmdir()


def test_a_link_within_the_vault_is_followed(tmp_path: Path) -> None:
    """Some keep .env in a folder of its own."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private/env").write_text("A=1\n")
    (tmp_path / "private/env").chmod(0o600)
    (tmp_path / ".env").symlink_to("private/env")
    assert vault_environment(tmp_path) == ({"A": "1"}, [])


def test_a_file_that_others_can_write_is_warned_of(tmp_path: Path) -> None:
    """Where it is used. For the machine the plan is refused because of it (tests/security/test_owners.py)."""
    path = dotenv(tmp_path, "A=1\n")
    path.chmod(0o666)
    variables, problems = vault_environment(tmp_path)
    assert variables == {"A": "1"}
    assert "can be written by others" in problems[0]


def test_the_word_for_dry_run_is_found_without_reading_more(tmp_path: Path) -> None:
    """A file that does not mention it costs no import of dotenv."""
    dotenv(tmp_path, "A=1\n")
    script = (
        "import sys; from pathlib import Path; from aiemp.environment import vault_dry_run\n"
        "print(vault_dry_run(Path(sys.argv[1])), 'dotenv' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(None, []) False\n"
    dotenv(tmp_path, "A=1\nDRY_RUN=TRUE\n")
    assert vault_dry_run(tmp_path) == ("TRUE", [])


def test_a_child_gets_what_is_set_then_the_vault_s_then_extra() -> None:
    """.env never replaces what is set, extra always does."""
    child = child_environment(
        {"A": "env", "B": ""}, {"A": "file", "B": "file", "C": "file"}, False, [("C", "x")]
    )
    assert child == {"A": "env", "B": "", "C": "x", "DRY_RUN": "false"}


def test_a_child_gets_none_of_our_own_messages() -> None:
    """Neither systemd's socket and watchdog, nor PM2's channel, which makes a Node program abort, nor what makes
    Claude refuse; not from .env either."""
    ours = {
        "NOTIFY_SOCKET": "/run/x",
        "WATCHDOG_PID": "1",
        "WATCHDOG_USEC": "1",
        "LISTEN_FDS": "1",
        "LISTEN_PID": "1",
        "LISTEN_FDNAMES": "x",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "NODE_CHANNEL_FD": "3",
        "NODE_CHANNEL_SERIALIZATION_MODE": "json",
    }
    assert child_environment(ours, ours, False) == {"DRY_RUN": "false"}


@pytest.mark.parametrize("word", ["1", "true", "maybe", "", "false"])
def test_dry_run_is_exactly_true_or_false(word: str) -> None:
    """Some vaults take 1 for live; whatever was set, the plan decides."""
    assert child_environment({"DRY_RUN": word}, {"DRY_RUN": word}, True)["DRY_RUN"] == "true"
    assert child_environment({"DRY_RUN": word}, {"DRY_RUN": word}, False)["DRY_RUN"] == "false"


@pytest.mark.parametrize(
    ("word", "expected"), [("1", "true"), ("yes", "true"), ("no", "false"), ("eh", "true")]
)
def test_one_child_of_a_live_run_can_be_dry_but_none_of_a_dry_run_live(word: str, expected: str) -> None:
    """A watcher's own env can only make things safer."""
    assert child_environment({}, {}, False, [("DRY_RUN", word)])["DRY_RUN"] == expected
    assert child_environment({}, {}, True, [("DRY_RUN", word)])["DRY_RUN"] == "true"


@given(st.text(max_size=200))
def test_no_text_is_too_odd_and_all_of_it_can_be_passed_on(text: str) -> None:
    """Whatever stands in .env, what comes out is an environment that execve takes."""
    variables, problems = parse_dotenv(text)
    for name, value in variables.items():
        assert name.isidentifier() and "\0" not in value
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line, _ in problems)


@pytest.mark.parametrize(
    "data",
    ["DRY_RUN=true\r\n".encode("utf-16"), b"DRY_RUN: true\n", b"export DRY_RUN true\n"],
    ids=["utf-16", "colon", "no-equals"],
)
def test_dotenv_that_may_say_dry_run_counts_as_dry(tmp_path: Path, data: bytes) -> None:
    """What cannot be understood, and names DRY_RUN, is taken for the safe side, and that is said."""
    (tmp_path / ".env").write_bytes(data)
    word, problems = vault_dry_run(tmp_path)
    assert meaning(word) is not False
    assert word
    assert problems
