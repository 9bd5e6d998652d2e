"""The file of an alert in ``Needs_Action/alerts/``: its name, its text, and what it remembers.

Its frontmatter is the only memory of an alert: how often it came, and when the user's command last ran. Its
owner, or Claude, may write into it; what they wrote is kept.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from aiemp.errors import VaultError
from aiemp.frozen import frozen
from aiemp.places import Places

LARGEST_FILE_BYTES = 256 * 1024
KEY_LIMIT = 80
OTHER_NAMES = 9
_FRONTMATTER = re.compile(r"---\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([a-z_]+):[ \t]*(.*)")
_UNSAFE = re.compile(r"[^a-z0-9._-]+")


@frozen
class Alert:
    """What happened. ``key`` names it: an alert of the same key is the same trouble once more."""

    key: str
    component: str
    title: str
    detail: str
    remedy: str


def alert_file(vault: Path, key: str) -> Path:
    """Where the file of an alert is, unless a file of somebody else has that name."""
    name = _UNSAFE.sub("-", key.lower()).strip("-._")[:KEY_LIMIT]
    if name != key:
        name = f"{name}-{_sha256(key.encode(errors='replace'))[:8]}".lstrip("-")
    return Places(vault).alerts / f"ALERT_{name}.md"


class AlertFile:
    """The text of an alert's file: the lines of its frontmatter, and the body."""

    def __init__(self, text: str) -> None:
        found = _FRONTMATTER.match(text)
        self.body = text[found.end() :] if found else ""
        self.lines = found[1].split("\n")[:-1] if found else []

    def text(self, name: str) -> str:
        """A field of the frontmatter; "" when it is not there."""
        value = next((m[2].strip() for line in self.lines if (m := _FIELD.match(line)) and m[1] == name), "")
        try:
            return str(json.loads(value)) if value.startswith('"') else value
        except ValueError:
            return value

    def moment(self, name: str) -> datetime | None:
        """A field as a moment; None when it is none."""
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            return None
        return moment if moment.tzinfo is not None else None

    @property
    def count(self) -> int:
        """How often the alert has come."""
        count = self.text("count")
        return int(count[-9:]) if count.isdecimal() else 0

    @property
    def is_untouched(self) -> bool:
        """Whether the body is still what we wrote."""
        return self.text("checksum") == _checksum(self.body)

    def with_fields(self, fields: Mapping[str, str], body: str) -> str:
        """The text with other values for some fields; lines that others put there stay."""
        left = dict(fields)
        lines = []
        for line in self.lines:
            found = _FIELD.match(line)
            value = left.pop(found[1], None) if found else None
            lines.append(line if found is None or value is None else f"{found[1]}: {value}")
        lines += [f"{name}: {value}" for name, value in left.items()]
        return "---\n" + "".join(f"{line}\n" for line in lines) + "---\n" + body


def renewed(file: AlertFile | None, alert: Alert, now: datetime, *, tell: bool) -> str:
    """The text of the alert's file once it came again; ``file`` is what it says now, None when it is new.

    ``tell``: the command runs now. The body is ours to renew only as long as nobody else wrote into it.
    """
    stamp = now.astimezone(UTC).isoformat(timespec="seconds")
    fields = {
        "updated": stamp,
        "count": str(file.count + 1 if file else 1),
        "shown": _quoted(shown_error(alert)),
    }
    if tell:
        fields["notified"] = stamp
    body = file.body if file else ""
    if file is None or file.is_untouched:
        body = _body(alert)
        fields["checksum"] = _checksum(body)
    if file is not None:
        return file.with_fields(fields, body)
    first = {"type": "alert", "status": "pending", "priority": "high", "created": stamp}
    first["component"] = _quoted(alert.component)
    return AlertFile("").with_fields(first | fields, body)


def find_place(vault: Path, key: str) -> tuple[Path, AlertFile | None]:
    """The alert's file, or the path for a new one: files of others that bear its name stay as they are."""
    first = alert_file(vault, key)
    for path in (first, *(first.with_stem(f"{first.stem}_{n}") for n in range(1, OTHER_NAMES + 1))):
        if not os.path.lexists(path):
            return path, None
        file = read_alert(path)
        if file is not None:
            return path, file
    raise VaultError(f"{first} and the names after it are taken by other files: move them away")


def read_alert(path: Path) -> AlertFile | None:
    """The alert file at ``path``; None for a link, or for anything that is no alert."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(LARGEST_FILE_BYTES + 1)
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    if len(data) > LARGEST_FILE_BYTES:
        return None
    file = AlertFile(text)
    return file if file.text("type") == "alert" else None


def _body(alert: Alert) -> str:
    from aiemp.dashboard.cells import inline  # noqa: PLC0415 - alerts are rare

    longest = max((len(run) for run in re.findall("~+", alert.detail)), default=0)
    fence = "~" * max(3, longest + 1)  # the detail may quote a stranger's text: it is shown, never rendered
    return (
        f"\n# {inline(alert.title, 200)}\n\n{fence}text\n{alert.detail}\n{fence}\n\n"
        f"**What to do:** {inline(alert.remedy, 1000)}\n\n"
        "_aiemp keeps this file, and removes it when the cause is gone._\n"
    )


def shown_error(alert: Alert) -> str:
    """The words by which the dashboard shows an alert."""
    return " ".join(f"{alert.title}: {alert.detail}".split())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # which is YAML, too


def _checksum(body: str) -> str:
    return _sha256(body.encode("utf-8", "surrogateescape"))[:16]


def _sha256(data: bytes) -> str:
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 3.6 MB that the orchestrator would keep for one look

    return hashlib.sha256(data).hexdigest()
