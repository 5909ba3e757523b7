"""What can go wrong. Each class is also the builtin that a program would look for."""

from __future__ import annotations

import errno as _numbers
from typing import Any


class Error(Exception):
    """What can go wrong; the message names region and field.

    `region` is the region's name, and `field` the field's, where there is one. It can be pickled. Those
    that are an OSError have their `errno`.
    """

    region: str = ""
    field: str | None = None

    def __str__(self) -> str:
        # An OSError would print its number, which the message explains already.
        return self.__dict__.get("_message") or super().__str__()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


class NotFound(Error, FileNotFoundError):
    """No region has the name."""


class AlreadyExists(Error, FileExistsError):
    """A live or persistent region has the name."""


class LayoutMismatch(Error, TypeError):
    """The region was made by a program that declares the state differently.

    `difference` has a line for each field that differs.
    """

    difference: str = ""


class DeclarationError(Error, TypeError):
    """A declaration that is no state: 3 slots, an empty array, a float16 that is to be atomic."""


class ForeignOwner(Error, PermissionError):
    """What has the name belongs to another user."""


class ReadOnly(Error, PermissionError):
    """A write through a handle that may only read."""


class NotARegion(Error, ValueError):
    """What has the name is not, or not entirely, a region."""


class NotACheckpoint(Error, ValueError):
    """The file is no .safetensors file that can be loaded."""


class Unclean(Error):
    """The machine stopped while processes used the region, which lies on a disk."""


class Retired(Error):
    """The name was removed or given to another region; nothing more will come."""


class NoSpace(Error, OSError):
    """There is not enough room for the region."""


class InvalidName(Error, ValueError):
    """The text cannot be a region's name."""


class Timeout(Error, TimeoutError):
    """It did not come to pass in the time given. `holder_pid` is the process that holds the semaphore."""

    holder_pid: int | None = None


class WouldBlock(Error, BlockingIOError):
    """Another thread or process holds the semaphore, and the call was not to wait."""

    holder_pid: int | None = None


class Reentrant(Error, RuntimeError):
    """The calling thread holds this semaphore already, or one of a field declared later."""


class Contended(Error):
    """Publications kept overtaking the reader."""


class Forked(Error, RuntimeError):
    """A child that was forked inside an update cannot end that update."""


class Misuse(Error, ValueError):
    """A call that the field does not take."""


class SystemCallFailed(Error, OSError):
    """A system call failed, for the reason that the message says."""


_ERRNO = {
    NotFound: _numbers.ENOENT,
    AlreadyExists: _numbers.EEXIST,
    ForeignOwner: _numbers.EACCES,
    ReadOnly: _numbers.EACCES,
    NoSpace: _numbers.ENOSPC,
    Timeout: _numbers.ETIMEDOUT,
    WouldBlock: _numbers.EAGAIN,
}


def make(
    kind: str,
    message: str,
    region: str,
    field: str | None = None,
    errno: int | None = None,
    difference: str | None = None,
    holder_pid: int | None = None,
) -> Error:
    """The exception of this class; for the library."""
    cls: type[Error] = globals()[kind]
    number = errno if errno is not None else _ERRNO.get(cls)
    is_os_error = issubclass(cls, OSError)
    error = cls(number or 0, message) if is_os_error else cls(message)
    error._message = message  # type: ignore[attr-defined]
    error.region, error.field = region, field
    if isinstance(error, LayoutMismatch):
        error.difference = difference or ""
    if isinstance(error, (Timeout, WouldBlock)):
        error.holder_pid = holder_pid or None
    return error


def _rebuild(cls: type[Error], args: tuple[Any, ...], said: dict[str, Any]) -> Error:
    error = cls(*args)
    error.__dict__.update(said)
    return error
