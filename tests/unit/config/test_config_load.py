"""load_plan: missing and unreadable files, who may write them, the vault's part, warnings."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiemp.config.load import load_plan
from aiemp.config.reading import others_may_write
from aiemp.config.zones import machine_zone
from aiemp.errors import ConfigError
from aiemp.plan import SCHEDULE_REGISTRY, DryRun, Plan
from tests.rights import as_nobody

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


def no_watchers(*_: object) -> tuple[()]:
    return ()


class TestTheFile:
    """What is and is not a configuration."""

    def test_a_missing_default_is_all_defaults(self, tmp_path: Path, vault: Path) -> None:
        """Where no file was named and none is there, the defaults hold: nothing has to be configured."""
        environ = {"HOME": str(tmp_path), "TZ": "Etc/UTC"}
        plan = load_plan(vault=vault, environ=environ, planned_watchers=no_watchers)
        assert (plan.tasks, plan.config_file, plan.warnings) == (SCHEDULE_REGISTRY, None, ())

    def test_a_missing_one_that_was_named_is_a_mistake(self, tmp_path: Path, vault: Path) -> None:
        """A slip in --config must not run everything with defaults."""
        with pytest.raises(ConfigError, match=r"nope.toml does not exist; name another"):
            load_plan(config=tmp_path / "nope.toml", vault=vault, environ={})

    def test_a_link_to_nothing_is_a_mistake_even_at_the_default_place(
        self, tmp_path: Path, vault: Path
    ) -> None:
        """The owner has a configuration; it is only not where the link says."""
        (tmp_path / "aiemp").mkdir()
        (tmp_path / "aiemp/aiemp.toml").symlink_to(tmp_path / "unmounted/aiemp.toml")
        with pytest.raises(ConfigError, match="is a link to a file that does not exist"):
            load_plan(vault=vault, environ={"XDG_CONFIG_HOME": str(tmp_path)})

    def test_a_folder_a_fifo_and_a_huge_file_are_mistakes(self, tmp_path: Path, vault: Path) -> None:
        """None of them blocks or fills the memory."""
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "fifo")
        with (tmp_path / "huge").open("wb") as huge:
            huge.truncate(1 << 33)
        for name, reason in (
            ("folder", "is a folder"),
            ("fifo", "is no regular"),
            ("huge", "is larger than"),
        ):
            with pytest.raises(ConfigError, match=f"{name} {reason}"):
                load_plan(config=tmp_path / name, vault=vault, environ={})

    def test_a_loop_of_links_is_a_mistake(self, tmp_path: Path, vault: Path) -> None:
        """It is a ConfigError with the path (ELOOP)."""
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(ConfigError, match="loop cannot be read"):
            load_plan(config=tmp_path / "loop", vault=vault, environ={})

    def test_one_that_may_not_be_read_is_a_mistake(self, nobodys_folder: Path, vault: Path) -> None:
        """Said to the user that lacks the right, instead of running with defaults."""
        config = nobodys_folder / "aiemp.toml"
        config.touch()
        load_plan(config=config, vault=vault, environ={})  # which imports what it needs
        config.chmod(0)
        with as_nobody(), pytest.raises(ConfigError) as caught:
            load_plan(config=config, vault=vault, environ={})
        grant = f'run: sudo chown "$(id -u)" {config} && chmod u+rw {config}'
        assert str(caught.value) == f"{config} cannot be read (Permission denied); {grant}"

    def test_the_plan_names_its_file(self, load: Load, config: Path) -> None:
        """Children are started with the same one."""
        assert load("").config_file == config


class TestWhoMayWriteIt:
    """A config that others can write is warned of; for the whole machine it is refused."""

    @pytest.mark.parametrize("mode", [0o660, 0o606, 0o666])
    def test_a_writable_file(self, load: Load, config: Path, vault: Path, mode: int) -> None:
        """Group or world: with the command that mends it."""
        config.write_text("")
        config.chmod(mode)
        options = {
            "config": config,
            "vault": vault,
            "environ": {"TZ": "UTC"},
            "planned_watchers": no_watchers,
        }
        plan = load_plan(**options)  # type: ignore[arg-type]
        assert plan.warnings == (f"{config} can be written by others; run: chmod go-w {config}",)
        with pytest.raises(ConfigError, match="chmod go-w"):
            load_plan(**options, system=True)  # type: ignore[arg-type]

    def test_a_folder_that_everybody_can_write_to(self, load: Load, mistakes: Mistakes, config: Path) -> None:
        """There, the file can be replaced; the sticky bit prevents that."""
        config.parent.chmod(0o777)
        assert "chmod o-w" in load("").warnings[0]
        assert "chmod o-w" in mistakes("", system=True)[0]
        config.parent.chmod(0o1777)
        assert load("", system=True).warnings == ()

    def test_a_file_of_another_user(self, config: Path) -> None:
        """Its owner can write it; root's files are nobody's risk."""
        config.write_text("")
        status = list(config.stat())
        status[stat.ST_UID], status[stat.ST_MODE] = 4242, 0o100600
        foreign = os.stat_result(status)
        assert others_may_write(config, foreign, 4242) == []
        assert "belongs to another user (uid 4242)" in others_may_write(config, foreign, 1000)[0]
        status[stat.ST_UID] = 0
        assert others_may_write(config, os.stat_result(status), 1000) == []


class TestInsideTheVault:
    """Claude writes into the vault: a config there is used only when it is named."""

    def test_named_it_works_with_a_warning(self, load: Load, vault: Path) -> None:
        """Its owner has named it, so it is used; the warning says what is odd."""
        (vault / "aiemp.toml").write_text("dry_run = true\n")
        plan = load("", config=vault / "aiemp.toml")
        assert plan.dry_run.active
        assert "lies inside the vault, where Claude can change it" in plan.warnings[0]

    def test_found_by_itself_it_is_refused(self, vault: Path) -> None:
        """Also when a link hides where it lies."""
        folder = vault / ".config/aiemp"
        folder.mkdir(parents=True)
        (folder / "aiemp.toml").touch()
        link = vault.parent / "link"
        link.symlink_to(vault)
        for home in (vault, link):
            with pytest.raises(ConfigError, match=r"lies inside the vault.*or name it with --config"):
                load_plan(vault=vault, environ={"HOME": str(home)}, planned_watchers=no_watchers)


class TestDryRun:
    """--dry-run > DRY_RUN > config > the vault's .env > live (semantics, "Dry run or live")."""

    def test_each_source_decides_in_its_turn(self, load: Load, vault: Path, config: Path) -> None:
        """The first source that says something decides, and the plan says which it was."""
        (vault / ".env").write_text("DRY_RUN=true\n")
        env = {"DRY_RUN": "1"}
        assert load("dry_run = false", dry_run=True).dry_run == DryRun(True, "--dry-run")
        assert load("dry_run = false", environ=env).dry_run == DryRun(True, "DRY_RUN in the environment")
        assert load("dry_run = false").dry_run == DryRun(False, f"dry_run in {config}")
        assert load("").dry_run == DryRun(True, "DRY_RUN in the vault's .env")
        (vault / ".env").unlink()
        assert load("").dry_run == DryRun(False, "default")

    def test_an_odd_word_in_the_environment_is_a_mistake(self, mistakes: Mistakes) -> None:
        """It is reported with the mistakes of the file."""
        found = mistakes("wat = 1", environ={"DRY_RUN": "maybe"})
        assert len(found) == 2
        assert found[0].startswith("DRY_RUN in the environment is 'maybe'; set it to true or false")

    def test_an_odd_word_in_the_vault_is_dry_and_said(self, load: Load, vault: Path) -> None:
        """The safe side; the vault cannot stop the program."""
        (vault / ".env").write_text("DRY_RUN=maybe\n")
        plan = load("")
        assert plan.dry_run.active
        assert "DRY_RUN in the vault's .env is 'maybe': taken as a dry run" in plan.warnings[0]

    def test_an_env_file_that_cannot_be_read_is_dry_and_said(self, load: Load, vault: Path) -> None:
        """It may well ask for a dry run: so it is one, with a warning."""
        (vault / ".env").mkdir()
        plan = load("")
        assert plan.dry_run.active
        assert f"{vault}/.env is a folder" in plan.warnings[0]

    def test_the_env_file_is_opened_only_when_nothing_else_decides(self, load: Load, vault: Path) -> None:
        """One that is no file at all is then not even noticed."""
        (vault / ".env").mkdir()
        assert load("", environ={"DRY_RUN": "0"}).warnings == ()
        assert load("dry_run = false").warnings == ()
        assert load("", dry_run=True).warnings == ()

    def test_an_env_file_outside_the_vault_is_not_read(self, load: Load, vault: Path, tmp_path: Path) -> None:
        """A link out of the vault is not followed."""
        (tmp_path / "secrets").write_text("DRY_RUN=false\n")
        (vault / ".env").symlink_to(tmp_path / "secrets")
        assert "is a link to a place outside the vault" in load("").warnings[0]


def test_a_vault_that_is_missing_is_no_mistake(load: Load, tmp_path: Path) -> None:
    """It blocks tasks later; the plan holds where it should be."""
    plan = load("", vault=tmp_path / "gone")
    assert (plan.vault, plan.warnings) == (tmp_path / "gone", ())


class TestMachineZone:
    """Without `timezone`, the machine's zone holds."""

    def test_tz_decides(self, load: Load) -> None:
        """As for every program; the plan then names no zone for timers."""
        plan = load("", environ={"TZ": ":Asia/Kathmandu"})
        assert (plan.zone, plan.zone_name) == (ZoneInfo("Asia/Kathmandu"), None)

    def test_else_the_link_of_the_machine(self, tmp_path: Path) -> None:
        """What systemd goes by."""
        (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/America/Sao_Paulo")
        assert machine_zone({}, tmp_path / "localtime") == (ZoneInfo("America/Sao_Paulo"), None)
        (tmp_path / "mac").symlink_to("/var/db/timezone/zoneinfo/Europe/Dublin")
        assert machine_zone({}, tmp_path / "mac") == (ZoneInfo("Europe/Dublin"), None)

    def test_else_utc_with_a_warning(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A zone that nobody knows does not stop the program."""
        monkeypatch.setenv("TZ", "No/Such_Zone")
        zone, warning = machine_zone({"TZ": "No/Such_Zone"}, tmp_path / "nothing")
        assert zone is UTC
        assert warning is not None and 'set timezone = "…"' in warning


def test_a_plan_needs_nothing_heavy(tmp_path: Path, vault: Path) -> None:
    """Each task is a fresh process: what a usual configuration does not need is not imported."""
    config = tmp_path / "aiemp.toml"
    config.write_text('timezone = "Europe/Berlin"\n[tasks.morning_triage]\ntime = "07:00"\n')
    config.chmod(0o600)
    script = (
        "import sys; from pathlib import Path; from aiemp.config.load import load_plan\n"
        "plan = load_plan(config=Path(sys.argv[1]), vault=Path(sys.argv[2]), environ={'HOME': '/h'})\n"
        "heavy = 'yaml dotenv tomlkit difflib tzlocal oncalendar click jinja2 rich watchfiles subprocess'\n"
        "print([name for name in heavy.split() if name in sys.modules], plan.zone_name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, config, vault], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] Europe/Berlin\n"


SCRAPS = st.sampled_from(
    [
        "",
        '    vault = "/v"',
        '    timezone = "UTC"',
        "    dry_run = true",
        "    [limits]",
        "    restarts = 3",
        "    [claude]",
        '    args = ["a"]',
        '    [tasks."b c"]',
        '    restarts = "x"',
        "    [alerts]",
        '    command = ["a"]',
        "    [tasks.a]",
        "    [tasks.morning_triage]",
        '    frequency = "weekly"',
        '    time = "07:00"',
        "    time = 07:00",
        "    day = 3",
        "    interval_minutes = 5",
        '    calendar = "hourly"',
        '    calendar = "x"',
        '    prompt = "x"',
        '    skills = ["a"]',
        "    command = []",
        '    function = "a:b"',
        "    enabled = true",
        '    enabled = "no"',
        '    catch_up = "5h"',
        "    [watchers.w]",
        "    [watchers.filesystem]",
        '    env = { A = "b", C = 5 }',
        '    cwd = "x"',
        '    stop_signal = "SIGINT"',
        "    [mcp.m]",
        '    url = "http://x"',
        "    [[tasks]]",
        "    [tasks]",
        "    [mcp]",
        "    watchers = 5",
        "    x.y.z = 1",
        "    a = [1, {b = 2}]",
        '    entry = "x"',
        "    ",
    ]
)


@given(st.lists(SCRAPS, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_configuration_gives_a_plan_or_mistakes(load: Load, config: Path, scraps: list[str]) -> None:
    """Lines that each make sense, in any order: a plan, or mistakes with lines that exist. Never a crash."""
    try:
        plan = load("\n".join(scraps))
    except ConfigError as error:
        assert error.mistakes
        for mistake in error.mistakes:
            assert 1 <= int(mistake.removeprefix(f"{config}:").split(":")[0]) <= len(scraps)
    else:
        assert {task.name for task in SCHEDULE_REGISTRY} <= {task.name for task in plan.tasks}


def test_a_misspelt_vault_is_one_mistake(tmp_path: Path) -> None:
    """That no vault is named follows from it, and is not told as another."""
    file = tmp_path / "aiemp.toml"
    file.write_text('vualt = "/v"\ndry_run = "yes"\n')
    with pytest.raises(ConfigError) as caught:
        load_plan(config=file, environ={"HOME": str(tmp_path)}, cwd=tmp_path)
    assert [mistake.removeprefix(f"{file}:") for mistake in caught.value.mistakes] == [
        "1: vualt is not known here; remove it, or did you mean `vault`?",
        "2: dry_run is text; write true or false, without quotes",
    ]
    file.write_text("dry_run = true\n")
    with pytest.raises(ConfigError, match="no vault is named"):
        load_plan(config=file, environ={"HOME": str(tmp_path)}, cwd=tmp_path)
