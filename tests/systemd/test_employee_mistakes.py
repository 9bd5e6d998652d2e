"""What `aiemp install-units` cannot do: it says so, with a remedy, and nothing is half-installed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.systemd.employee import (
    IDLE,
    ORCHESTRATOR,
    SYSTEM_CONFIG,
    SYSTEM_UNITS,
    TARGET,
    Employee,
    zone_at_noon,
)
from tests.systemd.machine import Machine, NewUser

pytestmark = pytest.mark.real_engine("systemd")

FIND = ["find", "/home", "/etc/systemd", "-name", "*aiemp*", "-path", "*systemd*"]


@pytest.fixture(scope="module")
def newcomer(equipped: Machine) -> Iterator[Employee]:
    """A user with a vault, who has installed nothing; and a configuration of the machine. Each test leaves him so."""
    user = equipped.add_user("newcomer")
    made = Employee(equipped, user, False, zone_at_noon(equipped.now()))
    made.move_in()
    made.configure(IDLE)
    equipped.write_file(SYSTEM_CONFIG, equipped.read_file(made.config))
    yield made
    equipped.run(["rm", "-rf", SYSTEM_CONFIG.parent])
    equipped.remove_user(user.name)


def installed_files(machine: Machine) -> list[str]:
    return machine.run(FIND).stdout.split()


@pytest.mark.parametrize(
    ("as_root", "words", "status", "said"),
    [
        (True, ["--user"], 1, ["--user as root", "--system --run-as USER"]),
        (True, [], 1, ["--user as root"]),
        (False, ["--system", "--run-as", "daemon"], 1, ["needs root", "sudo"]),
        (False, ["--system", "--yes"], 1, ["run: sudo /", "install-units --system --yes"]),
        (True, ["--system"], 2, ["--run-as USER"]),
        (True, ["--system", "--run-as", "nobody-here"], 1, ["no user 'nobody-here'"]),
        (False, ["--user", "--run-as", "daemon"], 2, ["--run-as belongs to --system"]),
    ],
)
def test_wrong_person(
    newcomer: Employee, as_root: bool, words: list[str], status: int, said: list[str]
) -> None:
    """Whose units they are to be and who may install them is refused with what to type instead."""
    user = None if as_root else newcomer.user.name
    done = newcomer.machine.run(["aiemp", "install-units", *words], user=user, check=False)
    assert done.returncode == status, done.stderr
    assert all(text in done.stderr for text in said), done.stderr
    assert (done.stdout, installed_files(newcomer.machine)) == ("", [])


@pytest.mark.parametrize("runtime_dir", [None, "/run/user/0"])
def test_bus_is_found_without_a_login_environment(newcomer: Employee, runtime_dir: str | None) -> None:
    """`sudo -u` and `su` leave XDG_RUNTIME_DIR away or wrong; the manager is found where it is."""
    env = {"XDG_RUNTIME_DIR": runtime_dir}
    newcomer.machine.run(["aiemp", "install-units"], user=newcomer.user.name, env=env)
    assert newcomer.show(TARGET, "UnitFileState")["UnitFileState"] == "enabled"
    newcomer.machine.run(["aiemp", "uninstall-units"], user=newcomer.user.name, env=env)
    assert installed_files(newcomer.machine) == []


def test_no_manager_of_the_user(equipped: Machine, new_user: NewUser) -> None:
    """Neither lingering nor logged in: there is nobody to install for; said with the command that mends it."""
    made = Employee(equipped, new_user(equipped, linger=False), False, "UTC")
    made.move_in()
    made.configure(IDLE)
    done = made.install(check=False)
    assert done.returncode == 1
    for text in ("cannot be reached", f"loginctl enable-linger {made.user.name}", "aiemp run", "PM2"):
        assert text in done.stderr
    assert (done.stdout, installed_files(equipped)) == ("", [])
    (mends,) = re.findall(r"sudo (loginctl enable-linger [\w-]+)", done.stderr)
    equipped.run(["sh", "-c", mends])
    assert made.install("--now", check=False).returncode == 0
    made.until(lambda: made.state(ORCHESTRATOR) == "active", "the orchestrator")
    made.uninstall()


def test_folder_that_the_manager_does_not_know(newcomer: Employee) -> None:
    """XDG_CONFIG_HOME of this shell is not the manager's: it would never see the units."""
    env = {"XDG_CONFIG_HOME": f"{newcomer.user.home}/elsewhere"}
    argv = ["aiemp", "--config", newcomer.config, "install-units"]
    done = newcomer.machine.run(argv, user=newcomer.user.name, env=env, check=False)
    assert (done.returncode, "XDG_CONFIG_HOME" in done.stderr) == (1, True), done.stderr
    assert installed_files(newcomer.machine) == []


def test_uninstalling_from_a_folder_that_the_manager_does_not_know(newcomer: Employee) -> None:
    """As with installing: it must not say that there is nothing, while everything runs from the right folder."""
    newcomer.install()
    env = {"XDG_CONFIG_HOME": f"{newcomer.user.home}/elsewhere"}
    done = newcomer.machine.run(["aiemp", "uninstall-units"], user=newcomer.user.name, env=env, check=False)
    assert (done.returncode, "XDG_CONFIG_HOME" in done.stderr) == (1, True), done.stderr
    assert installed_files(newcomer.machine) != []
    newcomer.uninstall()
    assert installed_files(newcomer.machine) == []


@pytest.mark.parametrize("is_system", [False, True], ids=["user", "system"])
def test_second_installation_beside_the_other(newcomer: Employee, is_system: bool) -> None:
    """One vault has one installation: under the other manager it is refused, with what to type first."""
    other = Employee(newcomer.machine, newcomer.user, True, newcomer.zone)
    first, second = (other, newcomer) if is_system else (newcomer, other)
    first.machine.write_file(SYSTEM_CONFIG, newcomer.machine.read_file(newcomer.config))
    first.install()
    before = installed_files(first.machine)
    done = second.install(check=False)
    assert done.returncode == 1
    assert ("aiemp uninstall-units --system" if is_system else "aiemp uninstall-units (as ") in done.stderr
    assert installed_files(first.machine) == before
    first.uninstall()
    assert installed_files(first.machine) == []


def test_units_that_kept_another_vault(newcomer: Employee) -> None:
    """They follow, and it is said that they do."""
    newcomer.install()
    vault = newcomer.user.home / "another"
    newcomer.machine.run(["mkdir", "-p", vault / "Needs_Action"], user=newcomer.user.name)
    words = ["aiemp", "--vault", vault, "install-units"]
    said = newcomer.machine.run(words, user=newcomer.user.name).stdout
    assert f"{newcomer.vault}; from now on it is {vault}" in said
    newcomer.uninstall()


@pytest.mark.parametrize("is_system", [False, True], ids=["user", "system"])
def test_unit_folder_that_others_can_write(newcomer: Employee, is_system: bool) -> None:
    """The machine's is refused; of a user's own he is warned."""
    made = Employee(newcomer.machine, newcomer.user, is_system, newcomer.zone)
    made.machine.run(["mkdir", "-p", made.units], user=made.manager)
    made.machine.run(["chmod", "o+w", made.units])
    done = made.install(check=False)
    made.machine.run(["chmod", "o-w", made.units])
    assert f"chmod go-w {made.units}" in (done.stderr if is_system else done.stdout)
    assert done.returncode == (1 if is_system else 0)
    made.uninstall()
    assert installed_files(made.machine) == []


@pytest.mark.parametrize("is_system", [False, True], ids=["user", "system"])
def test_masked_unit(newcomer: Employee, is_system: bool) -> None:
    """What the user has masked is told as that, with the command that ends it."""
    made = Employee(newcomer.machine, newcomer.user, is_system, newcomer.zone)
    made.systemctl("mask", "aiemp-orchestrator.service")
    done = made.install(check=False)
    (remedy,) = re.findall("masked, so .*; run: ([^;]*);", done.stderr)
    assert done.returncode == 1
    made.machine.run(["sh", "-c", remedy.replace("sudo ", "")], user=made.manager)
    made.install()
    made.uninstall()


def test_watcher_that_takes_long_to_stop(newcomer: Employee, request: pytest.FixtureRequest) -> None:
    """Removing waits for it as long as it may take, and says after a while what it waits for. On one of the machines
    that is longer than any other call of systemctl may take."""
    stop_s = 63 if "257" in request.node.name else 13
    stubborn = (
        '[watchers.slow]\ncommand = ["sh", "-c", "trap : TERM; touch ready; while :; do sleep 1; done"]\n'
    )
    newcomer.configure(IDLE + stubborn + f"stop_timeout_seconds = {stop_s}\n")
    newcomer.install("--now")
    newcomer.until(lambda: newcomer.machine.exists(newcomer.vault / "ready"), "the watcher")
    words = ["aiemp", "uninstall-units"]
    done = newcomer.machine.run(words, user=newcomer.user.name, timeout_s=110)
    newcomer.configure(IDLE)
    assert "still waiting for systemctl stop" in done.stderr
    assert installed_files(newcomer.machine) == []


def test_linger_is_enabled_or_said_how(equipped: Machine, new_user: NewUser) -> None:
    """`--linger` where it is on already is no error; the hint says that it is off."""
    made = Employee(equipped, new_user(equipped), False, "UTC")
    made.move_in()
    made.configure(IDLE)
    equipped.run(["rm", f"/var/lib/systemd/linger/{made.user.name}"])  # as after a login
    assert "--linger" in made.install().stdout
    equipped.run(["touch", f"/var/lib/systemd/linger/{made.user.name}"])
    assert "--linger" not in made.install("--linger").stdout


def test_no_systemd(newcomer: Employee) -> None:
    """As in a container without systemd: named, with the other ways."""
    done = newcomer.machine.run(
        ["/usr/local/bin/aiemp", "install-units"],
        user=newcomer.user.name,
        env={"PATH": "/opt/aiemp-test/bin"},
        check=False,
    )
    assert done.returncode == 1
    assert all(text in done.stderr for text in ("no systemd", "aiemp run", "PM2")), done.stderr
    assert installed_files(newcomer.machine) == []


def _read_only_for_user(newcomer: Employee) -> Callable[[], object]:
    newcomer.machine.run(["mkdir", "-p", newcomer.units], user=newcomer.user.name)
    newcomer.machine.run(["chown", "root:", newcomer.units])
    return lambda: newcomer.machine.run(["rmdir", newcomer.units])


def _read_only_for_machine(newcomer: Employee) -> Callable[[], object]:
    newcomer.machine.run(["mount", "--bind", SYSTEM_UNITS, SYSTEM_UNITS])
    newcomer.machine.run(["mount", "-o", "remount,bind,ro", SYSTEM_UNITS])
    return lambda: newcomer.machine.run(["umount", SYSTEM_UNITS])


@pytest.mark.parametrize("is_system", [False, True], ids=["user", "system"])
def test_unwritable_unit_folder(newcomer: Employee, is_system: bool) -> None:
    """Named, and nothing of a half installation is there; what runs already goes on."""
    made = Employee(newcomer.machine, newcomer.user, is_system, newcomer.zone)
    again = (_read_only_for_machine if is_system else _read_only_for_user)(made)
    try:
        done = made.install(check=False)
    finally:
        again()
    assert done.returncode == 1
    assert f"{made.units}: no unit can be written" in done.stderr
    assert installed_files(made.machine) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tasks.job]\nfrequenzy = 'daily'\n", "did you mean `frequency`"),
        ("[tasks.job]\ncalendar = 'daily'\ncommand = ['true'\n", "aiemp.toml:"),
    ],
)
def test_configuration_that_cannot_be(newcomer: Employee, text: str, said: str) -> None:
    """A mistake in aiemp.toml: told with its line, and nothing is installed."""
    newcomer.configure(IDLE + text)
    done = newcomer.install(check=False)
    newcomer.configure(IDLE)
    assert done.returncode == 2
    assert said in done.stderr
    assert installed_files(newcomer.machine) == []


def test_program_that_the_user_cannot_run(newcomer: Employee) -> None:
    """In a system installation: aiemp lies in the administrator's home, which nobody else can look into."""
    made = Employee(newcomer.machine, newcomer.user, True, newcomer.zone)
    newcomer.machine.run(["cp", "-a", "/opt/aiemp-test", "/root/own"])
    argv = ["/root/own/bin/python", "-P", "-m", "aiemp", "install-units", *made.scope]
    done = newcomer.machine.run(argv, check=False)
    newcomer.machine.run(["rm", "-r", "/root/own"])
    assert (done.returncode, f"{made.user.name} cannot run this aiemp" in done.stderr) == (1, True), (
        done.stderr
    )
    assert "/opt" in done.stderr and installed_files(newcomer.machine) == []


def test_configuration_that_the_user_cannot_read(newcomer: Employee) -> None:
    """In a system installation: everything would fail to start, so it is refused, with what to type."""
    newcomer.machine.run(["chmod", "600", SYSTEM_CONFIG])
    made = Employee(newcomer.machine, newcomer.user, True, newcomer.zone)
    done = made.install(check=False)
    assert done.returncode == 1
    assert f"{made.user.name} cannot read {SYSTEM_CONFIG}" in done.stderr
    assert installed_files(made.machine) == []
    (remedy,) = re.findall("for example: (.*)", done.stderr)
    made.machine.run(["sh", "-c", remedy])
    made.install("--now")
    assert made.state("aiemp-orchestrator.service") == "active"
    made.uninstall()
