"""The real Claude Code under real units, before a small API of our own: what it does, costs, and is kept from.

In four variants: under the user's own systemd and under the machine's, here and on a newer one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.claude import messages_api
from tests.claude.real_claude import PORT, NoClaude, installed_claude
from tests.systemd.conftest import cannot_be_had
from tests.systemd.employee import IDLE, Employee
from tests.systemd.machine import Machine

pytestmark = pytest.mark.real_engine("claude")

API = "messages-api.service"
SETTINGS = "[claude]\nargs = ['--permission-mode', 'acceptEdits']\nsilent_minutes = 0.05\n"


def task(name: str, prompt: str) -> str:
    """A task that is due, and that must leave a plan."""
    return (
        f"[tasks.{name}]\nfrequency = 'daily'\ntime = '00:00'\nmax_attempts = 1\nexpect = 'Plans/*.md'\n"
        f"prompt = {json.dumps(prompt)}\n"
    )


@pytest.fixture(scope="session")
def with_claude() -> Callable[[Machine], str]:
    """``with_claude(machine)`` has Claude Code and the API in it; returns the program."""

    def put(machine: Machine) -> str:
        try:
            program = installed_claude().resolve()
        except NoClaude as error:
            cannot_be_had(str(error))
        inside = f"/opt/claude/{program.name}"
        if not machine.exists(inside):
            machine.copy_in(program, "/opt/claude")
            machine.copy_in(Path(messages_api.__file__), "/opt/claude")
            serve = ["/usr/bin/python3", "/opt/claude/messages_api.py", str(PORT)]
            machine.run(["systemd-run", f"--unit={API}", *serve])
        return inside

    return put


def answer_with(employee: Employee, scenario: str) -> None:
    """Have the API answer so. A key and an address are what an owner writes into ``.env``."""
    variables = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{PORT}/{scenario}",
        "ANTHROPIC_API_KEY": "sk-ant-made-up-for-a-test",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
    }
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    employee.machine.write_file(employee.vault / ".env", text, user=employee.user.name, mode=0o600)


def last_run(employee: Employee, task: str) -> dict[str, object]:
    """The newest run of a task, as the history has it."""
    (run, *_) = json.loads(employee.aiemp("--json", "history", task).stdout)["runs"]
    assert isinstance(run, dict)
    return run


def test_claude_works_hangs_is_refused_and_pauses(
    employee: Employee, with_claude: Callable[[Machine], str]
) -> None:
    """It writes its file, and cost and log are recorded; one that falls silent is ended whole; a usage limit blocks
    with the time to come back; while paused nothing is asked; and the key from `.env` is nowhere else."""
    program, home = with_claude(employee.machine), employee.user.home
    link = ["sh", "-c", 'mkdir -p "$1/.local/bin" && ln -sf "$2" "$1/.local/bin/claude"', "sh", home, program]
    employee.machine.run(link, user=employee.user.name)
    write = f"[[{employee.vault}]] Write a file."
    tasks = task("draft", write)
    answer_with(employee, "tool")
    employee.start(IDLE + SETTINGS + tasks)
    employee.until(lambda: employee.history("draft") == ["succeeded"], "the draft", 60)
    assert employee.read(messages_api.WRITTEN_FILE) == "Written by Claude.\n"
    details = last_run(employee, "draft")["details"]
    assert isinstance(details, dict)
    assert (details["turns"], details["cost_usd"] > 0) == (2, True)
    assert "Ended well" in employee.read(details["claude_log"])

    for scenario, ends in (("hangs", "failed"), ("429", "blocked")):
        answer_with(employee, scenario)
        name = f"ask{scenario}"
        tasks += task(name, "Do it.")
        employee.configure(IDLE + SETTINGS + tasks)
        employee.install()
        employee.until(lambda name=name, ends=ends: employee.history(name) == [ends], name, 60)  # type: ignore[misc]
        assert not [line for _, line in employee.command_lines() if program in line]
    assert "printed nothing" in str(last_run(employee, "askhangs")["error"])
    (facts,) = [
        each
        for each in json.loads(employee.aiemp("--json", "list").stdout)["tasks"]
        if each["name"] == "ask429"
    ]
    assert facts["due"] is False and facts["next_run"] is not None, facts

    employee.aiemp("pause")
    answer_with(employee, "tool")
    tasks += task("later", write)
    employee.configure(IDLE + SETTINGS + tasks)
    employee.install()
    employee.until(lambda: employee.history("later") == ["blocked"], "the pause", 60)
    employee.machine.run(["rm", employee.vault / messages_api.WRITTEN_FILE])
    employee.aiemp("resume")
    employee.until(lambda: employee.history("later") == ["blocked", "succeeded"], "the run after it", 60)
    found = employee.machine.run(
        ["grep", "-rl", "sk-ant-made-up", employee.vault, employee.units], check=False
    )
    assert found.stdout.splitlines() == [str(employee.vault / ".env")]
    assert "sk-ant-made-up" not in employee.journal()
