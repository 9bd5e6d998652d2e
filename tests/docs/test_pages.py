"""What the pages say can be followed: links lead somewhere, command lines are understood, configuration is valid."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from aiemp.cli import cli
from aiemp.cli.invocation import Invocation
from aiemp.config.load import load_plan
from aiemp.doctor.checks import CHECKS
from aiemp.errors import ConfigError
from tests.docs.pages import PAGES, ROOT, Block, blocks, without_blocks

DOCS = ROOT / "docs"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MADE_FROM_HELP = DOCS / "commands.md"
FOR_USERS = [ROOT / "README.md", *(page for page in PAGES if page.parent == DOCS and page != MADE_FROM_HELP)]


def by_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page: of its headings, as code hosts make them, and those that it sets itself."""
    found = set(re.findall(r'<a id="([^"]+)">', without_blocks(page)))
    for heading in re.findall(r"(?m)^#+ (.+)$", without_blocks(page)):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file that is there, and an anchor that it has."""
    for target in LINK.findall(without_blocks(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


class Line(NamedTuple):
    """A line that a reader may type, and where it stands."""

    where: str
    words: list[str]


def shown_lines(page: Path) -> Iterator[Line]:
    """The lines with ``aiemp`` in blocks and in the text. What a shell would do with them is cut off."""
    for block in blocks(page):
        if block.language in ("", "sh", "bash"):
            for number, text in enumerate(block.text.splitlines(), block.line):
                yield from _lines_in(f"{page.name}:{number}", text)
    for span in re.findall(r"`([^`]+)`", without_blocks(page)):
        yield from _lines_in(f"{page.name}: {span}", " ".join(span.split()))


def _lines_in(where: str, text: str) -> Iterator[Line]:
    for part in re.split(r" && | \|\| |;| \| | #| > |\$\(", text.strip()):
        part = re.sub(r"^(?:sudo (?:-\w+ \S+ )*|exec |eval |\w+=\S* )*", "", part.strip())
        if not part.startswith("aiemp "):
            continue
        part = re.sub(r"[\[\]]|\.\.\.|…", "", part.rstrip(')"'))
        yield Line(where, shlex.split(re.sub(r"(\w+)(?:\|\w+)+", r"\1", part))[1:])


def understood(words: list[str]) -> list[str]:
    """Parse a command line as the program does, without running it. The arguments of its command."""
    context = cli.make_context("aiemp", list(words), obj=Invocation())
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return [str(value) for value in (context.params.get("checks") or ())]


@pytest.mark.parametrize("page", FOR_USERS, ids=by_name)
def test_command_lines_are_understood(page: Path) -> None:
    """Every line that begins with ``aiemp`` names commands, options and values that there are."""
    checks = {check.name for check in CHECKS}
    for line in shown_lines(page):
        try:
            asked = understood(line.words)
        except click.exceptions.Exit:  # --help, --version
            continue
        except click.ClickException as mistake:
            pytest.fail(f"{line.where}: {mistake.format_message()}")
        assert set(asked) <= checks | {"CHECK"}, line.where


def test_lines_are_found_at_all() -> None:
    """The test above sees the lines in blocks, those in the text, and what is wrong in them."""
    found = [line.words for line in shown_lines(DOCS / "quick-start.md")]
    assert ["install-units", "--user", "--now", "--linger"] in found
    assert ["config", "validate"] in found
    for wrong in (["statsu"], ["trigger"], ["run", "--engine", "cron"], ["status", "--wach"]):
        with pytest.raises(click.ClickException):
            understood(wrong)


TOML = [block for page in PAGES for block in blocks(page) if block.language == "toml"]


@pytest.mark.parametrize("block", TOML, ids=str)
def test_configuration_is_valid(
    block: Block, vault: Path, write_config: Callable[[str], Path], environ: dict[str, str]
) -> None:
    """Each piece of aiemp.toml can be copied as it stands there."""
    tomllib.loads(block.text)
    write_config(block.text)
    try:
        load_plan(vault=vault, environ=environ)
    except ConfigError as error:
        pytest.fail("\n".join(error.mistakes))


def test_the_index_names_every_page() -> None:
    """docs/README.md leads to all of them."""
    named = set(LINK.findall((DOCS / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= named


def test_every_check_is_in_troubleshooting() -> None:
    """Who sees the name of a check finds what it means; and no row is about one that is gone."""
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \|", text.partition("## By what `aiemp doctor` checks")[2])
    assert sorted(rows) == sorted(check.name for check in CHECKS)


OWNERS_LINES = (
    "aiemp install-units --user",
    "systemctl --user start aiemp.target",
    "journalctl --user -u aiemp-orchestrator",
    "aiemp trigger stale_approval_check",
    "pm2 start ecosystem.config.js",
)


def test_readme_is_two_screens_with_the_owners_lines() -> None:
    """At most 100 lines, the five lines by which its owner uses it, both pictures, and how to test it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    for line in (*OWNERS_LINES, "make test", "make run"):
        assert re.search(rf"(?m)^{re.escape(line)}(?:\s|$)", text), line
    for picture in ("status", "dashboard"):
        assert f"(docs/pictures/{picture}.svg)" in text
