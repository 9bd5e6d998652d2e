"""``aiemp alert UNIT``, as systemd calls it when a unit has failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

AS_ROOT = os.getuid() == 0
MAY_NOT_READ_ALL = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""root without the right to read whatever there is (setpriv(1))."""


@pytest.mark.skipif(AS_ROOT and not shutil.which("setpriv"), reason="needs setpriv, root reads all without")
def test_a_config_that_may_not_be_read_is_told(
    vault: Path, environ: dict[str, str], write_config: Callable[[str], Path]
) -> None:
    """That is why the unit failed: its owner reads it, and the alert does not fail of the same cause."""
    config = write_config("")
    config.chmod(0)
    done = subprocess.run(
        [
            *(MAY_NOT_READ_ALL if AS_ROOT else ()),
            *(sys.executable, "-m", "aiemp", "--config", str(config), "--vault", str(vault)),
            *("alert", "aiemp-task-triage.service"),
        ],
        env={**environ, "MONITOR_SERVICE_RESULT": "exit-code"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (vault / "Needs_Action/alerts/ALERT_task-triage.md").read_text("utf-8")
    assert "cannot be read (Permission denied)" in text
