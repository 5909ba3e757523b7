"""shma beside numpy over multiprocessing.shared_memory with a Lock, in one run.

    python benches/against_numpy.py [--seconds 0.3] [--picture benches/speed.png]

Both sides of a row are measured in short turns, one after the other. A time is the median of its turns, and a ratio
the median of the ratios of neighbouring turns, so that other load hits both sides alike.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing import shared_memory
from multiprocessing.connection import Connection

import numpy as np

import shma

SIZES = [64, 4 << 10, 64 << 10, 1 << 20, 16 << 20]
#: Seconds of a turn: short, so that some turns meet no other load.
BATCH = 0.0005


#: Seconds for a call of shma, for one of numpy, and their ratio.
Measured = tuple[float, float, float]


def medians(pairs: list[tuple[float, float]]) -> Measured:
    ours, theirs = zip(*pairs)
    return statistics.median(ours), statistics.median(theirs), statistics.median(a / b for a, b in pairs)


def compared(ours: Callable[[], object], theirs: Callable[[], object], seconds: float) -> Measured:
    """Two calls in this process."""
    calls = [ours, theirs]
    counts = []
    for call in calls:
        call()
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < BATCH:
            call()
            count += 1
        counts.append(count)
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds * 2
    while time.perf_counter() < end or len(pairs) < 5:
        # Each side comes first in every other round.
        turn = {}
        for at in (0, 1) if len(pairs) % 2 else (1, 0):
            start = time.perf_counter()
            for _ in range(counts[at]):
                calls[at]()
            turn[at] = (time.perf_counter() - start) / counts[at]
        pairs.append((turn[0], turn[1]))
    return medians(pairs)


def answer(reads: list[Callable[[], object]], ask: Connection) -> None:
    """The other process: reads when it is asked to, and says how long that took."""
    while (which := ask.recv()) is not None:
        start = time.perf_counter()
        reads[which]()
        ask.send(time.perf_counter() - start)


def in_turns(
    writes: list[Callable[[], object]], reads: list[Callable[[], object]], seconds: float
) -> tuple[Measured, Measured]:
    """Writes of this process and reads of another, in turns: shma's and numpy's."""
    context = multiprocessing.get_context("fork")
    ask, asked = context.Pipe()
    other = context.Process(target=answer, args=(reads, asked))
    other.start()
    written: list[tuple[float, float]] = []
    read: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds * 4
    while time.perf_counter() < end or len(written) < 5:
        wrote, took = {}, {}
        for which in (0, 1) if len(written) % 2 else (1, 0):
            start = time.perf_counter()
            writes[which]()
            wrote[which] = time.perf_counter() - start
            ask.send(which)
            took[which] = ask.recv()
        written.append((wrote[0], wrote[1]))
        read.append((took[0], took[1]))
    ask.send(None)
    other.join()
    return medians(written), medians(read)


def rows(size: int, seconds: float) -> list[tuple[str, Measured, float | None]]:
    """What was done, how long it took, and the ratio that it may have at most."""
    value = np.random.default_rng(1).standard_normal(size // 4).astype(np.float32)
    new, into = value * 0.5, np.empty_like(value)
    memory = shared_memory.SharedMemory(create=True, size=size)
    lock = multiprocessing.Lock()
    array = np.ndarray(value.shape, value.dtype, memory.buf)
    array[:] = value
    alpha = np.float32(1e-9)
    state = shma.create(f"bench-{os.getpid()}", {"w": value})
    field = state.w

    def numpy_read() -> object:
        with lock:
            return array.copy()

    def numpy_read_into() -> None:
        with lock:
            into[:] = array

    def numpy_write() -> None:
        with lock:
            array[:] = new

    def numpy_add() -> None:
        with lock:
            array[:] = array + alpha * new

    def numpy_in_place() -> None:
        with lock:
            np.add(array, new, out=array)

    def add(now: np.ndarray, old: np.ndarray) -> None:
        np.add(old, new, out=now)

    def shma_writing() -> None:
        with field.writing() as w:
            np.add(w, new, out=w)

    target_add = 0.5 if size <= 64 << 10 else 0.7
    pairs: list[tuple[str, Callable[[], object], Callable[[], object], float | None]] = [
        ("read", field.read, numpy_read, 1.0),
        ("read into an array", lambda: field.read(out=into), numpy_read_into, 1.0),
        ("write", lambda: field.write(new), numpy_write, 1.0),
        ("`add_scaled` / `a[:] = a + alpha * g`", lambda: field.add_scaled(new, alpha), numpy_add, target_add),
        ("`update` / `np.add(a, g, out=a)`", lambda: field.update(add), numpy_in_place, None),
        ("`writing` / `np.add(a, g, out=a)`", shma_writing, numpy_in_place, None),
    ]
    try:
        found = [(what, compared(ours, theirs, seconds), target) for what, ours, theirs, target in pairs]
        write, read = in_turns(
            [lambda: field.write(new), numpy_write], [lambda: field.read(out=into), numpy_read_into], seconds
        )
        return [*found, ("write, read elsewhere", write, 1.0), ("read, written elsewhere", read, 1.0)]
    finally:
        state.close()
        del array
        memory.close()
        memory.unlink()


def shown(seconds: float) -> str:
    return f"{seconds * 1e9:.0f} ns" if seconds < 1e-6 else f"{seconds * 1e6:.3g} µs"


def sized(size: int) -> str:
    return f"{size} B" if size < 1024 else f"{size >> 10} KiB" if size < 1 << 20 else f"{size >> 20} MiB"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=0.3, help="for each side of each row")
    arguments.add_argument("--picture", help="a picture, by matplotlib")
    given = arguments.parse_args()
    print("| bytes | call | shma | numpy + Lock | ratio | target |\n|---:|---|---:|---:|---:|---:|")
    ratios: dict[str, list[float]] = {}
    for size in SIZES:
        for what, (ours, theirs, ratio), target in rows(size, given.seconds):
            ratios.setdefault(what, []).append(ratio)
            met = "" if target is None else f"{target}" if ratio <= target else f"{target}, missed"
            print(f"| {sized(size)} | {what} | {shown(ours)} | {shown(theirs)} | {ratio:.2f} | {met} |", flush=True)
    if given.picture:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plot

        plot.figure(figsize=(8, 4.5))
        for what, line in ratios.items():
            plot.plot([sized(size) for size in SIZES], line, marker="o", label=what.replace("`", ""))
        plot.axhline(1, color="grey", linewidth=0.8)
        plot.yscale("log")
        plot.ylabel("time of shma / time of numpy + Lock")
        plot.legend(fontsize=7)
        plot.tight_layout()
        plot.savefig(given.picture, dpi=110)


if __name__ == "__main__":
    main()
