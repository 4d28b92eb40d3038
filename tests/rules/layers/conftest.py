"""What tests of the rules about layers share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgtool.lint.fixer import fix

LintWith = Callable[..., Any]
FixWith = Callable[..., str]
TreeOf = Callable[[str], str]

# what the engine itself puts there
_NOT = [
    word for name in ("/proc", "/sys", "/dev", "/etc/resolv.conf") for word in ("-not", "-path", f"{name}*")
]


@pytest.fixture
def fix_with(lint_with: LintWith) -> FixWith:
    """``fix_with(codes, dockerfile, unsafe=False)``: the text after all fixes, which must converge and hold still."""

    def run(code: str, dockerfile: str, *, unsafe: bool = False) -> str:
        def lint(data: bytes) -> Any:
            return lint_with(code, data)

        done = fix(dockerfile.encode(), lint, unsafe=unsafe)
        assert done.converged
        assert fix(done.data, lint, unsafe=unsafe).data == done.data
        return done.data.decode()

    return run


@pytest.fixture
def tree_of(tmp_path: Path) -> TreeOf:
    """Mode, owner and link target of everything in the image that a Dockerfile makes of ``tmp_path``."""

    def build(text: str) -> str:
        (tmp_path / "Dockerfile").write_text(text)
        made = docker("build", "-q", "--network", "host", str(tmp_path)).strip()
        listing = ["find", "/", "-xdev", *_NOT, "-printf", "%p %m %u:%g %l\\n"]
        listed = docker("run", "--rm", "--user", "0", "--network", "none", made, *listing)
        docker("rmi", made)
        return "\n".join(sorted(listed.splitlines()))

    return build


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout
