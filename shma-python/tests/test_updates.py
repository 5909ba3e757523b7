"""Exclusive changes: published wholly or not at all."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import shma


class Stop(Exception):
    pass


def boom(*_: Any) -> None:
    raise Stop


def test_update_publishes_new_or_what_is_returned(name: str) -> None:
    with shma.create(name, {"w": np.zeros(3), "n": np.int64(1)}) as state:

        def add(new: Any, old: Any) -> None:
            assert np.array_equal(new, old) and not old.flags.writeable
            new += 1

        assert state.w.update(add) == 2 and state.w.read().tolist() == [1, 1, 1]
        assert state.w.update(lambda new, old: old * 2) == 3 and state.w.read().tolist() == [2, 2, 2]
        assert state.w.update(lambda new, old: new) == 4
        assert state.w.update(lambda new, old: [5, 6, 7]) == 5 and state.w.read().tolist() == [5, 6, 7]
        assert state.n.update(lambda new, old: old + 1) == 2
        assert state.n.update(lambda new, old: new.__iadd__(1)) == 3 and state.n.read() == 3


@pytest.mark.parametrize("value", [1, [1, 2], "x", 1j, object(), np.zeros(4), [None] * 3, ["a"] * 3, False])
def test_what_does_not_fit_is_a_type_error_and_not_published(name: str, value: object) -> None:
    with shma.create(name, {"w": np.zeros(3)}) as state:
        with pytest.raises(TypeError):
            state.w.update(lambda new, old: value)  # type: ignore[arg-type, return-value]
        with pytest.raises(TypeError):
            state.w.update_with(1, lambda new, old: value)  # type: ignore[arg-type, return-value]
        assert state.w.version == 1 and state.w.write([1, 2, 3], timeout=0) == 2


def test_nothing_is_published_if_the_function_raises(name: str) -> None:
    with shma.create(name, {"w": np.zeros(3), "x": 1.0}) as state:
        for call in (
            lambda: state.w.update(boom),
            lambda: state.w.update_with(1, boom),
            lambda: state.update_with({"w": 1, "x": 2}, boom),
        ):
            with pytest.raises(Stop):
                call()
        with pytest.raises(Stop), state.w.writing() as w:
            w += 1
            raise Stop
        with pytest.raises(Stop), state.transaction() as t:
            t.w += 1
            t.x = 5
            raise Stop
        assert state.w.version == 1 and state.x.version == 1
        assert state.w.write([1, 2, 3], timeout=0) == 2


def test_arrays_that_are_kept_do_not_change(name: str) -> None:
    # An update that finds its buffers again must not find those that the function has kept.
    with shma.create(name, {"w": np.zeros(3)}) as state:
        kept = []
        for step in range(1, 6):
            state.w.update(lambda new, old: kept.append((new, old[1:])) or new.__iadd__(1))
        assert [(new.tolist(), old.tolist()) for new, old in kept] == [
            ([step] * 3, [step - 1] * 2) for step in range(1, 6)
        ]
        weak = []
        state.w.update(lambda new, old: weak.append(weakref.ref(new)))
        state.w.update(lambda new, old: new.__iadd__(1))
        assert weak[0]() is None or weak[0]().tolist() == [5, 5, 5]

        def reshaped(new: Any, old: Any) -> None:
            new.shape = (3, 1)

        with pytest.raises(TypeError):
            state.w.update(reshaped)
        addresses = set()
        for _ in range(5):
            state.w.update(lambda new, old: addresses.add(new.ctypes.data))
        assert len(addresses) == 1


def test_update_with_returns_what_was_published(name: str) -> None:
    with shma.create(name, {"w": np.ones(2), "b": np.zeros(()), "n": np.int64(4)}) as state:
        new = np.full(2, 3.0)
        published = state.w.update_with(new, lambda new, old: 0.5 * new + 0.5 * old)
        assert published.tolist() == [2, 2] and state.w.read().tolist() == [2, 2]
        same = state.w.update_with(new, lambda new, old: new)
        new[:] = 9
        assert same.tolist() == [3, 3] and state.w.read().tolist() == [3, 3]
        assert state.w.update_with(None, lambda new, old: old).flags.writeable
        assert state.w.update_with((1, 2), lambda new, old: old + new[0]).tolist() == [4, 4]
        result = state.update_with({"n": 3, "w": 1.0}, lambda new, old: old + new)
        assert list(result) == ["w", "n"] and result["n"] == 7 and result["w"].tolist() == [5, 5]
        with pytest.raises(KeyError):
            state.update_with({"w": 1.0, "no": 1}, lambda new, old: old + new)
        assert state.w.read().tolist() == [5, 5]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128, "bfloat16"])
def test_add_scaled_and_lerp_are_what_numpy_calculates(name: str, dtype: Any) -> None:
    if dtype == "bfloat16":
        ml_dtypes = pytest.importorskip("ml_dtypes")
        dtype = ml_dtypes.bfloat16
    rng = np.random.default_rng(1)
    for size in (1, 63, 64, 1000, 40000):
        old, new = (rng.standard_normal(size).astype(dtype) for _ in range(2))
        with shma.create(name, {"w": old}) as state:
            assert state.w.add_scaled(new, -0.25) == 2
            expected = old - np.asarray(0.25, dtype) * new
            tolerance = 0.05 if np.dtype(dtype).itemsize == 2 else 1e-5
            assert np.allclose(state.w.read().astype(complex), expected.astype(complex), atol=tolerance)
            state.w.write(old)
            state.w.lerp(new, 0.25)
            mixed = np.asarray(0.75, dtype) * old + np.asarray(0.25, dtype) * new
            assert np.allclose(state.w.read().astype(complex), mixed.astype(complex), atol=tolerance)
            state.add_scaled({"w": new})


def test_add_scaled_is_bit_for_bit_numpy_for_floats(name: str) -> None:
    rng = np.random.default_rng(2)
    for dtype in (np.float32, np.float64):
        old, new = (rng.standard_normal(5000).astype(dtype) for _ in range(2))
        with shma.create(name, {"w": old}) as state:
            state.w.add_scaled(new, 0.1)
            assert np.array_equal(state.w.read(), old + dtype(0.1) * new)


def test_add_scaled_is_for_floats(name: str) -> None:
    with shma.create(name, {"n": np.zeros(3, np.int64), "w": np.zeros(3)}) as state:
        with pytest.raises(TypeError):
            state.n.add_scaled([1, 2, 3])
        with pytest.raises(TypeError):
            state.add_scaled({"w": [1, 2, 3], "n": [1, 2, 3]})
        with pytest.raises(ValueError):
            state.w.add_scaled([1, 2])
        with pytest.raises(TypeError):
            state.w.add_scaled([1, 2, 3], "x")  # type: ignore[arg-type]
        assert state.w.version == 1 and state.n.version == 1


def test_writing_publishes_its_array_and_closes_it(name: str) -> None:
    with shma.create(name, {"w": np.zeros((3, 2)), "v": np.zeros(3), "n": np.int64(0)}) as state:
        with state.w.writing() as w:
            w[1] = 5
        with pytest.raises(ValueError):
            w[0] = 1
        assert state.w.read().tolist() == [[0, 0], [5, 5], [0, 0]]
        with state.w.writing(2) as row:
            assert row.shape == (2,)
            row += 1
        with state.w.writing(slice(0, 2)) as rows:
            assert rows.shape == (2, 2)
            rows -= 1
        assert state.w.read().tolist() == [[-1, -1], [4, 4], [1, 1]]
        with state.v.writing(-1) as one:
            one += 3
        with state.n.writing() as n:
            n += 1
        assert state.v.read().tolist() == [0, 0, 3] and state.n.read() == 1
        for rows, error in ((3, IndexError), (slice(None, None, 2), ValueError), ("x", TypeError), (1.5, TypeError)):
            with pytest.raises(error):
                state.w.writing(rows)  # type: ignore[arg-type]
        with pytest.raises(IndexError):
            state.n.writing(0)
        block = state.w.writing()
        with pytest.raises(RuntimeError):
            block.__exit__(None, None, None)
        with block, pytest.raises((RuntimeError, shma.Reentrant)):
            block.__enter__()
        with pytest.raises(TypeError), state.w.writing() as w:
            w.shape = (2, 3)
        assert state.w.write(np.zeros((3, 2)), timeout=0)


def test_a_block_that_is_dropped_releases(name: str) -> None:
    with shma.create(name, {"w": np.zeros(3)}) as state:

        def generator() -> Any:
            with state.w.writing() as w:
                yield w

        started = generator()
        next(started)
        with pytest.raises(shma.Reentrant):
            state.w.write([1, 2, 3], timeout=0)
        del started
        gc.collect()
        assert state.w.write([1, 2, 3], timeout=0) == 2


def test_closing_inside_of_a_block_publishes_nothing(name: str) -> None:
    state = shma.create(name, {"w": np.zeros(3)})
    with shma.open(name) as other:
        with pytest.raises(ValueError), state.w.writing() as w:
            w += 1
            state.close()
        assert other.w.read().tolist() == [0, 0, 0]
        assert other.w.write([1, 2, 3], timeout=0) == 2


@pytest.mark.parametrize("call", ["update", "update_with"])
def test_closing_inside_of_a_function_publishes_nothing(name: str, call: str) -> None:
    state = shma.create(name, {"w": np.zeros(3)})
    with shma.open(name) as other:

        def close(new: Any, old: Any) -> Any:
            state.close()
            return np.ones(3)

        with pytest.raises(ValueError):
            state.w.update(close) if call == "update" else state.w.update_with(1, close)
        assert other.w.read().tolist() == [0, 0, 0] and other.w.write([1, 2, 3], timeout=0) == 2


@pytest.mark.parametrize("call", ["write", "wait_newer", "transaction"])
def test_closing_ends_the_waits_of_other_threads(name: str, call: str) -> None:
    with shma.create(name, {"w": np.zeros(3)}) as state:
        waiting = shma.open(name)
        calls = {
            "write": lambda: waiting.w.write([1, 2, 3]),
            "wait_newer": lambda: waiting.w.wait_newer(),
            "transaction": lambda: waiting.transaction().__enter__(),
        }
        begun, ended = threading.Event(), []

        def wait() -> None:
            begun.set()
            try:
                calls[call]()
            except ValueError as error:
                ended.append(error)

        thread = threading.Thread(target=wait)
        with state.w.writing():
            thread.start()
            begun.wait(60)
            waiting.close()
            thread.join(60)
            assert not thread.is_alive() and len(ended) == 1


def test_a_thread_publishes_while_another_waits(name: str) -> None:
    with shma.create(name, {"w": np.zeros(3)}) as state:
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(state.w.wait_newer(1, timeout=30)))
        thread.start()
        state.w.write([1, 2, 3])
        thread.join()
        assert seen == [2]


def test_nested_updates_are_refused_and_not_waited_for(name: str) -> None:
    with shma.create(name, {"a": np.zeros(2), "b": np.zeros(2)}) as state:

        def nested(new: Any, old: Any) -> None:
            with pytest.raises(shma.Reentrant):
                state.b.write([1, 1])
            with pytest.raises(RuntimeError), state.transaction():
                pass
            with pytest.raises(shma.Reentrant):
                state.a.add_scaled([1, 1])
            assert state.b.read().tolist() == [0, 0]

        state.b.update(nested)
        state.a.update(lambda new, old: state.b.update(lambda *_: None) and None)
        assert state.b.version == 3


def test_a_holder_is_named(name: str) -> None:
    with shma.create(name, {"w": np.zeros(3)}) as state, shma.open(name) as other:
        inside, over = threading.Event(), threading.Event()

        def hold() -> None:
            with other.w.writing():
                inside.set()
                over.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait(60)
        try:
            calls = [
                lambda time: state.w.write([1, 2, 3], timeout=time),
                lambda time: state.w.update(lambda *_: None, timeout=time),
                lambda time: state.w.update_with(1, lambda *_: None, timeout=time),
                lambda time: state.w.add_scaled([1, 2, 3], timeout=time),
                lambda time: state.w.writing(timeout=time).__enter__(),
                lambda time: state.transaction(timeout=time).__enter__(),
            ]
            for call in calls:
                with pytest.raises(shma.WouldBlock) as held:
                    call(0)
                assert held.value.holder_pid == os.getpid() and held.value.errno
                with pytest.raises(shma.Timeout) as late:
                    call(0.06)
                assert late.value.holder_pid == os.getpid() and late.value.field == "w"
                assert "longer than 60ms" in str(late.value)
            assert state.w.read().tolist() == [0, 0, 0]
        finally:
            over.set()
            thread.join()


def test_transactions_publish_what_has_changed(name: str) -> None:
    fields = {"a": np.zeros(2), "b": np.int64(5), "c": 1.0, "n": shma.field(np.uint64(0), atomic=True)}
    with shma.create(name, fields) as state:
        with state.transaction() as t:
            t.a += 1
            t["b"] -= 1
            t.c = t.c * 1
            t.n.fetch_add(0, 1)
            kept = t.a
        assert state.a.read().tolist() == [1, 1] and state.b.read() == 4 and state.n.read() == 1
        assert [state[name].version for name in "abc"] == [2, 2, 1]
        with pytest.raises(ValueError):
            kept += 1
        with state.transaction() as t:
            with pytest.raises(AttributeError):
                t.nothing = 1
            with pytest.raises(KeyError):
                t["nothing"]
            with pytest.raises(ValueError):
                t.a = [1, 2, 3]
            with pytest.raises(OverflowError):
                t.b = 2**70
            t.a = [7, 8]
        assert state.a.read().tolist() == [7, 8]
        with pytest.raises(RuntimeError):
            t.c  # noqa: B018
        with pytest.raises(ValueError), state.transaction() as t:
            t.b = 0
            state.close()
    with pytest.raises(shma.NotFound):
        shma.open(name)


def test_threads_add_exactly(name: str) -> None:
    with shma.create(name, {"n": np.int64(0), "w": np.zeros(10000)}) as state:

        def work() -> None:
            for _ in range(200):
                state.n.update(lambda new, old: old + 1)
                state.w.add_scaled(np.ones(10000))
                with state.n.writing() as n:
                    n += 1

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert state.n.read() == 1600 and (state.w.read() == 800).all()


def test_no_cycle_keeps_a_state_alive(name: str) -> None:
    gc.disable()
    try:
        state = shma.create(name, {"w": np.zeros(3)})
        field = state.w
        state.w.read()
        gone = weakref.ref(state)
        del state
        assert gone() is None and name in shma.names() and field.read().tolist() == [0, 0, 0]
        del field
        assert name not in shma.names()
    finally:
        gc.enable()
