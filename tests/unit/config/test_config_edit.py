"""Switching a task or watcher on and off in aiemp.toml (aiemp.config.edit)."""

from __future__ import annotations

import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiemp.config import edit
from aiemp.config.edit import set_enabled
from aiemp.config.template import commented_config
from aiemp.errors import AiempError, ConfigError

COMMENTED = """\
# my employee
vault = "/v"   # here

[tasks.linkedin_post]  # posts
  enabled = true # for now
time = "09:00"

# this belongs to the watchers
[watchers.filesystem]
interval_seconds = 5
# the end
"""


def edited(config: Path, text: str, *change: object) -> str:
    config.write_bytes(text.encode())
    assert set_enabled(config, *change) is True  # type: ignore[arg-type]
    return config.read_bytes().decode()


def test_only_the_value_changes(config: Path) -> None:
    """Comments, blanks and order stay as they were."""
    after = edited(config, COMMENTED, "tasks", "linkedin_post", False)
    assert after == COMMENTED.replace("enabled = true # for", "enabled = false # for")


def test_a_new_key_goes_below_its_header(config: Path) -> None:
    """Not below a comment that belongs to the next table."""
    text = COMMENTED.replace("  enabled = true # for now\n", "")
    after = edited(config, text, "tasks", "linkedin_post", False)
    assert after == text.replace("# posts\n", "# posts\nenabled = false\n")


def test_a_new_table_goes_to_the_end(config: Path) -> None:
    """The rest of the file stays byte for byte, also when its last line has no end."""
    after = edited(config, COMMENTED, "tasks", "done_archive", False)
    assert after == COMMENTED + "\n[tasks.done_archive]\nenabled = false\n"
    after = edited(config, 'vault = "/v"', "watchers", "filesystem", False)
    assert after == 'vault = "/v"\n\n[watchers.filesystem]\nenabled = false\n'


def test_windows_line_ends_stay(config: Path) -> None:
    """No line gets another kind of end."""
    text = COMMENTED.replace("\n", "\r\n")
    for name in ("linkedin_post", "done_archive"):
        after = edited(config, text, "tasks", name, False)
        assert after.count("\n") == after.count("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        'tasks = { linkedin_post = { enabled = true }, morning_triage = { time = "07:00" } } # x\n',
        'tasks.linkedin_post.time = "07:00"\n# x\n[limits]\n',
        '[tasks]\nlinkedin_post.time = "07:00"\nmorning_triage = {time="09:00"} # x\n',
        '[ tasks . "linkedin_post" ]\n\t"enabled"=true\n# x\n',
        '[tasks.r]\nprompt = """\n[tasks.linkedin_post]\nenabled = true\n"""\nfrequency="hourly"\n# x\n',
        '[tasks.linkedin_post]\ntime = "08:00"\n[limits]\n[tasks.morning_triage]\n# x\nenabled = true\n',
        "[tasks]\n# x\n",
        "# x",
    ],
)
@pytest.mark.parametrize("name", ["linkedin_post", "morning_triage"])
def test_every_layout_can_be_edited(config: Path, text: str, name: str) -> None:
    """Inline tables, dotted keys, tables in any order: only the wanted value means something else."""
    wanted = tomllib.loads(text)
    wanted.setdefault("tasks", {}).setdefault(name, {})["enabled"] = False
    after = edited(config, text, "tasks", name, False)
    assert tomllib.loads(after) == wanted
    assert "# x" in after
    assert set_enabled(config, "tasks", name, True) is True


def test_what_is_so_already_is_not_written(config: Path) -> None:
    """False, and the file is the same one; a built-in task is on by default, the audit off."""
    config.write_text(COMMENTED)
    before = config.stat().st_ino, config.stat().st_mtime_ns
    assert set_enabled(config, "tasks", "linkedin_post", True) is False
    assert set_enabled(config, "tasks", "morning_triage", True) is False
    assert set_enabled(config, "tasks", "weekly_audit_prep", False) is False
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == before
    assert set_enabled(config, "tasks", "weekly_audit_prep", True) is True


def test_an_own_task_is_enabled_by_default(config: Path) -> None:
    """Only disabling it writes something."""
    config.write_text('[tasks.own]\nprompt = "x"\nfrequency = "hourly"\n')
    assert set_enabled(config, "tasks", "own", True) is False
    assert set_enabled(config, "tasks", "own", False) is True


def test_a_missing_file_is_made_private(tmp_path: Path) -> None:
    """With its folder; nothing else is left in it."""
    config = tmp_path / "fresh" / "aiemp" / "aiemp.toml"
    assert set_enabled(config, "tasks", "done_archive", False) is True
    assert config.read_text() == "[tasks.done_archive]\nenabled = false\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert list(config.parent.iterdir()) == [config]


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    """Dotfile managers keep the real file elsewhere."""
    real = tmp_path / "dotfiles.toml"
    real.write_text(COMMENTED)
    config.symlink_to(real)
    assert set_enabled(config, "tasks", "linkedin_post", False) is True
    assert config.is_symlink()
    assert "enabled = false" in real.read_text()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[tasks.linkedin_post]\nenabled = yes\n", "linkedin_post"),
        ("wat = 1\n", "linkedin_post"),
        ("", "no_such_task"),
        ("", "bad name"),
        ("", "morning-triage"),
    ],
)
def test_a_file_with_mistakes_is_not_touched(config: Path, text: str, name: str) -> None:
    """Neither one that had them, nor one that would get one; the mistakes are told."""
    config.write_text(text)
    with pytest.raises(ConfigError):
        set_enabled(config, "tasks", name, False)
    assert config.read_text() == text


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """It is an error with the path and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(AiempError, match=r"aiemp\.toml cannot be changed"):
        set_enabled(tmp_path / "file" / "aiemp.toml", "tasks", "done_archive", False)


def test_the_template_can_be_edited(config: Path) -> None:
    """In the file that `aiemp init` writes, the key lands in the table that stands there."""
    text = commented_config(Path("/v"), None)
    after = edited(config, text, "tasks", "morning_triage", False)
    assert after == text.replace("[tasks.morning_triage]\n", "[tasks.morning_triage]\nenabled = false\n")


def test_many_at_once_lose_nothing(config: Path) -> None:
    """Eight processes switch off eight watchers: all eight are off."""
    names = [f"w{i}" for i in range(8)]
    config.write_text("".join(f'[watchers.{name}]\ncommand = ["x"]\n' for name in names))
    script = (
        "import sys; from pathlib import Path; from aiemp.config.edit import set_enabled\n"
        "assert set_enabled(Path(sys.argv[1]), 'watchers', sys.argv[2], False)"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, config, name]) for name in names]
    assert [process.wait(60) for process in running] == [0] * 8
    tables = tomllib.loads(config.read_text())["watchers"]
    assert {name: tables[name]["enabled"] for name in names} == dict.fromkeys(names, False)


def test_what_an_editor_saves_meanwhile_is_kept(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editors take no lock: a file that changed between reading and replacing is edited anew."""
    config.write_text(COMMENTED)
    candidates = edit._candidates
    saves = [COMMENTED + "# saved once\n", COMMENTED + "# saved twice\n"]

    def saved_meanwhile(text: str, *change: object) -> Iterator[str]:
        if saves:
            config.write_text(saves.pop(0))
        return candidates(text, *change)  # type: ignore[arg-type]

    monkeypatch.setattr(edit, "_candidates", saved_meanwhile)
    assert set_enabled(config, "tasks", "linkedin_post", False) is True
    assert config.read_text() == COMMENTED.replace("= true # for", "= false # for") + "# saved twice\n"


LINES = st.sampled_from(
    [
        "[tasks.linkedin_post]",
        "[tasks.morning_triage]",
        "[watchers.filesystem]",
        "[limits]",
        "enabled = true",
        "enabled=false # no",
        "# enabled = true",
        "#enabled = true",
        "",
        "timeout_minutes = 5",
        'description = "[tasks.linkedin_post] enabled = true"',
        'tasks.linkedin_post = { enabled = true, description = "enabled = true" }',
    ]
)


@given(st.lists(LINES, max_size=10), st.booleans(), st.sampled_from(["linkedin_post", "morning_triage"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_edit_changes_one_meaning_and_keeps_every_line(
    config: Path, lines: list[str], enabled: bool, name: str
) -> None:
    """In any valid file: the key is set, nothing else means anything else, no other line is lost."""
    text = "\n".join(lines)
    config.write_text(text)
    try:
        changed = set_enabled(config, "tasks", name, enabled)
    except ConfigError:
        assert config.read_text() == text
        return
    after = config.read_text()
    if not changed:
        assert after == text
        return
    wanted = tomllib.loads(text)
    wanted.setdefault("tasks", {}).setdefault(name, {})["enabled"] = enabled
    assert tomllib.loads(after) == wanted
    left = after.split("\n")
    missing = [line for line in lines if line not in left]
    assert len(missing) <= 1
    assert all("enabled" in line for line in missing)
