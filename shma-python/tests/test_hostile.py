"""Whatever the arguments, the files and the number of rounds are: exceptions of Python, and no leak."""

from __future__ import annotations

import asyncio
import gc
import os
import pathlib
import random
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import shma

FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=5)
    | st.binary(max_size=40)
    | st.builds(slice, *[st.none() | st.integers(-9, 9) | st.floats()] * 3)
    | st.just(...)
    | st.builds(object)
    | st.builds(lambda n, kind: np.zeros(n, kind), st.integers(0, 5), st.sampled_from("bBhHiIlLqQefdgFDSUVOMm?"))
    | st.builds(lambda kind: np.zeros((2, 3), kind)[::-1], st.sampled_from("fdiD"))
    | st.sampled_from([np.float32(1), np.int64(-1), np.ma.masked, np.zeros((2, 3), ">f4"), int, len]),
    lambda inner: st.lists(inner, max_size=4)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=3) | st.sampled_from(["w", "n", "h"]), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def state() -> Any:
    point = shma.struct("Point", [("x", np.float32), ("at", np.int16, (2,))])
    fields = {
        "w": np.zeros((2, 3), np.float32),
        "n": np.int64(0),
        "h": shma.field(np.zeros(4, np.uint32), atomic=True),
        "p": np.zeros(2, point),
        "b": np.zeros(2, np.dtype("V16", metadata={"shma": "u128"})),  # type: ignore[call-overload]
    }
    with shma.create(f"pytest-fuzz-{os.getpid()}", fields) as state:
        yield state


CALLS: list[Any] = [
    lambda f, a, b: f.read(out=a, timeout=b),
    lambda f, a, b: f.read_newer(a, out=b),
    lambda f, a, b: f.read_with_version(out=a),
    lambda f, a, b: f.write(a, timeout=0),
    lambda f, a, b: f.write(a, timeout=b) if not isinstance(b, np.ndarray) else None,
    lambda f, a, b: f[a],
    lambda f, a, b: f.__setitem__(a, b),
    lambda f, a, b: f.update(lambda new, old: a, timeout=0),
    lambda f, a, b: f.update(a, timeout=0),
    lambda f, a, b: f.update_with(a, lambda new, old: b, timeout=0),
    lambda f, a, b: f.add_scaled(a, b, timeout=0),
    lambda f, a, b: f.lerp(a, b, timeout=0),
    lambda f, a, b: f.writing(a, timeout=0).__enter__(),
    lambda f, a, b: f.wait_newer(a, timeout=0),
    lambda f, a, b: f.fetch_add(a, b),
    lambda f, a, b: f.fetch_max(a, b),
    lambda f, a, b: f.add(a),
    lambda f, a, b: np.asarray(f, a),
    lambda f, a, b: f._read_rows(a, b),
    lambda f, a, b: f._write_rows(a, b),
    lambda f, a, b: f._fetch("add", a, b),
    lambda f, a, b: f._store(a, b),
    lambda f, a, b: shma._shma.Writing(f, a, b),
    lambda f, a, b: shma._shma.Writing(f, (a, b, True), None),
    lambda f, a, b: shma._shma.Waiter(f, a),
    lambda f, a, b: shma._shma.FieldBase(f._core, a, "w", np.dtype("f4"), b),
]


@FUZZ
@given(call=st.sampled_from(CALLS), field=st.sampled_from(["w", "n", "h", "p", "b"]), a=anything, b=anything)
def test_no_argument_of_a_field_panics(state: shma.State, call: Any, field: str, a: Any, b: Any) -> None:
    # A PanicException is a BaseException, which goes through.
    try:
        call(state[field], a, b)
    except Exception:
        pass
    if not state[field]._atomic:
        state[field].write(state[field].read(), timeout=0)


WHOLE: list[Any] = [
    lambda s, a, b: s[a],
    lambda s, a, b: getattr(s, a),
    lambda s, a, b: s.snapshot(a, out=b, timeout=0),
    lambda s, a, b: s.snapshot(out=a, timeout=b),
    lambda s, a, b: s.transaction(timeout=a).__enter__() and None,
    lambda s, a, b: s.update_with(a, lambda new, old: b, timeout=0),
    lambda s, a, b: s.add_scaled(a, b, timeout=0),
    lambda s, a, b: setattr(s.transaction(timeout=0).__enter__(), "w", a),
    lambda s, a, b: s.checkpoint(a),
    lambda s, a, b: shma.load(a),
    lambda s, a, b: shma.open(a, dir=b),
    lambda s, a, b: shma.open("pytest-none", expect=a, wait=0),
    lambda s, a, b: shma.unlink(a),
    lambda s, a, b: shma.names(dir=a),
    lambda s, a, b: shma.struct(a, b),
    lambda s, a, b: shma.create("pytest-fuzzed", {"a": a}, state=b).close(),
    lambda s, a, b: shma.create("pytest-fuzzed", a, state="A").close(),
    lambda s, a, b: shma.create("pytest-fuzzed", {"a": shma.field(a, slots=b)}).close(),
    lambda s, a, b: shma.create("pytest-fuzzed", {"a": 1}, mode=a, persistent=b).close(),
    lambda s, a, b: type("M", (shma.Declared,), {"a": shma.array(a, b)}).create("pytest-fuzzed").close(),
    lambda s, a, b: shma._shma.create("pytest-fuzzed", ("S", [("a", a, 4, False, False, b)]), (0o600, 0, 0, 0), None, a),
    lambda s, a, b: shma._shma.create("pytest-fuzzed", ("S", [("a", ((a, [("x", b)]), ()), 4, False, False, None)]),
                                      (0o600, False, False, False), None, True),
    lambda s, a, b: shma._shma.Begun(s._core, 0).load(a),
    lambda s, a, b: shma._shma.Begun(s._core, 0).commit([(s.w, a)]),
    lambda s, a, b: shma._shma.reopen("pytest-none", a, b, False),
]


@FUZZ
@given(call=st.sampled_from(WHOLE), a=anything, b=anything)
def test_no_argument_of_a_state_panics(state: shma.State, call: Any, a: Any, b: Any, tmp_path_factory: Any) -> None:
    here = os.getcwd()
    os.chdir(tmp_path_factory.getbasetemp())
    try:
        call(state, a, b)
    except Exception:
        pass
    finally:
        os.chdir(here)
        pathlib.Path("/dev/shm/shma.pytest-fuzzed").unlink(missing_ok=True)
    gc.collect(0)


def test_hostile_and_truncated_regions_are_errors(swept: str) -> None:
    with shma.create(swept, {"w": np.zeros((4, 5)), "n": np.int64(0)}) as state:
        whole = pathlib.Path(f"/dev/shm/shma.{swept}").read_bytes()
        assert state.n.read() == 0
    rng = random.Random(5)
    file = pathlib.Path(f"/dev/shm/shma.{swept}")
    opened = 0
    for at in range(400):
        data = bytearray(whole)
        if at % 4 == 0:
            data = data[: rng.randrange(len(data))]
        elif at % 4 == 1:
            data = bytearray(rng.randbytes(rng.randrange(1, 20000)))
        else:
            # Header, control blocks and manifest; bytes in the middle of values are only values.
            for _ in range(rng.randrange(1, 30)):
                place = rng.choice([rng.randrange(96), rng.randrange(4096, len(data)), rng.randrange(len(data) - 900, len(data))])
                data[place] = rng.randrange(256)
        file.write_bytes(data)
        file.chmod(0o600)
        try:
            state = shma.open(swept)
        except shma.Error:
            continue
        opened += 1
        with state:
            for field in state.values():
                try:
                    field.read(timeout=0.01)
                    field.write(field.read(timeout=0.01), timeout=0.01)
                    field.wait_newer(timeout=0)
                    state.snapshot(timeout=0.01)
                except shma.Error:
                    pass
        file.unlink(missing_ok=True)
    assert opened > 0


def test_reads_end_beside_a_hostile_peer(name: str) -> None:
    # A publication that seems to have begun for ever: reads without a limit could not end.
    with shma.create(name, {"w": np.zeros(4)}) as state, shma.open(name, read_only=True) as seen:
        at = state.manifest["fields"][0]["offset"]
        with open(f"/dev/shm/shma.{name}", "r+b") as file:
            file.seek(at + 8)
            file.write((2**40).to_bytes(8, "little"))
        for read in (seen.w.read, seen.snapshot, state.w.read):
            with pytest.raises(shma.Contended):
                read(timeout=0.05)
        # Without a limit a handle that may write excludes all writers, and reads then.
        assert state.w.read().tolist() == [0] * 4


def test_fields_and_rows_that_there_are_not_are_refused(name: str) -> None:
    # By the names that begin with `_`, through which no call of the package comes with such arguments.
    with shma.create(name, {"w": np.zeros((2, 3), np.float32)}) as state:
        core, field = state._core, shma._shma.FieldBase
        for index, called, dtype, shape in [
            (0, "w", "f8", (2, 3)), (0, "w", "f4", (2, 4)), (0, "w", "f4", (2**62, 2**62)), (0, "w", "f4", (-2, -3)),
            (0, "v", "f4", (2, 3)), (1, "w", "f4", (2, 3)), (0, "w", "O", (3,)),
        ]:
            with pytest.raises((TypeError, ValueError)):
                field(core, index, called, np.dtype(dtype), shape)
        for first, rows in [(0, 3), (2, 1), (3, 0), (2**63, 2**63), (1, 2**64 - 1)]:
            with pytest.raises(IndexError):
                state.w._read_rows(first, rows)
            with pytest.raises((IndexError, TypeError)):
                shma._shma.Writing(state.w, (first, rows, True), None)


def resident() -> int:
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_ten_thousand_cycles_leak_nothing(name: str) -> None:
    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    async def wait(state: shma.State) -> None:
        waiting = asyncio.create_task(state.a.wait_newer_async())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    def cycle(at: int) -> None:
        with shma.create(name, {"a": np.zeros(100), "n": np.int64(0)}) as state:
            state.a.update(lambda new, old: None)
            state.a.update(lambda new, old: old + 1)
            with state.a.writing(slice(0, 3)) as rows:
                rows += 1
            with state.transaction() as t:
                t.a += 1
            state.snapshot()
            state.a.add_scaled(np.ones(100))
            for call in (lambda: state.a.write("x"), lambda: state.a[1000], lambda: state.n.update(len)):
                try:
                    call()
                except (TypeError, IndexError):
                    pass
            if at % 100 == 0:
                asyncio.run(wait(state))

    for at in range(500):
        cycle(at)
    gc.collect()
    memory, open_files, threads = resident(), files(), threading.active_count()
    for at in range(10_000):
        cycle(at)
    gc.collect()
    assert resident() - memory < 8 << 20
    assert files() <= open_files and threading.active_count() == threads


def test_threads_that_change_what_is_written_harm_nothing_else(name: str) -> None:
    # What is published is unspecified then; what is beside it is not.
    value = np.zeros(100_000)
    with shma.create(name, {"w": value, "n": np.int64(0)}) as state:
        over = threading.Event()

        def change() -> None:
            while not over.is_set():
                value.fill(1)
                value.fill(2)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(200):
                state.w.write(value)
                state.w.add_scaled(value, 0.0)
                state.w.read(out=value)
        finally:
            over.set()
            thread.join()
        assert state.w.version == 401 and state.n.read() == 0


def test_waits_of_asyncio_end_and_are_cancelled(name: str) -> None:
    async def main(state: shma.State) -> None:
        loop = asyncio.get_running_loop()
        version = state.a.version
        waits = [asyncio.create_task(state.a.wait_newer_async(version)) for _ in range(50)]
        cancelled = asyncio.create_task(state.a.wait_newer_async())
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await loop.run_in_executor(None, lambda: state.a.write(np.ones(3)))
        assert await asyncio.gather(*waits) == [version + 1] * 50
        assert await state.a.wait_newer_async(version) == version + 1
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(state.a.wait_newer_async(), 0.02)
        gc.collect()
        assert not [one for one in gc.get_objects() if type(one).__name__ == "_Wake"], "a wait has left something behind"
        retired = asyncio.create_task(state.a.wait_newer_async())
        await asyncio.sleep(0)
        shma.unlink(state.name)
        with pytest.raises(shma.Retired):
            await retired
        assert threading.active_count() <= 3

    with shma.create(name, {"a": np.zeros(3)}) as state:
        asyncio.run(main(state))
