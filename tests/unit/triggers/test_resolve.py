"""From a task to what runs it: one function, and no import that the task does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiemp.errors import AiempError, Blocked
from aiemp.frozen import replace
from aiemp.plan import SCHEDULE_REGISTRY, Frequency, ScheduledTask
from aiemp.triggers import BUILT_IN, resolve
from aiemp.triggers.context import default_context, no_history
from tests.fakes.vault import context_of, make_vault, snapshot

HEAVY = ("yaml", "dotenv", "asyncio", "tzlocal", "click", "jinja2", "rich", "watchfiles", "urllib.request")


@pytest.mark.parametrize("task", SCHEDULE_REGISTRY, ids=lambda task: task.name)
def test_every_built_in_task_has_its_function(task: ScheduledTask) -> None:
    """Each of the seed's seven resolves to something that can be called."""
    assert callable(resolve(task))


def test_the_table_names_the_seeds_functions() -> None:
    """The registry and the table name the same functions, no more and no fewer."""
    assert set(BUILT_IN) == {task.trigger_fn for task in SCHEDULE_REGISTRY}


def test_an_unknown_function() -> None:
    """A name that nothing answers to is an error that names what there is."""
    task = ScheduledTask("mine", "", Frequency.DAILY, trigger_fn="trigger_nothing")
    with pytest.raises(AiempError, match=r"mine.*'trigger_nothing'.*trigger_morning_triage"):
        resolve(task)


def test_private_names_are_no_functions() -> None:
    """Only names of the table count, not whatever a module here happens to contain."""
    for name in ("trigger_morning_triage.__class__", "resolve", "", "morning_triage"):
        with pytest.raises(AiempError):
            resolve(ScheduledTask("mine", "", Frequency.DAILY, trigger_fn=name))


@pytest.mark.parametrize("task", SCHEDULE_REGISTRY, ids=lambda task: task.name)
def test_what_a_run_imports(task: ScheduledTask) -> None:
    """Resolving one trigger loads neither the others nor anything heavy, nor processes for one without."""
    code = (
        "import sys\nfrom aiemp.plan import SCHEDULE_REGISTRY\nfrom aiemp.triggers import resolve\n"
        f"resolve(next(t for t in SCHEDULE_REGISTRY if t.name == {task.name!r}))\nprint(*sys.modules)"
    )
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    others = {f"aiemp.triggers.{module}" for name, module in BUILT_IN.items() if name != task.trigger_fn}
    assert not loaded & others
    assert not loaded & set(HEAVY)
    if not task.requires_claude:
        assert not loaded & {"subprocess", "selectors", "aiemp.claude"}


def test_a_run_with_the_seeds_signature_only(tmp_path: Path) -> None:
    """Callers may give just the vault: settings are the defaults, the zone is the machine's."""
    vault = make_vault(tmp_path / "vault")
    before = snapshot(vault)
    context = default_context(vault, "trigger_stale_check", True)
    assert context.task.name == "stale_approval_check"
    assert context.plan.dry_run.active is True
    assert context.now.utcoffset() is not None
    assert context.timeout_s == 120
    assert list(context.runs(context.now, context.now)) == []
    assert snapshot(vault) == before
    with pytest.raises(Blocked, match="does not exist"):
        default_context(tmp_path / "gone", "trigger_stale_check", False)


def test_all_built_in_triggers_in_a_dry_run(tmp_path: Path) -> None:
    """A dry run of each says something, writes nothing and runs nothing, called as the seed calls it."""
    vault = make_vault(tmp_path / "vault")
    (vault / "Needs_Action/EMAIL_a.md").write_text("a")
    before = snapshot(vault)
    for task in SCHEDULE_REGISTRY:
        context = context_of(vault, task.trigger_fn, {"PATH": "/nowhere"})
        result = resolve(task)(context, True)
        assert result["success"] is True, task.name
        assert result["summary"] and result["error"] is None, task.name
    assert snapshot(vault) == before


def test_context_knows_the_local_day(tmp_path: Path) -> None:
    """ "Today" is the owner's date: shortly after midnight in Berlin it is still yesterday in UTC."""
    context = context_of(tmp_path, "trigger_stale_check")
    early = replace(context, now=context.now.replace(hour=23, minute=30))
    assert (early.now.date().isoformat(), early.today.isoformat()) == ("2026-02-27", "2026-02-28")
    assert no_history(early.now, early.now) == ()
