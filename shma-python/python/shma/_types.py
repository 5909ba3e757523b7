"""Dtypes of numpy and types of regions, and the attributes of fields."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from shma import _values
from shma._errors import DeclarationError, make

try:
    import ml_dtypes

    _BF16: np.dtype[Any] | None = np.dtype(ml_dtypes.bfloat16)
except ImportError:
    _BF16 = None

#: A type as the library takes it: ("f32", (128, 784)), or (("Point", [("x", ("f32", ()))]), (3,)).
Type = tuple[Any, tuple[int, ...]]
#: A field as the library takes it: name, type, slots, timed, atomic, initial value or None.
Declaration = tuple[str, Type, int, bool, bool, "np.ndarray[Any, Any] | None"]

_NUMBERS = {
    "u8": np.uint8,
    "u16": np.uint16,
    "u32": np.uint32,
    "u64": np.uint64,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "Complex<f32>": np.complex64,
    "Complex<f64>": np.complex128,
}
_NAMES = {np.dtype(scalar): name for name, scalar in _NUMBERS.items()}
#: Numbers that numpy lacks are bytes, and remember what they are.
_RAW = {"u128": 16, "i128": 16, "bf16": 2}

_KEY = "shma"


def dtype_of(type_: Type) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The dtype of the innermost elements, and the shape."""
    scalar, shape = type_
    if isinstance(scalar, str):
        if scalar == "bf16" and _BF16 is not None:
            return _BF16, shape
        if scalar in _RAW:
            return np.dtype(f"V{_RAW[scalar]}", metadata={_KEY: scalar}), shape
        return np.dtype(_NUMBERS[scalar]), shape
    name, members = scalar
    fields = [(member, *dtype_of(ty)) for member, ty in members]
    return np.dtype(fields, metadata={_KEY: name}), shape


def type_of(dtype: np.dtype[Any], shape: tuple[int, ...], place: str) -> Type:
    """The type of a region that has arrays of this dtype and shape."""
    if dtype.subdtype is not None:
        base, inner = dtype.subdtype
        return type_of(base, (*shape, *inner), place)
    if dtype.names is not None:
        name = _said(dtype)
        if not isinstance(name, str):
            raise refused(
                place, f"the structured dtype {dtype} has no name: make it by `shma.struct(name, ..)`"
            )
        members: list[tuple[str, Type]] = []
        offset = 0
        assert dtype.fields is not None
        for member in dtype.names:
            inner_dtype, at = dtype.fields[member][:2]
            if at != offset:
                raise refused(place, f"{_shown(dtype)} has a gap before `{member}`")
            members.append((member, type_of(inner_dtype, (), place)))
            offset += inner_dtype.itemsize
        if offset != dtype.itemsize:
            raise refused(place, f"{_shown(dtype)} has a gap at its end")
        return (name, members), shape
    if not dtype.isnative:
        raise refused(place, f"{dtype} is not of this machine's byte order: use `astype`")
    if _BF16 is not None and dtype == _BF16:
        return "bf16", shape
    raw = _said(dtype)
    if dtype.kind == "V" and raw in _RAW and _RAW[raw] == dtype.itemsize:
        return raw, shape
    name = _NAMES.get(dtype)
    if name is None:
        raise refused(place, f"{dtype} is no type of numbers in a region{_advice(dtype)}")
    return name, shape


def _said(dtype: np.dtype[Any]) -> Any:
    """What a dtype remembers: the name of its struct, or which number its bytes are."""
    metadata: Mapping[str, Any] = dtype.metadata or {}
    return metadata.get(_KEY)


def refused(place: str, reason: str) -> DeclarationError:
    """A declaration that is no state."""
    named = place.removeprefix("field `").removesuffix("`")
    error = make("DeclarationError", f"{place}: {reason}" if place else reason, "", named or None)
    assert isinstance(error, DeclarationError)
    return error


def _advice(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return ": declare uint8"
    if dtype.kind in "mM":
        return ": declare int64"
    if dtype.kind in "SUO":
        return ": declare numbers, such as uint8 for text"
    return ""


def _shown(dtype: np.dtype[Any]) -> str:
    return f"the struct `{_said(dtype)}`"


class Attributes:
    """What `field` returns: an initial value, and what `#[shm(..)]` says of the field."""

    __slots__ = ("atomic", "slots", "timed", "value")

    def __init__(self, value: ArrayLike, slots: int, timed: bool, atomic: bool) -> None:
        self.value = value
        self.slots = slots
        self.timed = timed
        self.atomic = atomic

    def __repr__(self) -> str:
        said = f"slots={self.slots}, timed={self.timed}, atomic={self.atomic}"
        return f"shma.field({self.value!r}, {said})"


def field(
    value: ArrayLike,
    *,
    slots: Literal[2, 4, 8] = 4,
    timed: bool = False,
    atomic: bool = False,
) -> Attributes:
    """An initial value with the attributes of `#[shm(..)]`.

    `slots` is how many values the region has room for: more cost memory, and readers retry less.
    `timed` makes `age` exact. `atomic` is for 4- and 8-byte numbers: every number is its own atomic.
    """
    return Attributes(value, slots, timed, atomic)


def struct(name: str, fields: DTypeLike) -> np.dtype[np.void]:
    """A structured dtype that is a Rust struct of this name: no gaps, native byte order.

    `fields` is what `numpy.dtype` takes: `[("x", np.float32), ("at", np.uint64, (3,))]`.

    Raises DeclarationError for gaps, another byte order, and types that a region has not.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a struct is a text, and this is {name!r}")
    dtype = np.dtype(fields)
    if dtype.names is None:
        raise refused(name, f"{dtype} has no members")
    named = np.dtype(dtype, metadata={_KEY: name})
    type_of(named, (), name)
    return named


def declare(name: str, said: object) -> Declaration:
    """A field of this name with this initial value, or value with attributes."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a field is a text, and this is {name!r}")
    at = said if isinstance(said, Attributes) else Attributes(said, 4, False, False)  # type: ignore[arg-type]
    value = _values.as_array(at.value, f"field `{name}` takes an array or a number")
    type_ = type_of(value.dtype, value.shape, f"field `{name}`")
    slots = number_of_slots(name, at.slots)
    copied: np.ndarray[Any, Any] = np.array(value, order="C", copy=True)
    return name, type_, slots, bool(at.timed), bool(at.atomic), copied


def number_of_slots(name: str, slots: Any) -> int:
    """The slots as a number of Python's, which the library may refuse."""
    number = -1
    if not isinstance(slots, bool):
        with contextlib.suppress(TypeError):
            number = operator.index(slots)
    if not 0 <= number < 1 << 16:
        raise refused(f"field `{name}`", f"a field has 2, 4 or 8 slots, and not {slots!r}")
    return number


def check_declared_name(state: object) -> None:
    """Refuses what is no text at all, or cannot be one in Rust."""
    if not isinstance(state, str):
        raise TypeError(f"the declared name of a state is a text, and this is {state!r}")
    try:
        state.encode()
    except UnicodeEncodeError:
        raise refused("", f"the declared name {state!r} is no Unicode text") from None


def declare_all(fields: Mapping[str, ArrayLike | Attributes]) -> list[Declaration]:
    """The fields of a state."""
    return [declare(name, said) for name, said in fields.items()]
