"""PM2's configuration as text: what JavaScript makes of it, and what its numbers come to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiemp import pm2
from aiemp.engines.stop_times import stopping_takes_s
from aiemp.errors import AiempError
from aiemp.frozen import replace
from aiemp.plan import DryRun, Plan, Watcher

ROOT = Path(__file__).resolve().parents[2]
MACHINE = pm2.Machine(Path("/opt/aiemp/bin/python"), Path("/home/me"), "/home/me/.local/bin:/usr/bin:/bin")
PLAN = Plan(Path("/home/me/vault"), watchers=(Watcher("quick"), Watcher("slow", stop_timeout_s=40.0)))

HOSTILE = [
    'it\'s "quoted"',
    "back\\slash \\n \\u0041 \\",
    "a `tick` ${process.exit(1)} $HOME %n",
    "</script><!-- // /* */",
    "ü 漢字 😀",
    "\u2028line\u2029paragraph",
    "right\u202eto left\ufeff\u200b",
    "*/; throw 1; /*",
    " spaces ",
]


def evaluated(text: str, tmp_path: Path, name: str = "ecosystem.config.js", **env: str) -> dict[str, Any]:
    """The one app of a configuration, as the real Node understands it."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no node in CI", pytrace=False)
        pytest.skip("node is not installed")
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    load = "import(process.argv[1]).then((file) => file.default ?? file)"
    code = f"{load}.then((config) => process.stdout.write(JSON.stringify(config.apps)))"
    environ = {"PATH": "/some/bin", "HOME": "/home/me", **env}
    done = subprocess.run([node, "-e", code, str(file)], env=environ, capture_output=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    (app,) = json.loads(done.stdout)
    assert isinstance(app, dict)
    return app


def test_checked_in_file_is_up_to_date() -> None:
    """The file at the top of the repository is what the template gives (`make docs`)."""
    assert (ROOT / "ecosystem.config.js").read_text(encoding="utf-8") == pm2.render_for_checkout()


@pytest.mark.parametrize("name", HOSTILE)
def test_every_path_survives_javascript(name: str, tmp_path: Path) -> None:
    """Whatever a path has in it, Node sees the same path, and PM2 gets it as one argument."""
    path = Path("/home/me") / name
    plan = replace(PLAN, vault=path / "vault", config_file=path / "aiemp.toml")
    machine = pm2.Machine(path / "python", path, f"{path}:/bin")
    app = evaluated(pm2.render(plan, machine), tmp_path)
    python = [app["script"]] if app["script"] != "/usr/bin/env" else []
    options = ["-P", "-m", "aiemp", "--vault", f"{path}/vault", "--config", f"{path}/aiemp.toml"]
    assert [*python, *app["args"]] == [f"{path}/python", *options, "run", "--failure-pause", "10"]
    assert app["cwd"] == str(path)
    assert app["env"] == {"VAULT_PATH": f"{path}/vault", "DRY_RUN": "false", "PATH": f"{path}:/bin"}


@pytest.mark.parametrize("name", ["new\nline", "tab\t", "\x7f", "\udcff", "nul\0"])
def test_what_no_path_should_have_is_refused(name: str) -> None:
    """A line break, a control character or a byte that is no UTF-8 would reach PM2 as something else."""
    with pytest.raises(AiempError, match="rename it"):
        pm2.render(replace(PLAN, vault=Path("/home/me") / name), MACHINE)


def test_template_prints_no_other_values() -> None:
    """A value of a type that nobody thought of is a mistake, not a text in the file."""
    with pytest.raises(TypeError, match="NoneType"):
        pm2.javascript(None)


def test_settings_follow_the_plan(tmp_path: Path) -> None:
    """Dry run or live is what the plan decided; PM2 waits as long as the slowest watcher may take."""
    plan = replace(PLAN, dry_run=DryRun(True, "--dry-run"))
    app = evaluated(pm2.render(plan, MACHINE), tmp_path)
    assert app["env"]["DRY_RUN"] == "true"
    assert app["kill_timeout"] == stopping_takes_s(PLAN) * 1000 > 40_000
    assert (app["interpreter"], app["script"], app["treekill"]) == ("none", str(MACHINE.python), False)


def test_module_says_the_same(tmp_path: Path) -> None:
    """A .mjs exports what the others do."""
    module = evaluated(pm2.render(PLAN, MACHINE, is_module=True), tmp_path, "ecosystem.config.mjs")
    assert module == evaluated(pm2.render(PLAN, MACHINE), tmp_path)


def test_space_in_the_python_is_kept_from_the_shell(tmp_path: Path) -> None:
    """PM2 takes a script with a space in it for a line of shell, so env becomes that Python."""
    machine = replace(MACHINE, python=Path("/My Programs/python"))
    app = evaluated(pm2.render(PLAN, machine), tmp_path)
    assert (app["script"], app["args"][0]) == ("/usr/bin/env", "/My Programs/python")


def test_checkout_finds_its_own_places(tmp_path: Path) -> None:
    """Beside the file are Python and vault, unless VAULT_PATH names one; an exported DRY_RUN is passed on."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    text = pm2.render_for_checkout()
    app = evaluated(text, tmp_path)
    assert app["args"][-5:] == ["--vault", str(tmp_path / "vault"), "run", "--failure-pause", "10"]
    assert (app["script"], app["cwd"]) == (str(python), str(tmp_path))
    assert app["env"]["DRY_RUN"] == "false"
    assert app["env"]["PATH"].startswith("/some/bin:/home/me/.local/bin:")
    other = evaluated(text, tmp_path, VAULT_PATH="my vault", DRY_RUN="true")
    assert other["env"]["VAULT_PATH"] == str(tmp_path / "my vault")
    assert other["env"]["DRY_RUN"] == "true"


def ends_until_given_up(app: dict[str, Any], lives_s: float, pause_s: float = 0.0) -> int | None:
    """After how many ends PM2 7 gives up a process that lives ``lives_s`` each time, by the rule of its God.js
    (handleExit); None when it has not after a thousand."""
    min_uptime_s, most = app["min_uptime"] / 1000, app["max_restarts"]
    now_s, unstable = 0.0, 0
    for end in range(1, 1000):
        now_s += lives_s
        if now_s < min_uptime_s * most and lives_s < min_uptime_s:
            unstable += 1
        if unstable >= most:
            return end
        now_s += pause_s
    return None


def test_restart_limit_trips(tmp_path: Path) -> None:
    """What fails within seconds of each start is given up after 30 tries. With the numbers of the seed
    (20 restarts, 10 s between them, PM2's min_uptime of 1 s) it never would be."""
    app = evaluated(pm2.render(PLAN, MACHINE), tmp_path)
    assert "restart_delay" not in app
    pause_s = float(app["args"][app["args"].index("--failure-pause") + 1])
    for start_s in (0.1, 1.0, 20.0, 45.0):
        assert ends_until_given_up(app, start_s + pause_s) == 30
    seed = {"min_uptime": 1000, "max_restarts": 20}
    assert ends_until_given_up(seed, 0.5, pause_s=10.0) is None
