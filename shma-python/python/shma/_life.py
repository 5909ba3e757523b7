"""Attachments of this process: what becomes of them in its children, and at its end."""

from __future__ import annotations

import contextlib
import multiprocessing.util as _multiprocessing
import os
import select
import weakref

from shma import _shma

#: Every attachment that is not garbage.
_live: weakref.WeakSet[_shma.Core] = weakref.WeakSet()

#: How long a parent waits for its fork child to attach, in milliseconds.
_PATIENCE = 10_000

#: How long the end of the process waits for threads that are inside of a call, in seconds.
_DRAIN = 1.0

#: After multiprocessing has joined the children of the process, whose finalizers are of 0 and more.
_LATE = -1_000_000

#: The pipes of forks that are going on: a child tells its parent that it is attached.
_pipes: list[tuple[int, int]] = []


def register(core: _shma.Core) -> None:
    """Has the attachment end with the process, and its fork children have one of their own."""
    _live.add(core)


def _leave() -> None:
    for core in list(_live):
        core.close(_DRAIN)


def _leave_late(_: object = None) -> None:
    """Leaves at the end of this process, which multiprocessing may end without `atexit`."""
    _multiprocessing.Finalize(None, _leave, exitpriority=_LATE)


def _before_fork() -> None:
    if _live:
        # Without a descriptor left, the parent does not wait.
        with contextlib.suppress(OSError):
            _pipes.append(os.pipe())


def _in_parent() -> None:
    # A parent that closes at once must not take the region from its child.
    if not _pipes:
        return
    told, tell = _pipes.pop()
    os.close(tell)
    try:
        # Also ends if the child does.
        poll = select.poll()
        poll.register(told, select.POLLIN | select.POLLHUP)
        poll.poll(_PATIENCE)
    finally:
        os.close(told)


def _in_child() -> None:
    tell = _pipes[-1][1] if _pipes else None
    for core in list(_live):
        core.attach_in_child()
    if tell is not None:
        # A parent that has lost its patience does not listen any more.
        with contextlib.suppress(OSError):
            os.write(tell, b"x")
    # Also those of forks that other threads of the parent are in.
    for ends in _pipes:
        for end in ends:
            os.close(end)
    _pipes.clear()
    _leave_late()


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
_leave_late()
# multiprocessing forgets the finalizers of a fork child before it runs this.
_multiprocessing.register_after_fork(_leave_late, _leave_late)
