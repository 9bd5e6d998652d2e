"""``@frozen`` values behave as frozen dataclasses do, wherever that is not left out on purpose."""

from __future__ import annotations

import ast
import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import pytest

import aiemp
from aiemp.frozen import as_dict, field, frozen, replace


@frozen
class Point:
    """A place."""

    KIND: ClassVar[str] = "point"

    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)
    origin: str = field(default="", compare=False)

    @property
    def total(self) -> int:
        return self.x + self.y


@frozen
class Named(Point):
    """A place with a name."""

    name: str = "nowhere"


@frozen
class Remembering:
    """A value that works something out once."""

    text: str

    @cached_property
    def length(self) -> list[int]:
        return [len(self.text)]


def test_fields_are_given_by_place_or_name_and_fall_back_to_their_defaults() -> None:
    """A value is made as its annotations say; what a factory makes is each value's own."""
    assert as_dict(Point(1)) == {"x": 1, "y": 0, "tags": [], "origin": ""}
    assert as_dict(Point(1, y=2, origin="here")) == {"x": 1, "y": 2, "tags": [], "origin": "here"}
    assert Point(1).tags is not Point(1).tags
    assert (Point(1, 2).total, Point.KIND) == (3, "point")


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "Point() takes a value for 'x'"),
        ((1,), {"z": 2}, "Point() takes no 'z'"),
        ((1,), {"x": 2}, "Point() takes 'x' once"),
        ((1, 2, [], "", 5), {}, "Point() takes 4 fields, not 5"),
        ((), {"z": 2}, "Point() takes a value for 'x', no 'z'"),
    ],
)
def test_a_wrong_call_is_refused_by_name(
    args: tuple[object, ...], kwargs: dict[str, object], said: str
) -> None:
    """A missing, unknown, doubled or superfluous value is a TypeError that names it, as in any call."""
    with pytest.raises(TypeError) as refused:
        Point(*args, **kwargs)  # type: ignore[arg-type]
    assert str(refused.value) == said


def test_values_are_equal_by_their_fields_and_class() -> None:
    """What compares and hashes is the fields that count, and the class itself."""
    assert Point(1, 2, origin="a") == Point(1, 2, origin="b")
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Point(1) != (1, 0, [])
    assert len({Remembering("a"), Remembering("a"), Remembering("b")}) == 2


def test_a_value_does_not_change() -> None:
    """Neither a field nor anything else can be set or deleted."""
    point = Point(1)
    with pytest.raises(AttributeError, match=r"Point\.x cannot be set"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Point\.else_ cannot be set"):
        point.else_ = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"Point\.x cannot be deleted"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_replace_makes_another_value() -> None:
    """The rest stays as it was, and a name that is no field is refused."""
    named = Named(1, name="home")
    moved = replace(named, x=5)
    assert (moved.x, moved.name, named.x, type(moved)) == (5, "home", 1, Named)
    with pytest.raises(TypeError, match="takes no 'z'"):
        replace(named, z=1)


def test_a_cached_property_is_worked_out_once() -> None:
    """A class that remembers keeps its room for it; its equality does not look at what is remembered."""
    value = Remembering("four")
    assert value.length is value.length
    assert value == Remembering("four")


def test_a_value_reads_like_its_call_and_survives_pickling() -> None:
    """``repr`` shows the fields; a copy made by pickle is equal."""
    assert repr(Point(1)) == "Point(x=1, y=0, tags=[], origin='')"
    assert pickle.loads(pickle.dumps(Remembering("a"))) == Remembering("a")
    match Named(3, name="there"):
        case Point(x, y):
            assert (x, y) == (3, 0)


def test_a_default_may_not_stand_before_a_field_without_one() -> None:
    """As in a signature; a class that breaks it is refused when it is made."""
    with pytest.raises(TypeError, match="Wrong: a field without a default"):

        @frozen
        class Wrong:
            first: int = 0
            second: int  # type: ignore[misc]


def test_it_says_what_a_dataclass_says() -> None:
    """Equality, hash and text of the same class made by both are the same, so that one can be put for the other."""

    class Plain:
        a: int
        b: str = "b"

    ours, theirs = frozen(Plain), dataclass(frozen=True, slots=True)(Plain)
    assert repr(ours(1)) == repr(theirs(1))  # type: ignore[call-arg]
    assert hash(ours(1)) == hash(theirs(1))  # type: ignore[call-arg]


def test_nothing_of_aiemp_loads_dataclasses() -> None:
    """One way to write a value; the standard one would cost every trigger its price again."""
    package = Path(aiemp.__file__).parent
    for file in package.rglob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for name in (
                [node.module]
                if isinstance(node, ast.ImportFrom)
                else [each.name for each in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
        assert "dataclasses" not in imported, file
