"""Workers of numpy and workers of Rust train one network on handwritten digits.

The training is one of the program `sgd` in this repository, which makes the regions and gives out batches:

    cargo run --release -p shma-examples --bin sgd -- --workers 1 --more digits
    python shma-python/examples/digits.py digits [--workers 2] [--plot FILE.png]

Both begin when both are there, whichever is started first. Each worker of this program takes a batch at the desk,
as those of Rust do, reads the parameters, and adds its step to them. One that is killed loses its batch, which
another worker does.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import pathlib
import time
from typing import Any

# A worker is a process; threads of its own would take the cores of the others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import shma

IMAGES = pathlib.Path(__file__).parents[2] / "examples" / "data" / "mnist_5k.csv.gz"

#: The parameters, as the struct `Model` of `sgd` declares them.
PARAMETERS = ("w1", "b1", "w2", "b2")


def images() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels and labels to learn, pixels and labels to be tested with: every fifth image."""
    with gzip.open(IMAGES, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    pixels, labels = rows[:, :784].astype(np.float32) / 255, rows[:, 784]
    test = np.arange(len(rows)) % 5 == 4
    return pixels[~test], labels[~test], pixels[test], labels[test]


def outputs(model: dict[str, np.ndarray], pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.maximum(pixels @ model["w1"].T + model["b1"], 0)
    return hidden, hidden @ model["w2"].T + model["b2"]


def gradient(
    model: dict[str, np.ndarray], pixels: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, np.ndarray], float]:
    """The gradient of the mean cross-entropy, and that loss."""
    hidden, output = outputs(model, pixels)
    output = np.exp(output - output.max(axis=1, keepdims=True))
    output /= output.sum(axis=1, keepdims=True)
    own = np.arange(len(labels)), labels
    loss = -float(np.log(output[own]).mean())
    output[own] -= 1
    output /= np.float32(len(labels))
    back = (output @ model["w2"]) * (hidden > 0)
    steps = {"w1": back.T @ pixels, "b1": back.sum(axis=0), "w2": output.T @ hidden, "b2": output.sum(axis=0)}
    return steps, loss


class Seat:
    """A seat at the desk, from the last one on: the first ones are for the workers of Rust."""

    def __init__(self, desk: shma.State) -> None:
        self.work = desk["work"]
        with self.work.writing() as work:
            free = np.flatnonzero(work["seats"]["taken"] == 0)
            if not len(free):
                raise SystemExit("every seat at the desk is taken")
            self.number = int(free[-1])
            # The number of this process: whether it lives is what the desk's leader looks at.
            work["seats"]["taken"][self.number] = os.getpid()

    def take(self) -> int | None:
        """A batch, unless other workers have taken the last."""
        with self.work.writing() as work:
            if not has_waiting(work):
                return None
            if work["returned_count"]:
                work["returned_count"] -= 1
                batch = int(work["returned"][work["returned_count"]])
            else:
                batch = int(work["next"])
                work["next"] += 1
            work["seats"]["batch"][self.number] = batch + 1
            return batch

    def hand_in(self, loss: float) -> None:
        with self.work.writing() as work:
            work["seats"]["batch"][self.number] = 0
            work["done"] += 1
            work["others"] += 1
            work["loss"] += loss

    def leave(self) -> None:
        """The batch of this seat, if there is one, waits again."""
        with self.work.writing() as work:
            if work["seats"]["batch"][self.number]:
                work["returned"][work["returned_count"]] = work["seats"]["batch"][self.number] - 1
                work["returned_count"] += 1
            work["seats"][self.number] = (0, 0)


def step_of(plan: Any, batch: int, images: int) -> float:
    """How far down the gradient: longer and longer in the first tenth of the training, and shorter from there on."""
    batches = int(plan["epochs"]) * -(-images // int(plan["batch"]))
    growing, shrinking = (batch + 1) / (0.1 * batches), (batches - batch) / (0.9 * batches)
    return float(plan["learning_rate"]) * min(growing, shrinking, 1.0)


def has_waiting(work: Any) -> bool:
    return bool(work["open"] and (work["returned_count"] or work["next"] < work["total"]))


def is_done(work: Any) -> bool:
    return bool(work["done"] == work["total"])


def train(desk: shma.State, model: shma.State) -> None:
    """A worker."""
    pixels, labels, *_ = images()
    plan, seat = desk["plan"].read(), Seat(desk)
    size = int(plan["batch"])
    per_epoch = -(-len(labels) // size)
    now = {name: np.empty(model[name].shape, np.float32) for name in PARAMETERS}
    try:
        while True:
            work, seen = seat.work.read_with_version()
            if is_done(work) or not desk.is_current:
                return
            # Each try publishes, which wakes all the others, so none is made in vain.
            batch = seat.take() if has_waiting(work) else None
            if batch is None:
                try:
                    seat.work.wait_newer(seen, timeout=1)
                except (shma.Timeout, shma.Retired):
                    pass
                continue
            # Every epoch has an order of its own.
            epoch, place = divmod(batch, per_epoch)
            order = np.random.default_rng([int(plan["seed"]), epoch]).permutation(len(labels))
            chosen = order[place * size : (place + 1) * size]
            for name, array in now.items():
                model[name].read(out=array)
            steps, loss = gradient(now, pixels[chosen], labels[chosen])
            model.add_scaled(steps, -step_of(plan, batch, len(labels)))
            seat.hand_in(loss)
    except KeyboardInterrupt:
        pass
    finally:
        seat.leave()


def follow(desk: shma.State, model: shma.State) -> list[tuple[float, int, int, float]]:
    """Shows how the training goes: seconds, batches that are done, those by numpy, and accuracy, until it is over."""
    *_, pixels, labels = images()
    curve: list[tuple[float, int, int, float]] = []
    start = time.monotonic()
    while True:
        work, seen = desk["work"].read_with_version()
        over = is_done(work) or not desk.is_current
        if work["open"]:
            _, output = outputs(model.read(), pixels)
            accuracy = float((output.argmax(axis=1) == labels).mean())
            done, others = int(work["done"]), int(work["others"])
            curve.append((time.monotonic() - start, done, others, accuracy))
            print(
                f"\rbatch {done}/{work['total']}, {others} by numpy, accuracy {accuracy:.3f}", end="", flush=True
            )
        else:
            start = time.monotonic()
        if over:
            print()
            return curve
        try:
            desk["work"].wait_newer(seen, timeout=1)
            # Not at every batch: looking costs the workers time.
            time.sleep(0.1)
        except (shma.Timeout, shma.Retired):
            pass


def draw(curve: list[tuple[float, int, int, float]], file: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plot

    seconds, done, others, accuracy = (np.array(column) for column in zip(*curve))
    figure, (above, below) = plot.subplots(2, sharex=True)
    above.plot(seconds, accuracy)
    above.set_ylabel("accuracy")
    below.stackplot(seconds, others, done - others, labels=["by numpy", "by Rust"])
    below.set_xlabel("seconds")
    below.set_ylabel("batches")
    below.legend(loc="upper left")
    figure.savefig(file)


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("name", help="what `sgd --more` was given")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--wait", type=float, default=60, help="seconds that the training may take to begin")
    arguments.add_argument("--plot", help="a picture of accuracy and batches, by matplotlib")
    given = arguments.parse_args()
    try:
        desk = shma.open(f"{given.name}.desk", wait=given.wait)
        model = shma.open(f"{given.name}.model", wait=given.wait)
    except shma.NotFound as error:
        raise SystemExit(f"{error}\nStart `sgd --workers 1 --more {given.name}` in another terminal.") from None
    with desk, model:
        # By spawn, so that the numerical library starts anew in each.
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=train, args=(desk, model)) for _ in range(given.workers)]
        for worker in workers:
            worker.start()
        try:
            curve = follow(desk, model)
        except KeyboardInterrupt:
            raise SystemExit("\ninterrupted; the training goes on without these workers") from None
        finally:
            for worker in workers:
                worker.join()
        whole = is_done(desk["work"].read())
    if given.plot and curve:
        draw(curve, given.plot)
    if not whole:
        raise SystemExit("the training ended before it was done")


if __name__ == "__main__":
    main()
