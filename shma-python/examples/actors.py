"""A learner publishes a policy, and actors follow it by `wait_newer`.

Each actor waits for a policy, acts by it, and adds the reward to a count that has no semaphore. An actor that is
slow misses policies, and never holds up the learner.

    python actors.py [--actors 2] [--policies 50] [--plot FILE.png]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os

import numpy as np

import shma

BEST = np.array([0.3, -0.7, 0.2, 0.9])


class Board(shma.Declared):
    """A Rust program opens it as a struct `Board` with these fields."""

    policy: shma.Field[np.float64] = shma.array(np.float64, 4)
    done: shma.Field[np.uint8] = shma.array(np.uint8)
    reward: shma.AtomicField[np.float64] = shma.array(np.float64, 2, atomic=True)


def act(board: Board) -> None:
    rng = np.random.default_rng(os.getpid())
    policy, seen = np.empty(4), 0
    while not board.done.read():
        try:
            seen = board.policy.wait_newer(seen, timeout=0.2)
        except shma.Timeout:
            continue
        board.policy.read(out=policy)
        action = policy + 0.05 * rng.standard_normal(4)
        # The sum of the rewards, and how many there were.
        board.reward.add([-float(np.square(action - BEST).sum()), 1.0])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--actors", type=int, default=2)
    arguments.add_argument("--policies", type=int, default=50)
    arguments.add_argument("--plot", help="a picture of the rewards, by matplotlib")
    given = arguments.parse_args()
    with Board.create(f"actors-{os.getpid()}") as board:
        actors = [multiprocessing.Process(target=act, args=(board,)) for _ in range(given.actors)]
        for actor in actors:
            actor.start()
        means: list[float] = []
        for step in range(given.policies):
            seen = board.reward.version
            board.policy.add_scaled(BEST - board.policy.read(), 0.1)
            board.reward.wait_newer(seen, timeout=30)
            total, count = board.reward.read()
            board.reward.write([0.0, 0.0])
            means.append(total / max(count, 1.0))
            print(f"\rpolicy {step + 1}/{given.policies}: mean reward {means[-1]:8.4f}", end="", flush=True)
        board.done.write(1)
        for actor in actors:
            actor.join()
    print()
    if given.plot:
        import matplotlib

        # Without a screen.
        matplotlib.use("Agg")
        import matplotlib.pyplot as plot

        plot.plot(means)
        plot.xlabel("policy")
        plot.ylabel("mean reward")
        plot.savefig(given.plot)


if __name__ == "__main__":
    main()
