"""A crontab(1) that keeps its table beside it."""

from __future__ import annotations

from pathlib import Path

SCRIPT = """\
#!/bin/sh
TABLE="$(dirname "$0")/table"
case $1 in
    -l) cat "$TABLE" ;;
    -) cat >"$TABLE.new" && mv "$TABLE.new" "$TABLE" ;;
esac
"""


def put_crontab(folder: Path, environ: dict[str, str]) -> Path:
    """Put it into the new ``folder``, first on the PATH of ``environ``. Returns the path of its table."""
    folder.mkdir()
    (folder / "crontab").write_text(SCRIPT)
    (folder / "crontab").chmod(0o755)
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    return folder / "table"
