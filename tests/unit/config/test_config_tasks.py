"""``[tasks.NAME]``: changes to built-in tasks, own tasks, and every mistake in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest

from aiemp.plan import SCHEDULE_REGISTRY, Frequency, Plan, ScheduledTask

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


def task_of(plan: Plan, name: str) -> ScheduledTask:
    task = plan.task(name)
    assert task is not None
    return task


def test_without_tables_the_registry_is_the_plan(load: Load) -> None:
    """An empty configuration has the seven built-in tasks, unchanged."""
    assert load("").tasks == SCHEDULE_REGISTRY


def test_a_table_changes_only_the_keys_it_has(load: Load) -> None:
    """Disabling one built-in task leaves its other fields, its place and all other tasks alone."""
    tasks = load("[tasks.linkedin_post]\nenabled = false\n").tasks
    assert [task.name for task in tasks] == [task.name for task in SCHEDULE_REGISTRY]
    changed = [(old, new) for old, new in zip(SCHEDULE_REGISTRY, tasks, strict=True) if old != new]
    ((old, new),) = changed
    assert old.name == "linkedin_post"
    assert new.enabled is False
    assert (new.frequency, new.time_of_day, new.trigger_fn) == (
        old.frequency,
        old.time_of_day,
        old.trigger_fn,
    )


def test_every_key_of_a_task_reaches_the_plan(load: Load) -> None:
    """Each key sets the field it is named for."""
    plan = load(
        """
        [tasks.review]
        description = "Look at the books"
        frequency = "weekly"
        time = "16:30"
        day = "Friday"
        prompt = "Do it.\\nWell."
        skills = ["books", "hitl-handler"]
        enabled = false
        timeout_minutes = 7
        priority = -3
        catch_up = "12h"
        max_attempts = 4
        retry_delay_minutes = 0
        """
    )
    assert plan.tasks[-1] == ScheduledTask(
        name="review",
        description="Look at the books",
        frequency=Frequency.WEEKLY,
        time_of_day=time(16, 30),
        day_of_week=4,
        prompt="Do it.\nWell.",
        skills=("books", "hitl-handler"),
        enabled=False,
        timeout_minutes=7,
        priority=-3,
        catch_up=timedelta(hours=12),
        max_attempts=4,
        retry_delay_minutes=0,
        requires_claude=True,
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"08:00"', time(8)),
        ('"23:59:30"', time(23, 59, 30)),
        ("07:05:00", time(7, 5)),
    ],
)
def test_a_time_may_be_text_or_a_toml_time(load: Load, written: str, expected: time) -> None:
    """ "HH:MM", "HH:MM:SS", and TOML's own local time."""
    assert task_of(load(f"[tasks.done_archive]\ntime = {written}\n"), "done_archive").time_of_day == expected


@pytest.mark.parametrize(
    "written", ['"25:00"', '"8:00"', '"08:60"', '"24:00"', '""', "8", "true", '"08:00\\n"', '"٠٨:٠٠"']
)
def test_a_bad_time_is_a_mistake(mistakes: Mistakes, written: str) -> None:
    """What is no time of day is refused, with an example of one."""
    (found,) = mistakes(f"[tasks.done_archive]\ntime = {written}\n")
    assert found.startswith("2: tasks.done_archive.time is ")
    assert '"08:00"' in found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("8:00", "08:00"),
        ("8.30", "08:30"),
        ("08h15", "08:15"),
        ("8am", "08:00"),
        ("12 AM", "00:00"),
        ("12 p.m.", "12:00"),
        ("10:45 pm", "22:45"),
        ("24:00", "00:00"),
    ],
)
def test_a_time_written_otherwise_is_suggested(mistakes: Mistakes, written: str, meant: str) -> None:
    """As people write it in other places."""
    (found,) = mistakes(f'[tasks.done_archive]\ntime = "{written}"\n')
    assert found.endswith(f"or did you mean `{meant}`?")


@pytest.mark.parametrize("written", ["8", "25:00", "08:60", "noon", "in the morning"])
def test_what_is_no_time_is_not_guessed(mistakes: Mistakes, written: str) -> None:
    """It is a mistake: a wrong guess is worse than none."""
    (found,) = mistakes(f'[tasks.done_archive]\ntime = "{written}"\n')
    assert "did you mean" not in found


def test_a_time_without_quotes_is_shown_with_them(mistakes: Mistakes) -> None:
    """It is no TOML; the time that was meant is."""
    (found,) = mistakes("[tasks.done_archive]\ntime = 9:30\n")
    assert found == '2: a time needs quotes; write it like time = "09:30"'


def test_a_slip_in_a_built_in_name_is_one_mistake(mistakes: Mistakes) -> None:
    """It looks like a task of one's own that says nothing; the name is what has to be mended."""
    (found,) = mistakes("[tasks.morning_triag]\nenabled = false\n")
    assert found.endswith("or did you mean `morning_triage`?")


@pytest.mark.parametrize(
    ("written", "expected"), [('"sunday"', 6), ('"Sun"', 6), ('"MON"', 0), ("0", 0), ("6", 6)]
)
def test_a_weekday_may_be_a_name_or_a_number(load: Load, written: str, expected: int) -> None:
    """0 is Monday, as in the seed."""
    plan = load(f"[tasks.weekly_audit_prep]\nday = {written}\n")
    assert task_of(plan, "weekly_audit_prep").day_of_week == expected


@pytest.mark.parametrize("written", ['"someday"', "7", "-1", "true", "1.0", '"su"', '["sunday"]'])
def test_a_bad_weekday_is_a_mistake(mistakes: Mistakes, written: str) -> None:
    """What is neither a weekday's name nor 0 to 6 is refused."""
    (found,) = mistakes(f"[tasks.weekly_audit_prep]\nday = {written}\n")
    assert found.startswith("2: tasks.weekly_audit_prep.day is ")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("false", False),
        ('"90m"', timedelta(minutes=90)),
        ('"12h"', timedelta(hours=12)),
        ('"2d"', timedelta(days=2)),
    ],
)
def test_catch_up_is_yes_no_or_an_age(load: Load, written: str, expected: object) -> None:
    """semantics: true, false, or a greatest age."""
    assert task_of(load(f"[tasks.done_archive]\ncatch_up = {written}\n"), "done_archive").catch_up == expected


@pytest.mark.parametrize("written", ['"0h"', '"12"', '"-1h"', '"1w"', "12", '""', '"99999999d"'])
def test_a_bad_catch_up_is_a_mistake(mistakes: Mistakes, written: str) -> None:
    """An age needs a positive number and a unit."""
    (found,) = mistakes(f"[tasks.done_archive]\ncatch_up = {written}\n")
    assert found.startswith("2: tasks.done_archive.catch_up is ")


class TestChangingTheFrequency:
    """Fields that no longer belong go, those that now do are asked for."""

    def test_what_still_belongs_is_kept(self, load: Load) -> None:
        """mwf to weekdays keeps the time."""
        task = task_of(load('[tasks.linkedin_post]\nfrequency = "weekdays"\n'), "linkedin_post")
        assert (task.frequency, task.time_of_day) == (Frequency.WEEKDAYS, time(9, 30))

    def test_what_no_longer_belongs_is_dropped(self, load: Load) -> None:
        """weekly to hourly loses day and time; every_n_minutes to daily loses the interval."""
        hourly = task_of(load('[tasks.weekly_audit_prep]\nfrequency = "hourly"\n'), "weekly_audit_prep")
        assert (hourly.time_of_day, hourly.day_of_week) == (None, None)
        text = '[tasks.stale_approval_check]\nfrequency = "daily"\ntime = "06:00"\n'
        daily = task_of(load(text), "stale_approval_check")
        assert (daily.interval_minutes, daily.time_of_day) == (None, time(6))

    def test_a_calendar_expression_replaces_everything(self, load: Load) -> None:
        """With `calendar`, neither frequency nor time is left."""
        text = '[tasks.morning_triage]\ncalendar = "Mon..Fri *-*-* 07:00"\n'
        task = task_of(load(text), "morning_triage")
        assert (task.frequency, task.calendar) == (Frequency.CALENDAR, "Mon..Fri *-*-* 07:00")
        assert task.time_of_day is None

    @pytest.mark.parametrize(
        ("name", "frequency", "needed"),
        [
            ("morning_triage", "weekly", "needs day"),
            ("morning_triage", "every_n_minutes", "needs interval_minutes"),
            ("stale_approval_check", "daily", "needs time"),
        ],
    )
    def test_what_is_missing_is_asked_for(
        self, mistakes: Mistakes, name: str, frequency: str, needed: str
    ) -> None:
        """The new frequency cannot do without its fields."""
        (found,) = mistakes(f'[tasks.{name}]\nfrequency = "{frequency}"\n')
        assert found.startswith(f"1: tasks.{name} is {frequency} and {needed}")

    @pytest.mark.parametrize(
        ("frequency", "key", "value"),
        [
            ("hourly", "time", '"08:00"'),
            ("hourly", "interval_minutes", "5"),
            ("daily", "day", "1"),
            ("daily", "interval_minutes", "5"),
        ],
    )
    def test_what_does_not_belong_is_a_mistake(
        self, mistakes: Mistakes, frequency: str, key: str, value: str
    ) -> None:
        """A key that would be ignored is not ignored silently."""
        (found,) = mistakes(f'[tasks.morning_triage]\nfrequency = "{frequency}"\n{key} = {value}\n')
        assert found.startswith(f"3: tasks.morning_triage.{key} does not belong")


class TestWhatATaskDoes:
    """Exactly one of prompt, command and function."""

    def test_a_command_needs_no_claude_by_default(self, load: Load, tmp_path: object) -> None:
        """Its argv is kept as it is; `~` in the program's path is the home folder."""
        text = '[tasks.backup]\ncommand = ["~/bin/x", "~", "$HOME %n ; \'"]\nfrequency = "hourly"\n'
        task = task_of(load(text), "backup")
        assert task.command == (f"{tmp_path}/home/bin/x", "~", "$HOME %n ; '")
        assert (task.requires_claude, task.description) == (False, "Backup")

    def test_a_function_becomes_the_trigger_function(self, load: Load) -> None:
        """`module:function`; requires_claude can be asked for."""
        text = '[tasks.f]\nfunction = "a.b:c"\nrequires_claude = true\nfrequency = "hourly"\n'
        task = task_of(load(text), "f")
        assert (task.trigger_fn, task.requires_claude) == ("a.b:c", True)

    def test_a_built_in_task_can_be_given_something_else_to_do(self, load: Load) -> None:
        """Its trigger function is replaced, and so is whether it needs Claude; its times stay."""
        triage = task_of(load('[tasks.morning_triage]\ncommand = ["true"]\n'), "morning_triage")
        assert (triage.trigger_fn, triage.command, triage.requires_claude) == ("", ("true",), False)
        assert triage.time_of_day == time(8)
        archive = task_of(load('[tasks.done_archive]\nprompt = "Tidy up."\n'), "done_archive")
        assert (archive.trigger_fn, archive.prompt, archive.requires_claude) == ("", "Tidy up.", True)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("", "1: tasks.own does not say what it does"),
            ('prompt = "x"\ncommand = ["x"]', "3: tasks.own.command and `prompt` exclude each other"),
            ('prompt = " "', "2: tasks.own.prompt is empty"),
            ("prompt = 5", "2: tasks.own.prompt is a whole number"),
            ('prompt = "a\\u0000b"', "2: tasks.own.prompt contains a NUL"),
            ('prompt = "x"\nrequires_claude = false', "3: tasks.own.requires_claude cannot be false"),
            ("command = []", "2: tasks.own.command names no program"),
            ('command = [""]', "2: tasks.own.command names no program"),
            ('command = "ls -l"', "2: tasks.own.command is text; write a list"),
            ('command = ["ls", 5]', "2: tasks.own.command[1] is a whole number"),
            ('command = ["ls",\n"a\\nb"]', "3: tasks.own.command[1] contains a line break"),
            ('command = ["ls", "a\\u0000b"]', "2: tasks.own.command[1] contains a NUL"),
            ('function = "f"', "2: tasks.own.function is 'f'; write it like"),
            ('function = "a b:c"', "2: tasks.own.function is 'a b:c'"),
            ('function = "a:b:c"', "2: tasks.own.function is 'a:b:c'"),
            ('command = ["x"]\nskills = ["a"]', "3: tasks.own.skills belongs to a `prompt`"),
            ('prompt = "x"\nskills = ["a", ""]', "3: tasks.own.skills[1] is ''"),
        ],
    )
    def test_anything_else_is_a_mistake(self, mistakes: Mistakes, body: str, expected: str) -> None:
        """Nothing to do, two things to do, or something that cannot be done."""
        found = mistakes(f'[tasks.own]\n{body}\nfrequency = "hourly"\n')
        assert len(found) == 1
        assert found[0].startswith(expected)

    def test_a_prompt_that_no_argument_can_hold_is_a_mistake(self, mistakes: Mistakes) -> None:
        """Linux takes 128 KiB for one argument; that would only fail when the task runs."""
        (found,) = mistakes(f'[tasks.own]\nfrequency = "hourly"\nprompt = "{"x" * 100_001}"\n')
        assert found.startswith("3: tasks.own.prompt is longer than")


def test_when_a_new_task_runs_must_be_said(mistakes: Mistakes) -> None:
    """Without a frequency it is a mistake: there is none to inherit."""
    (found,) = mistakes('[tasks.own]\nprompt = "x"\n')
    assert found.startswith("1: tasks.own does not say when it runs")


def test_frequency_and_calendar_exclude_each_other(mistakes: Mistakes) -> None:
    """Both together are a mistake: two answers to one question."""
    text = '[tasks.own]\nprompt = "x"\nfrequency = "daily"\ntime = "08:00"\ncalendar = "hourly"\n'
    (found,) = mistakes(text)
    assert found.startswith("3: tasks.own.frequency and `calendar` exclude each other")


@pytest.mark.parametrize(
    "expression", ["Mon..Fri 9:99", "every day", "*-*-* 09:00\\n[Service]", "%h", "", "٣:00"]
)
def test_a_bad_calendar_expression_is_a_mistake(mistakes: Mistakes, expression: str) -> None:
    """It is tried when it is read, not when the timer is installed."""
    (found,) = mistakes(f'[tasks.own]\nprompt = "x"\ncalendar = "{expression}"\n')
    assert found.startswith("3: tasks.own.calendar ")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("interval_minutes", ["0", "-5", "true", "1.5", '"15"', "9999999999"]),
        ("timeout_minutes", ["0", "-1", "true", '"10"', "10.0", "99999999999999999999"]),
        ("max_attempts", ["0", "-1", "false"]),
        ("retry_delay_minutes", ["-1", "true"]),
        ("priority", ['"high"', "1.5", "true"]),
        ("enabled", ["1", '"yes"', '"true"']),
        ("description", ['"two\\nlines"', "5", '""', '"bell\\u0007"']),
    ],
)
def test_a_value_of_the_wrong_type_or_size_is_a_mistake(
    mistakes: Mistakes, key: str, values: list[str]
) -> None:
    """True is no number, 1 is not true, and a limit below one minute would stop everything."""
    for value in values:
        (found,) = mistakes(f"[tasks.health_dashboard_update]\n{key} = {value}\n")
        assert found.startswith(f"2: tasks.health_dashboard_update.{key} "), value


@pytest.mark.parametrize(
    ("written", "suggested"),
    [("tiem", "time"), ("time_of_day", "time"), ("trigger_fn", "function"), ("day_of_week", "day")],
)
def test_an_unknown_key_is_a_mistake_with_a_suggestion(
    mistakes: Mistakes, written: str, suggested: str
) -> None:
    """A slip, or the seed's own name for the field, gets the right one."""
    (found,) = mistakes(f'[tasks.done_archive]\n{written} = "x"\n')
    assert (
        found
        == f"2: tasks.done_archive.{written} is not known here; remove it, or did you mean `{suggested}`?"
    )


def test_an_unknown_frequency_is_a_mistake_with_a_suggestion(mistakes: Mistakes) -> None:
    """The message lists all that exist, and the one that was probably meant."""
    (found,) = mistakes('[tasks.done_archive]\nfrequency = "dayly"\n')
    assert (
        "write one of daily, weekdays, mwf, weekly, hourly, every_n_minutes, or did you mean `daily`?"
        in found
    )


def test_a_slip_in_a_built_in_name_is_suggested(mistakes: Mistakes) -> None:
    """A new task without anything to do is probably a built-in one misspelt."""
    found = mistakes("[tasks.morning_triag]\nenabled = false\n")
    assert "did you mean `morning_triage`?" in found[0]


@pytest.mark.parametrize(
    "text", ["tasks = 5\n", "[[tasks]]\na = 1\n", "tasks.own = 5\n", "[tasks]\nown = 'x'\n"]
)
def test_tasks_that_are_no_tables_are_mistakes(mistakes: Mistakes, text: str) -> None:
    """Each task is a table with a name."""
    (found,) = mistakes(text)
    assert "write a table: [tasks" in found


def test_ten_thousand_tasks_are_read_quickly(load: Load) -> None:
    """No step is quadratic: this would take minutes if one were."""
    text = "".join(f'[tasks.t{i}]\nprompt = "x"\nfrequency = "hourly"\n' for i in range(10_000))
    assert len(load(text).tasks) == 10_000 + len(SCHEDULE_REGISTRY)


def test_what_a_run_must_leave_lies_in_the_vault(load: Load, mistakes: Mistakes) -> None:
    """A pattern below the vault is taken; one that leads out of it is a mistake."""
    text = '[tasks.own]\nprompt = "p"\nfrequency = "hourly"\nexpect = "{}"\n'
    task = load(text.format("Plans/**/*.md")).task("own")
    assert task is not None and task.expect == "Plans/**/*.md"
    for outside in ("/etc/*", "../*.md", "Plans/../../x", "~/x"):
        assert "below the vault" in str(mistakes(text.format(outside))), outside
