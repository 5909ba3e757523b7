"""Typed states in shared memory: numpy arrays that processes update and follow."""
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from os import PathLike
from types import EllipsisType
from typing import Any, Generic, Literal, SupportsIndex, overload

from typing_extensions import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "AlreadyExists",
    "AtomicField",
    "Attributes",
    "Contended",
    "DeclarationError",
    "Declared",
    "Error",
    "Field",
    "ForeignOwner",
    "Forked",
    "InvalidName",
    "LayoutMismatch",
    "Misuse",
    "NoSpace",
    "NotACheckpoint",
    "NotARegion",
    "NotFound",
    "ReadOnly",
    "Reentrant",
    "Retired",
    "Snapshot",
    "State",
    "SystemCallFailed",
    "Timeout",
    "Transaction",
    "Unclean",
    "WouldBlock",
    "array",
    "create",
    "field",
    "load",
    "names",
    "open",
    "open_or_create",
    "struct",
    "unlink",
]

__version__: str
T = TypeVar("T", bound=np.generic, default=Any)
Key = SupportsIndex | slice | EllipsisType | None | str | list[Any] | tuple[Any, ...] | NDArray[Any]

# -- regions -----------------------------------------------------------------------------------

def create(
    name: str, fields: Mapping[str, ArrayLike | Attributes], *, state: str = "State",
    mode: int = 0o600, persistent: bool = False, prefault: bool = False,
    dir: str | PathLike[str] | None = None, huge_pages: bool = False,
) -> State:
    """Creates the region /dev/shm/shma.NAME with these values.

    `state` is the declared name: the identifier of the Rust struct, if a Rust program is to open
    it. Raises AlreadyExists, NoSpace, InvalidName, ForeignOwner, NotARegion, DeclarationError.
    """

def open(
    name: str, *, expect: Mapping[str, ArrayLike | Attributes] | None = None, state: str = "State",
    read_only: bool = False, wait: float = 0.0, dir: str | PathLike[str] | None = None,
) -> State:
    """Attaches to the region, of whatever layout it is, or of that of `expect`.

    Raises NotFound (after `wait` seconds), LayoutMismatch (a line for each field that differs).
    """

def open_or_create(
    name: str, fields: Mapping[str, ArrayLike | Attributes], *, state: str = "State",
    mode: int = 0o600, persistent: bool = False, prefault: bool = False,
    dir: str | PathLike[str] | None = None, huge_pages: bool = False,
) -> State:
    """One of any number of processes that call it at once creates the region, the others open it."""

def unlink(name: str, *, dir: str | PathLike[str] | None = None) -> None:
    """Removes the name. Those who are attached keep their memory; waits end with Retired."""

def names(*, dir: str | PathLike[str] | None = None) -> list[str]:
    """The regions that there are on this machine."""

class Attributes:
    """What `field` returns."""

    value: ArrayLike
    slots: int
    timed: bool
    atomic: bool
    def __init__(self, value: ArrayLike, slots: int, timed: bool, atomic: bool) -> None: ...

def field(value: ArrayLike, *, slots: Literal[2, 4, 8] = 4, timed: bool = False, atomic: bool = False) -> Attributes:
    """An initial value with the attributes of `#[shm(..)]`."""

def struct(name: str, fields: DTypeLike) -> np.dtype[np.void]:
    """A structured dtype that is a Rust struct of this name: no gaps, native byte order."""

# -- a declaration as a class, for type checkers and for the layout check ---------------------
#
#     class Model(shma.Declared):                  # the class's name is the declared name
#         weights: shma.Field[np.float32] = shma.array(np.float32, (128, 784))
#         step: shma.Field[np.uint64] = shma.array(np.uint64)
#
#     model = Model.open_or_create("trainer")      # `model.weights` is known to mypy
#     model = Model.open("trainer", wait=5)        # LayoutMismatch if Rust's Model differs

class State(Mapping[str, Field[Any]]):
    """A handle. A field is an item, and an attribute where no method has its name: prefer the
    item in code that does not know the names. Leaving the `with` block, or `close`, leaves the
    region; the last to leave an ephemeral one takes it along, also at exit, and also in children of
    multiprocessing.

    It may be given to `multiprocessing.Process` with any start method, and pickled: an attachment of
    its own is made there, to the same instance of the region or not at all (Retired).
    """
    def __getattr__(self, name: str) -> Field[Any]: ...
    def __setattr__(self, name: str, value: object) -> None:
        """Raises AttributeError: write fields by `write`, or `state[name][...] = value`."""
    def __delattr__(self, name: str) -> None: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __contains__(self, name: object) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getitem__(self, name: str) -> Field[Any]: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def close(self) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> int: ...
    @property
    def is_current(self) -> bool: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def manifest(self) -> dict[str, Any]: ...
    def read(self) -> dict[str, Any]:
        """All values, each consistent by itself."""
    def snapshot(self, *names: str, out: Mapping[str, NDArray[Any]] | None = None, timeout: float | None = None) -> Snapshot:
        """All fields, or these, as they stood at one instant; transactions wholly in or out."""
    def transaction(self, *, timeout: float | None = None) -> AbstractContextManager[Transaction]:
        """`with state.transaction() as t: t.a -= 1; t.b += 1`.

        Holds all semaphores. Only fields that the block touches are copied; those whose bytes
        changed are published as one, also if the process is killed half-way. Nothing is if an
        exception passes through.
        """
    def update_with(self, new: Mapping[str, Any], f: Callable[[Any, Any], Any], *, timeout: float | None = None) -> dict[str, NDArray[Any]]:
        """SHMArrays' `update_arrays(new, lambda new, old: 0.1 * new + 0.9 * old)`.

        Field after field in declaration order, each under its own semaphore, so that processes
        pipeline. Fields that `new` does not name stay as they are (so there is no `no_merge` here).
        Returns what was published.
        """
    def add_scaled(self, new: Mapping[str, Any], alpha: float = 1.0, *, timeout: float | None = None) -> None:
        """`old + alpha * new` of all fields named, in Rust."""
    def checkpoint(self, path: str | PathLike[str]) -> None:
        """Writes one instant of all fields to a .safetensors file; the file is the old or the new one, whenever the
        process or the machine dies."""

def load(path: str | PathLike[str]) -> Snapshot:
    """What `checkpoint` wrote, as private arrays: `shma.create(name, shma.load(path))`."""

class Snapshot(dict[str, Any]):
    """Arrays by name, also as attributes. Keeps its manifest: `create(name, snapshot)` declares the same state, with slots,
    timed, atomic, struct names and the state's name."""
    versions: dict[str, int]
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class Transaction:
    """Private, writable arrays by name, also as attributes. Atomic fields: their live handles."""
    def __getitem__(self, name: str) -> Any: ...
    def __setitem__(self, name: str, value: ArrayLike) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
    def __setattr__(self, name: str, value: ArrayLike) -> None: ...

@overload
def array(dtype: type[T] | np.dtype[T], shape: int | tuple[int, ...] = (), *, slots: Literal[2, 4, 8] = 4, timed: bool = False, atomic: Literal[False] = False) -> Field[T]: ...
@overload
def array(dtype: type[T] | np.dtype[T], shape: int | tuple[int, ...] = (), *, atomic: Literal[True]) -> AtomicField[T]: ...

class Declared(State):
    """Initial values are zeros, but for those that `init` names."""
    @classmethod
    def create(
        cls, name: str, init: Mapping[str, ArrayLike] | None = None, *, mode: int = 0o600, persistent: bool = False,
        prefault: bool = False, dir: str | PathLike[str] | None = None, huge_pages: bool = False,
    ) -> Self: ...
    @classmethod
    def open(cls, name: str, *, read_only: bool = False, wait: float = 0.0, dir: str | PathLike[str] | None = None) -> Self: ...
    @classmethod
    def open_or_create(
        cls, name: str, init: Mapping[str, ArrayLike] | None = None, *, mode: int = 0o600, persistent: bool = False,
        prefault: bool = False, dir: str | PathLike[str] | None = None, huge_pages: bool = False,
    ) -> Self: ...

# -- fields --------------------------------------------------------------------------------------

class Field(Generic[T]):
    """One array, or one number. Nothing here is a view of shared memory: every value is a private
    copy of exactly one publication."""
    @property
    def name(self) -> str: ...
    @property
    def dtype(self) -> np.dtype[T]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]:
        """Over one private copy; TypeError for a number."""
    def __bool__(self) -> Literal[True]: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int:
        """By identity, as `State`'s."""
    @property
    def version(self) -> int:
        """Publications so far; creation is the first."""
    @property
    def holder_pid(self) -> int | None:
        """The process that holds the semaphore, if one does and it has said."""
    @property
    def age(self) -> float | None:
        """Seconds since the latest publication."""

    # reading
    @overload
    def read(self, *, out: None = None, timeout: float | None = None) -> Any: ...
    @overload
    def read(self, *, out: NDArray[T], timeout: float | None = None) -> NDArray[T]:
        """With a timeout, also beside a hostile peer: raises Contended when it is over."""
    def read_with_version(self, *, out: NDArray[T] | None = None) -> tuple[Any, int]: ...
    def read_newer(self, since: int, *, out: NDArray[T] | None = None) -> tuple[Any, int] | None: ...
    def __getitem__(self, key: Key) -> Any:
        """Costs the rows that the first index covers, if that is a number or a slice of step 1."""
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[T]:
        """`copy=False` raises ValueError: there is no array without a copy."""
    def __dlpack__(self, **kwargs: Any) -> Any:
        """Of a private copy. `read(out=tensor.numpy())` copies into a tensor once."""
    def __dlpack_device__(self) -> tuple[int, int]: ...

    # waiting
    def wait_newer(self, since: int | None = None, timeout: float | None = None) -> int:
        """Sleeps, without the GIL, until there is a publication other than `since`; returns its
        number. Ctrl-C works. Raises Timeout, Retired."""
    async def wait_newer_async(self, since: int | None = None) -> int:
        """For asyncio. No thread per wait: one waiting thread per process wakes the loop (`call_soon_threadsafe`);
        cancelling leaves nothing behind. (`asyncio.to_thread(wait_newer)` without a timeout would hold up the end of the
        loop.)"""

    # writing
    def write(self, value: ArrayLike, *, timeout: float | None = None) -> int:
        """Replaces the value: of exactly the field's shape (else ValueError), cast only within a kind (else TypeError: text,
        None and objects are refused, a Python float is no integer), integers that fit (else OverflowError). `timeout=0` does
        not wait for a holder that lives and raises WouldBlock; any other time ends in Timeout."""
    def __setitem__(self, key: Key, value: ArrayLike) -> None:
        """Read-modify-write of the rows that the first index covers."""
    def writing(self, rows: SupportsIndex | slice | None = None, *, timeout: float | None = None) -> AbstractContextManager[NDArray[T]]:
        """`with state.weights.writing() as w: w -= 0.1 * g`.

        Exclusive. `w` is a private copy, published at the end of the block, not published if an
        exception passes through. `w` itself (not views made of it) is read-only afterwards, so that no
        write is lost unnoticed. A number, or one row of a vector, is an array without dimensions: `w += 1` works.
        With `rows` it is that part, at the cost of that part.
        """
    def update(self, f: Callable[[Any, Any], ArrayLike | None], *, timeout: float | None = None) -> int:
        """Exclusive read-modify-write: `f(new, old)`, `new` writable and equal to `old`, `old`
        read-only (a numpy scalar, if the field is a number). If `f` returns None (or `new`), `new`
        is published; if it returns a value of exactly the field's shape, that is; anything else is
        a TypeError and nothing is published. Returns the publication's number."""
    def update_with(self, new: Any, f: Callable[[Any, Any], ArrayLike], *, timeout: float | None = None) -> NDArray[T]:
        """Publishes `f(new, old)`, which runs once on whole arrays, and returns it. What `new` is is
        between the caller and `f`: an array, a tensor, a tuple."""
    def add_scaled(self, new: ArrayLike, alpha: float = 1.0, *, timeout: float | None = None) -> int:
        """`old + alpha * new` in Rust: block by block, nothing allocated, without the GIL."""
    def lerp(self, new: ArrayLike, weight: float, *, timeout: float | None = None) -> int:
        """`(1 - weight) * old + weight * new`, likewise: SHMArrays' example."""

class AtomicField(Field[T]):
    """Every number is its own atomic: no semaphore, `update` and the like raise TypeError."""
    def fetch_add(self, index: int, value: Any) -> Any: ...
    def fetch_max(self, index: int, value: Any) -> Any: ...
    def fetch_min(self, index: int, value: Any) -> Any: ...
    def add(self, values: ArrayLike) -> None: ...

# -- errors --------------------------------------------------------------------------------------

class Error(Exception):
    """What can go wrong; the message names region and field. Can be pickled; those that are OSErrors have their errno."""
    region: str
    field: str | None
class NotFound(Error, FileNotFoundError): ...
class AlreadyExists(Error, FileExistsError): ...
class LayoutMismatch(Error, TypeError):
    difference: str
class DeclarationError(Error, TypeError):
    """A declaration that is no state: 3 slots, an empty array, a float16 that is to be atomic."""
class ForeignOwner(Error, PermissionError): ...
class ReadOnly(Error, PermissionError):
    """A write through a handle that may only read."""
class NotARegion(Error, ValueError): ...
class NotACheckpoint(Error, ValueError):
    """The file is no .safetensors file that can be loaded."""
class Unclean(Error):
    """The machine stopped while processes used the region, which lies on a disk."""
class Misuse(Error, ValueError):
    """A call that the field does not take."""
class SystemCallFailed(Error, OSError):
    """A system call failed, for the reason that the message says."""
class Retired(Error): ...
class NoSpace(Error, OSError): ...
class InvalidName(Error, ValueError): ...
class Timeout(Error, TimeoutError):
    holder_pid: int | None
class WouldBlock(Error, BlockingIOError):
    holder_pid: int | None
class Reentrant(Error, RuntimeError): ...
class Contended(Error): ...
class Forked(Error, RuntimeError):
    """Only for a child that was forked inside an update; otherwise handles attach anew by themselves."""
