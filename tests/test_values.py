"""Our dataclasses are the standard library's to everybody."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
import typing
from functools import cached_property
from typing import Any, ClassVar

import pytest

from imgtool import values
from imgtool.prepared import code
from imgtool.values import NamedTuple, builder, dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Frozen:
    """A doc."""

    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list, compare=False)
    d: str = field(default="hidden", repr=False)
    kind: ClassVar[str] = "x"

    @property
    def twice(self) -> int:
        return 2 * self.a


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """A doc."""

    a: int
    b: str = "b"
    c: list[int] = dataclasses.field(default_factory=list, compare=False)
    d: str = dataclasses.field(default="hidden", repr=False)
    kind: ClassVar[str] = "x"

    @property
    def twice(self) -> int:
        return 2 * self.a


# --- what is done with a class, of either kind ---
SAME = [
    lambda cls: repr(cls(1)).replace(cls.__name__, ""),
    lambda cls: cls(1) == cls(1, "b", [5]),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) != object(),
    lambda cls: hash(cls(1)) == hash(cls(1, c=[1])),
    lambda cls: len({cls(1), cls(1), cls(2)}),
    lambda cls: cls(1).twice,
    lambda cls: cls.kind,
    lambda cls: cls.__doc__,
    lambda cls: cls.__match_args__,
    lambda cls: cls.__slots__,
    lambda cls: cls(1).c is cls(1).c,
    lambda cls: [(f.name, f.type, f.default) for f in dataclasses.fields(cls) if f.name != "c"],
    lambda cls: dataclasses.asdict(cls(1)),
    dataclasses.is_dataclass,
    lambda cls: dataclasses.replace(cls(1), b="x").b,
    lambda cls: copy.copy(cls(1)) == cls(1),
    lambda cls: pickle.loads(pickle.dumps(cls(1, d="y"))).d,  # noqa: S301 - our own
    lambda cls: matched(cls(3, "z")),
]
# --- what raises the same ---
RAISES: list[tuple[Any, type[Exception]]] = [
    (lambda cls: cls(), TypeError),
    (lambda cls: cls(1, e=2), TypeError),
    (lambda cls: cls(1, 2, 3, 4, 5), TypeError),
    (lambda cls: setattr(cls(1), "a", 2), dataclasses.FrozenInstanceError),
    (lambda cls: delattr(cls(1), "a"), dataclasses.FrozenInstanceError),
    (lambda cls: cls(1) < cls(2), TypeError),
]


def matched(value: Any) -> Any:
    match value:
        case Frozen(a, b) | Standard(a, b):
            return a, b
    return None


@pytest.mark.parametrize("do", SAME)
def test_it_does_the_same(do: Any) -> None:
    assert do(Frozen) == do(Standard)


@pytest.mark.parametrize("do, error", RAISES)
def test_it_raises_the_same(do: Any, error: type[Exception]) -> None:
    for cls in (Frozen, Standard):
        with pytest.raises(error):
            do(cls)


def test_replace() -> None:
    assert replace(Frozen(1, d="y"), a=2) == Frozen(2, d="y")


@dataclass(slots=True)
class Mutable:
    a: int = 1
    hidden: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.hidden = self.a + 1


def test_one_that_changes() -> None:
    value = Mutable(2)
    value.a = 5
    assert (value.a, value.hidden, value == Mutable(5)) == (5, 3, False)
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    with pytest.raises(AttributeError):
        value.other = 1  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Identical:
    a: int

    @cached_property
    def more(self) -> int:
        return self.a + 1


def test_one_that_is_equal_to_itself_alone() -> None:
    assert Identical(1) != Identical(1)
    assert len({Identical(1), Identical(1)}) == 2
    assert Identical(1).more == 2


@dataclass(frozen=True, slots=True)
class Own:
    a: int

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7


def test_methods_of_the_class_stay() -> None:
    assert (repr(Own(1)), Own(1) == 3, hash(Own(1))) == ("own", True, 7)


@dataclass(frozen=True, slots=True)
class Above:
    a: int
    b: int = 2


def test_a_class_may_be_inherited_from() -> None:
    made = Above(1)

    class Plain(Above):
        pass

    class Bare(Above):
        __slots__ = ()

        def __init__(self) -> None:
            super().__init__(5)

    assert [type(value) for value in (Plain(1), Bare(), Above(1))] == [Plain, Bare, Above]
    assert (Plain(3).a, Bare().a, Above(1)) == (3, 5, made)
    with pytest.raises(AttributeError):
        Plain(1).a = 2  # type: ignore[misc]


def test_a_builder_makes_the_same() -> None:
    made, called = builder(Frozen)(1, "b", [2], "d"), Frozen(1, "b", [2], "d")
    assert type(made) is Frozen
    assert (made, repr(made), hash(made)) == (called, repr(called), hash(called))
    assert pickle.loads(pickle.dumps(made)) == replace(made, a=1)  # noqa: S301 - our own
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.a = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", [Mutable, Identical])
def test_a_builder_is_for_frozen_values_with_slots(kind: type) -> None:
    with pytest.raises(TypeError, match="is not made by setting its slots"):
        builder(kind)


def test_texts_are_those_that_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def note(text: str) -> Any:
        compiled.append(text)
        return code(text)

    monkeypatch.setattr(values, "code", note)

    @dataclass(frozen=True)
    class One:
        a: int
        b: list[int] = field(default_factory=list)

    class Two(NamedTuple):
        a: int

    @dataclass(frozen=True, slots=True)
    class Three:
        a: int
        b: int

    One(1)
    Two(1)
    Three(1, 2)
    builder(Three)
    assert compiled == [*values.texts(One), *values.texts(Two), *values.texts(Three)]
    assert [*values.texts(int)] == []


def test_defining_one_loads_nothing() -> None:
    program = (
        "import sys; from imgtool.values import dataclass\n"
        "class A: a: int = 1\n"
        "A = dataclass(frozen=True, slots=True)(A); A(2); print({'dataclasses', 'inspect'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-Ic", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


class Ours(NamedTuple):
    """A doc."""

    a: int
    b: str = "b"
    c: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.a

    def __bool__(self) -> bool:
        return self.a > 0


class Theirs(typing.NamedTuple):
    """A doc."""

    a: int
    b: str = "b"
    c: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.a

    def __bool__(self) -> bool:
        return self.a > 0


# --- what is done with a named tuple, of either kind ---
TUPLES = [
    lambda cls: repr(cls(1)).replace(cls.__name__, ""),
    lambda cls: (cls(1) == (1, "b", ()), cls(1) < cls(2), hash(cls(1))),
    lambda cls: (cls._fields, cls._field_defaults, cls.__doc__, cls.__match_args__),
    lambda cls: (cls(1)._replace(b="x").b, cls(1)._asdict(), [*cls(1)], cls(1)[1]),
    lambda cls: (cls(2).twice, bool(cls(0)), cls.__module__, cls.__qualname__.replace(cls.__name__, "")),
    lambda cls: pickle.loads(pickle.dumps(cls(1, "y"))).b,  # noqa: S301 - our own
    lambda cls: isinstance(cls(1), tuple),
]


@pytest.mark.parametrize("do", TUPLES)
def test_a_named_tuple_does_the_same(do: Any) -> None:
    assert do(Ours) == do(Theirs)


def test_a_named_tuple_refuses_the_same() -> None:
    for cls in (Ours, Theirs):
        with pytest.raises(TypeError):
            cls()  # type: ignore[call-arg]
        with pytest.raises(AttributeError):
            cls(1).a = 2  # type: ignore[misc]
