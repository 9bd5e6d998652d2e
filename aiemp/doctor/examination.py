"""One examination: the checks that were asked for, what they found, and what was not worth looking at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from aiemp.doctor.checks import CHECKS, Check
from aiemp.doctor.findings import Finding, Level, fail, with_remedy
from aiemp.doctor.observers.scene import Scene
from aiemp.doctor.tilde import with_tilde
from aiemp.errors import AiempError
from aiemp.frozen import field, frozen, replace


@frozen
class Examination:
    """``findings`` by the names of their checks, in the order of :data:`CHECKS`; a check that does not apply
    has none. ``left_out`` are the checks that a failed one explains, and ``because`` says for each which that is."""

    findings: Mapping[str, tuple[Finding, ...]]
    left_out: tuple[str, ...] = ()
    because: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        return self.count(Level.FAIL) > 0

    def count(self, level: Level) -> int:
        """How many findings are of that level."""
        return sum(finding.level is level for found in self.findings.values() for finding in found)


def examine(scene: Scene, asked: Collection[str] = (), checks: tuple[Check, ...] = CHECKS) -> Examination:
    """Make the checks named in ``asked``, or all of them.

    What could explain a failure of these is looked at too, and shown if it failed: one cause, told once.
    """
    wanted = _with_causes(checks, asked)
    home = scene.environ.get("HOME", "")
    made: dict[str, tuple[Finding, ...]] = {}
    because: dict[str, str] = {}
    for check in checks:
        if check.name not in wanted:
            continue
        cause = _cause(check, made, because)
        if cause is not None:
            because[check.name] = cause
        else:
            made[check.name] = tuple(_shortened(finding, home) for finding in _look(check, scene))
    shown = {name: found for name, found in made.items() if not asked or name in asked or _failed(found)}
    return Examination(shown, tuple(because), because)


def _cause(check: Check, made: Mapping[str, tuple[Finding, ...]], because: Mapping[str, str]) -> str | None:
    """The failed check that explains whatever this one would find; the first of a chain."""
    for cause in check.causes:
        if cause in because:
            return because[cause]
        if _failed(made.get(cause, ())):
            return cause
    return None


def _with_causes(checks: tuple[Check, ...], asked: Collection[str]) -> set[str]:
    """The names of ``asked`` and of all that they depend on; causes stand before what they explain."""
    wanted = set(asked) or {check.name for check in checks}
    for check in reversed(checks):
        if check.name in wanted:
            wanted.update(check.causes)
    return wanted


def _look(check: Check, scene: Scene) -> Iterable[Finding]:
    """What the check finds; that it cannot look is a finding too, and keeps no other from looking."""
    try:
        return check.look(scene)
    except AiempError as error:
        return (fail(*with_remedy(str(error))),)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return (fail(f"{where}{error.strerror or error}", "mend the access to it, then look again"),)
    except Exception as error:  # noqa: BLE001 - doctor is asked when something is broken, maybe aiemp
        from aiemp.unforeseen import in_words  # noqa: PLC0415 - for once

        return (fail(f"this check could not be made: {in_words(error)}", "report it: aiemp bugreport"),)


def _failed(found: tuple[Finding, ...]) -> bool:
    return any(finding.level is Level.FAIL for finding in found)


def _shortened(finding: Finding, home: str) -> Finding:
    # What is run stays as it is: no shell expands the tilde there.
    return replace(finding, what=with_tilde(finding.what, home), remedy=with_tilde(finding.remedy, home))
