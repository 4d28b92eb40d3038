"""``imgtool rewrite --output-dir``: both Dockerfiles of an application, and what is written beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Imgtool = Callable[..., Any]

DOCKERFILE = """\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
RUN apt-get update && apt-get install -y python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN python3 -m pip install -r requirements.txt
COPY . .
CMD ["python3", "main.py"]
"""
BOTH = ("--target", "cuda", "--target", "cann", "--cann", "8.5.0")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("torch\nsix\n")
    (folder / "main.py").write_text("print('hello')\n")
    return folder


def test_a_dockerfile_for_each_target(imgtool: Imgtool, app: Path) -> None:
    done = imgtool("rewrite", app / "Dockerfile", *BOTH, "--output-dir", app)
    assert (done.code, done.stdout) == (0, b"")
    assert (app / "Dockerfile.cuda").read_text().startswith("FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS")
    cann = (app / "Dockerfile.cann").read_text()
    assert cann.startswith("FROM quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11")
    assert "COPY requirements.cann.txt ." in cann
    assert "torch-npu==2.9.0\n" in (app / "requirements.cann.txt").read_text()
    assert (app / "Dockerfile").read_text() == DOCKERFILE
    names = {path.name for path in app.iterdir()}
    assert names == {
        "Dockerfile",
        "Dockerfile.cuda",
        "Dockerfile.cann",
        "main.py",
        "requirements.txt",
        "requirements.cann.txt",
    }


def test_all_companions(imgtool: Imgtool, app: Path, tmp_path: Path) -> None:
    (app / ".git").mkdir()
    (app / ".git" / "config").write_text("")
    words = ("--bake", "--kubernetes", "--dockerignore", "--fat", "--name", "team/app", "--version", "1.0")
    done = imgtool("rewrite", app / "Dockerfile", *BOTH, "--output-dir", tmp_path / "docker", *words)
    assert done.code == 0
    assert "warning: the fat image" in done.err
    plan = json.loads((tmp_path / "docker" / "docker-bake.json").read_text())
    assert plan["target"]["cuda"] == {
        "context": "../app",
        "dockerfile": "../docker/Dockerfile.cuda",
        "tags": ["team/app:1.0-cuda12.1"],
    }
    assert plan["target"]["cann"]["tags"] == ["team/app:1.0-cann8.5"]
    assert "huawei.com/Ascend910" in (tmp_path / "docker" / "kubernetes-cann.yaml").read_text()
    assert ".git" in (app / ".dockerignore").read_text().splitlines()
    assert (
        (tmp_path / "docker" / "Dockerfile.fat").read_text().rstrip().endswith('CMD ["python3", "main.py"]')
    )


def test_a_dockerignore_that_is_there_stays(imgtool: Imgtool, app: Path) -> None:
    (app / ".dockerignore").write_text("x\n")
    done = imgtool("rewrite", app / "Dockerfile", "--output-dir", app, "--dockerignore")
    assert done.code == 0
    assert (app / ".dockerignore").read_text() == "x\n"


def test_the_name_comes_from_the_context(imgtool: Imgtool, app: Path) -> None:
    imgtool("rewrite", app / "Dockerfile", "--output-dir", app, "--bake")
    plan = json.loads((app / "docker-bake.json").read_text())
    assert plan["target"]["cuda"]["tags"] == ["app:latest-cuda12.1"]
    assert plan["target"]["cuda"]["context"] == "."


def test_a_refused_target_has_no_file(imgtool: Imgtool, app: Path) -> None:
    (app / "requirements.txt").write_text("flash-attn\n")
    done = imgtool("rewrite", app / "Dockerfile", *BOTH, "--output-dir", app)
    assert done.code == 1
    assert "flash-attn has no analogue" in done.err
    assert not (app / "Dockerfile.cann").exists()


def test_missing_things_may_stay_marked(imgtool: Imgtool, app: Path) -> None:
    (app / "requirements.txt").write_text("flash-attn\n")
    done = imgtool("rewrite", app / "Dockerfile", "--target", "cann", "--output-dir", app, "--allow-missing")
    assert done.code == 0
    assert "# imgtool: flash-attn has no analogue" in (app / "Dockerfile.cann").read_text()


def test_explain_tells_what_turned_the_file(imgtool: Imgtool, app: Path) -> None:
    done = imgtool("rewrite", app / "Dockerfile", "--target", "cann", "--explain")
    assert "turned to cann" in done.out
    assert "base-image: nvidia/cuda:12.1.0-devel-ubuntu22.04 becomes quay.io/ascend/cann:" in done.out


def test_json_has_the_changes(imgtool: Imgtool, app: Path) -> None:
    done = imgtool("rewrite", app / "Dockerfile", *BOTH, "--format", "json")
    cuda, cann = json.loads(done.out)
    assert (cuda["target"], cuda["changes"]) == ("cuda", [])
    assert {"base-image", "requirements"} <= {change["rule"] for change in cann["changes"]}


def test_the_diff_begins_at_the_authors_file(imgtool: Imgtool, app: Path) -> None:
    done = imgtool("rewrite", app / "Dockerfile", "--target", "cann", "--diff")
    assert "-FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n" in done.out


def test_twice_gives_the_same(imgtool: Imgtool, app: Path) -> None:
    texts = []
    for _ in range(2):
        imgtool("rewrite", app / "Dockerfile", *BOTH, "--output-dir", app, "--bake", "--fat", "--kubernetes")
        texts.append({path.name: path.read_bytes() for path in sorted(app.iterdir())})
    assert texts[0] == texts[1]


def test_the_order_of_targets_does_not_matter_to_the_fat_image(imgtool: Imgtool, app: Path) -> None:
    words = ("--cann", "8.3.rc1", "--output-dir", app, "--fat")
    texts = []
    for order in (("cuda", "cann"), ("cann", "cuda")):
        imgtool("rewrite", app / "Dockerfile", *(w for name in order for w in ("--target", name)), *words)
        texts.append((app / "Dockerfile.fat").read_text())
    assert texts[0] == texts[1]
    assert 'ENTRYPOINT ["/usr/local/bin/accelerator-entrypoint"]' in texts[0]


def test_no_fat_image_of_two_systems(imgtool: Imgtool, app: Path) -> None:
    (app / "Dockerfile").write_text(DOCKERFILE.replace("ubuntu22.04", "ubuntu20.04"))
    done = imgtool("rewrite", app / "Dockerfile", *BOTH, "--output-dir", app, "--fat")
    assert (done.code, "different systems (ubuntu 20.04, ubuntu 22.04)" in done.err) == (2, True)
    assert not (app / "Dockerfile.fat").exists()


@pytest.mark.parametrize(
    "words",
    [
        BOTH,
        ("--bake",),
        ("--fat", "--output-dir", "."),
        ("--output-dir", ".", "--in-place"),
        ("--output-dir", ".", "--diff"),
        ("--output-dir", ".", "--bake", "--name", "Not A Name"),
    ],
)
def test_options_that_do_not_go_together(imgtool: Imgtool, app: Path, words: tuple[str, ...]) -> None:
    assert imgtool("rewrite", app / "Dockerfile", *words).code == 2
