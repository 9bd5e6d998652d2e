"""The peers, from their registries into a temporary folder, once for each run of the benchmark."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

PYTHON_PACKAGES = ("supervisor==4.3.0", "apscheduler==3.11.3", "schedule==1.2.2", "honcho==2.0.0")
PM2 = "pm2@7.0.4"
PEERS = Path(__file__).resolve().parent / "peers"


@cache
def scratch() -> Path:
    """A folder that is gone when the run is over."""
    folder = Path(tempfile.mkdtemp(prefix="aiemp-bench-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def libraries() -> Path:
    """A folder for PYTHONPATH with the peers that are written in Python. CalledProcessError without a network."""
    folder = scratch() / "python"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", str(folder), *PYTHON_PACKAGES], check=True, stderr=subprocess.DEVNULL)
    return folder


@cache
def pm2() -> tuple[Path | None, str]:
    """PM2's folder of packages; or None, and why."""
    npm, folder = shutil.which("npm"), scratch() / "npm"
    if npm is None or shutil.which("node") is None:
        return None, "node and npm are not installed"
    folder.mkdir()
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PM2]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, f"npm could not install it ({(done.stderr.strip().splitlines() or ['no reason'])[-1]})"
    return folder / "node_modules", ""


@cache
def cron_generator() -> tuple[Path | None, str]:
    """systemd-cron's generator out of its Debian package; or None, and why."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None, "it is a Debian package, and this is no Debian"
    folder = scratch() / "systemd-cron"
    folder.mkdir()
    done = subprocess.run(
        ["apt-get", "download", "systemd-cron"], cwd=folder, capture_output=True, text=True, check=False
    )
    archive = next(folder.glob("*.deb"), None)
    if done.returncode != 0 or archive is None:
        return None, f"apt-get could not fetch it ({(done.stderr.strip().splitlines() or ['no reason'])[-1]})"
    subprocess.run(["dpkg-deb", "-x", str(archive), str(folder / "root")], check=True)
    generator = next(folder.glob("root/**/systemd-crontab-generator"), None)
    return generator, "" if generator else "its package has no generator of that name"
