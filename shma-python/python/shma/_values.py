"""Values that fit a field."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_NUMBERS = "biufc"


def fit(dtype: np.dtype[Any], shape: tuple[int, ...], value: object, place: str) -> Array:
    """An array of exactly this dtype and shape, in C order.

    Raises ValueError for another shape, TypeError for another kind, OverflowError for integers that do
    not fit.
    """
    array = cast(dtype, value, place)
    if array.shape != shape:
        raise ValueError(f"{place} takes values of shape {shape}, and this one has {array.shape}")
    return np.ascontiguousarray(array) if shape else np.array(array)


def fit_returned(dtype: np.dtype[Any], shape: tuple[int, ...], value: object, place: str) -> Array:
    """As `fit`, for what a function has returned: what does not fit is a TypeError."""
    try:
        return fit(dtype, shape, value, place)
    except (ValueError, OverflowError) as error:
        raise TypeError(f"the function's value does not fit, so nothing is published: {error}") from None


def cast(dtype: np.dtype[Any], value: object, place: str) -> Array:
    """The value as an array of this dtype, of whatever shape. It is cast within a kind only."""
    if dtype.kind == "V" and dtype.names is None and not _is_bf16(dtype):
        return _raw(dtype, value, place)
    if dtype.names is not None:
        return _structs(dtype, value, place)
    array = as_array(value, f"{place} takes {dtype}")
    if array.dtype == dtype:
        return array
    kind = array.dtype.kind
    if kind == "O" or (not isinstance(value, (np.ndarray, np.generic)) and kind != dtype.kind):
        whole = _python_integers(dtype, value, array)
        if whole is not None:
            return whole
    if not _is_number(array.dtype) or not _within_kind(array.dtype, dtype):
        raise TypeError(
            f"{place} takes {dtype}, and a value of {_kind(array, value)} is not cast to that: "
            "convert it first"
        )
    if dtype.kind in "iu" and kind in "iu" and not np.can_cast(array.dtype, dtype, "safe"):
        _check_range(dtype, array, place)
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype)


def is_masked(value: object) -> bool:
    """Whether a mask hides elements of the value. There is no such array before its module is imported."""
    ma: Any = sys.modules.get("numpy.ma")
    return ma is not None and isinstance(value, ma.MaskedArray) and bool(ma.is_masked(value))


def as_array(value: object, takes: str) -> Array:
    """The value as an array. What a mask hides is refused, because a copy would show it."""
    if is_masked(value):
        raise TypeError(f"{takes}, and this array has masked elements: fill them first (`.filled(..)`)")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{takes}, and this is no array: {error}") from None


def _is_bf16(dtype: np.dtype[Any]) -> bool:
    return dtype.name == "bfloat16"


def _is_number(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in _NUMBERS or _is_bf16(dtype)


def _within_kind(found: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    order = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
    rank = [2 if _is_bf16(dtype) else order.get(dtype.kind, 9) for dtype in (found, wanted)]
    return rank[0] <= rank[1] <= 3


def _kind(array: Array, value: object) -> str:
    return "None" if value is None else f"{array.dtype}"


def _check_range(dtype: np.dtype[Any], array: Array, place: str) -> None:
    if array.size == 0:
        return
    least, most = int(array.min()), int(array.max())
    limits = np.iinfo(dtype)
    if least < limits.min or most > limits.max:
        wrong = least if least < limits.min else most
        raise OverflowError(f"{place} takes {dtype}, and {wrong} does not fit")


def _python_integers(dtype: np.dtype[Any], value: object, array: Array) -> Array | None:
    """Integers of Python that numpy has made something else of, because they are large."""
    if array.dtype.kind not in "Ofui":
        return None
    numbers: Array = np.asarray(value, dtype=object)
    if not all(isinstance(number, (int, np.integer)) for number in numbers.flat):
        return None
    if _is_bf16(dtype) or dtype.kind == "c":
        return numbers.astype(np.float64).astype(dtype)
    if dtype.kind == "f":
        return numbers.astype(dtype)
    # Unlike `astype`, this refuses what does not fit.
    limits = np.iinfo(dtype)
    for number in numbers.flat:
        if not limits.min <= int(number) <= limits.max:
            raise OverflowError(f"{int(number)} does not fit {dtype}")
    return numbers.astype(dtype)


def _raw(dtype: np.dtype[Any], value: object, place: str) -> Array:
    """Numbers that numpy lacks: their bytes."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        if len(data) % dtype.itemsize:
            raise TypeError(f"{place} takes {dtype.itemsize} bytes for each number")
        array: Array = np.frombuffer(data, dtype=dtype)
        return array[0].reshape(()) if len(array) == 1 else array
    array = as_array(value, f"{place} takes {dtype}")
    if array.dtype.kind != "V" or array.dtype.names is not None or array.dtype.itemsize != dtype.itemsize:
        raise TypeError(
            f"{place} has numbers that numpy lacks: it takes their bytes, {dtype.itemsize} for each, or "
            f"arrays of dtype V{dtype.itemsize}, and not {array.dtype}"
        )
    return array.astype(dtype)


def _structs(dtype: np.dtype[Any], value: object, place: str) -> Array:
    """Structs: an array of this dtype, or tuples in the order of the members."""
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        array = as_array(value, f"{place} takes {dtype}")
        if array.dtype != dtype:
            raise TypeError(f"{place} takes {dtype}, and not {array.dtype}")
        return array.astype(dtype)
    assert dtype.names is not None and dtype.fields is not None
    if isinstance(value, tuple):
        if len(value) != len(dtype.names):
            raise TypeError(f"{place} takes a tuple of {len(dtype.names)}: {', '.join(dtype.names)}")
        one: Array = np.zeros((), dtype)
        for name, part in zip(dtype.names, value):
            member = dtype.fields[name][0]
            inner = member.subdtype if member.subdtype is not None else (member, ())
            one[name] = fit(inner[0], inner[1], part, f"`{name}` of {place}")
        return one
    if isinstance(value, list) and value:
        return np.stack([_structs(dtype, part, place) for part in value]).astype(dtype)
    raise TypeError(f"{place} takes {dtype}: an array of that, or tuples of its members")
