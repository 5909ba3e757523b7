"""Names of regions that no other test has, gone when the test is over."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

import shma

_numbers = itertools.count()


@pytest.fixture
def name() -> Iterator[str]:
    name = f"pytest-{os.getpid()}-{next(_numbers)}"
    yield name
    left = pathlib.Path(f"/dev/shm/shma.{name}")
    existed = left.exists()
    left.unlink(missing_ok=True)
    assert not existed, "the test has left its region behind"


@pytest.fixture
def swept() -> Iterator[str]:
    """For regions that are left behind on purpose, as by a process that is killed."""
    name = f"pytest-{os.getpid()}-{next(_numbers)}"
    yield name
    pathlib.Path(f"/dev/shm/shma.{name}").unlink(missing_ok=True)


class Script:
    """A program of its own, which talks by lines."""

    def __init__(self, code: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def script() -> Iterator[type[Script]]:
    made: list[Script] = []

    class Kept(Script):
        def __init__(self, code: str, *arguments: str) -> None:
            super().__init__(code, *arguments)
            made.append(self)

    yield Kept
    for one in made:
        one.kill()
        assert one.process.stdin is not None and one.process.stdout is not None
        one.process.stdin.close()
        one.process.stdout.close()


@pytest.fixture(scope="session")
def peer() -> str:
    """The Rust program; built where cargo is to be had."""
    given = os.environ.get("SHMA_PEER")
    if given:
        return given
    root = pathlib.Path(__file__).parent.parent
    subprocess.run(["cargo", "build", "-q", "--locked", "-p", "shma-python-peer"], cwd=root, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", str(root / "target"))
    return f"{target}/debug/peer"


def on_disk(name: str) -> bool:
    return name in shma.names()
