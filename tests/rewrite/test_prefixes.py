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
CONDA = (
    "RUN curl -o /tmp/conda.sh https://example.com/Miniconda3.sh && bash /tmp/conda.sh -b -p /opt/conda\n"
    "ENV PATH=/opt/conda/bin:$PATH\n"
)
KEPT = CONDA.replace("/tmp/", "/")  # noqa: S108 - inside of a build
CMD = 'CMD ["/opt/venv/bin/python", "main.py"]\n'

PROJECT = {"pyproject.toml": '[project]\nname = "x"\nversion = "1"\n'}

COPIED = [
    # why, what builds, the folders
    ("its own pip fills it", VENV + "RUN /opt/venv/bin/pip install numpy\n", ("/opt/venv",)),
    ("PATH names it", VENV + 'ENV PATH="/opt/venv/bin:$PATH"\nRUN pip install numpy\n', ("/opt/venv",)),
    (
        "each of several",
        "RUN python3 -m venv /a && /a/bin/pip install numpy\nRUN python3 -m venv /b && /b/bin/pip install six\n",
        ("/a", "/b"),
    ),
    (
        "files that stand beside it are made again",
        VENV
        + "RUN /opt/venv/bin/pip install numpy && echo x > /srv/app.conf && ln -s /opt/venv/bin/f2py /usr/bin/f2py\n",
        ("/opt/venv",),
    ),
    (
        "conda's own installer, which does not ship",
        CONDA + "RUN conda install -y numpy && conda clean -ya\nRUN conda create -n x six\n",
        ("/opt/conda",),
    ),
    (
        "it may be removed from where it is",
        KEPT.replace("conda\n", "conda && rm /conda.sh\n", 1),
        ("/opt/conda",),
    ),
    (
        "what is done to it goes along",
        CONDA + "RUN chmod -R g+w /opt/conda && mkdir -p /data\n",
        ("/opt/conda",),
    ),
    (
        "the interpreter that uv fetches lies elsewhere",
        "RUN pip install uv\nRUN uv venv --python 3.12 /a\nRUN uv pip install --python /a/bin/python six\n",
        ("/a", "/root/.local/share/uv/python"),
    ),
    (
        "where it is told to",
        "ENV UV_PYTHON_INSTALL_DIR=/py\nRUN pip install uv\nRUN uv venv --python 3.12 /a\n",
        ("/a", "/py"),
    ),
    (
        "uv's environment of a project",
        "WORKDIR /app\nCOPY pyproject.toml .\nRUN uv sync --no-install-project\n",
        ("/app/.venv",),
    ),
    (
        "uv does not install a project without a build system",
        "WORKDIR /app\nCOPY . .\nRUN uv sync\n",
        ("/app/.venv",),
    ),
    (
        "poetry's, where it is told to put it there",
        "ENV POETRY_VIRTUALENVS_IN_PROJECT=1\nWORKDIR /app\nCOPY . .\nRUN poetry install --no-root\n",
        ("/app/.venv",),
    ),
    ("pdm's", "WORKDIR /app\nCOPY . .\nRUN pdm install --no-self\n", ("/app/.venv",)),
    ("virtualenv's", "RUN virtualenv /v && /v/bin/pip install six\n", ("/v",)),
    ("a project in it", VENV + "COPY . /src\nRUN /opt/venv/bin/pip install /src\n", ("/opt/venv",)),
]


@pytest.mark.parametrize("why, middle, folders", COPIED, ids=[row[0] for row in COPIED])
def test_copied(why: str, middle: str, folders: tuple[str, ...], rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD, PROJECT)
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    step = next(s for s in made.plan.steps if isinstance(s, CopyPrefixes))
    assert step.folders == folders
    final = made.data.decode().rpartition("\nFROM ")[2]
    assert [f"COPY --from=builder {folder} {folder}\n" in final for folder in folders] == [True] * len(
        folders
    )
    assert "venv/bin/pip install" not in final
    assert "conda install" not in final
    assert "bash /" not in final
    assert final.count("COPY . /src") == middle.count("COPY . /src")


CAPTURED = [
    (
        "files beside it are made of others",
        VENV + "RUN /opt/venv/bin/pip install numpy && cp /opt/venv/pyvenv.cfg /etc/app.conf\n",
    ),
    (
        "files that a command makes of others in a construct",
        VENV + "RUN /opt/venv/bin/pip install numpy && if true; then echo x > /srv/a; fi\n",
    ),
    ("it goes to a folder that is named", VENV + "RUN /opt/venv/bin/pip install --target /x six\n"),
    ("it goes to a user's folder", CONDA + "RUN pip install --user six\n"),
    ("a mode is set above it", VENV + "RUN /opt/venv/bin/pip install numpy && chmod -R a+r /opt\n"),
    ("the program that was fetched stays", KEPT),
    (
        "it is not known what was fetched",
        "RUN cd /tmp && curl -L https://example.com/x > /opt/x\n" + CONDA,
    ),
    ("what is fetched lies elsewhere", "RUN cd /tmp && wget -P /opt https://example.com/x\n" + CONDA),
    ("many files are fetched", "RUN cd /tmp && wget -r https://example.com/x\n" + CONDA),
    ("something points at a temporary folder", CONDA.replace("ENV ", "ENV A=/tmp ")),
    ("it is not known where the installer puts it", CONDA.replace(" -p /opt/conda", "")),
    ("an environment of conda's elsewhere", CONDA + "RUN conda create -p /envs/x six\n"),
    ("a project in place", "WORKDIR /app\nCOPY pyproject.toml .\nRUN poetry install\n"),
    (
        "links to a cache",
        "ENV UV_LINK_MODE=symlink\n" + VENV + "RUN uv pip install --python /opt/venv/bin/python six\n",
    ),
    ("an editable project is elsewhere", VENV + "COPY . /src\nRUN /opt/venv/bin/pip install -e /src\n"),
    ("something else is built, too", VENV + "RUN /opt/venv/bin/pip install numpy\nRUN make -C /src\n"),
    ("the base has made it", "RUN /opt/conda/bin/pip install numpy\n"),
]


@pytest.mark.parametrize("why, middle", CAPTURED, ids=[row[0] for row in CAPTURED])
def test_not_enough(why: str, middle: str, rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD, PROJECT)
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    assert any(isinstance(step, CaptureFiles) for step in made.plan.steps), why
