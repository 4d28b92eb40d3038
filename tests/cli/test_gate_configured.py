"""The gate as projects run it: by a configuration, with reports, a ratchet and a trend."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from gated import archive

Gate = Callable[..., Any]


@pytest.fixture
def gate(imgtool: Gate, here: Path) -> Gate:
    """``imgtool gate`` in a folder with images: ``new`` is larger than ``old`` and holds waste."""
    archive(here / "old.tar", "a 100000")
    archive(here / "new.tar", "a 100000", "root/.cache/pip/x 20000, a 100000")
    archive(here / "old.oci.tar", "a 100000", compress=True)
    archive(here / "arm.tar", "a 100000", architecture="arm64")
    return lambda *words, **more: imgtool("gate", *words, **more)


def configure(here: Path, text: str) -> None:
    (here / "imgtool.toml").write_text(text)


IMAGES = """
[gate]
max-growth = "5%"
[[gate.images]]
name = "grows"
image = "docker-archive:new.tar"
baseline = "docker-archive:old.tar"
[[gate.images]]
name = "shrinks"
image = "docker-archive:old.tar"
baseline = "docker-archive:new.tar"
"""


def test_each_image_is_judged_on_its_own(gate: Gate, here: Path) -> None:
    configure(here, IMAGES)
    # together they stay as they are
    done = gate("--format", "json")
    images = json.loads(done.out)["images"]
    assert [(one["name"], one["status"]) for one in images] == [("grows", "failed"), ("shrinks", "passed")]
    assert sum(one["growth"] for one in images) == 0
    assert done.code == 1
    assert gate("shrinks").code == 0
    assert gate("grows=docker-archive:old.tar").code == 0


# --- (configuration, words, exit code) ---
@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ('max-size = "1MB"', ["new.tar"], 0),
        ('max-size = "1kB"', ["new.tar"], 1),
        ('max-size = "1kB"', ["new.tar", "--max-size", "1MB"], 0),
        ('max-waste = "2%"', ["new.tar"], 1),
        ('max-waste = "2%"', ["old.tar"], 0),
        ("max-layers = 1", ["new.tar"], 1),
        ("max-layers = 1", ["old.tar"], 0),
        ('forbid-paths = ["/root/.cache/**"]', ["new.tar"], 1),
        ('forbid-paths = ["/root/.cache/**"]', ["old.tar"], 0),
        ('forbid-packages = ["dpkg:gcc*"]', ["new.tar"], 0),
        ('max-growth = ["5%", "1MB"]', ["new.tar", "--baseline", "old.tar"], 1),
        ('max-growth = ["5%", "1MB"]\nrequire = "any"', ["new.tar", "--baseline", "old.tar"], 0),
        ('max-growth = "5%"\nnoise-floor = "1MB"', ["new.tar", "--baseline", "old.tar"], 0),
        ('max-growth = "5%"\nmeasure = "flattened"', ["new.tar", "--baseline", "old.tar"], 1),
        ('max-growth = "20%"\nmeasure = "flattened"', ["new.tar", "--baseline", "old.tar"], 0),
        ('max-growth = "5%"', ["new.tar", "--baseline", "gone.tar"], 2),
        ('max-growth = "5%"\nmissing-baseline = "fail"', ["new.tar", "--baseline", "gone.tar"], 2),
        ('max-growth = "5%"', ["new.tar", "--baseline", "gone.tar", "--missing-baseline", "neutral"], 0),
        ('max-growth = "5%"', ["new.tar", "--baseline", "gone.tar", "--missing-baseline", "fail"], 1),
        ('max-growth = "5%"', ["new.tar", "--baseline", "gone.json"], 2),
        ('max-growth = "5%"', ["new.tar", "--baseline", "gone.json", "--missing-baseline", "neutral"], 0),
        ('max-growth = "5%"', ["new.tar"], 0),
        ('max-growth = "5%"', ["arm.tar", "--baseline", "old.tar"], 3),
        ('max-size = "1MB"\nmeasure = "transfer"', ["old.oci.tar"], 0),
        ('max-size = "1MB"\nmeasure = "transfer"', ["old.tar"], 3),
        ('max-size = "1kB"', ["gone.tar", "old.tar", "new.tar"], 1),
        ('max-size = "1MB"', ["gone.tar", "old.tar", "new.tar"], 3),
        ('max-size = "1MB"', [], 2),
        ('max-sice = "1MB"', ["new.tar"], 2),
        ("", ["new.tar"], 2),
        ('max-size = "1MB"', ["new.tar", "--isolated"], 2),
        ('max-size = "1MB"', ["new.tar", "--isolated", "--config", "imgtool.toml"], 2),
        ('max-size = "1MB"', ["new.tar", "--update"], 2),
        ('max-size = "1MB"', ["new.tar", "--summary"], 2),
        ('max-size = "1MB"', ["new.tar", "--output", "pdf=x"], 2),
        ('max-size = "1MB"', ["new.tar", "--output", "json="], 2),
        ('max-size = "1MB"', ["new.tar", "--key", "a -->"], 2),
        ('max-size = "1MB"', ["new.tar", "--stage", "x"], 2),
        ('max-size = "1MB"', ["new.tar", "--dockerfile", "Dockerfile"], 2),
        ('max-size = "1MB"', ["--against-dockerfile", "Dockerfile"], 2),
        ('max-size = "1MB"', ["--dockerfile", "Dockerfle"], 2),
        ('max-size = "1MB"', ["--dockerfile", "."], 2),
        ('max-size = "1MB"', ["--dockerfile", "imgtool.toml", "--against-dockerfile", "Dockerfle"], 2),
        ('max-size = "1MB"', ["oci-dir:x"], 2),
        ('max-size = "1MB"', ["new.tar", "--output", "json=no/such/folder.json"], 2),
    ],
)
def test_exit_codes(
    gate: Gate, here: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: list[str], code: int
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    configure(here, f"[gate]\n{text}\n")
    done = gate(*words)
    assert (done.code, bool(done.err)) == (code, True)


def test_paths_are_relative_to_the_configuration(
    gate: Gate, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(here, IMAGES)
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    done = gate("--format", "json")
    assert done.code == 1
    heads = [one["head"]["reference"] for one in json.loads(done.out)["images"]]
    assert heads == ["docker-archive:../new.tar", "docker-archive:../old.tar"]
    for form in ("text", "markdown", "github", "junit", "gitlab", "metrics"):
        assert str(here) not in gate("--format", form).out


WAIVED = """
[gate]
max-size = "1kB"
[[gate.images]]
name = "app"
image = "docker-archive:new.tar"
[[gate.waivers]]
image = "app"
budget = "max-size"
reason = "CUDA 13 brings more"
until = {until}
"""


@pytest.mark.parametrize(
    ("until", "code", "said"),
    [
        ("2999-12-31", 0, "waived until 2999-12-31: CUDA 13 brings more"),
        ("2020-12-31", 1, "its waiver ended on 2020-12-31: CUDA 13 brings more"),
    ],
)
def test_waivers_end(gate: Gate, here: Path, until: str, code: int, said: str) -> None:
    configure(here, WAIVED.format(until=until))
    done = gate()
    assert done.code == code
    assert said in done.out


# --- baselines ---


def test_a_report_of_sizes_is_a_baseline(gate: Gate, imgtool: Gate, here: Path) -> None:
    (here / "main.json").write_bytes(imgtool("size", "old.tar", "--format", "json").stdout)
    assert gate("new.tar", "--baseline", "main.json", "--max-growth", "5%").code == 1
    assert gate("new.tar", "--baseline", "main.json", "--max-growth", "120%").code == 0
    # of several images each needs a row of its own
    done = gate("old.tar", "new.tar", "--baseline", "main.json", "--max-growth", "0", "--format", "json")
    outcomes = [one["budgets"][0]["outcome"] for one in json.loads(done.out)["images"]]
    assert (outcomes, done.code) == (["within", "not judged"], 0)


def test_the_ratchet_moves_when_it_is_told_to(gate: Gate, here: Path) -> None:
    configure(
        here,
        '[gate]\nratchet = "sizes.json"\n[[gate.images]]\nname = "app"\nimage = "docker-archive:app.tar"\n',
    )
    ratchet = here / "sizes.json"

    def ship(name: str) -> None:
        (here / "app.tar").write_bytes((here / name).read_bytes())

    ship("old.tar")
    # nothing is known yet, and nothing is written unasked
    done = gate()
    assert (done.code, ratchet.exists()) == (0, False)
    assert "app: not judged" in done.out
    assert "no baseline: the ratchet sizes.json does not exist yet: imgtool gate --update writes" in done.out
    done = gate("--update")
    assert done.code == 0
    assert "app: nothing → 102 kB unpacked" in done.err
    first = ratchet.read_bytes()
    assert gate().code == 0
    ship("new.tar")
    assert (gate().code, ratchet.read_bytes()) == (1, first)
    assert gate("--max-growth", "200%").code == 0
    done = gate("--update")
    assert "app: 102 kB → 225 kB unpacked" in done.err
    assert (done.code, gate().code) == (0, 0)
    # it lowers as it raises: when told to
    ship("old.tar")
    assert gate().code == 0
    assert b"225280" in ratchet.read_bytes()
    assert gate("--update").code == 0
    assert ratchet.read_bytes() == first
    # what is over a budget stays over it
    assert gate("--update", "--max-size", "1kB").code == 1


def test_a_ratchet_keeps_what_was_not_gated(gate: Gate, here: Path) -> None:
    assert gate("old.tar", "--ratchet", "sizes.json", "--update").code == 0
    assert "the ratchet sizes.json holds no 'new.tar' yet" in gate("new.tar", "--ratchet", "sizes.json").out
    assert gate("new.tar", "--ratchet", "sizes.json", "--update").code == 0
    assert list(json.loads((here / "sizes.json").read_text())["images"]) == ["new.tar", "old.tar"]


def test_a_ratchet_that_is_broken(gate: Gate, here: Path) -> None:
    (here / "sizes.json").write_text("{")
    done = gate("old.tar", "--ratchet", "sizes.json")
    assert done.code == 2
    assert "sizes.json is no ratchet: it is not JSON" in done.err


# --- what is written ---


def test_reports_go_where_they_are_wanted(gate: Gate, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    (here / "summary.md").write_text("before\n")
    configure(here, IMAGES)
    names = ("text", "json", "markdown", "github", "junit", "gitlab", "metrics")
    words = [word for name in names for word in ("--output", f"{name}=out.{name}")]
    done = gate("--format", "github", "--summary", "--key", "gpu", *words)
    assert done.code == 1
    files = {name: (here / f"out.{name}").read_text() for name in names}
    assert files["github"] == done.out
    assert done.out.startswith(
        "::error title=imgtool gate (grows),file=imgtool.toml,line=1::grows: --max-growth"
    )
    assert json.loads(files["json"])["within"] is False
    assert files["markdown"].startswith("<!-- imgtool-gate:gpu -->\n")
    assert (here / "summary.md").read_text() == f"before\n{files['markdown']}\n"
    assert ET.fromstring(files["junit"]).get("failures") == "1"  # noqa: S314 - our own
    assert json.loads(files["gitlab"])[0]["location"]["path"] == "imgtool.toml"
    assert files["metrics"].endswith("# EOF\n")
    assert "grows: over max-growth" in files["text"]
    assert "\x1b" not in files["text"]


def test_the_trend_grows(gate: Gate, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", "0123abcd")
    for name in ("old.tar", "new.tar"):
        assert gate(name, "--max-size", "1MB", "--trend", "trend.jsonl").code == 0
    rows = [json.loads(line) for line in (here / "trend.jsonl").read_text().splitlines()]
    assert [(row["name"], row["unpacked"], row["commit"]) for row in rows] == [
        ("old.tar", 102_400, "0123abcd"),
        ("new.tar", 225_280, "0123abcd"),
    ]


def test_linting_lets_the_table_be(gate: Gate, imgtool: Gate, here: Path) -> None:
    configure(here, WAIVED.format(until="2999-12-31"))
    assert gate().code == 0
    (here / "Dockerfile").write_text("FROM scratch\n")
    for _ in range(2):
        # once from its cache
        assert imgtool("lint", "Dockerfile", "--select", "BK001").code == 0


def test_the_configuration_of_the_guide(gate: Gate, here: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/gate.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (here / "pyproject.toml").write_text(example)
    done = gate("app-cuda=new.tar", "--baseline", "old.tar", "--format", "json")
    (image,) = json.loads(done.out)["images"]
    assert (done.code, image["name"]) == (1, "app-cuda")
    outcomes = {(held["budget"], held["limit"]): held["outcome"] for held in image["budgets"]}
    assert outcomes == {
        ("max-size", "6GB"): "within",
        ("max-waste", "2%"): "over",
        ("max-layers", "40"): "within",
        ("max-growth", "5%"): "noise",
        ("max-growth", "200MB"): "within",
        ("forbid-paths", "/root/.cache/**, **/libcuda.so.*"): "over",
    }
