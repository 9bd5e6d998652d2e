"""The golden units: made anew with ``python -m tests.golden.regenerate`` and reviewed as a diff.

Each folder has an ``aiemp.toml`` and, below ``user`` and ``system``, the units that are expected from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiemp.config.load import load_plan
from aiemp.frozen import replace
from aiemp.plan import Plan
from aiemp.systemd.installation import Installation
from aiemp.systemd.scope import Scope
from aiemp.systemd.units import UnitFile, render

FOLDER = Path(__file__).resolve().parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/aiemp.toml"))

USUAL = Installation(
    scope=Scope.USER,
    python=Path("/home/me/.local/share/uv/tools/aiemp/bin/python"),
    path_variable="/home/me/.local/bin:/usr/local/bin:/usr/bin:/bin",
    home=Path("/home/me"),
    unit_folder=Path("/home/me/.config/systemd/user"),
    systemd_version=249,
    config_file=Path("/home/me/.config/aiemp/aiemp.toml"),
    run_as="me",
    uid=1000,
    aiemp_version="1.2.3",
)

DIFFERENT: dict[str, dict[str, Any]] = {
    "newest": {"systemd_version": 257},
    "customised": {
        "python": Path("/opt/aiemp/bin/python3.12"),
        "program_folders": (Path("/opt/aiemp"), Path("/home/admin/.local/share/uv/python/cpython-3.12")),
        "config_file": Path("/etc/aiemp/aiemp.toml"),
        "run_as": "ai_employee",
        "home": Path("/var/lib/employee"),
    },
    "hostile": {
        "python": Path("/opt/it's 100% $HOME/bin/python"),
        "config_file": Path('/etc/my "own" 50%/aiemp.toml'),
        "path_variable": "/opt/Bob's 100%/bin:/opt/$HOME:/opt/a b:/usr/bin",
        "home": Path("/home/ü 100% me"),
        "run_as": "me_2-x",
    },
}


def plan_of(case: str) -> Plan:
    """The plan of a case, with nothing of this machine in it."""
    return load_plan(
        config=FOLDER / case / "aiemp.toml", environ={"HOME": "/home/me", "TZ": "UTC"}, cwd=FOLDER
    )


def installation_of(case: str, scope: Scope) -> Installation:
    """Where the units of a case are installed."""
    return replace(USUAL, scope=scope, **DIFFERENT.get(case, {}))


def rendered(case: str, scope: Scope) -> tuple[UnitFile, ...]:
    """The units of a case as they are rendered now."""
    return render(plan_of(case), installation_of(case, scope))


def expected(case: str, scope: Scope) -> dict[str, str]:
    """The units of a case as they should be, by name."""
    paths = (FOLDER / case / scope.value).glob("*")
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def regenerate() -> None:
    """Write what is rendered now over what was expected."""
    for case in CASES:
        for scope in Scope:
            folder = FOLDER / case / scope.value
            folder.mkdir(exist_ok=True)
            units = {unit.name: unit.content for unit in rendered(case, scope)}
            for path in folder.iterdir():
                if path.name not in units:
                    path.unlink()
            for name, content in units.items():
                (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    regenerate()
