"""Regions, and handles to them."""

from __future__ import annotations

import html
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self

from shma import _life, _shma, _transaction, _types, _values
from shma._field import AtomicField, Field
from shma._snapshot import Snapshot
from shma._types import Attributes


class State(Mapping[str, Field[Any]]):
    """A handle to a region. A field is an item, and an attribute where no method has its name: prefer
    the item in code that does not know the names.

    Leaving the `with` block, or `close`, leaves the region. The last to leave an ephemeral one takes it
    along, also at exit, and also in children of multiprocessing.

    It may be given to `multiprocessing.Process` with any start method, and pickled: an attachment of its
    own is made there, to the same instance of the region or not at all (Retired). A child of fork is
    attached when its code runs. Any thread may use it.

    Errors: `shma.Error` and its kinds. After `close` every call raises ValueError.
    """

    def __init__(self) -> None:
        raise TypeError("a state is created or opened: `shma.create(name, ..)`, `shma.open(name)`")

    _core: _shma.Core
    _table: dict[str, tuple[int, Any, int, bool, bool]]
    _fields: dict[str, Field[Any]]

    @classmethod
    def _of(cls, core: _shma.Core) -> Self:
        state = object.__new__(cls)
        table = {name: (at, *said) for at, (name, *said) in enumerate(core.fields())}
        state.__dict__.update(_core=core, _table=table, _fields={})
        _life.register(core)
        return state

    def __getattr__(self, name: str) -> Field[Any]:
        """The field of this name, where no method has it. Raises AttributeError if there is none."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a state has no attributes to set: write the field by `state[{name!r}].write(..)` or "
            f"`state[{name!r}][...] = ..`"
        )

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a state keeps its attributes, and {name!r} as well")

    def __getitem__(self, name: str) -> Field[Any]:
        """The field of this name. Raises KeyError if there is none, TypeError if numpy lacks its type."""
        field = self._fields.get(name)
        if field is not None:
            self._core.check_open()
            return field
        self._core.check_open()
        if name not in self._table:
            known = ", ".join(f"`{known}`" for known in list(self._table)[:20])
            raise KeyError(f"region `{self.name}` has no field {name!r}: it has {known or 'none'}")
        at, type_, _, _, atomic = self._table[name]
        try:
            dtype, shape = _types.dtype_of(type_)
        except Exception as error:
            raise TypeError(
                f"field `{name}` of region `{self.name}` is of a type that numpy lacks: {error}"
            ) from error
        made: Field[Any] = (AtomicField if atomic else Field)(self._core, at, name, dtype, shape)
        self._fields[name] = made
        if not name.startswith("_") and not callable(getattr(type(self), name, None)):
            # The next look at the attribute finds it without a call. Names with `_` are the handle's own.
            self.__dict__[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        """The names of the fields, in declaration order."""
        self._core.check_open()
        return iter(self._table)

    def __len__(self) -> int:
        """How many fields there are."""
        self._core.check_open()
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        """Whether a field has the name."""
        self._core.check_open()
        return name in self._table

    def __eq__(self, other: object) -> bool:
        """By identity."""
        return self is other

    def __hash__(self) -> int:
        """By identity."""
        return id(self)

    def __bool__(self) -> bool:
        """Always true: a state without fields is one, too."""
        return True

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._table if name.isidentifier())]

    def __enter__(self) -> Self:
        """The state itself. Raises ValueError if it is closed."""
        self._core.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        """As `close`."""
        self.close()

    def __repr__(self) -> str:
        core = self._core
        if core.closed:
            return f"<shma.{type(self).__name__} `{core.name}`, closed>"
        kind = " read-only" if core.read_only else ""
        fields = ", ".join(self._described(name) for name in list(self._table)[:10])
        more = len(self._table) - 10
        return (
            f"<shma.{type(self).__name__} `{core.name}`{kind}: {fields}"
            f"{f' and {more} more' if more > 0 else ''}>"
        )

    def _repr_html_(self) -> str:
        if self._core.closed:
            return f"<code>{html.escape(repr(self))}</code>"
        rows = []
        for name in self._table:
            field = self[name]
            cells = (name, self._described(name).partition(": ")[2], field.version, _shown_age(field.age))
            rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>")
        head = "<tr><th>field</th><th>type</th><th>version</th><th>age</th></tr>"
        return (
            f"<table><caption>shma region <code>{html.escape(self.name)}</code></caption>"
            f"{head}{''.join(rows)}</table>"
        )

    def _described(self, name: str) -> str:
        _, (scalar, shape), _, _, atomic = self._table[name]
        kind = scalar if isinstance(scalar, str) else scalar[0]
        lengths = "".join(f"[{length}]" for length in shape)
        return f"{name}: {'atomic ' if atomic else ''}{kind}{lengths}"

    def __reduce__(self) -> tuple[Any, ...]:
        core = self._core
        core.check_open()
        return attach, (type(self), core.name, core.dir, core.instance, core.read_only)

    def close(self) -> None:
        """Leaves the region. The last to leave an ephemeral one removes it. Every later call raises
        ValueError; closing again does nothing."""
        self._core.close()

    @property
    def name(self) -> str:
        """The region's name."""
        return self._core.name

    @property
    def fingerprint(self) -> int:
        """A number of 128 bits for the layout: declared name, and names, types and attributes of all
        fields."""
        return self._core.fingerprint()

    @property
    def is_current(self) -> bool:
        """Whether the name still leads to this region: false once it was unlinked or created anew."""
        return self._core.is_current()

    @property
    def read_only(self) -> bool:
        """Whether the handle may only read: writes raise ReadOnly."""
        return self._core.read_only

    @property
    def manifest(self) -> dict[str, Any]:
        """What the region says of itself: names, types, shapes, offsets in bytes, slots."""
        manifest: dict[str, Any] = json.loads(self._core.text())
        return manifest

    def read(self) -> dict[str, Any]:
        """All values, each consistent by itself: arrays, and numpy scalars for numbers."""
        return {name: self[name].read() for name in self}

    def snapshot(
        self,
        *names: str,
        out: Mapping[str, NDArray[Any]] | None = None,
        timeout: float | None = None,
    ) -> Snapshot:
        """All fields, or these, as they stood at one instant; transactions wholly in or out.

        `out` are arrays of the fields' dtypes and shapes to copy into, by name. `timeout` is in seconds.
        Atomic fields take no part in the instant: their numbers are read one by one.

        Raises KeyError for a name that there is not, Contended if publications overtook every try within
        the time, ValueError for an `out` that does not fit.
        """
        chosen = list(dict.fromkeys(names)) if names else list(self)
        fields = [self[name] for name in chosen]
        into = {} if out is None else dict(out)
        for name, array in into.items():
            if name not in chosen:
                raise KeyError(f"`out` has {name!r}, which the snapshot does not read")
            field = self[name]
            if not isinstance(array, np.ndarray):
                raise TypeError(f"`out[{name!r}]` is a numpy array, and not {type(array).__name__}")
            if _values.is_masked(array):
                raise ValueError(f"`out[{name!r}]` has masked elements: give its `.data`")
            if array.shape != field.shape or array.dtype != field.dtype or not array.flags.writeable:
                raise ValueError(
                    f"`out[{name!r}]` has to be a writable array of {field.dtype} and shape {field.shape}"
                )
        snapshot = Snapshot()
        for name, (value, version) in zip(chosen, _shma.snapshot(self._core, fields, timeout)):
            if name in into:
                into[name][...] = value
                value = into[name]
            snapshot[name] = value
            snapshot.versions[name] = version
        snapshot._state = self._core.state_name()
        snapshot._declared = {name: self._table[name][1:] for name in chosen}
        return snapshot

    def transaction(
        self, *, timeout: float | None = None
    ) -> AbstractContextManager[_transaction.Transaction]:
        """`with state.transaction() as t: t.a -= 1; t.b += 1`.

        Holds all semaphores. Only fields that the block touches are copied; those whose bytes changed
        are published as one, also if the process is killed half-way. Nothing is if an exception passes
        through. `timeout` is in seconds.

        Raises WouldBlock, Timeout, Reentrant, ReadOnly when the block is entered.
        """
        return _transaction.Block(self, timeout)

    def update_with(
        self,
        new: Mapping[str, Any],
        f: Callable[[Any, Any], Any],
        *,
        timeout: float | None = None,
    ) -> dict[str, NDArray[Any]]:
        """SHMArrays' `update_arrays(new, lambda new, old: 0.1 * new + 0.9 * old)`.

        Field after field in declaration order, each under its own semaphore, so that processes
        pipeline. Fields that `new` does not name stay as they are. Returns what was published.
        `timeout` is in seconds, for each field.

        Raises KeyError for a name that there is not, before anything is published; TypeError for an
        atomic field, and for a value that does not fit.
        """
        fields = self._named(new, "update_with")
        return {
            field.name: field.update_with(new[field.name], f, timeout=timeout) for field in fields
        }

    def add_scaled(
        self, new: Mapping[str, Any], alpha: float = 1.0, *, timeout: float | None = None
    ) -> None:
        """`old + alpha * new` of all fields named, in Rust, one after the other in declaration order.

        All values of `new` are looked at before the first field changes. `timeout` is in seconds, for
        each field.

        Raises as `Field.add_scaled`, and KeyError for a name that there is not.
        """
        fields = self._named(new, "add_scaled")
        for field in fields:
            if field.dtype.kind not in "fc" and field.dtype.name != "bfloat16":
                raise TypeError(f"{field._place}: `add_scaled` is for floats and complex numbers")
        fitted = [_values.fit(field.dtype, field.shape, new[field.name], field._place) for field in fields]
        for field, value in zip(fields, fitted):
            field.add_scaled(value, alpha, timeout=timeout)

    def checkpoint(self, path: str | PathLike[str]) -> None:
        """Writes one instant of all fields to a .safetensors file; the file is the old or the new one,
        whenever the process or the machine dies.

        Raises NoSpace, and SystemCallFailed or NotFound with the system's reason.
        """
        self._core.checkpoint(fspath(path))

    def _named(self, new: Mapping[str, Any], call: str) -> list[Field[Any]]:
        """The fields that `new` names, in declaration order."""
        for name in new:
            if self[name]._atomic:
                raise TypeError(f"{self[name]._place} is atomic, so `{call}` cannot change it")
        return [self[name] for name in self if name in new]


def _shown_age(age: float | None) -> str:
    return "" if age is None else f"{age:.3f} s"


def attach(
    cls: type[State] | None, name: str, dir: str | None, instance: int, read_only: bool
) -> State:
    """The handle of a pickle: to the same instance of the region, or Retired."""
    return (cls or State)._of(_shma.reopen(name, dir, instance, read_only))


def declaration(
    fields: Mapping[str, ArrayLike | Attributes], state: str
) -> tuple[str, list[_types.Declaration]]:
    """The declared name and the fields, those of a snapshot as its region had them."""
    _types.check_declared_name(state)
    if not isinstance(fields, Mapping):
        raise TypeError(f"fields are a mapping from names to values, and not {type(fields).__name__}")
    if not isinstance(fields, Snapshot) or not fields._declared:
        return state, _types.declare_all(fields)
    declared = []
    for name, value in fields.items():
        said = fields._declared.get(name)
        if said is None:
            declared.append(_types.declare(name, value))
            continue
        type_, slots, timed, atomic = said
        dtype, shape = _types.dtype_of(type_)
        fitted = np.array(_values.fit(dtype, shape, value, f"field `{name}`"), order="C", copy=True)
        # An atomic field has one slot, which is not declared.
        declared.append((name, type_, 4 if atomic else slots, timed, atomic, fitted))
    return (fields._state or state) if state == "State" else state, declared


def creation_of(
    mode: int, persistent: bool, prefault: bool, huge_pages: bool
) -> tuple[int, bool, bool, bool]:
    """What is said at creation, each by its name in the error if it is nothing of the kind."""
    try:
        bits = operator.index(mode)
    except TypeError:
        raise TypeError(f"`mode` is a number such as 0o600, and not {mode!r}") from None
    if not 0 <= bits <= 0o7777:
        raise ValueError(f"`mode` is a number of permission bits such as 0o600, and not {bits!r}")
    flags = flag("persistent", persistent), flag("prefault", prefault), flag("huge_pages", huge_pages)
    return bits, *flags


def flag(name: str, value: object) -> bool:
    """An argument that is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` is True or False, and not {value!r}")
    return bool(value)


def path_of(dir: str | PathLike[str] | None) -> str | None:
    """The directory as a text."""
    return None if dir is None else fspath(dir)


def create(
    name: str,
    fields: Mapping[str, ArrayLike | Attributes],
    *,
    state: str = "State",
    mode: int = 0o600,
    persistent: bool = False,
    prefault: bool = False,
    dir: str | PathLike[str] | None = None,
    huge_pages: bool = False,
) -> State:
    """Creates the region /dev/shm/shma.NAME with these values, and attaches to it.

    `fields` are arrays and numbers by name, or `field(..)` of such. `state` is the declared name: the
    identifier of the Rust struct, if a Rust program is to open it. `mode` are the permission bits.
    A `persistent` region stays until it is unlinked. `prefault` touches all pages now. `dir` is where
    the region lies in place of /dev/shm.

    Raises AlreadyExists, NoSpace, InvalidName, ForeignOwner, NotARegion, DeclarationError.
    """
    creation = creation_of(mode, persistent, prefault, huge_pages)
    return State._of(_shma.create(name, declaration(fields, state), creation, path_of(dir), False))


def open(
    name: str,
    *,
    expect: Mapping[str, ArrayLike | Attributes] | None = None,
    state: str = "State",
    read_only: bool = False,
    wait: float = 0.0,
    dir: str | PathLike[str] | None = None,
) -> State:
    """Attaches to the region, of whatever layout it is, or of that of `expect`.

    `state` is the declared name that `expect` goes with. `wait` is how many seconds the region may take
    to appear. A `read_only` handle cannot change a byte.

    Raises NotFound (after `wait` seconds), LayoutMismatch (a line for each field that differs),
    ForeignOwner, NotARegion, InvalidName.
    """
    expected = None if expect is None else without_values(*declaration(expect, state))
    return State._of(_shma.open(name, expected, flag("read_only", read_only), wait, path_of(dir)))


def without_values(
    state: str, fields: list[_types.Declaration]
) -> tuple[str, list[_types.Declaration]]:
    """The layout alone."""
    return state, [(*said, None) for *said, _ in fields]  # type: ignore[misc]


def open_or_create(
    name: str,
    fields: Mapping[str, ArrayLike | Attributes],
    *,
    state: str = "State",
    mode: int = 0o600,
    persistent: bool = False,
    prefault: bool = False,
    dir: str | PathLike[str] | None = None,
    huge_pages: bool = False,
) -> State:
    """One of any number of processes that call it at once creates the region, the others open it.

    Arguments as `create`. Raises what `create` and `open` raise.
    """
    creation = creation_of(mode, persistent, prefault, huge_pages)
    return State._of(_shma.create(name, declaration(fields, state), creation, path_of(dir), True))


def load(path: str | PathLike[str]) -> Snapshot:
    """What `checkpoint` wrote, as private arrays: `shma.create(name, shma.load(path))`. Other
    .safetensors files can be loaded, too.

    Raises NotFound, and NotACheckpoint, which says what is wrong with the file.
    """
    state, fields = _shma.load(fspath(path))
    snapshot = Snapshot()
    for name, type_, slots, timed, atomic, version, data in fields:
        dtype, shape = _types.dtype_of(type_)
        array = np.frombuffer(data, dtype).reshape(shape)
        snapshot[name] = array if shape else array[()]
        if version is not None:
            snapshot.versions[name] = version
        snapshot._declared[name] = (type_, slots, timed, atomic)
    snapshot._state = state
    return snapshot


def unlink(name: str, *, dir: str | PathLike[str] | None = None) -> None:
    """Removes the name. Processes that are attached keep their memory; waits end with Retired.

    Raises NotFound, ForeignOwner, InvalidName.
    """
    _shma.unlink(name, path_of(dir))


def names(*, dir: str | PathLike[str] | None = None) -> list[str]:
    """The regions that there are on this machine, or in that directory."""
    return _shma.names(path_of(dir))
