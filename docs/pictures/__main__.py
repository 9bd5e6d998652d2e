"""The pictures of the README, made from a real run: ``python -m docs.pictures`` (``make docs``).

A vault is made by ``aiemp init``, its morning is played by ``aiemp run`` with the local engine, and then ``aiemp
status`` is asked on a terminal of its own. The only stand-in is Claude Code, so that no account is needed; the clock
is moved to a Monday morning by a small library (tests/systemd/shifted_clock.c), so that each time the same comes out.
Names of folders, process numbers and parts of seconds are evened out, for the same reason.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from docs.pictures.svg import markdown_svg, terminal_svg
from tests.systemd.wall_clock import NoCompiler, build_shifted_clock, write_shift

HERE = Path(__file__).resolve().parent
ZONE = ZoneInfo("Europe/Berlin")
MONDAY = (2026, 11, 23)
COLUMNS, LINES = 104, 60
PATIENCE_S = 90
AIEMP = [sys.executable, "-m", "aiemp"]

CONFIG = """
[tasks.invoices]
description = "Reminders for overdue invoices"
frequency = "weekdays"
time = "08:30"
prompt = "Draft a reminder for every overdue invoice."

[tasks.bank_statement]
description = "Fetch the bank's statement"
frequency = "weekdays"
time = "07:00"
command = ["sh", "-c", "echo 'bank.example: the certificate has expired' >&2; exit 1"]
max_attempts = 1

[watchers.calendar]
command = ["sleep", "1000"]
"""
CLAUDE = """#!{python} -S
import json, os, sys
if "--version" in sys.argv:
    print("2.1.197 (Claude Code)"); sys.exit()
say = lambda **event: print(json.dumps(event), flush=True)
say(type="system", subtype="init", claude_code_version="2.1.197", model="claude", session_id="s1")
told = "Nothing was overdue."
if "Needs_Action" in sys.argv[-1] or "inbox" in sys.argv[-1].lower():
    told = "Three mails are answered as drafts, one needs you."
    for number in (1, 2, 3):
        os.replace(f"Needs_Action/email/EMAIL_{{number}}.md", f"Done/EMAIL_{{number}}.md")
        os.utime(f"Done/EMAIL_{{number}}.md")
if "LinkedIn" in sys.argv[-1]:
    told = "A draft about the new workshop waits for you."
    os.makedirs("Pending_Approval/social", exist_ok=True)
    with open("Pending_Approval/social/LINKEDIN_POST_20261123.md", "w") as draft:
        draft.write("---\\ntype: linkedin_post\\ncreated: 2026-11-23T09:30:08+01:00\\n---\\n")
say(type="assistant", message={{"content": [{{"type": "text", "text": told}}]}})
say(type="result", subtype="success", is_error=False, result=told, session_id="s1", num_turns=7, total_cost_usd=0.11)
"""
MAIL = "---\ntype: email\nfrom: Ana {n}\nsubject: Offer {n}\npriority: high\nstatus: pending\n---\n\nHello\n"
APPROVAL = (
    "---\ntype: approval_request\naction_type: send_email\ntarget: ana@example.com\n"
    "status: pending_approval\ncreated: {created}\n---\n\nSend it?\n"
)


class Morning:
    """The home of somebody on that Monday."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.vault = home / "vault"
        bin_folder = home / "bin"
        bin_folder.mkdir()
        (bin_folder / "claude").write_text(CLAUDE.format(python=sys.executable), encoding="utf-8")
        (bin_folder / "claude").chmod(0o755)
        self.plain = {
            "HOME": str(home),
            "PATH": f"{bin_folder}:/usr/bin:/bin",
            "TZ": ZONE.key,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(HERE.parents[1]),
        }

    def at(self, hour: int, minute: int, second: int = 5) -> dict[str, str]:
        """The environment in which it is that time, from now on."""
        wanted = datetime(*MONDAY, hour, minute, second, tzinfo=ZONE).timestamp()
        folder = self.home / f"clock-{hour:02d}{minute:02d}"
        folder.mkdir()
        shift = folder / "shift"
        write_shift(shift, round(wanted - time.time()))
        library = build_shifted_clock(self.home)
        return {**self.plain, "LD_PRELOAD": str(library), "AIEMP_TESTS_CLOCK": str(shift)}

    def aiemp(self, environ: dict[str, str], *arguments: str) -> None:
        """Run a command to its end."""
        subprocess.run(
            [*AIEMP, *arguments],
            check=True,
            env=environ,
            cwd=self.home,
            capture_output=True,
            timeout=PATIENCE_S,
        )

    def run_until(self, environ: dict[str, str], *names: str) -> subprocess.Popen[bytes]:
        """The orchestrator, once it has said how these tasks ended."""
        log = (self.home / "orchestrator.log").open("wb")
        process = subprocess.Popen(
            [*AIEMP, "run", "--interval", "1"], env=environ, cwd=self.home, stdout=log, stderr=log
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self.have_ended(names):
            if time.monotonic() > deadline or process.poll() is not None:
                process.terminate()
                sys.exit(f"the morning did not come about:\n{(self.home / 'orchestrator.log').read_text()}")
            time.sleep(0.2)
        return process

    def have_ended(self, names: tuple[str, ...]) -> bool:
        """Whether the orchestrator has said so of all of them."""
        said = (self.home / "orchestrator.log").read_text(encoding="utf-8")
        return all(re.search(rf": {name} (?:succeeded|failed|blocked)", said) for name in names)


def play(morning: Morning) -> tuple[str, str]:
    """What status says at 09:41, and the dashboard."""
    early = morning.at(6, 55)
    morning.aiemp(early, "init", str(morning.vault))
    config = morning.home / ".config/aiemp/aiemp.toml"
    written = config.read_text(encoding="utf-8").replace("#runs_per_day = 24", "runs_per_day = 12")
    config.write_text(written + CONFIG, encoding="utf-8")
    mails = morning.vault / "Needs_Action" / "email"
    mails.mkdir(exist_ok=True)
    for number in range(1, 5):
        (mails / f"EMAIL_{number}.md").write_text(MAIL.format(n=number), encoding="utf-8")
    waiting = morning.vault / "Pending_Approval" / "email"
    waiting.mkdir(exist_ok=True)
    (waiting / "ACTION_send_email_ana.md").write_text(
        APPROVAL.format(created="2026-11-21T16:20:00+01:00"), encoding="utf-8"
    )
    health = "health_dashboard_update"
    stop(morning.run_until(early, "daily_rollover", "stale_approval_check", "done_archive", health))
    stop(morning.run_until(morning.at(8, 0), "morning_triage", "bank_statement", health))
    stop(morning.run_until(morning.at(8, 30), "invoices", health))
    running = morning.run_until(morning.at(9, 30), "linkedin_post", health)
    try:
        status = on_terminal([*AIEMP, "status"], morning.at(9, 41, 45), morning.home)
        dashboard = (morning.vault / "Dashboard.md").read_text(encoding="utf-8")
    finally:
        stop(running)
    return status, dashboard


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(PATIENCE_S)


def on_terminal(command: list[str], environ: dict[str, str], folder: Path) -> str:
    """What a command writes on a terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(command, env=environ, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:  # Linux: the last one at the other end has gone
        pass
    process.wait(PATIENCE_S)
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def evened_out(text: str, home: Path) -> str:
    """``text`` without what differs from one run to the next."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return "pid " + numbers.setdefault(found[1], str(2101 + len(numbers)))

    text = text.replace(str(home), "/home/ana")
    text = re.sub(r"pid (\d+)", number, text)
    text = re.sub(r"(?<!\d)\d\.\d+ s\b", "0.4 s", text)
    return re.sub(r"(?<=\d\d:\d\d:)\d\d", "09", text)


def main() -> None:
    """Make both pictures anew."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve()
        try:
            status, dashboard = (evened_out(text, home) for text in play(Morning(home)))
        except NoCompiler as missing:
            print(f"the pictures stay as they are: {missing}", file=sys.stderr)
            return
    prompt = "\x1b[32mana@desk\x1b[0m:\x1b[34m~\x1b[0m$ aiemp status\n"
    (HERE / "status.svg").write_text(terminal_svg(prompt + status, "aiemp status"), encoding="utf-8")
    (HERE / "dashboard.svg").write_text(markdown_svg(dashboard, "Dashboard.md"), encoding="utf-8")


if __name__ == "__main__":
    main()
