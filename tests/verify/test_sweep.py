from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from handmade import Paths, image

from imgtool.verify import inside, sweep
from imgtool.verify.inside import MARK
from imgtool.verify.model import Status
from imgtool.verify.python import environments
from imgtool.verify.sweep import top_level

_SITE = "/usr/local/lib/python3.11/dist-packages"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ({f"{_SITE}/pkg": None, f"{_SITE}/mod.py": b"", f"{_SITE}/ext.cpython-311-x86_64-linux-gnu.so": b""}, ("ext", "mod", "pkg")),
        # no modules
        ({f"{_SITE}/a-1.dist-info": None, f"{_SITE}/x.pth": b"", f"{_SITE}/__pycache__": None, f"{_SITE}/n.txt": b""}, ()),
        # what path files add, an egg above all
        ({f"{_SITE}/easy.pth": b"./a.egg\n", f"{_SITE}/a.egg/inner/__init__.py": b""}, ("inner",)),
        # what a distribution says
        ({f"{_SITE}/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n", f"{_SITE}/a-1.dist-info/top_level.txt": b"one\ntwo\n"}, ("one", "two")),
        # beside the program: extension modules, never the program itself
        ({_SITE: None, "/app/main.py": b"", "/app/lib": None, "/app/fast.abi3.so": b"", "/app/sub/x.so": b""}, ("fast",)),
        ({_SITE: None, "/path/x.so": b""}, ("x",)),
    ],
)  # fmt: skip
def test_what_is_imported(paths: Paths, names: tuple[str, ...]) -> None:
    made = image(paths, config={"WorkingDir": "/app"}, env=["PYTHONPATH=/path:"])
    (one,) = environments(made.tree).values()
    assert top_level(made, one) == names


def test_an_archive_is_not_run() -> None:
    found = sweep.check(image({}), image({}), lambda _: None)
    assert found.status is Status.SKIPPED


_MODULES = {
    "fine": "VALUE = 1",
    "raises": "1 / 0",
    "leaves": "import sys; sys.exit(0)",
    "dies": "import os; os._exit(3)",
    "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "sleeps": "import time; time.sleep(60)",
    "shouts": "import sys; print('x' * 100_000); print('y', file=sys.stderr)",
}


_FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="containers are Linux, where processes fork")


@_FORKS
@pytest.mark.parametrize("alone", [False, True])
def test_modules_are_imported_by_processes_that_may_die(tmp_path: Path, alone: bool) -> None:
    for name, text in _MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    asked = {"modules": [*_MODULES, "missing"], "library": False, "alone": alone, "seconds": 1}
    code = Path(inside.__file__).read_text("utf-8")
    ran = subprocess.run(
        [sys.executable, "-B", "-c", code],
        input=json.dumps(asked).encode(),
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    *_, answer = ran.stdout.decode().splitlines()
    assert ran.stderr == b""
    assert json.loads(answer.removeprefix(MARK)) == {
        "fine": [True, str(tmp_path / "fine.py")],
        "shouts": [True, str(tmp_path / "shouts.py")],
        "raises": [False, "ZeroDivisionError: division by zero"],
        "leaves": [False, "SystemExit: 0"],
        "dies": [False, "it ends the process (exit code 3)"],
        "crashes": [False, "it ends the process (signal 9)"],
        "sleeps": [False, "it takes longer than 1 seconds"],
        "missing": [False, "ModuleNotFoundError: No module named 'missing'"],
    }


@_FORKS
def test_the_standard_library_is_imported_too() -> None:
    asked = {"modules": [], "library": True, "alone": False, "seconds": 60}
    code = Path(inside.__file__).read_text("utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    found = json.loads(ran.stdout.decode().splitlines()[-1].removeprefix(MARK))
    assert found["json"][0]
    assert "antigravity" not in found
