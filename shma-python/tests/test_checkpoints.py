"""Checkpoints are whole, and a state that is created of one is the same."""

from __future__ import annotations

import pathlib
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
