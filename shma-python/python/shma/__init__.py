"""Typed states in shared memory: numpy arrays that processes update and follow.

    import numpy as np, shma

    state = shma.create("trainer", {"weights": np.zeros((128, 784), np.float32), "step": np.uint64(0)})
    state.weights.add_scaled(gradient, -0.1)     # old - 0.1 * gradient, under the field's semaphore

A state is declared by its values, or by a class (`Declared`). Other processes, of Python or Rust, open
it by its name. Every value that is read is a private copy of exactly one publication. No array is ever a
view of shared memory.
"""

from types import EllipsisType
from typing import Any, SupportsIndex

from numpy.typing import NDArray

from shma._declared import Declared, array
from shma._errors import (
    AlreadyExists,
    Contended,
    DeclarationError,
    Error,
    ForeignOwner,
    Forked,
    InvalidName,
    LayoutMismatch,
    Misuse,
    NoSpace,
    NotACheckpoint,
    NotARegion,
    NotFound,
    ReadOnly,
    Reentrant,
    Retired,
    SystemCallFailed,
    Timeout,
    Unclean,
    WouldBlock,
)
from shma._field import AtomicField, Field, T
from shma._snapshot import Snapshot
from shma._state import State, create, load, names, open, open_or_create, unlink
from shma._transaction import Transaction
from shma._types import Attributes, field, struct

#: What a field is indexed by.
Key = SupportsIndex | slice | EllipsisType | None | str | list[Any] | tuple[Any, ...] | NDArray[Any]

__version__ = "0.1.0"

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
