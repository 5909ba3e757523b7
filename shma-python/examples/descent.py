"""Gradient descent by several processes on one state: SHMArrays' example.

Each worker fits a plane to points of its own, and publishes `state - alpha * gradient` part by part.

    python descent.py [--workers 3] [--steps 300]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os

import numpy as np

import shma

TRUE_WEIGHTS, TRUE_BIAS = np.array([1.5, -2.0, 0.5]), 4.0
ALPHA = 0.05


def points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((200, 3))
    return x, x @ TRUE_WEIGHTS + TRUE_BIAS + 0.01 * rng.standard_normal(200)


def work(state: shma.State, seed: int, steps: int) -> None:
    x, y = points(seed)
    for _ in range(steps):
        now = state.read()
        error = x @ now["weights"] + now["bias"] - y
        gradient = {"weights": x.T @ error / len(y), "bias": error.mean()}
        state.update_with(gradient, lambda new, old: old - ALPHA * new)
        state.steps.fetch_add(0, 1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--workers", type=int, default=3)
    arguments.add_argument("--steps", type=int, default=300)
    given = arguments.parse_args()
    fields = {"weights": np.zeros(3), "bias": 0.0, "steps": shma.field(np.uint64(0), atomic=True)}
    with shma.create(f"descent-{os.getpid()}", fields) as state:
        workers = [
            multiprocessing.Process(target=work, args=(state, seed, given.steps))
            for seed in range(given.workers)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        end = state.snapshot()
    print(f"after {end.steps} steps: weights {end.weights.round(3)}, bias {end.bias:.3f}")
    print(f"what made the points:   weights {TRUE_WEIGHTS}, bias {TRUE_BIAS:.3f}")


if __name__ == "__main__":
    main()
