"""What is read is what was published, and what does not fit is refused."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shma

class Model(shma.Declared):
    weights: shma.Field[np.float32] = shma.array(np.float32, (2, 3))
    step: shma.Field[np.uint64] = shma.array(np.uint64)
    hits: shma.AtomicField[np.uint64] = shma.array(np.uint64, 4, atomic=True)
    read: shma.Field[np.float64] = shma.array(np.float64)  # type: ignore[assignment]

class Other(shma.Declared):
    weights: shma.Field[np.float64] = shma.array(np.float64, (2, 3))


ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_reads_give_private_copies(name: str) -> None:
    with shma.create(name, {"w": ROWS, "step": np.uint64(3)}) as state:
        first = state.w.read()
        assert first.dtype == np.float32 and np.array_equal(first, ROWS)
        first[:] = -1
        assert np.array_equal(state.w.read(), ROWS)
        step = state.step.read()
        assert type(step) is np.uint64 and step == 3
        out = np.empty((3, 4), np.float32)
        assert state.w.read(out=out) is out and np.array_equal(out, ROWS)
        value, version = state.w.read_with_version()
        assert version == 1 and state.w.read_newer(1) is None
        assert state.w.write(value + 1) == 2
        newer = state.w.read_newer(1, out=out)
        assert newer is not None and newer[0] is out and newer[1] == 2
        assert np.array_equal(out, ROWS + 1)
        assert state.read().keys() == {"w", "step"}


@pytest.mark.parametrize(
    "out",
    [np.empty((4, 3), np.float32), np.empty((3, 4)), np.empty((4, 3), np.float32).T, [1.0], "x"],
)
def test_an_out_that_does_not_fit_is_refused(name: str, out: object) -> None:
    with shma.create(name, {"w": ROWS}) as state:
        with pytest.raises((ValueError, TypeError)):
            state.w.read(out=out)  # type: ignore[call-overload]
        closed = np.empty((3, 4), np.float32)
        closed.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            state.w.read(out=closed)


@pytest.mark.parametrize(
    ("dtype", "value", "error"),
    [
        (np.uint8, 256, OverflowError),
        (np.uint8, -1, OverflowError),
        (np.uint8, np.int64(300), OverflowError),
        (np.uint64, 2**64, OverflowError),
        (np.int64, 2**63, OverflowError),
        (np.int64, 1.5, TypeError),
        (np.int64, 1.0, TypeError),
        (np.int64, "1", TypeError),
        (np.int64, b"1", TypeError),
        (np.int64, None, TypeError),
        (np.int64, object(), TypeError),
        (np.int64, np.float32(1), TypeError),
        (np.float32, 1j, TypeError),
        (np.float32, "x", TypeError),
        (np.float64, None, TypeError),
        (np.float64, np.datetime64("2020-01-01"), TypeError),
        (np.float64, [1.0], ValueError),
        (np.float64, [], ValueError),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str, dtype: type[np.generic], value: object, error: type[Exception]
) -> None:
    with shma.create(name, {"n": dtype(0)}) as state:
        with pytest.raises(error):
            state.n.write(value)  # type: ignore[arg-type]
        assert state.n.version == 1


@pytest.mark.parametrize(
    ("dtype", "value", "read"),
    [
        (np.uint64, 2**64 - 1, 2**64 - 1),
        (np.uint8, np.int64(255), 255),
        (np.int8, True, 1),
        (np.float32, 3, 3.0),
        (np.float64, 2**70, 2.0**70),
        (np.float16, 0.1, np.float16(0.1)),
        (np.float32, 1e300, np.inf),
        (np.complex64, 1.5, 1.5 + 0j),
        (np.complex128, 2**64, 2.0**64),
    ],
)
def test_values_are_cast_within_their_kind(
    name: str, dtype: type[np.generic], value: object, read: object
) -> None:
    with shma.create(name, {"n": dtype(0)}) as state:
        state.n.write(value)  # type: ignore[arg-type]
        assert state.n.read() == read


def test_large_integers_of_a_list_stay_exact(name: str) -> None:
    # numpy makes floats of a list that has negative and very large integers.
    with shma.create(name, {"n": np.zeros(2, np.uint64)}) as state:
        state.n.write([1, 2**63 + 1])
        assert state.n.read().tolist() == [1, 2**63 + 1]
        with pytest.raises(OverflowError):
            state.n.write([-1, 2**63 + 1])


def test_any_layout_of_memory_is_written(name: str) -> None:
    with shma.create(name, {"w": ROWS}) as state:
        for value in (
            np.asfortranarray(ROWS * 2),
            (ROWS * 2).astype(">f4"),
            (ROWS * 2).tolist(),
            np.repeat(ROWS * 2, 2, axis=1)[:, ::2],
        ):
            state.w.write(value)
            assert np.array_equal(state.w.read(), ROWS * 2)
            state.w.write(ROWS)


INDEXES = [
    0, -1, np.int64(1), np.uint8(2), slice(None), slice(1, 3), slice(-2, None), slice(2, 2), slice(None, None, 2),
    slice(None, None, -1), ..., None, (), (1, 2), (1, slice(1, 3)), (slice(0, 2), 1), (..., 0), (None, 1), (1, None),
    [0, 2], (1, [0, 2]), (slice(None), [0, 2]), np.array([2, 0]), np.array([True, False, True]), True, False,
    np.arange(12).reshape(3, 4) > 4, (0, ..., 1), (np.int32(1), np.int64(-1)), (slice(1, 3), None, 0), np.array(1),
    ([0, 1], [1, 2]), (1, slice(None), None), (slice(3, 9), 0),
]


@pytest.mark.parametrize("index", INDEXES, ids=repr)
def test_indexes_mean_what_they_mean_to_numpy(name: str, index: object) -> None:
    with shma.create(name, {"w": ROWS}) as state:
        expected, found = ROWS[index], state.w[index]  # type: ignore[index]
        assert type(found) is type(expected) and np.array_equal(found, expected)
        mirror = ROWS.copy()
        mirror[index] = 5  # type: ignore[index]
        state.w[index] = 5  # type: ignore[index]
        assert np.array_equal(state.w.read(), mirror)


def test_numbers_and_arrays_in_an_index_combine_as_in_numpy(name: str) -> None:
    # A number in front of an array, with a slice between them, puts the array's dimension first.
    cube = np.arange(24).reshape(2, 3, 4)
    with shma.create(name, {"c": cube}) as state:
        for index in [(1, slice(None), [0, 1]), (slice(0, 1), 1, [0, 1]), (0, [1], slice(None)), ([1], 0, 0)]:
            assert np.array_equal(state.c[index], cube[index])
            assert state.c[index].shape == cube[index].shape


@pytest.mark.parametrize("index", [3, -4, (0, 4), "x", 1.5, (0, 0, 0), [5], np.array([1.5]), np.ones(4, bool)])
def test_wrong_indexes_are_refused_as_numpy_refuses_them(name: str, index: object) -> None:
    with shma.create(name, {"w": ROWS}) as state:
        for call in (lambda: state.w[index], lambda: state.w.__setitem__(index, 1)):
            with pytest.raises((IndexError, TypeError)):
                call()
        assert state.w.version == 1


def test_items_are_cast_and_broadcast(name: str) -> None:
    with shma.create(name, {"n": np.zeros((2, 3), np.uint8), "x": np.float32(1)}) as state:
        state.n[...] = 7
        state.n[1] = [1, 2, 3]
        assert state.n.read().tolist() == [[7, 7, 7], [1, 2, 3]]
        for value, error in ((1.5, TypeError), (300, OverflowError), ("a", TypeError), ([1, 2], ValueError)):
            with pytest.raises(error):
                state.n[0] = value
            with pytest.raises(error):
                state.n[..., 0:3] = value
        state.x[...] = 2
        state.x[()] = state.x[()] + 1
        assert state.x.read() == 3
        assert state.n.read().tolist() == [[7, 7, 7], [1, 2, 3]]


def test_structs_are_read_and_written_by_members(name: str) -> None:
    point = shma.struct("Point", [("x", np.float32), ("at", np.int16, (2,))])
    with shma.create(name, {"p": np.zeros(3, point), "one": np.zeros((), point)}) as state:
        state.p[1] = (1.5, [2, 3])
        assert state.p["x"].tolist() == [0.0, 1.5, 0.0] and state.p["at"][1].tolist() == [2, 3]
        with pytest.raises(TypeError):
            state.p[0] = (1.5, [2.5, 3])
        with pytest.raises(TypeError):
            state.p[0] = (1.5,)
        with state.p.writing() as p:
            p["x"] += 1
        assert state.p["x"].tolist() == [1.0, 2.5, 1.0]
        state.one.write((1.0, [1, 2]))
        state.one["x"] = 4.0
        assert state.one.read()["x"] == 4.0
        assert state.p.dtype == point and state.p.read().dtype.metadata == {"shma": "Point"}


@pytest.mark.parametrize(
    "value",
    [np.array([True]), np.array(["a"]), np.array([object()]), np.zeros(0), np.zeros((2, 0)), np.longdouble(1),
     np.datetime64("2020-01-01"), np.zeros(2, ">f4"), np.zeros(2, [("x", "f4")]), "text", None],
    ids=repr,
)
def test_what_is_no_state_is_refused(name: str, value: object) -> None:
    with pytest.raises(shma.DeclarationError):
        shma.create(name, {"a": value})  # type: ignore[dict-item]


def test_wrong_attributes_are_refused(name: str) -> None:
    for said in (
        shma.field(1.0, slots=3),  # type: ignore[arg-type]
        shma.field(1.0, slots=-1),  # type: ignore[arg-type]
        shma.field(1.0, slots="4"),  # type: ignore[arg-type]
        shma.field(1.0, slots=True),
        shma.field(1.0, slots=2.0),  # type: ignore[arg-type]
        shma.field(np.float16(1), atomic=True),
    ):
        with pytest.raises(shma.DeclarationError):
            shma.create(name, {"a": said})
    with pytest.raises(shma.DeclarationError):
        shma.create(name, {"a-b": 1.0})
    with pytest.raises(shma.DeclarationError):
        shma.struct("P", np.dtype([("a", np.uint8), ("b", np.uint32)], align=True))
    with shma.create(name, {"a": shma.field(1.0, slots=np.int64(2))}) as state:  # type: ignore[arg-type]
        assert state.manifest["fields"][0]["slots"] == 2


def test_errors_are_builtins_and_can_be_pickled(name: str) -> None:
    with pytest.raises(FileNotFoundError) as found:
        shma.open(name)
    error = found.value
    assert isinstance(error, shma.NotFound) and error.region == name and error.errno == 2
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is shma.NotFound and str(again) == str(error) and again.region == name
    with shma.create(name, {"a": 1.0}) as state:
        with pytest.raises(FileExistsError) as exists:
            shma.create(name, {"a": 1.0})
        assert isinstance(exists.value, shma.AlreadyExists)
        with pytest.raises(TypeError) as other:
            shma.open(name, expect={"a": np.float32(1)})
        assert isinstance(other.value, shma.LayoutMismatch) and "a" in other.value.difference
        again = pickle.loads(pickle.dumps(other.value))
        assert again.difference == other.value.difference
        with pytest.raises(shma.Timeout) as late:
            state.a.wait_newer(timeout=0.01)
        assert late.value.field == "a" and isinstance(late.value, TimeoutError)
        with shma.open(name, read_only=True) as seen:
            assert seen.read_only and seen.a.read() == 1.0
            with pytest.raises(PermissionError):
                seen.a.write(2.0)
    with pytest.raises(shma.InvalidName):
        shma.open("../x")


@pytest.mark.parametrize("time", [-1, -0.001, float("nan"), -float("inf"), -(10**400)])
def test_times_that_are_none_are_refused(name: str, time: float) -> None:
    with shma.create(name, {"a": np.zeros(2)}) as state:
        calls = [
            lambda: state.a.read(timeout=time),
            lambda: state.a.write([1, 2], timeout=time),
            lambda: state.a.wait_newer(timeout=time),
            lambda: state.a.update(lambda new, old: None, timeout=time),
            lambda: state.a.add_scaled([1, 2], timeout=time),
            lambda: state.a.writing(timeout=time).__enter__(),
            lambda: state.snapshot(timeout=time),
            lambda: state.transaction(timeout=time).__enter__(),
            lambda: shma.open(name, wait=time),
        ]
        for call in calls:
            with pytest.raises(ValueError):
                call()
        assert state.a.version == 1


@pytest.mark.parametrize("time", [0, 1e-300, 1, 1e300, float("inf"), 10**400, None])
def test_any_other_time_is_one(name: str, time: float | None) -> None:
    with shma.create(name, {"a": np.zeros(2)}) as state:
        state.a.write([1, 2], timeout=time)
        assert state.a.read(timeout=time).tolist() == [1, 2]
        assert state.a.wait_newer(1, timeout=time) == 2
        assert state.snapshot(timeout=time).a.tolist() == [1, 2]


@pytest.mark.parametrize(("time", "error"), [(0, shma.WouldBlock), (-0.0, shma.WouldBlock), (1e-300, shma.Timeout), (1e-12, shma.Timeout)])
def test_only_zero_means_not_to_wait(name: str, time: float, error: type[Exception]) -> None:
    with shma.create(name, {"a": np.zeros(2)}) as state:
        raised: list[type[BaseException]] = []

        def write() -> None:
            try:
                state.a.write([1, 2], timeout=time)
            except shma.Error as late:
                raised.append(type(late))

        with state.a.writing():
            thread = threading.Thread(target=write)
            thread.start()
            thread.join()
        assert raised == [error]


@pytest.mark.parametrize(
    ("said", "error", "match"),
    [
        ({"mode": "600"}, TypeError, "`mode` is a number such as 0o600, and not '600'"),
        ({"mode": -1}, ValueError, "`mode` .* not -1"),
        ({"mode": 2**40}, ValueError, "`mode` .* not 1099511627776"),
        ({"persistent": 1}, TypeError, "`persistent` is True or False, and not 1"),
        ({"prefault": None}, TypeError, "`prefault` is True or False, and not None"),
        ({"huge_pages": "yes"}, TypeError, "`huge_pages` is True or False, and not 'yes'"),
        ({"state": 5}, TypeError, "declared name .* a text, and this is 5"),
        ({"state": "\ud800"}, shma.DeclarationError, "declared name .* no Unicode text"),
        ({"name": 5}, TypeError, "a name is a text, and this is 5"),
        ({"fields": {"a": [[1], [1, 2]]}}, ValueError, "field `a` takes an array or a number"),
        ({"fields": {"a": "text"}}, shma.DeclarationError, "field `a`: "),
    ],
    ids=repr,
)
def test_messages_name_the_argument_and_what_was_found(name: str, said: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        shma.create(**{"name": name, "fields": {"a": 1.0}, **said})


def test_messages_of_calls_say_what_was_found(name: str) -> None:
    with shma.create(name, {"a": np.zeros(2)}) as state:
        with pytest.raises(TypeError, match="a number of seconds, or None to wait for ever, and this is '1'"):
            state.a.write([1, 2], timeout="1")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=f"field `a` of region `{name}` takes float64, and this is no array"):
            state.a.write([[1], [1, 2]])  # type: ignore[list-item]
        with pytest.raises(TypeError, match="`read_only` is True or False"):
            shma.open(name, read_only=1)  # type: ignore[arg-type]


def test_what_a_mask_hides_is_neither_written_nor_read_into(name: str) -> None:
    # numpy's own copies show the memory behind a mask, which the caller has not meant.
    hidden = np.ma.array(np.full(4, 9.0), mask=[True, False, False, False])
    with shma.create(name, {"a": np.zeros(4), "n": shma.field(np.zeros(4, np.uint32), atomic=True)}) as state:
        writes: list[Callable[[], object]] = [
            lambda: state.a.write(hidden),
            lambda: state.a.__setitem__(..., hidden),
            lambda: state.a.update(lambda new, old: hidden),
            lambda: state.a.update_with(1, lambda new, old: hidden),
            lambda: state.a.add_scaled(hidden),
            lambda: state.a.lerp(hidden, 0.5),
            lambda: state.add_scaled({"a": hidden}),
            lambda: state["n"].write(hidden.astype(np.uint32)),
            lambda: state["n"].add(hidden.astype(np.uint32)),
            lambda: state.transaction().__enter__().__setitem__("a", hidden),
            lambda: state.a.__setitem__(0, np.ma.masked),
            lambda: shma.create(name + "-other", {"a": hidden}),
        ]
        for write in writes:
            with pytest.raises(TypeError, match="masked elements"):
                write()
        for read in (lambda: state.a.read(out=hidden), lambda: state.snapshot(out={"a": hidden})):
            with pytest.raises(ValueError, match="masked elements"):
                read()
        assert state.a.version == 1 and not state["n"].read().any()
        # A mask that hides nothing is none, and other subclasses mean their memory.
        state.a.write(np.ma.array(np.ones(4)))
        out = np.zeros(4).view(np.recarray)
        assert state.a.read(out=out) is out and out.tolist() == [1] * 4


def test_after_close_every_call_is_a_value_error(name: str) -> None:
    state = shma.create(name, {"a": np.zeros(2), "n": shma.field(np.zeros(2, np.uint64), atomic=True)})
    a, n = state.a, state.n
    state.close()
    state.close()
    calls = [
        a.read, a.read_with_version, lambda: a.read_newer(0), lambda: a.version, lambda: a.age, lambda: a[0],
        lambda: a.__setitem__(0, 1), lambda: a.write([1, 2]), lambda: a.writing().__enter__(), a.wait_newer,
        lambda: a.update(lambda new, old: None), lambda: a.update_with(1, lambda new, old: old),
        lambda: a.add_scaled([1, 2]), lambda: a.lerp([1, 2], 0.5), lambda: np.asarray(a), lambda: list(a),
        lambda: n.fetch_add(0, 1), lambda: n.add([1, 2]), lambda: n.write([1, 2]), state.read, state.snapshot,
        lambda: state.transaction().__enter__(), lambda: state["a"], lambda: list(state), lambda: len(state),
        lambda: state.update_with({"a": 1}, lambda new, old: old), lambda: state.add_scaled({"a": [1, 2]}),
        lambda: state.fingerprint, lambda: state.is_current, lambda: state.manifest, state.__enter__,
        lambda: pickle.dumps(state), lambda: "a" in state,
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()
    assert "closed" in repr(state) and "closed" in repr(a) and "closed" in state._repr_html_()
    assert name not in shma.names()


@pytest.mark.parametrize("field", ["_core", "_table", "_fields", "_arrays", "_state", "_begun", "__len__", "name", "close"])
def test_a_field_takes_no_name_of_its_handle_away(name: str, field: str) -> None:
    # Another program chooses the names of fields.
    declared = type("M", (shma.Declared,), {field: shma.array(np.float64), "z": shma.array(np.float64)})
    with declared.create(name, {field: 1.0}) as state:
        for one in (state, shma.open(name)):
            assert one[field].read() == 1.0 and one.z.read() == 0 and one.name == name and len(one) == 2
            assert one.read() == {field: 1.0, "z": 0} and field in repr(one)
            if one is not state:
                assert pickle.loads(pickle.dumps(one))[field].read() == 1.0
            with one.transaction() as t:
                t[field] += 0
            with pytest.raises(AttributeError):
                delattr(one, field)
            one.close()
    assert name not in shma.names()


def test_a_field_is_an_attribute_where_no_method_has_its_name(name: str) -> None:
    with shma.create(name, {"read": 1.0, "values": 2.0, "layers.0.w": 3.0, "x": 4.0}) as state:
        assert callable(state.read) and state["read"].read() == 1.0 and state["values"].read() == 2.0
        assert state["layers.0.w"].read() == 3.0 and state.x is state["x"] and state.x == state.x
        assert list(state) == ["read", "values", "layers.0.w", "x"] and len(state) == 4
        with pytest.raises(KeyError):
            state["y"]
        with pytest.raises(AttributeError):
            state.y  # noqa: B018
        with pytest.raises(AttributeError):
            state.x = 5
        assert hash(state) == hash(state) and bool(state.x) and not hasattr(state, "y")
        with pytest.raises(TypeError):
            len(state.x)
        with pytest.raises(TypeError):
            iter(state.x)


def test_arrays_of_a_field_are_copies(name: str) -> None:
    with shma.create(name, {"w": ROWS}) as state:
        assert np.array_equal(np.asarray(state.w), ROWS) and np.asarray(state.w, np.float64).dtype == np.float64
        with pytest.raises(ValueError):
            np.array(state.w, copy=False)
        assert np.array_equal(np.from_dlpack(state.w), ROWS) and len(state.w) == 3
        assert [row.tolist() for row in state.w] == ROWS.tolist()


def test_snapshots_declare_the_same_state(name: str) -> None:
    point = shma.struct("Point", [("x", np.float32)])
    fields = {
        "a": shma.field(np.zeros(3), slots=8, timed=True),
        "p": np.zeros(2, point),
        "n": shma.field(np.zeros(2, np.int64), atomic=True),
    }
    with shma.create(name, fields, state="Board") as state:
        snapshot = state.snapshot()
        fingerprint = state.fingerprint
        out = {"a": np.empty(3)}
        partial = state.snapshot("a", "p", out=out)
        assert partial.a is out["a"] and list(partial) == ["a", "p"] and partial.versions == {"a": 1, "p": 1}
        with pytest.raises(KeyError):
            state.snapshot("b")
        with pytest.raises(ValueError):
            state.snapshot("a", out={"a": np.empty(2)})
    again = pickle.loads(pickle.dumps(snapshot))
    for one in (snapshot, again):
        with shma.create(name, one) as state:
            assert state.fingerprint == fingerprint and state.manifest["name"] == "Board"


def test_a_class_declares_a_state(name: str) -> None:
    with Model.create(name, {"step": 5}) as model:
        assert type(model) is Model and model.step.read() == 5 and model.weights.shape == (2, 3)
        assert model.manifest["name"] == "Model" and model.hits.fetch_add(3, 1) == 0
        assert callable(model.read) and model["read"].read() == 0.0
        with Model.open_or_create(name) as second, pytest.raises(shma.LayoutMismatch):
            second.step.write(6)
            Other.open(name)
        assert model.step.read() == 6
        with pickle.loads(pickle.dumps(model)) as third:
            assert type(third) is Model and third.step.read() == 6
    with pytest.raises(KeyError):
        Model.create(name, {"stop": 5})
    with pytest.raises(ValueError):
        Model.create(name, {"weights": [1.0]})


def test_atomic_fields_have_no_semaphore(name: str) -> None:
    with shma.create(name, {"n": shma.field(np.zeros((2, 2), np.float64), atomic=True)}) as state:
        n = state.n
        assert isinstance(n, shma.AtomicField)
        assert n.fetch_add(3, 1.5) == 0 and n.fetch_max(0, 2) == 0 and n.fetch_min(0, 1) == 2
        n.add(np.ones((2, 2)))
        assert n.read().tolist() == [[2.0, 1.0], [1.0, 2.5]]
        n[0] = 7
        n[:, 1] += 1.0
        n[1, 0] = 9
        assert n.read().tolist() == [[7.0, 8.0], [9.0, 3.5]]
        n.write(np.zeros((2, 2)))
        assert n.age is None and n.version > 1
        calls = [
            lambda: n.update(lambda new, old: None), lambda: n.update_with(1, lambda new, old: old),
            lambda: n.writing(), lambda: n.add_scaled(np.ones((2, 2))), lambda: n.lerp(np.ones((2, 2)), 0.5),
            lambda: state.update_with({"n": 1}, lambda new, old: old), lambda: state.add_scaled({"n": 1}),
        ]
        for call in calls:
            with pytest.raises(TypeError):
                call()
        for index in (4, -5, 2**62, 2**70, -(2**70)):
            for call in (n.fetch_add, n.fetch_max, n.fetch_min):
                with pytest.raises(IndexError):
                    call(index, 1)
        assert n.fetch_add(-1, 5) == 0 and n.fetch_max(np.int64(-1), 4) == 5 and n[1, 1] == 5
        n[0:0] = 1
        n[np.zeros(2, bool)] = 1
        with pytest.raises(ValueError):
            n[0:0] = np.zeros((3, 2))
        assert n.read().tolist() == [[0, 0], [0, 5]]


def test_names_that_are_no_unicode_are_invalid(name: str) -> None:
    for call in (
        lambda: shma.create("\udc80", {"a": 1.0}),
        lambda: shma.open_or_create("a\udc80", {"a": 1.0}),
        lambda: shma.open("\udc80"),
        lambda: shma.unlink("\udc80"),
    ):
        with pytest.raises(shma.InvalidName):
            call()
    with pytest.raises(shma.DeclarationError):
        shma.create(name, {"\udc80": 1.0})
    with pytest.raises(shma.Error):
        shma.create(name, {"a": 1.0}, dir="")


def test_shapes_of_a_class_are_those_of_arrays(name: str) -> None:
    def declared(shape: object, **attributes: object) -> shma.State:
        field = shma.array(np.float32, shape, **attributes)  # type: ignore[call-overload]
        return type("M", (shma.Declared,), {"a": field}).create(name)  # type: ignore[attr-defined, no-any-return]

    for shape in (np.int64(3), [3], (np.uint8(3),)):
        with declared(shape) as state:
            assert state.a.shape == (3,)
    for wrong in (-1, (2, -1), 0, 2**70, 2**50):
        with pytest.raises(shma.DeclarationError):
            declared(wrong)
    for wrong_type in (3.5, "3", None):
        with pytest.raises(TypeError):
            declared(wrong_type)
    for slots in (3, -1, "4", 2**70):
        with pytest.raises(shma.DeclarationError):
            declared(3, slots=slots)


def test_states_and_transactions_are_not_made_by_hand(name: str) -> None:
    for made in (shma.State, shma.Declared, shma.Field, shma.AtomicField, shma.Transaction):
        with pytest.raises(TypeError):
            made()  # type: ignore[call-arg]
    with shma.create(name, {"a": 1.0}) as state, state.transaction() as t:
        for call in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                call(t)
