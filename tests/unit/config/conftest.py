"""A configuration written to a real file and loaded with a vault beside it, and nothing from the machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from aiemp.config.load import load_plan
from aiemp.config.watcher_settings import UnknownWatcher, WatcherSettings
from aiemp.errors import ConfigError
from aiemp.plan import Origin, Plan, Watcher

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


def stand_in_watchers(settings: Sequence[WatcherSettings], vault: Path) -> tuple[Watcher, ...]:
    """One built-in watcher and those with a command: enough to see what load_plan hands on."""
    watchers = {"filesystem": Watcher("filesystem", origin=Origin.BUILT_IN)}
    for table in settings:
        if table.command is None and table.name not in watchers:
            raise UnknownWatcher(table.name, f"[watchers.{table.name}] adjusts no watcher; give it a command")
        watchers[table.name] = Watcher(table.name, command=table.command or (), cwd=table.cwd)
    return tuple(watchers.values())


def uncommented(text: str) -> str:
    """An aiemp.toml with every setting in it that is only proposed; what is prose stays a comment."""
    return re.sub(r"(?m)^#(?=[^\s:])", "", text)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault that is empty but for the folder that makes it one."""
    folder = tmp_path / "vault"
    (folder / "Needs_Action").mkdir(parents=True)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the configuration of the test lies, in a folder of its own."""
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o700)
    return folder / "aiemp.toml"


@pytest.fixture
def load(config: Path, vault: Path, tmp_path: Path) -> Load:
    """Write a text as the configuration and load it, with ``HOME`` as the only variable."""

    def loaded(text: str, **options: Any) -> Plan:
        config.write_bytes(text.encode())
        config.chmod(0o600)
        environ = {"HOME": str(tmp_path / "home"), "TZ": "Etc/UTC"} | options.pop("environ", {})
        given: dict[str, Any] = {"config": config, "vault": vault, "planned_watchers": stand_in_watchers}
        return load_plan(**(given | {"environ": environ, "cwd": tmp_path} | options))

    return loaded


@pytest.fixture
def mistakes(load: Load, config: Path) -> Mistakes:
    """Load a text that is wrong; the mistakes, each as ``line: message``."""

    def found(text: str, **options: Any) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(text, **options)
        return [mistake.removeprefix(f"{config}:") for mistake in raised.value.mistakes]

    return found
