"""The test machine itself: a real systemd, its users, clock and deaths, and that nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.systemd import requirements
from tests.systemd.inside import CommandFailed, User
from tests.systemd.isolation import PREFIX, remove_leftovers
from tests.systemd.machine import Machine, NewUser
from tests.systemd.waiting import wait_until

pytestmark = pytest.mark.real_engine("systemd")

PINGS_ITS_WATCHDOG = """
import os, socket, time
def tell(what):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(what, os.environ["NOTIFY_SOCKET"])
tell(b"READY=1")
while True:
    tell(b"WATCHDOG=1")
    time.sleep(0.1)
"""


def test_boots_and_nothing_fails(each_machine: Machine) -> None:
    """systemd is PID 1 in there and says `running`, on both versions."""
    state = each_machine.systemctl("is-system-running", check=False).stdout.strip()
    failed = each_machine.systemctl("--failed").stdout
    assert (state, each_machine.read_file("/proc/1/comm").strip()) == ("running", "systemd"), failed


@pytest.mark.systemd257
def test_the_newer_machine_is_newer(machine: Machine, machine_257: Machine) -> None:
    """The Debian 13 root really runs its own systemd."""
    versions = [
        int(each.run(["systemctl", "--version"]).stdout.split()[1]) for each in (machine, machine_257)
    ]
    assert versions[1] >= 257 and versions[1] != versions[0]


def test_lingering_user_has_manager_and_journal(each_machine: Machine, new_user: NewUser) -> None:
    """Without any login, a service of his runs and he reads its line with `journalctl --user -u`."""
    user = new_user(each_machine)
    unit = user.home / ".config/systemd/user/hello.service"
    # It stays: of a process that is gone at once, journald cannot tell the unit any more.
    text = "[Service]\nExecStart=/bin/sh -c 'echo grüß dich; exec sleep infinity'\n"
    each_machine.write_file(unit, text, user=user.name)
    each_machine.user_systemctl(user.name, "daemon-reload")
    each_machine.user_systemctl(user.name, "start", "hello.service")

    def seen() -> bool:
        return "grüß dich" in each_machine.journal("-u", "hello.service", user=user.name)

    wait_until(seen, 10, "the line in the user's journal")


def test_user_without_linger_has_no_manager(machine: Machine, new_user: NewUser) -> None:
    """A user who neither lingers nor is logged in has no manager: what a forgotten enable-linger means."""
    user = new_user(machine, linger=False)
    assert machine.user_systemctl(user.name, "is-system-running", check=False).returncode != 0
    assert not machine.lingers(user.name)


def test_commands_show_why_they_failed(machine: Machine, user: User) -> None:
    """A failed command is an error with its output; the environment, folder, input and user are as asked."""
    with pytest.raises(CommandFailed, match=r"(?s)ended with 3.*so sad"):
        machine.run(["sh", "-c", "echo so sad; exit 3"])
    script = 'printf "%s|" "$(id -un)" "$PWD" "$EXTRA" "${XDG_RUNTIME_DIR-none}"; cat'
    done = machine.run(
        ["sh", "-c", script],
        user=user.name,
        env={"EXTRA": "a b", "XDG_RUNTIME_DIR": None},
        cwd="/var",
        stdin="ünd",
    )
    assert done.stdout == f"{user.name}|/var|a b|none|ünd"
    with pytest.raises(subprocess.TimeoutExpired):
        machine.run(["sleep", "4711"], timeout_s=0.2)
    look = ["sh", "-c", "cat /proc/[0-9]*/comm"]
    wait_until(lambda: "sleep\n" not in machine.run(look, check=False).stdout, 5, "sleep is gone")


def test_files_of_the_machine_are_not_the_hosts(machine: Machine, tmp_path: Path) -> None:
    """What is written in there stays in there, and the kernel's settings are out of its reach."""
    machine.write_file("/etc/only-in-there/file", "text")
    assert machine.read_file("/etc/only-in-there/file") == "text"
    assert not Path("/etc/only-in-there").exists()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/leaf").write_text("copied", encoding="utf-8")
    machine.copy_in(tmp_path / "tree", "/opt/brought")
    assert machine.read_file("/opt/brought/tree/leaf") == "copied"
    for harm in ("echo x > /proc/sys/kernel/core_pattern", "date --set 'now + 1 hour'"):
        assert machine.run(["sh", "-c", harm], check=False).returncode != 0, harm


def test_sandboxing_works_in_system_mode(each_machine: Machine) -> None:
    """Mount namespaces and system call filters work in there, so hardened units are really tried."""
    script = "echo x > /etc/leak; unshare --user true"
    options = ["ProtectSystem=strict", "PrivateTmp=yes", "RestrictNamespaces=yes", "CapabilityBoundingSet="]
    words = [word for option in options for word in ("-p", option)]
    ran = each_machine.run(["systemd-run", "--wait", "--pipe", *words, "sh", "-c", script], check=False)
    assert ran.returncode != 0
    assert "Read-only file system" in ran.stderr and "Operation not permitted" in ran.stderr
    assert not each_machine.exists("/etc/leak")


def test_credentials_work_in_system_mode(each_machine: Machine) -> None:
    """A service gets its LoadCredential=, which needs mounts that spread from one namespace to another."""
    each_machine.write_file("/etc/the-secret", "hush", mode=0o600)
    argv = [
        "systemd-run",
        "--wait",
        "--pipe",
        "-p",
        "LoadCredential=key:/etc/the-secret",
        "-p",
        "User=nobody",
    ]
    ran = each_machine.run([*argv, "sh", "-c", 'cat "$CREDENTIALS_DIRECTORY/key"'])
    assert ran.stdout == "hush"


@pytest.mark.parametrize("mode", ["system", "user"])
def test_watchdog_restarts_a_stopped_service(each_machine: Machine, new_user: NewUser, mode: str) -> None:
    """A Type=notify service that stops pinging (SIGSTOP) is killed by its watchdog and comes back."""
    owner = new_user(each_machine) if mode == "user" else None
    folder = owner.home / ".config/systemd/user" if owner else Path("/etc/systemd/system")
    name = owner.name if owner else None
    program = (owner.home if owner else Path("/opt")) / "pings.py"
    each_machine.write_file(program, PINGS_ITS_WATCHDOG, user=name)
    text = f"""
[Service]
Type=notify
WatchdogSec=1
Restart=on-failure
RestartSec=0
ExecStart={each_machine.which("python3")} {program}
"""
    each_machine.write_file(folder / "pinging.service", text, user=name)

    def systemctl(*words: str) -> None:
        each_machine.run(["systemctl", *(["--user"] if name else []), *words], user=name)

    def shown(field: str) -> str:
        return each_machine.show("pinging.service", field, user=name)[field]

    systemctl("daemon-reload")
    systemctl("start", "pinging.service")
    first = shown("MainPID")
    each_machine.run(["sh", "-c", "kill -STOP $1", "sh", first])
    wait_until(lambda: shown("NRestarts") == "1" and shown("ActiveState") == "active", 20, "the restart")
    assert shown("MainPID") not in (first, "0")
    assert "Watchdog timeout" in each_machine.journal("-u", "pinging.service", user=name)
    systemctl("stop", "pinging.service")


def test_reboot_and_power_cut_keep_the_disk(own_machine: Machine) -> None:
    """An enabled unit of a lingering user is back without a login, after an orderly end and after a crash."""
    user = own_machine.add_user("stays")
    text = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=default.target\n"
    own_machine.write_file(user.home / ".config/systemd/user/stays.service", text, user=user.name)
    own_machine.user_systemctl(user.name, "enable", "--now", "stays.service")
    boots = [own_machine.read_file("/proc/sys/kernel/random/boot_id")]
    for start_again in (own_machine.reboot, own_machine.power_cut):
        own_machine.write_file("/run/volatile", "gone with the power")
        start_again()
        assert not own_machine.exists("/run/volatile")
        assert own_machine.show("stays.service", "ActiveState", user=user.name)["ActiveState"] == "active"
        boots.append(own_machine.read_file("/proc/sys/kernel/random/boot_id"))
    assert len(set(boots)) == 3, "each boot has an ID of its own"
    assert len(own_machine.journal("--list-boots", "--output", "json").splitlines()) >= 1


def test_two_days_down_on_a_clock_of_its_own(own_machine: Machine) -> None:
    """Switched on two days later, a persistent timer catches up once; then timers keep to that clock."""
    friday = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
    sunday = friday + timedelta(days=2)

    def timer(name: str, expression: str) -> None:
        text = f"[Timer]\nOnCalendar={expression}\nPersistent=true\nAccuracySec=1us\n"
        own_machine.write_file(
            f"/etc/systemd/system/{name}.timer", f"{text}[Install]\nWantedBy=timers.target\n"
        )
        text = f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'date +%%s >> /var/{name}'\n"
        own_machine.write_file(f"/etc/systemd/system/{name}.service", text)
        own_machine.systemctl("enable", "--now", f"{name}.timer")

    def runs(name: str) -> list[datetime]:
        lines = own_machine.read_file(f"/var/{name}").split()
        return [datetime.fromtimestamp(int(line), UTC) for line in lines]

    own_machine.power_cut(at=friday)
    timer("daily", "*-*-* 02:00 UTC")
    assert abs(own_machine.now() - friday) < timedelta(seconds=30)
    assert not own_machine.exists("/var/daily")

    own_machine.reboot(at=sunday)
    wait_until(lambda: own_machine.exists("/var/daily"), 20, "the catch-up run")
    (caught_up,) = runs("daily")
    assert timedelta(0) <= caught_up - sunday < timedelta(seconds=30)

    soon = own_machine.now().replace(microsecond=0) + timedelta(seconds=3)
    timer("soon", f"{soon:%Y-%m-%d %H:%M:%S} UTC")
    wait_until(lambda: own_machine.exists("/var/soon"), 20, "the timer by the shifted clock")
    assert runs("soon") == [soon]
    assert f"Mar 29 {soon:%H:%M:%S}" in own_machine.journal("-u", "soon.service")


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_nothing_stays_behind(machine: Machine, how: str) -> None:
    """After close() nothing is left; after kill -9 of the tests no process, and the next start tidies up."""
    code = (
        "import sys\n"
        "from tests.systemd.machine import Machine\n"
        "with Machine() as machine:\n"
        "    machine.background(['sleep', '86399'])\n"
        "    print(machine._isolation.cgroup, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None and process.stdin is not None
    cgroup = Path(process.stdout.readline().decode().strip())
    with process:
        inside = _processes_below(cgroup)
        assert inside
        if how == "killed":
            process.send_signal(signal.SIGKILL)
        else:
            process.stdin.close()
        process.wait(30)
    wait_until(lambda: not _processes_below(cgroup), 10, "its processes are gone")
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in inside), 10, "all reaped")
    if how == "killed":
        remove_leftovers()  # somebody else who boots a machine just now may have done it already
    assert not cgroup.exists()
    assert not (Path(tempfile.gettempdir()) / cgroup.name).exists()
    ours = [path.name for path in cgroup.parent.glob(f"{PREFIX}{os.getpid()}.*")]
    assert ours, "the machine of this run is not touched"


def test_a_host_that_cannot_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root without systemd and a PATH without the programs are named as the reason."""
    reason = requirements.why_no_machine(tmp_path)
    assert reason is not None
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = requirements.why_no_machine()
    assert reason is not None and ("root" in reason or "util-linux" in reason or "Linux" in reason)


def _processes_below(cgroup: Path) -> list[int]:
    return [
        int(pid)
        for listed in cgroup.rglob("cgroup.procs")
        for pid in listed.read_text(encoding="ascii").split()
    ]
