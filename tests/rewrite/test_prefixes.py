"""Environments in folders of their own, copied to the same path; and those that cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.rewrite import Rewrite
from imgtool.rewrite.plan import CaptureFiles, CopyPrefixes, Status

Rewriter = Callable[..., Rewrite]

HEAD = (
    "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
    "RUN apt-get update && apt-get install -y --no-install-recommends gcc python3-dev python3-venv\n"
)
VENV = "RUN python3 -m venv /opt/venv\n"
CMD = 'CMD ["/opt/venv/bin/python", "main.py"]\n'

COPIED = [
    # why, what builds, the folders
    ("its own pip fills it", VENV + "RUN /opt/venv/bin/pip install numpy\n", ("/opt/venv",)),
    ("PATH names it", VENV + 'ENV PATH="/opt/venv/bin:$PATH"\nRUN pip install numpy\n', ("/opt/venv",)),
    (
        "each of several",
        "RUN python3 -m venv /a && /a/bin/pip install numpy\nRUN python3 -m venv /b && /b/bin/pip install six\n",
        ("/a", "/b"),
    ),
    ("a project in it", VENV + "COPY . /src\nRUN /opt/venv/bin/pip install /src\n", ("/opt/venv",)),
]


@pytest.mark.parametrize("why, middle, folders", COPIED, ids=[row[0] for row in COPIED])
def test_copied(why: str, middle: str, folders: tuple[str, ...], rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD)
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    step = next(s for s in made.plan.steps if isinstance(s, CopyPrefixes))
    assert step.folders == folders
    final = made.data.decode().rpartition("\nFROM ")[2]
    assert [f"COPY --from=builder {folder} {folder}\n" in final for folder in folders] == [True] * len(
        folders
    )
    assert "pip install" not in final
    assert final.count("COPY . /src") == middle.count("COPY . /src")


CAPTURED = [
    (
        "files beside it are not in it",
        VENV + "RUN /opt/venv/bin/pip install numpy && echo x > /etc/app.conf\n",
    ),
    ("an editable project is elsewhere", VENV + "COPY . /src\nRUN /opt/venv/bin/pip install -e /src\n"),
    ("something else is built, too", VENV + "RUN /opt/venv/bin/pip install numpy\nRUN make -C /src\n"),
    ("the base has made it", "RUN /opt/conda/bin/pip install numpy\n"),
    (
        "uv may bring a Python that lies elsewhere",
        "RUN pip install uv\nRUN uv venv /opt/venv && uv pip install --python /opt/venv/bin/python numpy\n",
    ),
]


@pytest.mark.parametrize("why, middle", CAPTURED, ids=[row[0] for row in CAPTURED])
def test_not_enough(why: str, middle: str, rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD)
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    assert any(isinstance(step, CaptureFiles) for step in made.plan.steps), why
