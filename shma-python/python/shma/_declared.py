"""A declaration as a class, for type checkers and for the layout check."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from typing_extensions import Self

from shma import _shma, _types, _values
from shma._state import State, creation_of, flag, path_of, without_values


class _Array:
    """What `array` returns. Of an instance it is the field."""

    def __init__(
        self, dtype: Any, shape: int | tuple[int, ...], slots: int, timed: bool, atomic: bool
    ) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
        self.shape = tuple(operator.index(length) for length in lengths)
        self.slots = slots
        self.timed = timed
        self.atomic = atomic
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, state: Any, owner: type | None = None) -> Any:
        return self if state is None else state[self.name]


def array(
    dtype: Any,
    shape: int | tuple[int, ...] = (),
    *,
    slots: int = 4,
    timed: bool = False,
    atomic: bool = False,
) -> Any:
    """A field of a `Declared` class: of this dtype and shape; without a shape it is a number."""
    return _Array(dtype, shape, slots, timed, atomic)


class Declared(State):
    """A state that a class declares: the class's name is the declared name.

        class Model(shma.Declared):
            weights: shma.Field[np.float32] = shma.array(np.float32, (128, 784))
            step: shma.Field[np.uint64] = shma.array(np.uint64)

        model = Model.open_or_create("trainer")

    Initial values are zeros, but for those that `init` names.
    """

    _arrays: dict[str, _Array] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: at for name, at in vars(cls).items() if isinstance(at, _Array)}
        for name in own:
            if hasattr(Declared, name) or name in State.__annotations__:
                # The method, or what the handle keeps, has the name, and the field is an item.
                delattr(cls, name)
        cls._arrays = {**cls._arrays, **own}

    @classmethod
    def _declaration(
        cls, init: Mapping[str, ArrayLike] | None
    ) -> tuple[str, list[_types.Declaration]]:
        values = {} if init is None else dict(init)
        fields: list[_types.Declaration] = []
        for name, at in cls._arrays.items():
            if not all(0 < length < 1 << 63 for length in at.shape):
                raise _types.refused(f"field `{name}`", f"an array has at least one element, and not shape {at.shape}")
            type_ = _types.type_of(at.dtype, at.shape, f"field `{name}`")
            slots = _types.number_of_slots(name, at.slots)
            value = None
            if name in values:
                dtype, shape = _types.dtype_of(type_)
                place = f"field `{name}` of `{cls.__name__}`"
                value = np.array(_values.fit(dtype, shape, values.pop(name), place), copy=True)
            fields.append((name, type_, slots, at.timed, at.atomic, value))
        if values:
            raise KeyError(f"`{cls.__name__}` has no field {next(iter(values))!r}")
        return cls.__name__, fields

    @classmethod
    def create(
        cls,
        name: str,
        init: Mapping[str, ArrayLike] | None = None,
        *,
        mode: int = 0o600,
        persistent: bool = False,
        prefault: bool = False,
        dir: str | PathLike[str] | None = None,
        huge_pages: bool = False,
    ) -> Self:
        """As `shma.create`."""
        creation = creation_of(mode, persistent, prefault, huge_pages)
        return cls._of(_shma.create(name, cls._declaration(init), creation, path_of(dir), False))

    @classmethod
    def open(
        cls,
        name: str,
        *,
        read_only: bool = False,
        wait: float = 0.0,
        dir: str | PathLike[str] | None = None,
    ) -> Self:
        """As `shma.open`, of this layout: otherwise LayoutMismatch."""
        expected = without_values(*cls._declaration(None))
        return cls._of(_shma.open(name, expected, flag("read_only", read_only), wait, path_of(dir)))

    @classmethod
    def open_or_create(
        cls,
        name: str,
        init: Mapping[str, ArrayLike] | None = None,
        *,
        mode: int = 0o600,
        persistent: bool = False,
        prefault: bool = False,
        dir: str | PathLike[str] | None = None,
        huge_pages: bool = False,
    ) -> Self:
        """As `shma.open_or_create`."""
        creation = creation_of(mode, persistent, prefault, huge_pages)
        return cls._of(_shma.create(name, cls._declaration(init), creation, path_of(dir), True))
