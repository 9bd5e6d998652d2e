"""Where things are in the machine that is measured."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """``python`` has aiemp; ``libraries`` the peers' Python packages; ``pm2`` is its script, if it could be had.
    ``configurations`` is benchmarks/peers, ``home`` an empty folder, and ``systemd`` says whether there is one."""

    python: str
    libraries: str
    pm2: str | None
    node: str | None
    configurations: str
    home: str
    systemd: bool
    rounds: int
    idle_s: float
    firing_s: float
    hang_s: float

    @classmethod
    def from_json(cls, text: str) -> Setting:
        return cls(**json.loads(text))

    def environ(self, home: Path) -> dict[str, str]:
        """A fresh login's variables for a system that lives in ``home``, and where things are."""
        run = home / "run"
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "XDG_RUNTIME_DIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(home),
            "BENCH_PYTHON": self.python,
            "BENCH_PEERS": self.configurations,
            "BENCH_VAULT": str(home / "vault"),
            "BENCH_RUN": str(run),
            "BENCH_STAMP": str(home / "stamp.sh"),
            "PM2_HOME": str(run),
            "PM2_DISABLE_VERSION_CHECK": "true",
            # So the built-in watchers of aiemp take no lock: they are as lean as under aiemp, which hands it over.
            "AIEMP_WATCHER_LOCK": "2",
        }
