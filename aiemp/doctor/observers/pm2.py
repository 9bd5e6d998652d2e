"""Looks at PM2: which of its processes do this vault's work."""

from __future__ import annotations

from collections.abc import Iterator

from aiemp.doctor.observers.scene import Scene
from aiemp.pm2_processes import Pm2Process, processes_for


def pm2_processes(scene: Scene) -> Iterator[Pm2Process]:
    """Those that run now, or are saved for the next boot."""
    yield from processes_for(scene.plan.vault, scene.environ)
