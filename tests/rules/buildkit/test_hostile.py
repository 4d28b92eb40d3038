"""Files that are made to be slow take time in proportion to their size."""

from __future__ import annotations

import time

import pytest

from imgtool.lint import registry
from imgtool.lint.runner import lint

N = 3_000
FILES = {
    "stages": "FROM a AS X\n" * N,
    "chain": "FROM a AS x0\n" + "".join(f"FROM x{n} AS x{n + 1}\n" for n in range(N)),
    "copies": "FROM a AS B\nFROM c\n" + "COPY --from=B /x /y\n" * N,
    "names in one word": "FROM debian:bookworm\nENV A=" + "".join(f"$N{n}" for n in range(N)) + "\n",
    "names in one ENV": "FROM debian:bookworm\nENV " + " ".join(f"A{n}=$N{n}" for n in range(N)) + "\n",
    "secrets in one ENV": "FROM debian:bookworm\nENV " + " ".join(f"A{n}_TOKEN=1" for n in range(N)) + "\n",
    "names in FROM": "FROM " + "".join(f"$N{n}" for n in range(N)) + "\n",
    "names in lines": "FROM debian:bookworm\n" + "".join(f"ENV A{n}=$N{n}\n" for n in range(N)),
    "global names": "".join(f"ARG A{n}\n" for n in range(N)) + "".join(f"FROM a:$B{n}\n" for n in range(N)),
    "empty lines": "FROM a\n" + "RUN b \\\n\n c\n" * N,
    "one instruction of empty lines": "FROM a\nRUN b \\\n" + "\n" * N + " c\n",
    "blanks in a value": "FROM a\nENV b " + "'c' " * N + "\n",
    "commands": "FROM a\n" + "CMD b\nWORKDIR c\n" * N,
    "skips": "FROM a\n" + "# check=skip=JSONArgsRecommended\nCMD b\n" * N,
}


@pytest.mark.parametrize("name", FILES)
def test_time_is_bounded(name: str) -> None:
    rules = [registry.load(entry) for entry in registry.index() if entry.code.startswith("BK")]
    data = FILES[name].encode()
    start = time.process_time()
    assert not lint(data, "Dockerfile", rules).failures
    assert time.process_time() - start < 5
