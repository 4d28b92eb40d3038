"""Dataclasses whose methods are written when they are first called.

The standard library compiles six methods for each class when it is defined: for our sixty, a quarter of the time that
linting a file takes. Here a class costs its slots, and ``__init__`` is compiled with the first instance, or taken from
what a wheel holds ready. The classes are dataclasses to everybody else: ``fields``, ``replace``, ``asdict``, ``match`` and pickling work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import attrgetter
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast, dataclass_transform, overload

from imgtool.prepared import code

T = TypeVar("T")
Owner = TypeVar("Owner")

_MISSING: Any = object()
_FIELDS = "__value_fields__"


class _Field:
    __slots__ = ("compare", "default", "factory", "hash", "init", "name", "repr")

    def __init__(
        self,
        name: str,
        default: Any,
        factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - its name there
        hash: bool | None = None,  # noqa: A002 - its name there
        compare: bool = True,
    ) -> None:
        self.name, self.default, self.factory = name, default, factory
        self.init, self.repr, self.hash, self.compare = init, repr, hash, compare

    @property
    def optional(self) -> bool:
        """Whether an instance can be made without it."""
        return self.default is not _MISSING or self.factory is not _MISSING


def field(
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    init: bool = True,
    repr: bool = True,  # noqa: A002 - its name there
    hash: bool | None = None,  # noqa: A002 - its name there
    compare: bool = True,
) -> Any:
    """As :func:`dataclasses.field`."""
    return _Field("", default, default_factory, init, repr, hash, compare)


@dataclass_transform(field_specifiers=(field,))
def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]:
    """As :func:`dataclasses.dataclass`, for classes that inherit no fields."""

    def decorate(cls: type[T]) -> type[T]:
        return _made(cls, _fields_of(cls), frozen=frozen, slots=slots, eq=eq)

    return decorate


def replace(value: T, **changes: Any) -> T:
    """As :func:`dataclasses.replace`."""
    cls: Any = value.__class__
    at, current = _given(cls)
    values = list(current(value))
    for name, changed in changes.items():
        if name not in at:
            raise TypeError(f"{cls.__name__} is not made from a field {name!r}")
        values[at[name]] = changed
    return cast("T", cls(*values))


@cache
def _given(cls: type) -> tuple[dict[str, int], Callable[[Any], tuple[Any, ...]]]:
    """Where each field stands among those that a class is made from, and what reads them all."""
    names = [one.name for one in getattr(cls, _FIELDS) if one.init]
    if len(names) > 1:
        return {name: at for at, name in enumerate(names)}, attrgetter(*names)
    return dict.fromkeys(names, 0), lambda value: tuple(getattr(value, name) for name in names)


def maker(kind: type[T]) -> Callable[[Iterable[Any]], T]:
    """What makes a named tuple of all its values, unchecked: for loops, in half the time that calling the class takes."""
    # a bound method is called as fast as a function, a partial is not
    return cast("Callable[[Iterable[Any]], T]", MethodType(tuple.__new__, kind))


def builder(cls: type[T]) -> Callable[..., T]:
    """What makes a frozen, slotted value of all its fields in their order: for loops, in two thirds of the time that
    calling the class takes.
    """
    fields = getattr(cls, _FIELDS)
    if not _swaps(cls, fields, frozen=True) or hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} is not made by setting its slots")
    _BUILT.add(cls)
    return FunctionType(code(_build_text(fields)), {"_unfrozen": _unfrozen(cls), "_frozen": cls})


_BUILT: set[type] = set()


def _build_text(fields: tuple[_Field, ...]) -> str:
    names = [one.name for one in fields]
    body = ["self = _unfrozen()", *(f"self.{name} = {name}" for name in names), "self.__class__ = _frozen"]
    return f"def build({', '.join(names)}):\n " + "\n ".join([*body, "return self"])


def _fields_of(cls: type) -> tuple[_Field, ...]:
    found = []
    space = cls.__dict__
    for name, annotation in space.get("__annotations__", {}).items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        one = space.get(name, _MISSING)
        if isinstance(one, _Field):
            one.name = name
        else:
            one = _Field(name, one)
        found.append(one)
    return tuple(found)


def _made(cls: type[T], fields: tuple[_Field, ...], *, frozen: bool, slots: bool, eq: bool) -> type[T]:
    space = dict(cls.__dict__)
    space.pop("__dict__", None)
    space.pop("__weakref__", None)
    for one in fields:
        if slots or one.default is _MISSING:
            space.pop(one.name, None)
        else:
            space[one.name] = one.default
    # a class that defines __eq__ has __hash__ = None where it defines none
    if space.get("__hash__", _MISSING) is None and "__eq__" not in space:
        del space["__hash__"]
    added: dict[str, Any] = {
        _FIELDS: fields,
        "__dataclass_fields__": _STANDARD,
        "__match_args__": tuple([one.name for one in fields if one.init]),
        "__repr__": _repr,
    }
    if eq:
        added["__eq__"] = _eq(fields)
        added["__hash__"] = _hash(fields) if frozen else None
    if slots:
        space["__slots__"] = tuple([one.name for one in fields])
    if frozen:
        space["__setattr__"] = space["__delattr__"] = _refuse
        if slots:
            added["__getstate__"], added["__setstate__"] = _get_state, _set_state
            added["__init_subclass__"] = _INHERITED
    space = added | space
    space["__init__"] = _first_init(lambda: made, fields, frozen=frozen)
    kind: Any = type(cls)
    made: Any = kind(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    return cast("type[T]", made)


def _first_init(made: Callable[[], type], fields: tuple[_Field, ...], *, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it is one
        cls: Any = made()
        cls.__init__ = _init(cls, fields, frozen=frozen)
        cls.__init__(self, *args, **kwargs)

    return __init__


def _swaps(cls: type, fields: tuple[_Field, ...], *, frozen: bool) -> bool:
    """Whether a value is of a class like its own that is not frozen until its attributes are set.

    Setting them one by one costs three times as much as assigning them. Values of classes that inherit it stay theirs.
    """
    alone = cls.__bases__ == (object,) and not cls.__subclasses__()
    return frozen and "__slots__" in cls.__dict__ and alone and len(fields) > 1


def _unfrozen(cls: type) -> type:
    return type(cls.__name__, (), {"__slots__": cls.__dict__["__slots__"]})


def _inherited(cls: type) -> None:
    base: Any
    for base in cls.__bases__:
        if _FIELDS in base.__dict__:
            base.__init__ = _init(base, base.__dict__[_FIELDS], frozen=True)


_INHERITED: Any = classmethod(_inherited)


def _init(cls: type, fields: tuple[_Field, ...], *, frozen: bool) -> Any:
    """``__init__`` of a class, compiled."""
    swaps = _swaps(cls, fields, frozen=frozen)
    names: dict[str, Any] = {"_set": object.__setattr__, "_missing": _MISSING}
    if swaps:
        become = object.__dict__["__class__"].__set__
        names |= {"_become": become, "_unfrozen": _unfrozen(cls), "_frozen": cls}
    for one in fields:
        names[f"_default_{one.name}"] = one.default
        names[f"_make_{one.name}"] = one.factory
    init: Any = FunctionType(code(_init_text(cls, fields, frozen=frozen, swaps=swaps)), names)
    init.__defaults__ = tuple([one.default for one in fields if one.init and one.optional])
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _init_text(cls: type, fields: tuple[_Field, ...], *, frozen: bool, swaps: bool) -> str:
    parameters = ["self"]
    body = [" _become(self, _unfrozen)"] if swaps else []
    for one in fields:
        value = one.name if one.init else f"_default_{one.name}"
        if one.factory is not _MISSING:
            made = f"_make_{one.name}()"
            value = f"{made} if {one.name} is _missing else {one.name}" if one.init else made
        if one.init:
            # the defaults themselves are not in the text
            parameters.append(f"{one.name}=None" if one.optional else one.name)
        assigned = swaps or not frozen
        body.append(f" self.{one.name} = {value}" if assigned else f" _set(self, {one.name!r}, {value})")
    if swaps:
        body.append(" self.__class__ = _frozen")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    return f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or " pass")


def texts(cls: type) -> Iterator[str]:
    """The texts that are compiled for a class with its first instance, if it is one of these."""
    space = cls.__dict__
    if _FIELDS in space:
        fields = space[_FIELDS]
        frozen = space.get("__setattr__") is _refuse
        yield _init_text(cls, fields, frozen=frozen, swaps=_swaps(cls, fields, frozen=frozen))
        if cls in _BUILT:
            yield _build_text(fields)
    elif space.get("__repr__") is _tuple_repr:
        yield _new_text(space["_fields"])


def _key(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _eq(fields: tuple[_Field, ...]) -> Callable[[Any, Any], Any]:
    key = _key([one.name for one in fields if one.compare])

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807 - it is one
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(fields: tuple[_Field, ...]) -> Callable[[Any], int]:
    key = _key([one.name for one in fields if (one.compare if one.hash is None else one.hash)])

    def __hash__(self: Any) -> int:  # noqa: N807 - it is one
        return hash(key(self))

    return __hash__


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in getattr(self, _FIELDS) if f.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(self: Any, name: str, value: Any = None) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - see the module's docstring

    del value
    raise FrozenInstanceError(f"cannot assign to field {name!r} of {self.__class__.__name__}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in getattr(self, _FIELDS)]


def _set_state(self: Any, state: list[Any]) -> None:
    for one, value in zip(getattr(self, _FIELDS), state, strict=True):
        object.__setattr__(self, one.name, value)


class _Standard:
    """``__dataclass_fields__``, for the functions of :mod:`dataclasses`."""

    def __get__(self, _instance: object, owner: Any) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415 - see the module's docstring

        found = {}
        for one in getattr(owner, _FIELDS):
            default = dataclasses.MISSING if one.default is _MISSING else one.default
            factory = dataclasses.MISSING if one.factory is _MISSING else one.factory
            given: dict[str, Any] = {
                "init": one.init,
                "repr": one.repr,
                "hash": one.hash,
                "compare": one.compare,
            }
            given |= {"default_factory": factory} if one.factory is not _MISSING else {"default": default}
            made: Any = dataclasses.field(**given)
            made.name, made.type = one.name, owner.__annotations__[one.name]
            made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]  # noqa: SLF001 - what marks one
            found[one.name] = made
        return found


_STANDARD = _Standard()


def _new_text(names: tuple[str, ...]) -> str:
    listed = "".join([f"{field}, " for field in names])
    return f"def __new__(_cls, {listed}): return _new(_cls, ({listed}))"


def _tuple_repr(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{self.__class__.__name__}({shown})"


if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - for those who import it from here
else:
    from collections import _tuplegetter

    class _Tuples(type):
        """Makes a named tuple of a class, as :func:`collections.namedtuple` does, with its constructor left for later."""

        def __new__(cls, name: str, _bases: tuple[type, ...], space: dict[str, Any]) -> type:
            types = space.pop("__annotations__", {})
            space.pop("__classcell__", None)
            names = tuple(types)
            defaults = {field: space.pop(field) for field in names if field in space}
            own = {
                "__slots__": (),
                "_fields": names,
                "_field_defaults": defaults,
                "_field_at": {field: at for at, field in enumerate(names)},
                "__match_args__": names,
                "__annotations__": types,
                "__new__": _first_new(lambda: made, names, tuple(defaults.values())),
                "__getnewargs__": _as_tuple,
                "__repr__": _tuple_repr,
                "_make": classmethod(_make),
                "_replace": _replace,
                "_asdict": _as_dict,
            }
            own |= {field: _tuplegetter(at, None) for at, field in enumerate(names)}
            made = type.__new__(type, name, (tuple,), own | space)
            return made

    def _first_new(
        made: Callable[[], type], names: tuple[str, ...], defaults: tuple[Any, ...]
    ) -> Callable[..., Any]:
        def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it is one
            function = FunctionType(code(_new_text(names)), {"_new": tuple.__new__})
            function.__defaults__ = defaults
            function.__qualname__ = f"{made().__qualname__}.__new__"
            made().__new__ = staticmethod(function)
            return function(cls, *args, **kwargs)

        return __new__

    def _as_tuple(self: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self)

    def _make(cls: Any, iterable: Any) -> Any:
        found = tuple.__new__(cls, iterable)
        if len(found) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(found)}")
        return found

    _new_tuple = tuple.__new__

    def _replace(self: Any, /, **changes: Any) -> Any:
        # few of many fields change
        values = [*self]
        at = self._field_at
        try:
            for name, value in changes.items():
                values[at[name]] = value
        except KeyError:
            wrong = [name for name in changes if name not in at]
            raise ValueError(f"Got unexpected field names: {wrong!r}") from None
        return _new_tuple(self.__class__, values)

    def _as_dict(self: Any) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def NamedTuple() -> None:  # noqa: N802 - its name there
        """As :class:`typing.NamedTuple`, for classes without type variables."""
        raise TypeError("it is inherited from")

    _BASES = (type.__new__(_Tuples, "NamedTuple", (), {}),)
    NamedTuple.__mro_entries__ = lambda _bases: _BASES


class lazy(Generic[Owner, T]):  # noqa: N801 - as the decorator that it stands for
    """As :class:`functools.cached_property`, whose first reading takes a lock before Python 3.12."""

    def __init__(self, work: Callable[[Owner], T]) -> None:
        self.work = work
        self.name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: type[Owner]) -> Self: ...

    @overload
    def __get__(self, instance: Owner, owner: type[Owner]) -> T: ...

    def __get__(self, instance: Owner | None, owner: type[Owner]) -> Self | T:
        if instance is None:
            return self
        found = instance.__dict__[self.name] = self.work(instance)
        return found
