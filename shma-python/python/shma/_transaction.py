"""Several fields as one."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from shma import _shma, _values

if TYPE_CHECKING:
    from shma._state import State


class Transaction:
    """Private, writable arrays by name, also as attributes. Atomic fields: their live handles.

    A field is copied when it is first named. After the block the arrays are read-only.
    """

    __slots__ = ("_arrays", "_begun", "_state")

    def __init__(self) -> None:
        raise TypeError("a transaction is begun by a state: `with state.transaction() as t`")

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a transaction belongs to the block that has begun it, and is not copied")

    _state: State
    _begun: _shma.Begun | None
    _arrays: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """The writable array of a field; a number's has no dimensions. Of an atomic field, the field.

        Raises KeyError for a name that there is not, RuntimeError after the block.
        """
        found = self._arrays.get(name)
        if found is not None:
            return found
        field = self._state[name]
        if field._atomic:
            return field
        if self._begun is None:
            raise RuntimeError(f"the transaction of region `{self._state.name}` is over")
        array = self._arrays[name] = self._begun.load(field)
        return array

    def __setitem__(self, name: str, value: ArrayLike) -> None:
        """Puts a value of exactly the field's shape into its array. Raises as `Field.write`."""
        array = self[name]
        if value is array:
            return
        if not isinstance(array, np.ndarray):
            array.write(value)
            return
        array[...] = _values.fit(array.dtype, array.shape, value, self._state[name]._place)

    def __getattr__(self, name: str) -> Any:
        """As an item. Raises AttributeError for a name that there is not."""
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __setattr__(self, name: str, value: ArrayLike) -> None:
        """As an item. Raises AttributeError for a name that there is not."""
        try:
            self[name] = value
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __repr__(self) -> str:
        return f"<shma.Transaction of `{self._state.name}`: {', '.join(self._arrays) or 'no field yet'}>"


class Block:
    """`with state.transaction() as t`."""

    __slots__ = ("_state", "_timeout", "_transaction")

    def __init__(self, state: State, timeout: float | None) -> None:
        self._state = state
        self._timeout = timeout
        self._transaction: Transaction | None = None

    def __enter__(self) -> Transaction:
        if self._transaction is not None:
            raise RuntimeError("this transaction has begun already: ask the state for another one")
        begun = _shma.Begun(self._state._core, self._timeout)
        transaction = object.__new__(Transaction)
        # Not by its own `__setattr__`, which writes fields.
        object.__setattr__(transaction, "_state", self._state)
        object.__setattr__(transaction, "_arrays", {})
        object.__setattr__(transaction, "_begun", begun)
        self._transaction = transaction
        return transaction

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction = self._transaction
        begun = transaction._begun if transaction is not None else None
        if transaction is None or begun is None:
            raise RuntimeError("this transaction is over")
        object.__setattr__(transaction, "_begun", None)
        arrays = transaction._arrays
        if kind is not None:
            begun.abandon()
            for array in arrays.values():
                array.flags.writeable = False
            return
        begun.commit([(self._state[name], array) for name, array in arrays.items()])
