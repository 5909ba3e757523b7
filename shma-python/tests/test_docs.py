"""The pages and the examples run as they stand."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def test_the_page_for_users_of_shmarrays_runs(tmp_path: pathlib.Path) -> None:
    page = (ROOT / "docs" / "coming-from-shmarrays.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text(code.replace("shmarrays-page", f"shmarrays-page-{tmp_path.name}"))
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "(8, 4) 201\n", "")


@pytest.mark.parametrize(
    ("example", "arguments", "prints"),
    [
        ("descent.py", ["--steps", "300"], "after 900 steps: weights"),
        ("actors.py", ["--policies", "10"], "policy 10/10"),
    ],
)
def test_examples_run(example: str, arguments: list[str], prints: str) -> None:
    program = [sys.executable, str(ROOT / "examples" / example), *arguments]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0 and prints in ran.stdout, ran.stdout + ran.stderr
    if example == "descent.py":
        found, true = (re.findall(r"-?[0-9.]+", line)[-4:] for line in ran.stdout.splitlines())
        assert all(abs(float(a) - float(b)) < 0.1 for a, b in zip(found, true)), ran.stdout


def test_the_stub_is_strict_and_says_what_is_there(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(
        "import numpy as np\nimport shma\n"
        "class Model(shma.Declared):\n"
        "    weights: shma.Field[np.float32] = shma.array(np.float32, (2, 3))\n"
        "    hits: shma.AtomicField[np.uint64] = shma.array(np.uint64, 4, atomic=True)\n"
        "model: Model = Model.open('name')\n"
        "with model.weights.writing() as w:\n    w -= 0.5\n"
        "with model.transaction() as t:\n    t.weights *= 2\n"
        "model.weights.update(lambda new, old: None)\n"
        "version: int = model.weights.write(1.0, timeout=0)\n"
        "model.hits.fetch_add(0, 1)\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    compared = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "shma"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr
