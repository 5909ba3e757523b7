"""Values of one instant."""

from __future__ import annotations

from typing import Any


class Snapshot(dict[str, Any]):
    """Private arrays by name, also as attributes; a number is a numpy scalar.

    `versions` are the publications that they are of. It keeps its manifest: `create(name, snapshot)`
    declares the same state, with slots, timed, atomic, struct names and the state's name.
    """

    versions: dict[str, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {}
        #: The declared name of the state, if it is of one.
        self._state: str | None = None
        #: Type, slots, timed, atomic by field.
        self._declared: dict[str, tuple[Any, int, bool, bool]] = {}

    def __getattr__(self, name: str) -> Any:
        """The value of the field of this name. Raises AttributeError if the snapshot has none."""
        if not name.startswith("__"):
            try:
                return self[name]
            except KeyError:
                pass
        raise AttributeError(f"the snapshot has no field {name!r}: it has {', '.join(self) or 'none'}")

    def __repr__(self) -> str:
        return f"shma.Snapshot({super().__repr__()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self), self.versions, self._state, self._declared)


def _rebuild(
    values: dict[str, Any],
    versions: dict[str, int],
    state: str | None,
    declared: dict[str, tuple[Any, int, bool, bool]],
) -> Snapshot:
    snapshot = Snapshot(values)
    snapshot.versions = versions
    snapshot._state, snapshot._declared = state, declared
    return snapshot
