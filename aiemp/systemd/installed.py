"""The units that are installed now, as their files tell: for whom, for which vault, with which Python, PATH.

Reads files and asks no manager, so it is cheap, and answers where no bus can be reached.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from aiemp.frozen import frozen
from aiemp.plan import Origin, Watcher
from aiemp.systemd.changes import GENERATED_BY, is_generated
from aiemp.systemd.installation import SYSTEM_UNITS, user_installation
from aiemp.systemd.names import ORCHESTRATOR, TARGET, is_ours, watcher_unit
from aiemp.systemd.scope import Scope

BOOTED = Path("/run/systemd/system")
"""Is there where systemd is the init of the machine (sd_booted(3))."""

LARGEST_UNIT_BYTES = 256 * 1024


@frozen
class InstalledUnits:
    """The unit files of ours in the folder of one manager, by name. There is always a target among them."""

    scope: Scope
    folder: Path
    texts: Mapping[str, str]

    @property
    def is_system(self) -> bool:
        return self.scope is Scope.SYSTEM

    @cached_property
    def argv(self) -> tuple[str, ...]:
        """The command of the orchestrator, as installed; empty when it cannot be told."""
        from aiemp.systemd.unquoting import exec_words  # noqa: PLC0415 - where there are no units nothing is read

        return tuple(exec_words(next(self._values("ExecStart"), "")))

    @property
    def python(self) -> Path | None:
        """The Python that runs everything."""
        return Path(self.argv[0]) if self.argv else None

    @property
    def vault(self) -> Path | None:
        """The vault that they are for."""
        return self._path_option("--vault")

    @property
    def config_file(self) -> Path | None:
        """The configuration that they name; None: the one of the user who runs them, wherever that is."""
        return self._path_option("--config")

    @property
    def path_variable(self) -> str | None:
        """The PATH written into them; a drop-in may say something else."""
        from aiemp.systemd.unquoting import environment_words  # noqa: PLC0415 - as above

        return next(
            (path for value in self._values("Environment") if (path := environment_words(value).get("PATH"))),
            None,
        )

    @property
    def run_as(self) -> str | None:
        """The user that the machine's manager runs them as."""
        return next(self._values("User"), None)

    @property
    def watchdog(self) -> str | None:
        """How long the orchestrator may be silent (systemd.service(5), "WatchdogSec="): ``3min``."""
        return next(self._values("WatchdogSec"), None)

    @property
    def version(self) -> str | None:
        """The aiemp that made them."""
        found = re.match(rf"{re.escape(GENERATED_BY)}(\S+)\.\s", self.texts[TARGET])
        return found[1] if found else None

    def are_for(self, vault: Path) -> bool:
        """Whether they keep ``vault``."""
        return self.vault is not None and os.path.realpath(self.vault) == os.path.realpath(vault)

    def lack(self, watcher: Watcher) -> bool:
        """Whether ``watcher`` is one of the vault's own that nobody has adopted: it has no unit."""
        is_found = watcher.enabled and watcher.origin is Origin.DISCOVERED
        return is_found and watcher_unit(watcher.name) not in self.texts

    def _path_option(self, option: str) -> Path | None:
        for name, value in zip(self.argv, self.argv[1:], strict=False):
            if name == option:
                return Path(value)
        return None

    def _values(self, directive: str) -> Iterator[str]:
        """What the orchestrator's unit says; all our services say the same of these."""
        for line in self.texts.get(ORCHESTRATOR, "").split("\n"):
            name, _, value = line.partition("=")
            if name == directive:
                yield value


def find_installed(environ: Mapping[str, str], system_units: Path = SYSTEM_UNITS) -> list[InstalledUnits]:
    """What is installed, the user's before the machine's. A folder that cannot be read counts as empty:
    who wants to change it is told."""
    user_units = user_installation(environ, 0).unit_folder
    found = []
    for scope, folder in ((Scope.USER, user_units), (Scope.SYSTEM, system_units)):
        texts = _generated_files(folder)
        if TARGET in texts:
            found.append(InstalledUnits(scope, folder, texts))
    return found


def installed_for(
    vault: Path, environ: Mapping[str, str], system_units: Path = SYSTEM_UNITS
) -> InstalledUnits | None:
    """The units that keep ``vault``, the user's own first; None when there are none."""
    return next((units for units in find_installed(environ, system_units) if units.are_for(vault)), None)


def unreadable_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder of the user's units, when it is there and nobody can tell what is in it; else None."""
    folder = user_installation(environ, 0).unit_folder
    return folder if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK) else None


def unreadable_words(folder: Path) -> str:
    """What to say of it, and behind the semicolon what to do."""
    from shlex import quote  # noqa: PLC0415 - it can be read, mostly

    line = f"chmod u+rwx {quote(str(folder))}"
    return f"{folder} cannot be read, so nobody knows which units there are; run: {line}"


def is_booted(booted: Path = BOOTED) -> bool:
    """Whether systemd runs this machine."""
    return booted.is_dir()


def _generated_files(folder: Path) -> dict[str, str]:
    texts = {}
    try:
        with os.scandir(folder) as entries:
            files = [
                entry for entry in entries if is_ours(entry.name) and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return {}
    for entry in files:
        text = _text(Path(entry.path))
        if is_generated(text):
            texts[entry.name] = text
    return texts


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_UNIT_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
