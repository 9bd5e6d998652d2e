"""``aiemp bugreport``: what is in it, and above all what is not."""

from __future__ import annotations

import io
import json
import shlex
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from aiemp.cli.bugreport.disguise import Disguise, our_lines, plain_command, plain_config
from aiemp.redaction import Redactor
from tests.conftest import Aiemp

SECRETS = (
    "hunter2-of-dotenv",
    "hunter2-of-the-shell",
    "hunter2-of-a-watcher",
    "hunter2-of-a-task",
    "hunter2-in-a-log",
    "hunter2glued",
    "hunter2-of-a-script",
)
USER = "kunigunde"
CONFIG = """
[claude]
args = ["--model", "opus"]
[tasks.secretive]
frequency = "hourly"
command = [
  "sh", "-c", "cat Needs_Action/*; echo LOG_TOKEN=hunter2-in-a-log; cat nothing-there",
  "--api-key=hunter2-of-a-task", "-phunter2glued", "my passphrase is hunter2-of-a-script",
]
[tasks.gifts]
frequency = "daily"
time = "08:00"
prompt = \"\"\"
Look for a gift of the birthday
\"\"\"
[watchers.w]
command = ["true"]
env = { W_TOKEN = "hunter2-of-a-watcher" }
"""


def members(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        found = {}
        for each in tar.getmembers():
            file = tar.extractfile(each)
            assert file is not None
            found[each.name.removeprefix("aiemp-bugreport/")] = file.read().decode()
    return found


@pytest.fixture
def broken(aiemp: Aiemp, vault: Path, home: Path, write_config: Callable[[str], Path]) -> Aiemp:
    """A vault with secrets in every place, notes that are nobody's business, units, and a run that failed."""
    write_config(CONFIG)
    (vault / ".env").write_text("MAIL_PASSWORD=hunter2-of-dotenv\nLOG_TOKEN=hunter2-in-a-log\n")
    (vault / "Needs_Action" / "EMAIL_birthday.md").write_text("of the birthday")
    (vault / "Pending_Approval" / "ACTION_birthday.md").write_text("of the birthday")
    aiemp("run", "--once", USER=USER)
    aiemp("render", "--user", "--output", str(home / ".config/systemd/user"), check=True)
    return aiemp


def test_nothing_is_in_it_that_is_nobodys_business(
    broken: Aiemp, vault: Path, home: Path, tmp_path: Path
) -> None:
    """No secret from .env, the environment or aiemp.toml; no path of the vault or the home in any spelling; not the
    user's name; nothing of notes and prompts, or of what a program printed."""
    file = tmp_path / "report.tar.gz"
    broken("bugreport", "--output", str(file), check=True, USER=USER, API_TOKEN="hunter2-of-the-shell")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = members(file)
    everything = "\n".join([*told, *told.values()])
    for secret in SECRETS:
        assert secret not in everything
    quoted = (shlex.quote(str(vault)), json.dumps(str(vault))[1:-1], str(vault).replace("%", "%%"))
    for private in (str(vault), vault.name, "Mein Vault", *quoted, str(home), USER, "of the birthday"):
        assert private not in everything
    assert "VAULT" in told["units/user/aiemp-orchestrator.service"]
    assert "~" in everything


def test_what_is_in_it_helps(broken: Aiemp, tmp_path: Path) -> None:
    """Versions, doctor and status as JSON, the settings, units, the last runs with why they failed, and aiemp's own
    lines of the logs; the answer lists them as the README in it does."""
    file = tmp_path / "report.tar.gz"
    answer = json.loads(broken("bugreport", "--output", str(file), "--json", check=True).stdout)
    told = members(file)
    assert {each["name"] for each in answer["contents"]} == set(told) - {"README.txt"}
    assert all(each["name"] in told["README.txt"] for each in answer["contents"])
    assert json.loads(told["versions.json"])["python"]
    assert {each["check"] for each in json.loads(told["doctor.json"])["checks"]} >= {"config", "claude-path"}
    assert "secretive" in {each["name"] for each in json.loads(told["status.json"])["tasks"]}
    runs = json.loads(told["history.json"])["runs"]
    (run,) = [each for each in runs if each["task"] == "secretive"]
    assert run["result"] == "failed"
    assert "nothing-there" in run["error"]
    assert (
        '22: frequency = "daily"' in told["aiemp.toml.txt"] or 'frequency = "daily"' in told["aiemp.toml.txt"]
    )
    assert "started" in told["logs/task-secretive.log"]
    assert "lines left out]" in told["logs/task-secretive.log"]


def test_it_overwrites_nothing(broken: Aiemp, tmp_path: Path) -> None:
    """A file that is there stays; without a name it takes a new one in the current folder."""
    file = tmp_path / "mine.tar.gz"
    file.write_text("mine")
    out = broken("bugreport", "--output", str(file))
    assert (out.returncode, out.stdout) == (1, "")
    assert "is there already, and stays; name another file with --output" in out.stderr
    assert file.read_text() == "mine"
    assert "aiemp-bugreport-20" in broken("bugreport", check=True).stdout
    assert len(list(tmp_path.glob("aiemp-bugreport-20*.tar.gz"))) == 1


def test_a_configuration_with_mistakes_is_no_obstacle(
    aiemp: Aiemp, vault: Path, write_config: Callable[[str], Path], tmp_path: Path
) -> None:
    """That may be what is wrong: the report has the mistakes, and the keys of the file without their texts."""
    write_config('nonsense = "hunter2-of-nobody"\n[claude\n')
    (vault / ".env").write_text("MAIL_PASSWORD=hunter2-of-dotenv\n")
    file = tmp_path / "report.tar.gz"
    answer = json.loads(aiemp("bugreport", "--output", str(file), "--json", check=True).stdout)
    told = members(file)
    (left_out,) = answer["left_out"]
    assert left_out["name"] == "status.json"
    assert left_out["why"] == "the configuration has mistakes, which config.json and doctor.json have"
    assert json.loads(told["config.json"])["mistakes"]
    assert "1: nonsense = (19 characters)" in told["aiemp.toml.txt"]
    assert "hunter2" not in "\n".join(told.values())


def test_settings_without_their_texts() -> None:
    """Tables, keys, numbers and words of ours stay, with the numbers of their lines."""
    text = '# mine\nvault = "/x"\n[limits] # c\nrestarts = 3\n[tasks.a]\nfrequency = "daily"\n'
    text += 'prompt = """\na = 1\n"""\n'
    text += 'command = [\n  "rsync",\n]\nodd line\nenabled = false # why\n'
    assert plain_config(text).splitlines() == [
        "2: vault = (4 characters)",
        "3: [limits]",
        "4: restarts = 3",
        "5: [tasks.a]",
        '6: frequency = "daily"',
        "7: prompt = (3 characters)",
        "10: command = (1 characters)",
        "13: (8 characters)",
        "14: enabled = false",
    ]


def test_commands_without_their_words() -> None:
    """What runs and with which options helps; a word that may be anything does not have to be known."""
    argv = ["node", "dist/x.mjs", "--port=80", "--quiet", "-v", "-pSECRET", "a b", "secret"]
    assert plain_command(argv) == [
        "node",
        "dist/x.mjs",
        "--port=(2 characters)",
        "--quiet",
        "-v",
        "(8 characters)",
        "(3 characters)",
        "(6 characters)",
    ]
    assert plain_command(()) == []


def test_only_lines_of_ours() -> None:
    """What a program printed is counted, not shown."""
    lines = [
        "2026-11-25 12:21:49,852 INFO aiemp.cli: x@…: started",
        "Dear Bob, INFO about",
        "yours",
        "2026-11-25T12:21:49+0000 aiemp[7]: ERROR aiemp.alerts: bad",
        "2026-11-25T12:21:49+0000 systemd[1]: Started x.",
        "end",
    ]
    shown = our_lines(lines)
    assert shown == [lines[0], "[2 lines left out]", lines[3], lines[4], "[1 line left out]"]
    assert our_lines(lines, only_serious=True)[0] == "[3 lines left out]"


def test_disguise_leaves_other_words_alone() -> None:
    """A short name of a user is no part of other words, and one that is a program's name stays."""
    disguise = Disguise(Redactor(), ("/v/ault",), ("/home/al", "/"), ("al", "root", ""))
    assert disguise.text("al calls /home/al/x and /v/ault/Done as root: alarm") == (
        "NAME calls ~/x and VAULT/Done as root: alarm"
    )
    assert disguise.values({"/home/al": [1, "al"]}) == {"~": [1, "NAME"]}


def test_archive_is_plain(broken: Aiemp, tmp_path: Path) -> None:
    """Owners and modes in it tell nothing, and it unpacks into one folder."""
    file = tmp_path / "report.tar.gz"
    broken("bugreport", "--output", str(file), check=True)
    with tarfile.open(fileobj=io.BytesIO(file.read_bytes())) as tar:
        assert "aiemp-bugreport/versions.json" in tar.getnames()
        for each in tar.getmembers():
            assert each.name.startswith("aiemp-bugreport/")
            assert (each.uid, each.gid, each.uname, each.mode) == (0, 0, "", 0o600)
