"""The pages and the examples run as they stand."""

from __future__ import annotations

import importlib.util
import inspect
import os
import pathlib
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

import shma

ROOT = pathlib.Path(__file__).parent.parent


def test_the_page_for_users_of_shmarrays_runs(tmp_path: pathlib.Path) -> None:
    page = (ROOT / "docs" / "coming-from-shmarrays.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text(code.replace("shmarrays-page", f"shmarrays-page-{tmp_path.name}"))
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "(8, 4) 201\n", "")


def test_the_page_of_the_package_runs(tmp_path: pathlib.Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text(code.replace('"trainer"', f'"trainer-{tmp_path.name}-{os.getpid()}"'))
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_block_of_every_page_is_run() -> None:
    blocks = {page.name: page.read_text().count("```python") for page in [ROOT / "README.md", *ROOT.glob("docs/*.md")]}
    assert blocks == {"README.md": 1, "coming-from-shmarrays.md": 1, "torch-jax-asyncio-jupyter.md": 7}


def test_every_call_says_what_it_does() -> None:
    silent = []
    for name in shma.__all__:
        thing = getattr(shma, name)
        for called, member in [("", thing), *(vars(thing).items() if inspect.isclass(thing) else ())]:
            member = getattr(member, "__func__", member)
            is_call = callable(member) or isinstance(member, property)
            if is_call and not called.startswith("_") and not inspect.getdoc(member):
                silent.append(f"{name}.{called}")
    assert silent == []


def programs(page: str) -> list[str]:
    """The blocks of a page. One that does not import shma goes on from the one before."""
    found: list[str] = []
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL):
        if found and "import shma" not in block:
            found[-1] += block
        else:
            found.append(block)
    return found


@pytest.mark.parametrize(
    ("at", "packages"),
    [(0, ["torch", "ml_dtypes"]), (1, ["torch", "tensordict"]), (2, ["jax"]), (3, [])],
    ids=["torch", "tensordict", "jax", "asyncio"],
)
def test_the_page_on_torch_and_others_runs(at: int, packages: list[str], tmp_path: pathlib.Path) -> None:
    code = programs("torch-jax-asyncio-jupyter.md")
    assert len(code) == 4 and all(f"import {package}" in code[at] or f"from {package}" in code[at] for package in packages)
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    program = tmp_path / "page.py"
    program.write_text(re.sub(r'(shma\.(?:create|open)\(")(\w+)"', rf'\1\2-{tmp_path.name}-{os.getpid()}"', code[at]))
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stderr
    expected = re.findall(r"# prints (.*)|print\(\"(.*)\"\)", code[at])
    assert ran.stdout.splitlines() == [comment or text for comment, text in expected]


def test_a_notebook_shows_a_table_and_a_killed_kernel_leaves_the_name(swept: str) -> None:
    for package in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    import nbclient
    import nbformat

    cells = [
        f"import os, shma\nstate = shma.create({swept!r}, {{'<w>'.strip('<>'): [[1.0, 2.0]], 'n': 3}})\nos.getpid()",
        "state",
        "state.w",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client: Any = nbclient.NotebookClient(notebook, timeout=60)
    with client.setup_kernel():
        for at, cell in enumerate(notebook.cells):
            client.execute_cell(cell, at)
        pid, table, field = (cell.outputs[0].data for cell in notebook.cells)
        assert "<table>" in table["text/html"] and "<td>f64[1][2]</td><td>1</td>" in table["text/html"]
        assert "version 1" in field["text/html"]
        with shma.open(swept) as state:
            os.kill(int(pid["text/plain"]), signal.SIGKILL)
            assert state.n.write(4) == 2 and state.is_current
    with shma.create(swept, {"n": 5.0}) as state:
        assert state.n.read() == 5.0


@pytest.fixture(scope="session")
def sgd() -> str:
    """The program that leads a training."""
    given = os.environ.get("SHMA_SGD")
    if not given:
        pytest.skip("SHMA_SGD does not name the program `sgd` of the examples")
    return given


def test_workers_of_numpy_and_of_rust_do_one_training(sgd: str, name: str, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    led = subprocess.Popen(
        [sgd, "--workers", "1", "--epochs", "12", "--batch", "32", "--more", name], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
    picture = tmp_path / "digits.png"
    program = [sys.executable, str(ROOT / "examples" / "digits.py"), name, "--plot", str(picture)]
    try:
        joined = subprocess.run(program, capture_output=True, text=True, timeout=100)
        told, said = led.communicate(timeout=100)
    finally:
        led.kill()
        led.wait()
    assert (led.returncode, joined.returncode) == (0, 0), told + said + joined.stdout + joined.stderr
    done, by_numpy, accuracy = re.findall(r"batch (\d+)/1500, (\d+) by numpy, accuracy ([0-9.]+)", joined.stdout)[-1]
    assert done == "1500" and 0 < int(by_numpy) < 1500 and float(accuracy) >= 0.93, joined.stdout
    assert f"other programs have done {by_numpy} of 1500 batches" in said, said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not [one for one in shma.names() if one.startswith(name)]


@pytest.mark.parametrize(
    ("example", "arguments", "prints"),
    [
        ("descent.py", ["--steps", "300"], "after 900 steps: weights"),
        ("actors.py", ["--policies", "10"], "policy 10/10"),
    ],
)
def test_examples_run(example: str, arguments: list[str], prints: str, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "picture.png"
    arguments = [*arguments, *(["--plot", str(picture)] if example == "actors.py" else [])]
    program = [sys.executable, str(ROOT / "examples" / example), *arguments]
    ran = subprocess.run(program, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0 and prints in ran.stdout, ran.stdout + ran.stderr
    if example == "actors.py":
        assert picture.read_bytes().startswith(b"\x89PNG")
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
