"""The templates of the units, and the guard that lets no value into a unit but through a filter.

A value printed as it is could be split, expanded (``%``, ``$``) or end its line, and what is correct differs
from directive to directive. So whatever ``{{ }}`` prints must come from one of the filters below, each of
which applies one rule of :mod:`aiemp.systemd.quoting`; anything else is refused when the template is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from aiemp.errors import AiempError
from aiemp.systemd.names import is_ours
from aiemp.systemd.quoting import (
    bind_path_value,
    environment_assignment,
    exec_line,
    path_list_value,
    path_value,
    text_value,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*\$?", re.ASCII)
_SIGNAL = re.compile(r"SIG[A-Z0-9]+([+-][0-9]+)?", re.ASCII)


class Quoted(str):
    """Text that is ready for a unit file. Only the filters make it."""

    __slots__ = ()


class UnquotedValue(TypeError):
    """A template prints a value without a filter: a mistake in the template, not in the value."""


def render_template(name: str, values: Mapping[str, object]) -> str:
    """The text of template ``name``. ValueError when a value cannot be written into a unit file."""
    return _environment().get_template(name).render(values)


def template_folder() -> Path:
    """Where the templates are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "units", package.parent / "units"):
        if (folder / "aiemp.target.j2").is_file():
            return folder
    raise AiempError(
        f"{package} has no unit templates, so this installation of aiemp is broken; install it again"
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only to render

    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - unit files are no HTML; the guard is `finalize`
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_only_quoted,
    )
    environment.filters.update(FILTERS)
    return environment


def _only_quoted(value: object) -> object:
    if isinstance(value, Quoted) or type(value) is int:
        return value
    shown = f"{value!s:.60}"  # an undefined name says here what it is
    raise UnquotedValue(f"a template prints {shown!r} ({type(value).__name__}) without a filter")


def _environment_variable(value: str, name: str) -> str:
    return environment_assignment(name, value)


def _paths(paths: Iterable[PurePath]) -> str:
    return path_list_value(*paths)


def _optional_paths(paths: Iterable[PurePath]) -> str:
    """Paths that may be missing (systemd.exec(5), "-" before a path)."""
    return " ".join(f"-{path_list_value(path)}" for path in paths)


def _optional_binds(paths: Iterable[PurePath]) -> str:
    return " ".join(f"-{bind_path_value(path)}" for path in paths)


@lru_cache(
    maxsize=4096
)  # a task's unit names all that come before it, so each name is asked for again and again
def _unit(name: str) -> str:
    """A unit of ours by its name, which :mod:`aiemp.systemd.names` has made safe."""
    if not is_ours(name):
        raise ValueError(f"{name!r} is no unit of aiemp")
    return name


def _user(name: str) -> str:
    if not _USER.fullmatch(name):
        raise ValueError(f"systemd takes no user called {name!r}")
    return name


def _signal(name: str) -> str:
    if not _SIGNAL.fullmatch(name):
        raise ValueError(f"{name!r} is no signal")
    return name


def _span(seconds: float) -> str:
    """A time span (systemd.time(7)), to the millisecond."""
    milliseconds = max(round(seconds * 1000), 1)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _quoted(function: Callable[..., str]) -> Callable[..., Quoted]:
    def quoted(*arguments: Any) -> Quoted:
        return Quoted(function(*arguments))

    return quoted


_RULES: dict[str, Callable[..., str]] = {
    "exec": exec_line,
    "environment": _environment_variable,
    "text": text_value,
    "calendar": text_value,  # OnCalendar= too takes the rest of the line, and expands specifiers
    "path": path_value,
    "paths": _paths,
    "optional_paths": _optional_paths,
    "optional_binds": _optional_binds,
    "unit": _unit,
    "user": _user,
    "signal": _signal,
    "span": _span,
}
FILTERS = {name: _quoted(rule) for name, rule in _RULES.items()}
"""The ways into a unit file, by the name that templates use."""
