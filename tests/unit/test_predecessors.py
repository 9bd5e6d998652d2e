"""What has run a vault until now (aiemp.predecessors)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aiemp.pm2 import GENERATED_BY as BY_PM2_CONFIG
from aiemp.predecessors import find_predecessors, names_vault, spellings
from aiemp.predecessors.cron import cron_jobs
from aiemp.predecessors.pm2 import pm2_leftovers
from aiemp.predecessors.scripts import schedulers
from aiemp.predecessors.services import own_services
from aiemp.systemd.changes import GENERATED_BY
from tests.conftest import wait_until


@pytest.fixture
def place(home: Path) -> Path:
    """A vault in the home."""
    folder = home / "vault"
    (folder / "scripts").mkdir(parents=True)
    return folder


def test_a_path_is_not_found_in_a_longer_one() -> None:
    """/srv/v is neither /srv/v2 nor /srv/v.old, but what lies below it."""
    names = ("/srv/v",)
    for text in ("cd /srv/v && x", "x '/srv/v'", "/srv/v/a.py", "cd /srv/v", "/srv/v2 /srv/v;"):
        assert names_vault(text, names), text
    for text in ("cd /srv/v2", "/srv/v.old/x", "/srv/v-2", ""):
        assert not names_vault(text, names), text


def test_a_home_is_spelt_in_many_ways(place: Path, environ: dict[str, str]) -> None:
    """A job of cron may name the vault by ~ or a variable: each spelling is looked for."""
    assert {"~/vault", "$HOME/vault", "${HOME}/vault", str(place)} <= set(spellings(place, environ))


@pytest.mark.parametrize(
    "written", ["'/srv/my 100\\% vault'/x", "/srv/my\\ 100\\%\\ vault/x", '"/srv/my 100% vault"']
)
def test_a_path_with_blanks_is_found_as_shells_need_it(written: str) -> None:
    """In quotes, or with a backslash; cron wants one before each %."""
    assert names_vault(f"0 8 * * * python {written}", spellings(Path("/srv/my 100% vault"), {}))


def test_jobs_that_name_the_vault_are_found(place: Path, environ: dict[str, str], cron: Path) -> None:
    """By its path, by the home, and by a variable; not what is a comment, or about another folder."""
    jobs = [f"0 8 * * *\tpython {place}/a.py", "5 * * * * cd ~/vault && b", "6 * * * * cd $V && c"]
    others = [f"# 0 9 * * * {place}/x", "MAILTO=me", "V=$HOME/vault", f"0 9 * * * ls {place}2", "7 * * * * d"]
    cron.write_text("\n".join([*others, *jobs]) + "\n")
    found = list(cron_jobs(place, environ, machines=()))
    assert [job.what for job in found] == [" ".join(job.split()) for job in jobs]
    assert {job.where for job in found} == {"your crontab"}


def test_the_remedy_of_a_job_comments_out_that_job_alone(
    place: Path, environ: dict[str, str], cron: Path
) -> None:
    """Typed as it is shown, also when the table has changed meanwhile; a job may have any characters."""
    job = f"0 8 * * *\tsh -c 'cd \"{place}\" && echo $HOME \\n 100\\% it'\\''s' # x"
    cron.write_text(f"{job}\n0 9 * * * keep\n")
    (found,) = cron_jobs(place, environ, machines=())
    cron.write_text(f"# a line more\n{job}\n0 9 * * * keep\n")
    for _ in range(2):  # the second time it changes nothing
        subprocess.run(["sh", "-ec", found.remedy], env=environ, check=True)
        assert cron.read_text() == f"# a line more\n#{job}\n0 9 * * * keep\n"
    assert list(cron_jobs(place, environ, machines=())) == []


def test_the_machines_jobs_are_found_too(place: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """With their line, since only root can change them."""
    folder = tmp_path / "cron.d"
    folder.mkdir()
    (folder / "employee").write_text(f"# employee\n* * * * * me {place}/run\n")
    (found,) = cron_jobs(place, environ, machines=(folder, tmp_path / "no-such-file"))
    assert found.where == f"{folder}/employee, line 2"
    assert found.remedy == f"sudo sed -i '2s/^/#/' {folder}/employee"


def test_without_cron_there_are_no_jobs(place: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """No program, or one that fails, is no error."""
    assert list(cron_jobs(place, {**environ, "PATH": str(tmp_path)}, machines=())) == []


def test_what_pm2_has_saved_is_found(place: Path, environ: dict[str, str], home: Path) -> None:
    """With any script in the vault; a file that names the same process is not told twice, and aiemp itself is
    not told at all."""
    (home / ".pm2").mkdir()
    apps = [
        {"name": "brain", "pm_exec_path": f"{place}/main.py", "pm_cwd": str(place)},
        {"name": "aiemp-orchestrator", "pm_exec_path": f"{place}/.venv/bin/aiemp", "pm_cwd": str(place)},
        {"name": "shop", "pm_exec_path": "/srv/shop/main.js", "pm_cwd": "/srv/shop"},
    ]
    (home / ".pm2" / "dump.pm2").write_text(json.dumps(apps))
    file = place / "ecosystem.config.js"
    file.write_text('module.exports = { apps: [ { name: "brain" }, { "name": \'gmail\' } ] }')
    saved, idle = pm2_leftovers(place, environ)
    assert (saved.what, saved.remedy) == ("brain", "pm2 delete brain && pm2 save")
    assert (idle.where, idle.what, idle.remedy) == (str(file), "gmail", "")
    file.write_text(f'{BY_PM2_CONFIG}1.0\nmodule.exports = {{ apps: [ {{ name: "gmail" }} ] }}')
    assert len(list(pm2_leftovers(place, environ))) == 1


def test_schedulers_in_the_vaults_scripts_are_found(place: Path) -> None:
    """APScheduler, schedule, and an orchestrator that loops; not a watcher that sleeps, nor what is no code."""
    scripts = place / "scripts"
    (scripts / "plan.py").write_text("import os\nfrom apscheduler.schedulers import x\n")
    (scripts / "jobs.py").write_text("import schedule\n")
    (scripts / "orchestrator.py").write_text("SCHEDULE_REGISTRY = []\ntime.sleep(60)\n")
    (scripts / "gmail_watcher.py").write_text("# apscheduler was here\nimport time\ntime.sleep(1)\n")
    (place / "jobs.sqlite").write_bytes(b"SQLite format 3\0 CREATE TABLE apscheduler_jobs")
    for other in (place / ".venv" / "lib", place / "Done", scripts / "node_modules"):
        other.mkdir(parents=True)
        (other / "x.py").write_text("import apscheduler\n")
    found = {Path(each.where).name: (each.kind, each.what) for each in schedulers(place)}
    assert found == {
        "plan.py": ("APScheduler", "imports apscheduler"),
        "jobs.py": ("Python", "imports schedule"),
        "orchestrator.py": ("Python", "has a schedule of its own"),
        "jobs.sqlite": ("APScheduler", "its database of jobs"),
    }


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the system does not tell of processes")
@pytest.mark.parametrize("words", [["scripts/loop.py"], ["-m", "scripts.loop"]])
def test_a_scheduler_that_runs_has_its_remedy(place: Path, words: list[str]) -> None:
    """However it was started; the same file name elsewhere is somebody else's."""
    script = place / "scripts" / "loop.py"
    script.write_text("try:\n    import apscheduler\nexcept ImportError: pass\nimport time\ntime.sleep(60)\n")
    with subprocess.Popen([sys.executable, *words], cwd=place) as process:
        try:
            wait_until(lambda: next(iter(schedulers(place))).remedy, "seen as running")
            assert next(iter(schedulers(place))).remedy == f"kill {process.pid}"
            other = place.with_name("other")
            (other / "scripts").mkdir(parents=True)
            (other / "scripts" / "loop.py").write_text(script.read_text())
            assert next(iter(schedulers(other))).remedy == ""
        finally:
            process.kill()


def test_scripts_are_found_beside_very_many_notes(place: Path) -> None:
    """The search is bounded, and begins where code is."""
    (place / "scripts" / "plan.py").write_text("import apscheduler\n")
    (place / "Done").mkdir()
    for number in range(300):
        (place / f"note {number}.md").touch()
    assert [each.what for each in schedulers(place)] == ["imports apscheduler"]


def test_own_services_are_found(place: Path, environ: dict[str, str], home: Path, tmp_path: Path) -> None:
    """Whose command or folder names the vault, also by %h; their timer is what has to go. Ours are not told."""
    user = home / ".config" / "systemd" / "user"
    user.mkdir(parents=True)
    system = tmp_path / "system"
    system.mkdir()
    (user / "mail.service").write_text(f"[Service]\nExecStart=/usr/bin/python3 {place}/a.py\n")
    (user / "brief.service").write_text("[Service]\nExecStart=%h/vault/b.py\n")
    (user / "brief.timer").touch()
    (user / "other.service").write_text(f"# {place}\n[Service]\nExecStart=/bin/true\n")
    (system / "aiemp-orchestrator.service").write_text(f"{GENERATED_BY}1.0\nExecStart={place}\n")
    (system / "loop.service").write_text(f"[Service]\nWorkingDirectory={place}\nExecStart=/bin/x\n")
    assert [each.remedy for each in own_services(place, environ, system)] == [
        "systemctl --user disable --now brief.timer",
        "systemctl --user disable --now mail.service",
        "sudo systemctl disable --now loop.service",
    ]


def test_a_vault_of_its_own_has_no_predecessor(place: Path, environ: dict[str, str]) -> None:
    """Nothing is started to find that out, and nothing is changed."""
    before = sorted(os.fspath(path) for path in place.rglob("*"))
    assert find_predecessors(place, environ) == ()
    assert sorted(os.fspath(path) for path in place.rglob("*")) == before
