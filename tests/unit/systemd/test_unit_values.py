"""No value adds a line to a unit, and what none can hold is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.errors import AiempError
from aiemp.frozen import replace
from aiemp.plan import Frequency, Plan, ScheduledTask
from aiemp.systemd import templates
from aiemp.systemd.installation import Installation
from aiemp.systemd.templates import UnquotedValue
from aiemp.systemd.units import render
from tests.unit.systemd.rendered import MAIL, PLAN, SYSTEM, USER, plan_with, units, values

# Hostile values

anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@given(anything)
def test_no_value_adds_a_line(text: str) -> None:
    """Whatever a description holds, the unit has the same directives, or the error says what is wrong."""
    task = ScheduledTask("x", text, Frequency.HOURLY, command=(text,), requires_claude=False)
    try:
        found = units(plan_with(task))["aiemp-task-x.service"]
    except AiempError as error:
        assert "aiemp-task-x" in str(error)
        return
    calm = units(plan_with(replace(task, description="calm", command=("calm",))))["aiemp-task-x.service"]
    keys, calm_keys = ([line.partition("=")[0] for line in each.split("\n")] for each in (found, calm))
    assert keys == calm_keys
    assert not re.search(r"(?<!%)(%%)*%(?!%)", values(found, "Description")[0])


@pytest.mark.parametrize(
    ("plan", "installation"),
    [
        (replace(PLAN, vault=Path("/srv/two\nlines")), USER),
        (replace(PLAN, vault=Path("/srv/\udcff")), SYSTEM),
        (replace(PLAN, tasks=(replace(PLAN.tasks[0], description="a\nExecStart=/bin/rm"),)), USER),
        (PLAN, replace(SYSTEM, run_as="me\nUser=root")),
        (PLAN, replace(SYSTEM, run_as="0")),
        (PLAN, replace(USER, python=Path("python3"))),
        (replace(PLAN, watchers=(replace(MAIL, stop_signal="9\nUser=root"),)), USER),
    ],
)
def test_what_no_unit_can_hold_is_refused(plan: Plan, installation: Installation) -> None:
    """An error that names the unit and what to do, and no unit at all."""
    with pytest.raises(AiempError, match=r"aiemp\S+ cannot be written: .+; rename it, or correct"):
        render(plan, installation)


# The templates


@pytest.mark.parametrize(
    "source",
    [
        "{{ value }}",
        "{{ value ~ '' }}",
        "{{ 'Description=' ~ (value | text) }}",
        "{{ value | upper }}",
        "{% set x = value %}{{ x }}",
        "{% set x %}{{ value }}{% endset %}",
        "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(value) }}",
        "{{ missing }}",
        "{{ none }}",
        "{{ true }}",
        "{{ 1.5 }}",
        "{{ [value] }}",
    ],
)
def test_guard_lets_nothing_through_unquoted(source: str) -> None:
    """Only what a filter of ours made can be printed: a template that forgets it fails at once."""
    with pytest.raises(Exception, match=r"without a filter|undefined") as caught:
        templates._environment().from_string(source).render(value="50%")
    assert isinstance(caught.value, UnquotedValue) or "missing" in str(caught.value)


def test_filters_are_let_through() -> None:
    """A filter's result and whole numbers."""
    template = templates._environment().from_string("{{ value | text }} {{ number + 1 }}")
    assert template.render(value="50%", number=1) == "50%% 2"
