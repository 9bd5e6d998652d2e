"""The decision between dry and live as a pure function (aiemp.config.dry_run)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiemp.config.dry_run import decide_dry_run, dotenv_complaint
from aiemp.errors import UsageError
from aiemp.plan import DryRun

YES = ["true", "1", "yes", "on", "TRUE", " Yes "]
NO = ["false", "0", "no", "off", "False", "OFF\n"]
BLANK = [None, "", "  "]


@pytest.mark.parametrize("word", YES + NO)
def test_the_usual_words_are_understood_everywhere(word: str) -> None:
    """true, yes, on and 1, and their opposites, in any case and with blanks around."""
    active = word in YES
    assert decide_dry_run(False, word, None, None) == DryRun(active, "DRY_RUN in the environment")
    assert decide_dry_run(False, None, None, word) == DryRun(active, "DRY_RUN in the vault's .env")
    assert dotenv_complaint(word) is None


@pytest.mark.parametrize("blank", BLANK)
def test_an_empty_word_is_not_set(blank: str | None) -> None:
    """A variable that is set to nothing decides nothing: the next source is asked."""
    assert decide_dry_run(False, blank, True, "false", config_name="x.toml") == DryRun(
        True, "dry_run in x.toml"
    )
    assert decide_dry_run(False, blank, None, blank) == DryRun(False, "default")
    assert dotenv_complaint(blank) is None


@pytest.mark.parametrize("word", ["maybe", "2", "tru", "dry", "ja"])
def test_another_word_is_refused_or_dry(word: str) -> None:
    """In the environment it is an error; in the vault's .env it is the safe side, and said."""
    with pytest.raises(UsageError, match="set it to true or false"):
        decide_dry_run(False, word, None, None)
    assert decide_dry_run(False, None, None, word).active
    assert word in str(dotenv_complaint(word))


def test_what_is_not_asked_is_not_judged() -> None:
    """--dry-run needs nobody's agreement."""
    assert decide_dry_run(True, "maybe", False, "maybe") == DryRun(True, "--dry-run")


WORDS = st.sampled_from([*BLANK, "true", "false"])


@given(st.booleans(), WORDS, st.sampled_from([None, True, False]), WORDS)
def test_the_strongest_source_decides(
    flag: bool, environ: str | None, config: bool | None, dotenv: str | None
) -> None:
    """The first of the four that says anything, else live."""
    said = [True if flag else None, MEANS.get(environ), config, MEANS.get(dotenv)]
    first = next((word for word in said if word is not None), False)
    assert decide_dry_run(flag, environ, config, dotenv).active is first


MEANS = {"true": True, "false": False}
