"""``install-units`` and ``uninstall-units`` on a terminal: what would change is shown, and a question asked."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.systemd.employee import IDLE, ORCHESTRATOR, Employee
from tests.systemd.machine import Machine

pytestmark = pytest.mark.real_engine("systemd")

DROP_IN = "Nice=3"


def on_terminal(machine: Machine, employee: Employee, line: str, answers: str) -> str:
    """What somebody sees who types ``line`` and then ``answers``, on a terminal that script(1) makes."""
    words = ["script", "-qec", line, "/dev/null"]
    typed = f"printf {shlex.quote(answers)} | env TERM=xterm PAGER=cat {shlex.join(words)}"
    done = machine.run(["sh", "-c", typed], user=employee.manager, check=False, timeout_s=60)
    return done.stdout.replace("\r\n", "\n")


def install_line(employee: Employee, *words: str) -> str:
    return shlex.join(["aiemp", "install-units", *employee.scope, *words])


def test_a_person_sees_the_diff_and_is_asked(employee: Employee) -> None:
    """No changes nothing; yes does. New files are a line each, changed ones a diff; colours on a terminal only."""
    machine = employee.machine
    employee.configure(IDLE)
    said = on_terminal(machine, employee, install_line(employee), "n\\n")
    assert "systemd-analyze checks " in said, "what takes long is said"
    assert f"+ {ORCHESTRATOR} (new, " in said
    assert "Change this? [Y/n]" in said
    assert said.rstrip().endswith("Nothing was changed.")
    assert not machine.exists(employee.units / ORCHESTRATOR)
    said = on_terminal(machine, employee, install_line(employee), "y\\n")
    assert "written" in said
    assert machine.exists(employee.units / ORCHESTRATOR)

    employee.configure(IDLE + '[tasks.mark]\ncommand = ["true"]\nfrequency = "daily"\ntime = "04:00"\n')
    employee.install()
    employee.configure(IDLE + '[tasks.mark]\ncommand = ["true"]\nfrequency = "daily"\ntime = "05:00"\n')
    said = on_terminal(machine, employee, install_line(employee), "n\\n")
    assert "\x1b[31m-OnCalendar=*-*-* 04:00:00" in said
    assert "\x1b[32m+OnCalendar=*-*-* 05:00:00" in said
    plain = on_terminal(machine, employee, f"env NO_COLOR=1 {install_line(employee)}", "n\\n")
    assert "\n-OnCalendar=*-*-* 04:00:00" in plain
    said = on_terminal(machine, employee, install_line(employee, "--yes"), "")
    assert "Change this?" not in said
    assert "05:00:00" in machine.read_file(employee.units / "aiemp-task-mark.timer")


def edited(employee: Employee, script: str) -> dict[str, object]:
    """What `aiemp config edit` says when the editor is ``sed -i SCRIPT``, typed by whoever owns the file."""
    words = [
        "env",
        f"EDITOR=sed -i {shlex.quote(script)}",
        "aiemp",
        "--config",
        str(employee.config),
        "--json",
    ]
    answer: dict[str, object] = json.loads(
        employee.machine.run([*words, "config", "edit"], user=employee.manager, timeout_s=60).stdout
    )
    return answer


def test_an_edit_says_which_units_have_to_follow(employee: Employee) -> None:
    """A time is in a timer; a limit is not in any unit, and what runs takes it up by itself."""
    employee.configure(IDLE + '[tasks.mark]\ncommand = ["true"]\nfrequency = "daily"\ntime = "04:00"\n')
    employee.install()
    said = edited(employee, "s/04:00/05:00/")
    assert (said["changed"], said["outdated_units"]) == (True, ["aiemp-task-mark.timer"])
    assert "05:00" in employee.machine.read_file(employee.config)
    employee.install()
    said = edited(employee, "$a [limits]\\nstale_after_hours = 30")
    assert (said["changed"], said["outdated_units"]) == (True, [])


def test_a_script_is_not_asked(employee: Employee) -> None:
    """Without a terminal nothing is asked; --dry-run shows the diff and does nothing."""
    employee.configure(IDLE)
    shown = json.loads(employee.install("--dry-run").stdout)
    assert "+ExecStart=" in shown["diff"]
    assert not employee.machine.exists(employee.units / ORCHESTRATOR)
    assert json.loads(employee.install().stdout)["done"]
    again = json.loads(employee.install("--dry-run").stdout)
    assert (again["diff"], again["written"]) == ("", [])


def test_uninstalling_says_what_goes_and_what_stays(employee: Employee) -> None:
    """The owner's drop-in, the configuration and the vault stay, and are named."""
    machine = employee.machine
    employee.configure(IDLE)
    employee.install()
    employee.drop_in(ORCHESTRATOR, DROP_IN)
    line = shlex.join(["aiemp", "uninstall-units", *employee.scope[:1]])
    said = on_terminal(machine, employee, line, "n\\n")
    assert f"- {ORCHESTRATOR} (goes, " in said
    stays = [row.split(maxsplit=1)[1] for row in said.splitlines() if row.startswith("  stays ")]
    assert f"{employee.units / ORCHESTRATOR}.d" in stays
    assert str(employee.vault) in stays
    assert said.rstrip().endswith("Nothing was changed.")
    assert machine.exists(employee.units / ORCHESTRATOR)
    said = on_terminal(machine, employee, line, "\\n")
    assert not machine.exists(employee.units / ORCHESTRATOR)
    assert machine.exists(employee.units / f"{ORCHESTRATOR}.d")
