"""Checkpoints are whole, and a state that is created of one is the same."""

from __future__ import annotations

import errno
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import shma


def test_a_checkpoint_declares_the_same_state(name: str, tmp_path: pathlib.Path) -> None:
    point = shma.struct("Point", [("x", np.float32), ("at", np.int16, (2,))])
    fields: dict[str, Any] = {
        "w": shma.field(np.arange(6, dtype=np.float32).reshape(2, 3), slots=8, timed=True),
        "step": np.uint64(7),
        "layers.0.bias": np.ones(2, np.float16),
        "z": np.array([1 + 2j]),
        "p": np.array([(1, [2, 3]), (4, [5, 6])], point),
        "n": shma.field(np.arange(3), atomic=True),
    }
    file = tmp_path / "saved.safetensors"
    with shma.create(name, fields, state="Board") as state:
        state.step.write(8)
        fingerprint = state.fingerprint
        state.checkpoint(file)
        assert pickle_of(shma.load(file)) == pickle_of(state.snapshot())
    loaded = shma.load(file)
    assert loaded.step == 8 and loaded.versions["step"] == 2 and loaded.w.flags.writeable
    with shma.create(name, loaded) as state:
        assert state.fingerprint == fingerprint and state.manifest["name"] == "Board"
        assert state.p["x"].tolist() == [1, 4] and state["layers.0.bias"].read().tolist() == [1, 1]


def pickle_of(snapshot: shma.Snapshot) -> dict[str, bytes]:
    return {name: np.asarray(value).tobytes() for name, value in snapshot.items()}


SHORT_OF_MEMORY = """
import pathlib, resource, sys, numpy as np, shma
name, file = sys.argv[1:]
sparse = pathlib.Path(file + ".sparse")
said = b'{"a":{"dtype":"F64","shape":[%d],"data_offsets":[0,%d]}}' % (1 << 31, 1 << 34)
sparse.write_bytes(len(said).to_bytes(8, "little") + said)
with open(sparse, "r+b") as data:
    data.truncate(8 + len(said) + (1 << 34))
with shma.create(name, {"a": np.zeros(4 << 20)}) as state:
    state.checkpoint(file)
    shma.load(file)
    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * 4096
    for room in range(0, 160 << 20, 16 << 20):
        resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
        for call in (lambda: state.checkpoint(file), lambda: shma.load(file), lambda: shma.load(sparse), lambda: state.read(),
                     lambda: state.snapshot(), lambda: state.a.update(lambda new, old: old)):
            try:
                call()
            except (shma.Error, MemoryError):
                pass
    try:
        shma.load(sparse)
    except shma.SystemCallFailed as error:
        print(error.errno)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(shma.load(file).a.nbytes)
"""


def test_want_of_memory_is_an_error_and_no_abort(name: str, tmp_path: pathlib.Path) -> None:
    # A file of no size may say of itself that it holds more than there is memory for.
    arguments = [sys.executable, "-c", SHORT_OF_MEMORY, name, str(tmp_path / "file")]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=100)
    assert (ran.returncode, ran.stdout.split()) == (0, [str(errno.ENOMEM), str(32 << 20)]), ran.stderr


def test_what_is_no_checkpoint_is_refused(name: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        shma.load(tmp_path / "no.safetensors")
    for data in (b"", b"x" * 7, b"x" * 100, bytes(100), (2**62).to_bytes(8, "little") + b"{}"):
        wrong = tmp_path / "wrong.safetensors"
        wrong.write_bytes(data)
        with pytest.raises(shma.NotACheckpoint):
            shma.load(wrong)
    with shma.create(name, {"a": 1.0}) as state:
        with pytest.raises(shma.Error):
            state.checkpoint(tmp_path / "no" / "file.safetensors")
        file = tmp_path / "whole.safetensors"
        state.checkpoint(file)
        whole = file.read_bytes()
        for cut in range(0, len(whole), 7):
            file.write_bytes(whole[:cut])
            with pytest.raises(shma.Error):
                shma.load(file)
