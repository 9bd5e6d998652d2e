"""Hostile values go into unit files and come back from a real systemd unchanged, in system and user mode."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiemp.systemd.quoting import (
    bind_path_value,
    environment_assignment,
    exec_line,
    path_list_value,
    path_value,
    text_value,
    unit_name_part,
)
from tests.systemd.inside import User
from tests.systemd.machine import Machine

pytestmark = pytest.mark.real_engine("systemd")

SPECIAL = (
    "%",
    "%n",
    "%%",
    "$",
    "$HOME",
    "${HOME}",
    "$$",
    "`id`",
    "$(id)",
    '"',
    "'",
    "#",
    "#x",
    "~",
    "*",
    ",",
)
ESCAPES = ("\\", "\\\\", "\\x20", "\\n", ";", "\\;", "{a,b}", "=", "a=b", "|", "&", "[Service]", "<x>")
STARTS = tuple(f"{first}x" for first in "-@:+!|~#;%$\"'\\ =")
TEXT = ("a b", "a  b", " leading", "trailing ", "\ttab\t", "a\tb", "Größe", "日本", "😀", "e\u0301", "\u2028")
ENDS = ("ends\\", "ends\\\\", "ends ", "ends%", "ends$", 'ends"', "ends;", "ends \\ ")
LONG = ("x" * 4096, "ü %n $HOME ; \\" * 300)
WORDS = ("", " ", *SPECIAL, *ESCAPES, *STARTS, *TEXT, *ENDS, *LONG)
CONTROLS = tuple(chr(code) for code in (*range(1, 10), 11, 12, *range(14, 32), 127))
NO_TEXT = ("\udcff", "a\udc80b", "\ufffe", "\U0001ffff")

FOLDERS = tuple(
    dict.fromkeys((*SPECIAL, *ESCAPES, *STARTS, *TEXT, *ENDS, 'Bob\'s "own" 50% $AVE; #1 \\', "y" * 250))
)
"""Names of folders: no slash, no more than 255 bytes."""

ONESHOT = "[Service]\nType=oneshot\nExecStart="

DUMP = """
import json, os, sys
with open(sys.argv[1], "w") as out:
    json.dump([sys.argv[2:], dict(os.environ), os.getcwd()], out)
"""

WRITE = """
import json, os, pathlib, shutil, sys
folder, made, links, files = json.load(sys.stdin)
shutil.rmtree("OUT", ignore_errors=True)
os.mkdir("OUT")
for path in made:
    os.makedirs(path, exist_ok=True)
for path, target in links.items():
    pathlib.Path(path).unlink(missing_ok=True)
    os.symlink(target, path)
os.makedirs(folder, exist_ok=True)
for old in os.listdir(folder):
    if old.startswith("quoted-"):
        os.unlink(os.path.join(folder, old))
for name, text in files.items():
    with open(os.path.join(folder, name), "w", errors="surrogateescape") as file:
        file.write(text)
""".replace("OUT", "/tmp/quoted")

READ = """
import json, os
def text(name):
    with open("/tmp/quoted/" + name, errors="surrogateescape", newline="") as file:
        return file.read()
print(json.dumps({name: text(name) for name in os.listdir("/tmp/quoted")}))
"""

# A shell starts ten times as fast as Python does.
SHOW_PLACES = 'exec 3> "$0" 4>&1; pwd -P >&3; readlink /proc/self/fd/4 >&3'
SHOW_ARGV = 'cat "/proc/$$/cmdline" > "$0"'


class Manager:
    """A system or a user manager that is given units in batches: one write, one reload, one start."""

    def __init__(self, machine: Machine, user: User | None) -> None:
        self.machine = machine
        self.user = user
        self.name = user.name if user else None
        self.folder = user.home / ".config/systemd/user" if user else Path("/etc/systemd/system")
        self.places = str(user.home) if user else "/srv"
        self.python = machine.which("python3")
        self.machine.run(["rm", "-rf", "/tmp/quoted"])
        self.machine.write_file("/opt/dump.py", DUMP)

    def dump_to(self, name: str, *words: str) -> str:
        """A service section: the program that writes what it got into ``/tmp/quoted/NAME``."""
        argv = [self.python, "-S", "/opt/dump.py", f"/tmp/quoted/{name}", *words]
        return f"{ONESHOT}{exec_line(argv)}\n"

    def load(
        self, units: Mapping[str, str], folders: Sequence[str] = (), links: Mapping[str, str] | None = None
    ) -> list[str]:
        """Write the units ``quoted-NAME.service`` in place of those before and tell systemd."""
        files = {f"quoted-{name}.service": text for name, text in units.items()}
        wanted = json.dumps([str(self.folder), list(folders), dict(links or {}), files])
        self.machine.run([self.python, "-c", WRITE], user=self.name, stdin=wanted)
        scope = ["--user"] if self.name else ["--system"]
        self.machine.run(["systemctl", *scope, "daemon-reload"], user=self.name)
        return list(files)

    def start(
        self, units: Mapping[str, str], folders: Sequence[str] = (), links: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Load and start the units; what their programs wrote, by file name."""
        names = self.load(units, folders, links)
        scope = ["--user"] if self.name else ["--system"]
        started = self.machine.run(
            ["systemctl", *scope, "start", "--", *names], user=self.name, check=False, timeout_s=60
        )
        assert started.returncode == 0, started.stderr + self.machine.journal("-n", "30")
        written: dict[str, str] = json.loads(self.machine.run([self.python, "-c", READ]).stdout)
        return written

    def shown(self, names: Sequence[str], field: str) -> list[str]:
        """A property of each unit, exactly."""
        scope = ["--user"] if self.name else ["--system"]
        units = [f"quoted-{name}.service" for name in names]
        argv = ["systemctl", *scope, "show", "--property", field, "--value", "--", *units]
        return self.machine.run(argv, user=self.name).stdout[:-1].split("\n\n")


@pytest.fixture(scope="module", params=["system", "user"])
def manager(request: pytest.FixtureRequest, each_machine: Machine) -> Iterator[Manager]:
    """The system manager of a machine, and that of a lingering user in it."""
    user = each_machine.add_user("quoter") if request.param == "user" else None
    yield Manager(each_machine, user)
    if user:
        each_machine.remove_user(user.name)


def test_arguments(manager: Manager) -> None:
    """A program gets every argument as it was, control characters and bytes that are no text included."""
    words = [*WORDS, *CONTROLS, *NO_TEXT]
    written = manager.start({"all": manager.dump_to("all", *words)})
    assert seen(written["all"])[0] == words


def test_arguments_before_a_second_directive(manager: Manager) -> None:
    """No argument swallows the line after it: what follows still counts, whatever the argument ends with."""
    units = {
        str(number): manager.dump_to(str(number), word) + "Environment=NEXT=line\n"
        for number, word in enumerate(ENDS)
    }
    written = manager.start(units)
    for number, word in enumerate(ENDS):
        argv, environ, _ = seen(written[str(number)])
        assert (argv, environ.get("NEXT")) == ([word], "line")


def test_environment(manager: Manager) -> None:
    """Every variable has its value, alone on its line or several on one."""
    words = [*WORDS, *CONTROLS]
    lines = [f"Environment={environment_assignment(f'V{n}', word)}\n" for n, word in enumerate(words)]
    together = [environment_assignment(f"W{n}", word) for n, word in enumerate(words)]
    text = manager.dump_to("all") + "".join(lines) + f"Environment={' '.join(together)}\n"
    environ = seen(manager.start({"all": text})["all"])[1]
    for first in "VW":
        assert [environ[f"{first}{n}"] for n in range(len(words))] == words


def test_working_directories(manager: Manager) -> None:
    """A program starts in its folder, and appends its output to a file in there, whatever they are called."""
    paths = [PurePosixPath(manager.places) / name for name in (*FOLDERS, *CONTROLS[::5])]
    logs = [path / f"{path.name[:80]}.log" for path in paths]
    units = {}
    for number, (path, log) in enumerate(zip(paths, logs, strict=True)):
        line = exec_line(["/bin/sh", "-c", SHOW_PLACES, f"/tmp/quoted/{number}"])
        places = f"WorkingDirectory={path_value(path)}\nStandardOutput=append:{path_value(log)}\n"
        units[str(number)] = f"{ONESHOT}{line}\n{places}"
    written = manager.start(units, folders=[str(path) for path in paths])
    for number, (path, log) in enumerate(zip(paths, logs, strict=True)):
        assert written[str(number)] == f"{path}\n{log}\n"


def test_programs(manager: Manager) -> None:
    """A program runs under its own name, also where systemd alone would refuse its path."""
    names = [name for name in (*FOLDERS, "\x01", "ü\udcff") if name != "y" * 250]
    argvs = {
        str(n): [f"{manager.places}/{name}/{name}", "-c", SHOW_ARGV, f"/tmp/quoted/{n}", "$HOME", "%n"]
        for n, name in enumerate(names)
    }
    units = {n: f"{ONESHOT}{exec_line(argv)}\n" for n, argv in argvs.items()}
    programs = [argv[0] for argv in argvs.values()]
    folders = [str(PurePosixPath(program).parent) for program in programs]
    written = manager.start(units, folders, dict.fromkeys(programs, "/bin/sh"))
    for n, argv in argvs.items():
        assert written[n].removesuffix("\0").split("\0") == argv


def test_descriptions(manager: Manager) -> None:
    """Each description is shown as it was, but for the spaces around it, and the line after it counts."""
    words = [word for word in (*WORDS, *CONTROLS) if word.strip(" \t")]
    units = {
        str(n): f"[Unit]\nDescription={text_value(word)}\nStartLimitBurst=7\n{manager.dump_to(str(n))}"
        for n, word in enumerate(words)
    }
    manager.load(units)
    assert manager.shown(list(units), "Description") == [word.strip(" \t") for word in words]
    assert set(manager.shown(list(units), "StartLimitBurst")) == {"7"}


def test_unit_names(manager: Manager) -> None:
    """A unit whose name has any text in it can be loaded and started, and is another one than any other."""
    names = [name for name in (*FOLDERS, *CONTROLS) if len(unit_name_part(name)) < 200]
    line = "[Service]\nType=oneshot\nExecStart=/bin/touch /tmp/quoted/"
    units = {unit_name_part(name): f"{line}{number}\n" for number, name in enumerate(names)}
    assert len(units) == len(set(names))
    assert len(manager.start(units)) == len(names)


def test_writable_folders(each_machine: Machine) -> None:
    """In a sandbox the named folders alone are writable, and bind mounts show what they should."""
    manager = Manager(each_machine, None)
    names = (*FOLDERS, *CONTROLS[::5])
    paths = [PurePosixPath("/srv") / name for name in names]
    script = 'touch "$1/new" && ! touch /srv/new 2> /dev/null && echo "$1" > "$0"'
    units = {}
    for number, path in enumerate(paths):
        argv = ["/bin/sh", "-c", script, f"/tmp/quoted/{number}", str(path)]
        service = f"{ONESHOT}{exec_line(argv)}\n"
        writable = path_list_value(PurePosixPath("/tmp/quoted"), path)
        units[f"{number}-rw"] = f"{service}ProtectSystem=strict\nReadWritePaths={writable}\n"
        if not set(path.name) & {'"', "'", *CONTROLS}:
            bound = f"TemporaryFileSystem=/srv:ro\nBindPaths={bind_path_value(path)}\n"
            units[f"{number}-bind"] = service + bound
    written = manager.start(units, folders=[str(path) for path in paths])
    assert sorted(written) == sorted(str(number) for number in range(len(paths)))


def test_nothing_for_verify_to_say(manager: Manager) -> None:
    """`systemd-analyze verify` finds nothing in a unit full of hostile values: no warning, no error."""
    words = [word for word in WORDS if len(word) < 1000]
    environment = " ".join(environment_assignment(f"V{n}", word) for n, word in enumerate(words))
    text = f"[Unit]\nDescription={text_value(' '.join(words))}\n{manager.dump_to('all', *words)}"
    manager.start({"all": f"{text}Environment={environment}\n"})
    scope = ["--user"] if manager.name else ["--system"]
    verify = ["systemd-analyze", *scope, "verify", str(manager.folder / "quoted-all.service")]
    done = manager.machine.run(verify, user=manager.name)
    assert done.stderr == ""


any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), max_size=40)
nasty_text = st.text(st.sampled_from("%$\\\"'; #ntx0~-@:+!{}=\t\x7fü😀"), max_size=12)
values = st.lists(any_text | nasty_text, min_size=20, max_size=100)


@given(words=values)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_values(manager: Manager, words: list[str]) -> None:
    """Values that nobody thought of, as arguments, variables and folders, many in one unit."""
    text_only = [word for word in words if is_utf8_for_systemd(word)]
    names = [word for word in text_only if "/" not in word and 0 < len(word.encode()) < 200]
    folder = f"{manager.places}/any/{next((name for name in names if name not in ('.', '..')), 'plain')}"
    lines = [f"Environment={environment_assignment(f'V{n}', word)}\n" for n, word in enumerate(text_only)]
    text = manager.dump_to("all", *words) + "".join(lines)
    text += f"WorkingDirectory={path_value(PurePosixPath(folder))}\n"
    argv, environ, cwd = seen(manager.start({"all": text}, folders=[folder])["all"])
    assert (argv, cwd) == (words, folder)
    assert [environ[f"V{n}"] for n in range(len(text_only))] == text_only


def seen(dumped: str) -> Any:
    """What the program wrote: its arguments, environment and folder."""
    return json.loads(dumped)


def is_utf8_for_systemd(word: str) -> bool:
    """Whether systemd takes it as text: code points that never are characters it does not."""
    return not any(0xFDD0 <= ord(one) <= 0xFDEF or ord(one) & 0xFFFE == 0xFFFE for one in word)
