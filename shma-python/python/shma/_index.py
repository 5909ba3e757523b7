"""Which rows of a value an index needs."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Neighbouring rows, and the index that gives the same of them as the whole index of the value."""

    first: int
    rows: int
    inner: Any


def rows_of(key: Any, shape: tuple[int, ...]) -> Rows | None:
    """The rows that the index needs; None if it needs the whole value."""
    if not shape:
        return None
    head, *rest = key if isinstance(key, tuple) and key else (key,)
    if isinstance(head, slice):
        if isinstance(key, tuple) and not key:
            return None
        first, stop, step = head.indices(shape[0])
        if step != 1:
            return None
        return Rows(first, max(stop - first, 0), (slice(None), *rest))
    number = as_number(head)
    if number is None:
        return None
    first = number + shape[0] if number < 0 else number
    if not 0 <= first < shape[0]:
        raise IndexError(f"index {number} is out of bounds for axis 0 with size {shape[0]}")
    # A number stays a number of the block, so that arrays behind it combine with it as they do in numpy.
    return Rows(first, 1, (0, *rest))


def as_number(index: Any) -> int | None:
    """The index as a number, as far as numpy takes it for one."""
    if isinstance(index, (bool, np.bool_, np.ndarray, str, list, tuple)) or index is None:
        return None
    try:
        return operator.index(index)
    except TypeError:
        return None
