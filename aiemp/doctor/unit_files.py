"""``units-current``: the installed units are those that the configuration asks for. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from aiemp.doctor.findings import Finding, closing, counted, fail, ok, warn, with_remedy
from aiemp.frozen import frozen

MOST_NAMED = 4


@frozen
class UnitFilesSeen:
    """The units in one folder. ``changed`` would be written or removed by `install-units`; ``by_version``:
    for their first line alone. ``error``: why that cannot be told. ``unsafe``: why others can change them;
    ``unsafe_files``: those of them whose own mode lets others.
    ``outlived``: units whose process was started before their file was written, and what starts it afresh."""

    folder: Path
    install_line: str
    python: Path | None
    has_python: bool
    is_own_python: bool
    version: str | None
    own_version: str
    changed: tuple[str, ...] = ()
    by_version: bool = False
    error: str = ""
    is_enabled: bool = True
    enable_line: str = ""
    unsafe: tuple[str, ...] = ()
    unsafe_files: tuple[Path, ...] = ()
    outlived: tuple[tuple[str, str], ...] = ()


@frozen
class OtherUnits:
    """Units of this user that keep another vault than the one that is looked at."""

    folder: Path
    vault: Path | None


def judge_unit_files(seen: UnitFilesSeen | OtherUnits | None) -> list[Finding]:
    """Nothing where no units are installed."""
    if seen is None:
        return []
    if isinstance(seen, OtherUnits):
        keep = f"keep {seen.vault}, not this vault" if seen.vault else "cannot be understood"
        return [warn(f"the units in {seen.folder} {keep}", "to change that: aiemp install-units")]
    findings = [closing(*with_remedy(f"{seen.folder} {reason}")) for reason in seen.unsafe]
    findings += [
        closing(f"{file} can be written by others", f"chmod go-w {shlex.quote(str(file))}")
        for file in seen.unsafe_files
    ]
    findings += _outdated(seen)
    if not seen.is_enabled:
        what = "aiemp.target is not enabled: nothing starts when the machine does"
        findings.append(fail(what, seen.enable_line, (seen.enable_line,)))
    findings += [
        warn(f"{unit} still runs as its file was before it was changed", line, (line,))
        for unit, line in seen.outlived
    ]
    return findings or [ok(f"{seen.folder}: as the configuration asks")]


def _outdated(seen: UnitFilesSeen) -> list[Finding]:
    if seen.python is None:
        return [
            fail(
                f"{seen.folder}: the orchestrator's unit cannot be understood",
                seen.install_line,
                _install(seen),
            )
        ]
    if not seen.has_python:
        return [
            fail(
                f"the units start {seen.python}, which is not there any more",
                seen.install_line,
                _install(seen),
            )
        ]
    if not seen.is_own_python:
        what = f"the units run another aiemp ({seen.version or 'version not known'}, with {seen.python})"
        return [warn(what, f"ask it: {seen.python} -m aiemp doctor; or run this one: {seen.install_line}")]
    if seen.error:
        return [fail(*with_remedy(f"there can be no units for this configuration: {seen.error}"))]
    return [_drift(seen)] if seen.changed else []


def _drift(seen: UnitFilesSeen) -> Finding:
    if seen.by_version:
        what = f"the units were made by aiemp {seen.version}, this is {seen.own_version}"
        return warn(what, seen.install_line, _install(seen))
    more = len(seen.changed) - MOST_NAMED
    named = ", ".join(seen.changed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    what = f"{counted(len(seen.changed), 'unit')} not as the configuration asks: {named}"
    return fail(what, seen.install_line, _install(seen))


def _install(seen: UnitFilesSeen) -> tuple[str, ...]:
    return (seen.install_line,)
