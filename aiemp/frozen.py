"""``@frozen``: values with named fields, as a frozen, slotted dataclass is, at a fraction of its price at start.

``dataclasses`` writes the methods of each class as text and compiles them whenever a process starts: half a
millisecond a class (Python 3.11), 20 ms of a trigger, which is a fresh process each time; and an orchestrator keeps
the module, with ``inspect`` and ``ast``, for ever. Here all classes share methods that look up the fields when they
are called. Type checkers see no difference (``typing.dataclass_transform``, PEP 681).

Left out, since nothing here needs it: ordering, keyword-only fields, ``__post_init__``, values that can change.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_FIELDS = "__frozen_fields__"
_MISSING: Any = object()


class Field:
    """What belongs to a field: its name, its default if it has one, and whether a comparison looks at it."""

    __slots__ = ("compare", "default", "default_factory", "name")

    def __init__(
        self, default: Any, default_factory: Callable[[], Any] | None = None, compare: bool = True
    ) -> None:
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.compare = compare

    @property
    def is_optional(self) -> bool:
        return self.default is not _MISSING or self.default_factory is not None

    def initial(self) -> Any:
        """What an optional field holds when nothing was given for it."""
        return self.default if self.default_factory is None else self.default_factory()


def field(
    *, default: Any = _MISSING, default_factory: Callable[[], Any] | None = None, compare: bool = True
) -> Any:
    """A field that needs more than a plain default: ``default_factory`` makes a new one for each value."""
    return Field(default, default_factory, compare)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make ``cls`` a class of values. Its annotated names are the fields, in their order, those of its bases first.

    A class with a ``cached_property`` keeps its ``__dict__`` to remember in; any other is slotted. Raises TypeError
    for a field without a default behind one that has one.
    """
    namespace = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    own: dict[str, Field] = {}
    for name, annotation in cls.__annotations__.items():
        if "ClassVar[" in str(annotation):
            continue
        given = namespace.pop(name, _MISSING)
        own[name] = given if isinstance(given, Field) else Field(given)
        own[name].name = name
    inherited: dict[str, Field] = getattr(cls, _FIELDS, {})
    fields = inherited | own
    optional = [each.is_optional for each in fields.values()]
    if optional != sorted(optional):
        raise TypeError(f"{cls.__name__}: a field without a default stands behind one that has one")
    if not any(isinstance(value, cached_property) for value in namespace.values()):
        namespace["__slots__"] = tuple(name for name in own if name not in inherited)
    namespace |= {_FIELDS: fields, "__match_args__": tuple(fields), "__qualname__": cls.__qualname__}
    metaclass: Any = type(cls)
    made: type[T] = metaclass(cls.__name__, cls.__bases__, _METHODS | namespace)
    return made


def replace(value: T, **changes: Any) -> T:
    """A copy of a value with some fields changed. Raises TypeError for a name that is no field."""
    return type(value)(**(as_dict(value) | changes))


def as_dict(value: object) -> dict[str, Any]:
    """The fields of a value by name, as they are. Raises AttributeError for an object of another kind."""
    return {name: getattr(value, name) for name in getattr(value, _FIELDS)}


def _init(self: Any, /, *args: Any, **kwargs: Any) -> None:
    fields: dict[str, Field] = self.__frozen_fields__
    put = object.__setattr__
    for name, value in zip(fields, args, strict=False):
        put(self, name, value)
    missing = []
    for each in islice(fields.values(), len(args), None):
        if each.name in kwargs:
            put(self, each.name, kwargs.pop(each.name))
        elif each.is_optional:
            put(self, each.name, each.initial())
        else:
            missing.append(each.name)
    if missing or kwargs or len(args) > len(fields):
        raise TypeError(_misuse(type(self), len(args), missing, list(kwargs)))


def _misuse(cls: type, given: int, missing: list[str], left: list[str]) -> str:
    """What is wrong with a call of ``cls``, in one sentence."""
    fields: dict[str, Field] = getattr(cls, _FIELDS)
    wrong = [f"{len(fields)} fields, not {given}"] if given > len(fields) else []
    wrong += [f"a value for {name!r}" for name in missing]
    wrong += [f"{name!r} once" if name in fields else f"no {name!r}" for name in left]
    return f"{cls.__name__}() takes {', '.join(wrong)}"


def _compared(value: Any) -> tuple[Any, ...]:
    fields: dict[str, Field] = value.__frozen_fields__
    return tuple(getattr(value, name) for name, each in fields.items() if each.compare)


def _eq(self: Any, other: object) -> bool:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in as_dict(self).items())
    return f"{type(self).__qualname__}({shown})"


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    return type(self), tuple(as_dict(self).values())


def _set(self: Any, name: str, value: object) -> NoReturn:
    raise AttributeError(
        f"{type(self).__name__}.{name} cannot be set: a value does not change; replace() makes another"
    )


def _delete(self: Any, name: str) -> NoReturn:
    raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: a value does not change")


_METHODS: dict[str, Any] = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__reduce__": _reduce,
    "__setattr__": _set,
    "__delattr__": _delete,
}
