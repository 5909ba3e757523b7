"""Fields."""

from __future__ import annotations

import asyncio
import html
import operator
from collections.abc import Iterator
from typing import Any, Generic, Literal, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import TypeVar

from shma import _index, _shma, _values

T = TypeVar("T", bound=np.generic, default=Any)


class Field(_shma.FieldBase, Generic[T]):
    """One array, or one number. Nothing here is a view of shared memory: every value is a private copy
    of exactly one publication.

    Sizes are in bytes where they are called `nbytes`; times are in seconds. After `State.close` every
    call raises ValueError.
    """

    __slots__ = ()

    def __len__(self) -> int:
        """The rows of a value. Raises TypeError for a number."""
        if not self.shape:
            raise TypeError(f"{self._place} is a number, which has no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        """Over one private copy. Raises TypeError for a number."""
        if not self.shape:
            raise TypeError(f"{self._place} is a number, over which nothing iterates")
        return iter(self.read())

    def __bool__(self) -> Literal[True]:
        """Always true: a field is a handle, and not its value."""
        return True

    def __eq__(self, other: object) -> bool:
        """By identity: compare values by `read()`."""
        return self is other

    def __hash__(self) -> int:
        """By identity."""
        return id(self)

    def __repr__(self) -> str:
        try:
            said = f"version {self.version}"
        except ValueError:
            said = "closed"
        shape = "".join(f"[{length}]" for length in self.shape)
        kind = " atomic" if self._atomic else ""
        return f"<shma.Field `{self.name}` of `{self._region}`:{kind} {self.dtype.name}{shape}, {said}>"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"

    def __reduce__(self) -> tuple[Any, ...]:
        core = self._core
        return _attach_field, (core.name, core.dir, core.instance, core.read_only, self.name)

    # -- reading

    def __getitem__(self, key: Any) -> Any:
        """Part of the value, indexed as numpy does: numbers, slices, arrays, masks, lists, None, ...,
        names of members.

        Costs the rows that the first index covers, if that is a number or a slice of step 1, and the
        whole value otherwise. Raises IndexError as numpy does.
        """
        rows = _index.rows_of(key, self.shape)
        if rows is None:
            value = self.read()
            return value[key] if self.shape else np.asarray(value, dtype=self.dtype)[key]
        if rows.rows == 0:
            return np.empty((0, *self.shape[1:]), self.dtype)[rows.inner]
        return self._read_rows(rows.first, rows.rows)[rows.inner]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[T]:
        """A private copy. `copy=False` raises ValueError: there is no array without a copy."""
        if copy is False:
            raise ValueError(f"{self._place} is in shared memory, so every array of it is a copy")
        value = np.asarray(self.read())
        return value if dtype is None else value.astype(dtype, copy=False)

    def __dlpack__(self, **kwargs: Any) -> Any:
        """Of a private copy. `read(out=tensor.numpy())` copies into a tensor once."""
        if kwargs.get("copy") is False:
            raise BufferError(f"{self._place} is in shared memory, so every array of it is a copy")
        return np.asarray(self.read()).__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The main memory."""
        return 1, 0

    # -- waiting

    async def wait_newer_async(self, since: int | None = None) -> int:
        """For asyncio: waits until there is a publication other than `since` (by default the one that
        there is), and returns its number, or that of a later one.

        No thread per wait: one waiting thread of the process wakes the loop. Cancelling leaves nothing
        behind. Raises Retired, and ValueError after `close`.
        """
        loop = asyncio.get_running_loop()
        waiter = _shma.Waiter(self, self.version if since is None else since)
        try:
            while True:
                woken: asyncio.Future[None] = loop.create_future()
                version = waiter.poll(loop.call_soon_threadsafe, _Wake(woken))
                if version is not None:
                    return version
                await woken
        finally:
            waiter.cancel()

    # -- writing

    def __setitem__(self, key: Any, value: ArrayLike) -> None:
        """Read-modify-write of the rows that the first index covers, under the semaphore. The value is
        cast as `write` casts it, and broadcast as numpy does."""
        new = _values.cast(self._dtype_at(key), value, self._place)
        if self._atomic:
            self._set_numbers(key, new)
            return
        rows = _index.rows_of(key, self.shape)
        if rows is None:
            with self.writing() as whole:
                whole[key] = new
            return
        if rows.rows == 0:
            np.empty((0, *self.shape[1:]), self.dtype)[rows.inner] = new
            return
        if len(rows.inner) == 1:
            # All of these rows: nothing has to be read.
            block = np.empty((rows.rows, *self.shape[1:]), self.dtype)
            block[rows.inner] = new
            self._write_rows(rows.first, block)
            return
        with _shma.Writing(self, (rows.first, rows.rows, True), None) as block:
            block[rows.inner] = new

    def _dtype_at(self, key: Any) -> np.dtype[Any]:
        """The dtype that an index leads to: that of a member, if it names one."""
        names = self.dtype.names
        if names is None or not (key in names if isinstance(key, str) else isinstance(key, list)):
            return self.dtype
        if isinstance(key, list) and not all(isinstance(name, str) and name in names for name in key):
            return self.dtype
        member: np.dtype[Any] = self.dtype[key]
        return member.base

    def _set_numbers(self, key: Any, new: NDArray[Any]) -> None:
        numbers = np.arange(self.size).reshape(self.shape)[key]
        if not np.size(numbers):
            np.broadcast_to(new, np.shape(numbers))
            return
        for number, value in np.nditer([numbers, np.broadcast_to(new, np.shape(numbers))]):
            self._store(int(number), value)

    def writing(
        self, rows: SupportsIndex | slice | None = None, *, timeout: float | None = None
    ) -> _shma.Writing:
        """`with state.weights.writing() as w: w -= 0.1 * g`.

        Exclusive. `w` is a private copy, published at the end of the block, and not if an exception
        passes through. `w` itself (not views made of it) is read-only afterwards, so that no write is
        lost unnoticed. A number, or one row of a vector, is an array without dimensions: `w += 1` works.
        With `rows`, a number or a slice of step 1, it is that part, at the cost of that part.

        Raises WouldBlock, Timeout, Reentrant, ReadOnly when the block is entered; Forked at its end, in
        a child that was forked in it.
        """
        if rows is None:
            return _shma.Writing(self, None, timeout)
        if not self.shape:
            raise IndexError(f"{self._place} is a number, which has no rows")
        number = _index.as_number(rows)
        if number is None and not isinstance(rows, slice):
            raise TypeError(f"rows are a number or a slice, and not {rows!r}")
        part = _index.rows_of(rows, self.shape)
        if part is None:
            raise ValueError(f"rows are neighbours: a slice of step 1, and not {rows!r}")
        return _shma.Writing(self, (part.first, part.rows, number is None), timeout)


class AtomicField(Field[T]):
    """Every number is its own atomic: no semaphore, `update` and the like raise TypeError.

    `version` counts the calls that have written.
    """

    __slots__ = ()

    def fetch_add(self, index: int, value: Any) -> Any:
        """Adds to the number at `index`, counted in C order, and from the end if it is negative; returns
        what was before. Integers wrap. Raises IndexError if there is no such number."""
        return self._fetch("add", self._number(index), value)

    def fetch_max(self, index: int, value: Any) -> Any:
        """Keeps the larger one at `index`, which is as that of `fetch_add`; returns what was before."""
        return self._fetch("max", self._number(index), value)

    def fetch_min(self, index: int, value: Any) -> Any:
        """Keeps the smaller one at `index`, which is as that of `fetch_add`; returns what was before."""
        return self._fetch("min", self._number(index), value)

    def _number(self, index: int) -> int:
        number = operator.index(index)
        if number < 0:
            number += self.size
        if not 0 <= number < self.size:
            raise IndexError(f"{self._place} has {self.size} numbers, and {index} is none of them")
        return number

    def add(self, values: ArrayLike) -> None:
        """Adds to each number the one at its place, each by itself; of exactly the field's shape."""
        self._add(values)


class _Wake:
    """Sets the result of a future that no cancellation has ended."""

    __slots__ = ("_woken",)

    def __init__(self, woken: asyncio.Future[None]) -> None:
        self._woken = woken

    def __call__(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)


def _attach_field(
    name: str, dir: str | None, instance: int, read_only: bool, field: str
) -> Field[Any]:
    from shma._state import attach

    return attach(None, name, dir, instance, read_only)[field]
