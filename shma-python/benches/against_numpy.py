"""shma beside numpy over multiprocessing.shared_memory with a Lock, in one run.

    python benches/against_numpy.py [--seconds 0.2] [--picture benches/speed.png] [--markdown]

Each row is measured in short turns, and the best turn of each side counts, so that other load hits both alike.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing import shared_memory

import numpy as np

import shma

SIZES = [64, 4 << 10, 64 << 10, 1 << 20, 16 << 20]
#: Seconds of a turn: short, so that some turns meet no other load.
BATCH = 0.0005


def best(calls: list[Callable[[], object]], seconds: float) -> list[float]:
    """Seconds for each call."""
    counts = []
    for call in calls:
        call()
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < BATCH:
            call()
            count += 1
        counts.append(count)
    found = [float("inf")] * len(calls)
    end = time.perf_counter() + seconds * len(calls)
    while time.perf_counter() < end:
        for at, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(counts[at]):
                call()
            found[at] = min(found[at], (time.perf_counter() - start) / counts[at])
    return found


def rows(size: int, seconds: float) -> list[tuple[str, float, float, float | None]]:
    """What was done, seconds by shma, seconds by numpy, and the ratio that it may have at most."""
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
        found = []
        for what, ours, theirs, target in pairs:
            a, b = best([ours, theirs], seconds)
            found.append((what, a, b, target))
        return found
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
    arguments.add_argument("--seconds", type=float, default=0.2, help="for each side of each row")
    arguments.add_argument("--picture", help="a picture, by matplotlib")
    given = arguments.parse_args()
    print("| bytes | call | shma | numpy + Lock | ratio | target |\n|---:|---|---:|---:|---:|---:|")
    ratios: dict[str, list[float]] = {}
    for size in SIZES:
        for what, ours, theirs, target in rows(size, given.seconds):
            ratio = ours / theirs
            ratios.setdefault(what, []).append(ratio)
            met = "" if target is None else f"{target}" if ratio <= target else f"{target}, missed"
            print(f"| {sized(size)} | {what} | {shown(ours)} | {shown(theirs)} | {ratio:.2f} | {met} |", flush=True)
    if given.picture:
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
