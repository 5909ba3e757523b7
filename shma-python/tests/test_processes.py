"""States that processes share, whichever way they start and end."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest

import shma

METHODS = ["fork", "spawn", "forkserver"]


def until(condition: Any, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.002)


def wait_longer_than_a_slice() -> None:
    """What another process waits for comes after it has looked several times."""
    begun = time.monotonic()
    until(lambda: time.monotonic() > begun + 0.3)


def add(state: shma.State, count: int) -> None:
    for _ in range(count):
        state.count.update(lambda new, old: old + 1)
        state.row.add_scaled(np.ones(64))
        state["hits"].fetch_add(1, 1)
        state["hits"].add([1, 0])


def add_to_field(field: Any, count: int) -> int:
    for _ in range(count):
        field.update(lambda new, old: old + 1)
    return os.getpid()


def make(name: str) -> shma.State:
    fields = {
        "count": np.uint64(0),
        "row": np.zeros(64),
        "hits": shma.field(np.zeros(2, np.uint64), atomic=True),
    }
    return shma.create(name, fields, state="Sum")


@pytest.mark.parametrize("method", METHODS)
def test_children_add_exactly(name: str, method: str) -> None:
    context = multiprocessing.get_context(method)
    with make(name) as state:
        children = [context.Process(target=add, args=(state, 300)) for _ in range(3)]
        for child in children:
            child.start()
        add(state, 300)
        for child in children:
            child.join()
            assert child.exitcode == 0
        assert state.count.read() == 1200 and (state.row.read() == 1200).all()
        assert state["hits"].read().tolist() == [1200, 1200]


@pytest.mark.parametrize("method", METHODS)
def test_pools_take_fields(name: str, method: str) -> None:
    context = multiprocessing.get_context(method)
    with make(name) as state:
        with context.Pool(2) as pool:
            pool.starmap(add_to_field, [(state.count, 50)] * 4)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            list(pool.map(add_to_field, [state.count] * 4, [50] * 4))
        assert state.count.read() == 400


def test_two_of_python_and_one_of_rust_add_exactly(name: str, peer: str) -> None:
    with make(name) as state:
        rust = subprocess.Popen([peer, "add", name, "2000"])
        child = multiprocessing.get_context("spawn").Process(target=add, args=(state, 2000))
        child.start()
        add(state, 2000)
        child.join()
        assert rust.wait() == 0 and child.exitcode == 0
        assert state.count.read() == 6000 and (state.row.read() == 6000).all()
        assert state["hits"].read().tolist() == [4000, 6000]


def kinds() -> dict[str, Any]:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    point = shma.struct("Point", [("x", np.float32), ("at", np.float32, (3,))])
    u128 = np.dtype("V16", metadata={"shma": "u128"})  # type: ignore[call-overload]
    i128 = np.dtype("V16", metadata={"shma": "i128"})  # type: ignore[call-overload]
    return {
        "a": np.uint8(1),
        "b": np.array([1, 2, 65535], np.uint16),
        "c": np.array([[1, 2], [3, 2**32 - 1]], np.uint32),
        "d": np.uint64(2**64 - 1),
        "e": np.int8(-1),
        "f": np.array([-1, 2, -(2**15)], np.int16),
        "g": np.int32(-(2**31)),
        "h": np.array([-(2**63), 2**63 - 1], np.int64),
        "i": np.float32(0.5),
        "j": np.array([-0.0, 1e300]),
        "k": np.array([1.5, -2], np.float16),
        "l": np.array([1.5, -2], ml_dtypes.bfloat16),
        "m": np.complex64(1 - 1j),
        "n": np.array([1 + 2j, 3 + 4j]),
        "o": np.frombuffer((1).to_bytes(16, "little") + b"\xff" * 16, u128),
        "p": np.frombuffer((-2).to_bytes(16, "little", signed=True), i128).reshape(()),
        "q": np.array([(1, [2, 3, 4]), (5, [6, 7, 8])], point),
        "r": shma.field(np.array([1, 2, 3, 4], np.uint64), atomic=True),
        "s": shma.field(np.float64(7), slots=8, timed=True),
        "layers.0.weight": np.array([[1, 2, 3], [4, 5, 6]], np.float32),
    }


def test_every_dtype_is_the_rust_type_byte_for_byte(name: str, peer: str) -> None:
    with shma.create(name, kinds(), state="Kinds") as state:
        checked = subprocess.run([peer, "check", name], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        assert int(checked.stdout) == state.fingerprint
        ours = pathlib.Path(f"/dev/shm/shma.{name}").read_bytes()
    rust = subprocess.Popen([peer, "create", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert rust.stdout is not None and rust.stdin is not None
    fingerprint = int(rust.stdout.readline())
    theirs = pathlib.Path(f"/dev/shm/shma.{name}").read_bytes()
    assert len(ours) == len(theirs)
    with shma.open(name, expect=kinds(), state="Kinds") as state:
        assert state.fingerprint == fingerprint
        for field, said in kinds().items():
            value = np.asarray(said.value if isinstance(said, shma.Attributes) else said)
            assert state[field].dtype == value.dtype and state[field].shape == value.shape
            read = np.asarray(state[field].read(), value.dtype)
            assert read.tobytes() == value.tobytes(), field
            at = next(one for one in state.manifest["fields"] if one["name"] == field)
            first, size = at["slots_at"], value.nbytes
            assert ours[first : first + size] == theirs[first : first + size] == value.tobytes()
            # What was read can be written.
            state[field].write(state[field].read())
        assert state["o"].write(bytes(32)) == 3 and state["o"].read().tobytes() == bytes(32)
    rust.stdin.close()
    assert rust.wait() == 0
    rust.stdout.close()


def test_a_fork_child_is_attached_when_its_code_runs(name: str) -> None:
    # A parent that closes at once does not take the region from its child.
    for _ in range(20):
        state = make(name)
        field = state.count
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(write)
                os.read(read, 1)
                field.write(7)
                good = field.read() == 7 and state.is_current and name in shma.names()
                state.close()
                os._exit(0 if good and name not in shma.names() else 1)
            finally:
                os._exit(2)
        state.close()
        os.close(read)
        os.close(write)
        assert os.waitpid(child, 0)[1] == 0
        assert name not in shma.names()


def test_a_fork_child_that_cannot_attach_says_why(name: str, script: Any) -> None:
    code = """
import os, resource, sys, shma
state = shma.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
try:
    while True: os.dup(0)
except OSError: pass
child = os.fork()
if child == 0:
    try: state.count.write(1)
    except shma.SystemCallFailed as error: print(error.errno, error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(state.count.write(2), flush=True)
"""
    with make(name):
        alone = script(code, name)
        number, _, text = alone.line().partition(" ")
        assert int(number) == errno.EMFILE and name in text and "RLIMIT_NOFILE" in text
        assert alone.line() == "2" and alone.process.wait() == 0


def test_a_child_forked_inside_an_update_cannot_end_it(name: str) -> None:
    with make(name) as state:

        def child_of(call: Any) -> str:
            read, write = os.pipe()
            parent = os.getpid()
            try:
                call()
                said = "published"
            except shma.Forked:
                said = "forked"
            except BaseException as error:
                said = repr(error)
            if os.getpid() != parent:
                os.write(write, said.encode())
                os._exit(0)
            os.wait()
            os.close(write)
            answer = os.read(read, 1000).decode()
            os.close(read)
            assert said == "published"
            return answer

        def writing() -> None:
            with state.count.writing() as count:
                count += 1
                os.fork()

        def transaction() -> None:
            with state.transaction() as t:
                t.count += 1
                os.fork()

        assert child_of(lambda: state.count.update(lambda new, old: os.fork() and None)) == "forked"
        assert child_of(writing) == "forked"
        assert child_of(transaction) == "forked"
        assert state.count.read() == 2 and state.count.write(9, timeout=0)


KILLED = """
import sys, time, shma
state = shma.open(sys.argv[1])
def stay(*_):
    print("inside", flush=True)
    time.sleep(600)
way = sys.argv[2]
if way == "update":
    state.count.update(lambda new, old: stay())
elif way == "update_with":
    state.row.update_with(1, lambda new, old: stay())
elif way == "writing":
    with state.count.writing() as count:
        count += 1
        stay()
elif way == "transaction":
    with state.transaction() as t:
        t.count += 1
        t.row += 1
        stay()
"""


@pytest.mark.parametrize("way", ["update", "update_with", "writing", "transaction"])
def test_a_killed_holder_loses_its_change_and_nothing_else(name: str, way: str, script: Any) -> None:
    with make(name) as state:
        state.count.write(5)
        killed = script(KILLED, name, way)
        assert killed.line() == "inside"
        holds = state.row if way == "update_with" else state.count
        with pytest.raises(shma.Timeout) as late:
            holds.write(holds.read(), timeout=0.05)
        assert late.value.holder_pid == killed.process.pid
        killed.kill()
        add(state, 1)
        assert state.count.read() == 6 and (state.row.read() == 1).all()


def test_kills_at_any_time_leave_whole_values(name: str, script: Any) -> None:
    code = """
import sys, numpy as np, shma
state = shma.open(sys.argv[1])
print("go", flush=True)
while True:
    state.row.update(lambda new, old: old + 1)
    with state.row.writing() as w: w += 1
    state.row.add_scaled(np.ones(64))
    with state.transaction() as t: t.row += 1; t.count += 1
"""
    with make(name) as state:
        for at in range(6):
            killed = script(code, name)
            assert killed.line() == "go"
            seen = state.row.version
            until(lambda: state.row.version > seen + 20 + at)
            killed.kill()
            row = state.row.read()
            assert (row == row[0]).all()
            state.row.write(row)


def work_as_one(state: shma.State) -> None:
    while True:
        with state.transaction() as t:
            t.a += 1
            t.b += 1


def test_snapshots_are_of_one_instant(name: str) -> None:
    # So large that it takes a while to publish the one after the other.
    with shma.create(name, {"a": np.zeros(100_000), "b": np.zeros(100_000)}) as state:

        def check(seen: shma.Snapshot) -> None:
            assert (seen.a == seen.a[0]).all() and (seen.b == seen.a[0]).all()

        child = multiprocessing.get_context("fork").Process(target=work_as_one, args=(state,))
        child.start()
        try:
            out = {"a": np.empty(100_000)}
            until(lambda: state.a.version > 1)
            for at in range(200):
                check(state.snapshot("b", "a", out=out if at % 2 else None))
        finally:
            child.kill()
            child.join()
        # Killed at whatever place of a transaction.
        check(state.snapshot())


def test_a_region_may_get_its_directory_later(name: str, tmp_path: pathlib.Path, script: Any) -> None:
    code = (
        "import sys, shma\nprint('go', flush=True)\n"
        "print(shma.open(sys.argv[1], dir=sys.argv[2], wait=60).n.read(), flush=True)"
    )
    later = tmp_path / "later"
    waiting = script(code, name, str(later))
    assert waiting.line() == "go"
    wait_longer_than_a_slice()
    later.mkdir()
    with shma.create(name, {"n": np.int64(3)}, dir=later):
        assert waiting.line() == "3" and waiting.process.wait() == 0


def test_another_user_s_region_and_want_of_room_are_errors_of_their_own(name: str, tmp_path: pathlib.Path) -> None:
    huge = type("Huge", (shma.Declared,), {"a": shma.array(np.float64, 4_000_000_000, slots=8)})
    with pytest.raises(OSError) as full:
        huge.create(name)
    assert type(full.value) is shma.NoSpace and full.value.errno == errno.ENOSPC
    with pytest.raises(shma.SystemCallFailed) as missing:
        shma.create(name, {"a": 1.0}, dir=tmp_path / "no")
    assert missing.value.errno == errno.ENOENT and missing.value.region == name
    if os.getuid() != 0:
        pytest.skip("only root can be two users")
    with make(name):
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                shma.open(name)
            except shma.ForeignOwner as error:
                os._exit(0 if isinstance(error, PermissionError) and error.errno else 3)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0


INTERRUPTED = """
import asyncio, signal, sys, threading, shma, numpy as np
# A shell that starts the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
way = sys.argv[2]
state = shma.open(sys.argv[1], read_only=way in ("read", "read_newer", "snapshot"))
calls = {
    "wait_newer": lambda: state.count.wait_newer(),
    "write": lambda: state.count.write(1),
    "update": lambda: state.count.update(lambda new, old: None),
    "update_with": lambda: state.count.update_with(1, lambda new, old: old),
    "writing": lambda: state.count.writing().__enter__(),
    "transaction": lambda: state.transaction().__enter__(),
    "add_scaled": lambda: state.row.add_scaled(np.ones(64)),
    "set": lambda: state.row.__setitem__(slice(0, 2), 1),
    "open": lambda: shma.open(sys.argv[1] + "-never", wait=600),
    "wait_newer_async": lambda: asyncio.run(state.count.wait_newer_async()),
    "all add_scaled": lambda: state.add_scaled({"row": np.ones(64)}),
    "rows": lambda: state.row.writing(3).__enter__(),
    "read": lambda: state.row.read(),
    "read_newer": lambda: state.row.read_newer(9),
    "snapshot": lambda: state.snapshot(),
}
print("ready", flush=True)
try:
    calls[way]()
    print("returned", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
if way != "open":
    print(state.count.read(), flush=True)
"""


@pytest.mark.parametrize(
    "way",
    ["wait_newer", "write", "update", "update_with", "writing", "transaction", "add_scaled", "set", "open",
     "wait_newer_async", "all add_scaled", "rows", "read", "read_newer", "snapshot"],
)
def test_ctrl_c_ends_every_wait(name: str, way: str, script: Any) -> None:
    with make(name) as state:
        if way in ("read", "read_newer", "snapshot"):
            # A publication of the row that seems to have begun for ever, beside which no reader gets a value.
            at = next(field["offset"] for field in state.manifest["fields"] if field["name"] == "row")
            with open(f"/dev/shm/shma.{name}", "r+b") as file:
                file.seek(at + 8)
                file.write((2**40).to_bytes(8, "little"))
        with state.transaction():
            waiting = script(INTERRUPTED, name, way)
            assert waiting.line() == "ready"
            # Not before it sleeps in the call, which shows as a thread that does not run.
            stat = pathlib.Path(f"/proc/{waiting.process.pid}/stat")
            until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S")
            waiting.process.send_signal(signal.SIGINT)
            assert waiting.line() == "interrupted"
            if way != "open":
                assert waiting.line() == "0"
        assert waiting.process.wait() == 0
        assert state.count.write(1, timeout=60)


def test_other_threads_run_while_one_waits(name: str, script: Any) -> None:
    code = """
import sys, threading, shma
state = shma.open(sys.argv[1])
ticks = []
waiter = threading.Thread(target=lambda: state.count.write(5))
waiter.start()
for tick in range(100000):
    ticks.append(tick)
print("ran", flush=True)
sys.stdin.readline()
waiter.join()
print(state.count.read(), flush=True)
"""
    with make(name) as state:
        with state.count.writing():
            other = script(code, name)
            assert other.line() == "ran"
        other.tell("over")
        assert other.line() == "5" and other.process.wait() == 0


ENDS = {
    "return": "",
    "exit": "sys.exit(3)",
    "raise": "raise RuntimeError('on purpose')",
    "thread": "threading.Thread(target=lambda: time.sleep(0.05)).start()",
    "daemon wait": (
        "threading.Thread(target=state.a.wait_newer, daemon=True).start()\n"
        "threading.Thread(target=lambda: held.a.write(1), daemon=True).start()"
    ),
    "interrupt": (
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    ),
    "cycle": "class C: pass\nc = C(); c.c = c; c.state = state",
    "module": "sys.modules['kept'] = state",
    "async": (
        "import asyncio\n"
        "async def main():\n"
        "    asyncio.create_task(state.a.wait_newer_async())\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())"
    ),
    "inside": "block = state.a.writing(); block.__enter__()",
    "children": (
        "import multiprocessing\n"
        "multiprocessing.get_context('fork').Process(target=time.sleep, args=(0.2,)).start()"
    ),
    "pool": (
        "import multiprocessing\n"
        "pool = multiprocessing.get_context('fork').Pool(2); pool.map(abs, [1, 2])"
    ),
    "handler": "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); os.kill(os.getpid(), signal.SIGTERM)",
}


@pytest.mark.parametrize("end", ENDS)
def test_every_way_to_exit_leaves_nothing_behind(name: str, end: str) -> None:
    code = (
        "import os, signal, sys, threading, time, shma\n"
        "state = shma.create(sys.argv[1], {'a': 1.0})\n"
        "field = state.a\n"
        "held = state\n"
        f"{ENDS[end]}\n"
    )
    subprocess.run([sys.executable, "-c", code, name], stderr=subprocess.DEVNULL, timeout=100)
    assert name not in shma.names()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("end", ["return", "raise", "exit", "terminate"])
def test_children_leave_though_multiprocessing_ends_them(name: str, method: str, end: str) -> None:
    # The region goes with the parent although each child has an attachment of its own.
    context = multiprocessing.get_context(method)
    with make(name) as state:
        child = context.Process(target=ends, args=(state, end))
        child.start()
        until(lambda: state.count.read() == 1)
        if end == "terminate":
            child.terminate()
        child.join()
    assert name not in shma.names()


def ends(state: shma.State, end: str) -> None:
    sys.stderr = open(os.devnull, "w")
    state.count.write(1)
    if end == "raise":
        raise RuntimeError
    if end == "exit":
        sys.exit(4)
    if end == "terminate":
        time.sleep(600)


def test_a_child_takes_the_region_along_if_it_is_the_last(name: str) -> None:
    state = make(name)
    go = multiprocessing.get_context("fork").Event()
    child = multiprocessing.get_context("fork").Process(target=waits, args=(state, go))
    child.start()
    state.close()
    assert name in shma.names()
    go.set()
    child.join()
    assert child.exitcode == 0 and name not in shma.names()


def waits(state: shma.State, go: Any) -> None:
    go.wait(60)
    state.count.write(2)


def test_a_process_that_started_children_leaves_after_them(name: str, tmp_path: pathlib.Path) -> None:
    # A child of spawn has no attachment until it opens the region, which is after its parent's last line.
    program = tmp_path / "parent.py"
    program.write_text("""
import multiprocessing, sys, time, shma
def child(name):
    state = shma.open(name)      # NotFound if the parent had left at exit
    state.a.write(2.0)
if __name__ == "__main__":
    state = shma.create(sys.argv[1], {"a": 1.0})
    one = multiprocessing.get_context("spawn").Process(target=child, args=(sys.argv[1],))
    one.start()
""")
    ended = subprocess.run([sys.executable, program, name], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "") and name not in shma.names()


def test_pickled_handles_are_of_the_same_instance(name: str) -> None:
    state = make(name)
    text, field = pickle.dumps(state), pickle.dumps(state.count)
    with pickle.loads(text) as again:
        again.count.write(3)
        assert state.count.read() == 3 and pickle.loads(field).read() == 3
    state.close()
    for one in (text, field):
        with pytest.raises(shma.Retired):
            pickle.loads(one)
    with make(name):
        for one in (text, field):
            with pytest.raises(shma.Retired):
                pickle.loads(one)


def test_a_retired_region_says_so(name: str) -> None:
    with make(name) as state:
        shma.unlink(name)
        assert not state.is_current
        state.count.write(4)
        with pytest.raises(shma.Retired):
            state.count.wait_newer(timeout=60)
        child = os.fork()
        if child == 0:
            try:
                assert state.count.read() == 4
                state.count.write(5)
            except shma.Retired:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(shma.NotFound):
            shma.unlink(name)


def test_only_one_of_many_creates(name: str) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool, shma.open_or_create(name, {"n": np.int64(0)}) as state:
        pool.map(open_and_add, [name] * 40)
        assert state.n.read() == 40


def open_and_add(name: str) -> None:
    with shma.open_or_create(name, {"n": np.int64(0)}) as state:
        state.n.update(lambda new, old: old + 1)


def test_open_waits_for_the_region(name: str, script: Any) -> None:
    code = "import sys, shma\nprint('go', flush=True)\nprint(shma.open(sys.argv[1], wait=60).count.read(), flush=True)"
    waiting = script(code, name)
    assert waiting.line() == "go"
    wait_longer_than_a_slice()
    with make(name):
        assert waiting.line() == "0"
        assert waiting.process.wait() == 0


def test_regions_lie_in_other_directories_too(name: str, tmp_path: pathlib.Path) -> None:
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        with shma.create(name, {"n": np.int64(1)}, dir=".") as state:
            os.chdir("/")
            assert shma.names(dir=tmp_path) == [name] and pickle.loads(pickle.dumps(state)).n.read() == 1
            child = os.fork()
            if child == 0:
                try:
                    os._exit(int(state.n.write(2)) - 2)
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0 and state.n.read() == 2
        assert shma.names(dir=tmp_path) == []
        with pytest.raises(shma.Error):
            shma.create(name, {"n": np.int64(1)}, dir=tmp_path / "no")
    finally:
        os.chdir(here)
