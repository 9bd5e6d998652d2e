"""Gathers the parts of a bug report. Each is tried on its own: what cannot be had is said in its place."""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiemp import __version__
from aiemp.asked import ask
from aiemp.cli.bugreport.disguise import Disguise, our_lines, plain_command, plain_config
from aiemp.doctor.observers.scene import Scene
from aiemp.errors import AiempError
from aiemp.frozen import frozen
from aiemp.plan import Plan
from aiemp.redaction import Redactor, redactor_of
from aiemp.systemd.names import ORCHESTRATOR

if TYPE_CHECKING:
    from aiemp.systemd.installed import InstalledUnits

MOST_RUNS = 200
LOG_LINES = 200
LARGEST_CONFIG = 256 * 1024
PATIENCE_S = 20.0
COUNTED = ("claude_s", "turns", "cost_usd")
"""Of what a run tells beside its end only numbers are taken: names of items, summaries and answers are not."""


@frozen
class Part:
    """One file of the report. ``problem``: why it is not there."""

    name: str
    text: str = ""
    problem: str = ""


@frozen
class Source:
    """What the parts are made from. ``doctor`` and ``status`` give what these commands print with ``--json``."""

    scene: Scene
    doctor: Callable[[], Mapping[str, Any]]
    status: Callable[[], Mapping[str, Any]]

    @property
    def plan(self) -> Plan | None:
        return self.scene.loaded if isinstance(self.scene.loaded, Plan) else None


def gather(source: Source) -> list[Part]:
    """All parts, disguised."""
    disguise = disguise_of(source)
    makers: list[tuple[str, Callable[[], object]]] = [
        ("versions.json", lambda: _versions(source)),
        ("doctor.json", source.doctor),
        ("status.json", lambda: _status(source)),
        ("config.json", lambda: _config(source)),
        ("aiemp.toml.txt", lambda: _config_text(source)),
        ("history.json", lambda: _history(source)),
    ]
    parts = [_part(name, make, disguise) for name, make in makers]
    for units in source.scene.kept_by:
        scope = units.scope.value
        texts = sorted(units.texts.items())
        parts += [_part(f"units/{scope}/{name}", partial(str, text), disguise) for name, text in texts]
        parts.append(_part(f"journal-{scope}.txt", partial(_journal, units, source.scene.environ), disguise))
    parts += [_part(f"logs/{path.name}", partial(_log, path), disguise) for path in _log_files(source)]
    return parts


def disguise_of(source: Source) -> Disguise:
    """With what the plan, the environment and the machine know."""
    scene = source.scene
    environ = dict(scene.environ)
    plan = source.plan
    secrets = redactor_of(plan, environ) if plan else _secrets_without_plan(scene)
    vaults = [str(plan.vault)] if plan else [str(scene.vault)] if scene.vault else []
    vaults += [str(units.vault) for units in scene.all_units if units.vault]
    homes = [environ.get("HOME", ""), _home_of_user()]
    both = (*vaults, *(os.path.realpath(path) for path in vaults if path))
    return Disguise(
        secrets,
        tuple(dict.fromkeys(both)),
        tuple(dict.fromkeys((*homes, *(os.path.realpath(path) for path in homes if path)))),
        tuple(dict.fromkeys((scene.user, environ.get("USER", ""), socket.gethostname(), platform.node()))),
    )


def _secrets_without_plan(scene: Scene) -> Redactor:
    """Of a configuration that cannot be read nothing is shown but keys; the environment and .env still count."""
    from aiemp.config.locate import vault_folder

    try:
        vault = vault_folder(scene.vault, scene.environ, None, Path.cwd())
    except (AiempError, OSError):
        vault = Path("/nonexistent")
    return redactor_of(Plan(vault), scene.environ)


def _home_of_user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def _part(name: str, make: Callable[[], object], disguise: Disguise) -> Part:
    try:
        value = make()
    except Exception as error:  # noqa: BLE001 - a report is asked for because something is broken
        said = str(error) if isinstance(error, AiempError) else f"{type(error).__name__}: {error}"
        return Part(disguise.text(name), problem=disguise.text(said))
    if isinstance(value, str):
        return Part(disguise.text(name), disguise.text(value))
    # Before it is written as JSON: there a path may be written in another way.
    return Part(disguise.text(name), json.dumps(disguise.values(value), indent=2, default=str) + "\n")


def _versions(source: Source) -> dict[str, object]:
    from importlib import metadata

    from aiemp.systemd.verify import systemd_version

    names = sorted(
        {"click", "jinja2", "oncalendar", "PyYAML", "python-dotenv", "tomlkit", "watchfiles", "rich"}
    )
    packages = {}
    for name in names:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "aiemp": __version__,
        "python": sys.version,
        "executable": sys.executable,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "systemd": systemd_version(source.scene.environ) if source.scene.booted else None,
        "packages": packages,
        "locale": {
            name: value for name, value in source.scene.environ.items() if name.startswith(("LC_", "LANG"))
        },
    }


def _status(source: Source) -> dict[str, object]:
    """The status without what tasks said of their work."""
    if source.plan is None:
        raise AiempError("the configuration has mistakes, which config.json and doctor.json have")
    status = dict(source.status())
    for task in status.get("tasks", ()):
        if isinstance(task.get("last"), dict):
            task["last"] = {**task["last"], "summary": ""}
    return status


def _config(source: Source) -> object:
    """The plan as `aiemp config show` has it, without the words of prompts and commands; or the mistakes."""
    from aiemp.config.show import plan_as_dict

    if source.plan is None:
        return {"mistakes": list(source.scene.loaded) if not isinstance(source.scene.loaded, Plan) else []}
    shown = plan_as_dict(source.plan)
    tables: Any = shown
    for task in tables["tasks"]:
        if task["prompt"]:
            task["prompt"] = f"({len(task['prompt'])} characters)"
    for each in (*tables["tasks"], *tables["watchers"], *tables["mcp_servers"], tables["alerts"]):
        each["command"] = plain_command(each["command"])
    tables["claude"]["args"] = plain_command(["", *tables["claude"]["args"]])[1:]
    return shown


def _config_text(source: Source) -> str:
    from aiemp.config.locate import config_to_read
    from aiemp.config.reading import read_regular_file

    try:
        data, _ = read_regular_file(config_to_read(source.scene.config, source.scene.environ), LARGEST_CONFIG)
    except FileNotFoundError:
        return "there is no aiemp.toml: all defaults\n"
    return plain_config(data.decode("utf-8", "replace"))


def _history(source: Source) -> object:
    from aiemp.run_history import History

    if source.plan is None:
        return {"runs": []}
    runs = []
    for entry in islice(History(source.scene.places.runs).newest_first(), MOST_RUNS):
        details = entry.pop("details", None)
        entry.pop("summary", None)
        numbers = details if isinstance(details, dict) else {}
        runs.append({**entry, "details": {key: numbers[key] for key in COUNTED if key in numbers}})
    return {"runs": runs}


def _log_files(source: Source) -> list[Path]:
    if source.plan is None:
        return []
    folder = source.scene.places.logs
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".log" and path.is_file())
    except OSError:
        return []


def _log(path: Path) -> str:
    from aiemp.cli.log_tail import last_lines

    tail = last_lines(path, LOG_LINES)
    lines = [line.decode("utf-8", "replace") for line in tail.lines] if tail else []
    return _text(our_lines(lines, only_serious=path.name.startswith("watcher-")))


def _journal(units: InstalledUnits, environ: Mapping[str, str]) -> str:
    """The last lines of the orchestrator's unit, and of every other together."""
    from aiemp.systemd.command_lines import journal_argv
    from aiemp.systemd.systemctl import bus_environment

    argv = [*journal_argv(units.scope, ORCHESTRATOR, LOG_LINES), "--unit=aiemp-*"]
    argv += ["--output=short-iso", "--no-hostname", "--quiet"]
    answer = ask(argv, environ=bus_environment(units.scope, environ), timeout_s=PATIENCE_S)
    if answer.silence:
        raise AiempError(f"journalctl {answer.problem}")
    said = [f"journalctl: {line}" for line in answer.err.splitlines()]
    return _text([*said, *our_lines(answer.out.splitlines())])


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
