from __future__ import annotations

import re
from pathlib import Path

import pytest

from imgtool.gates.settings import GateSettings, Missing, Policy, Require, Target
from imgtool.gates.targets import Asked, targets
from imgtool.images.budget import max_growth, max_size
from imgtool.images.compare import Measure
from imgtool.values import replace

GROWTH = (max_growth("5%"),)
SIZE = Policy(budgets=(max_size("8GB"),))
CUDA = Target("cuda", Policy(budgets=(max_size("6GB"),)), "docker-daemon:app:cuda", "old:cuda", "runtime")
CANN = Target("cann", SIZE, "docker-archive:cann.tar", "sizes.json", platform="linux/arm64")
TABLE = GateSettings(SIZE, images=(CUDA, CANN))
HERE = Path("project")


def chosen(table: GateSettings = TABLE, **asked: object) -> list[tuple[str, str | None, str | None]]:
    """Name, image and baseline of each."""
    asked_for = Asked(**asked)  # type: ignore[arg-type] # one table of arguments
    return [(one.name, one.image, one.baseline) for one in targets(asked_for, table, HERE)]


# --- (images, baselines, what is gated): paths of the configuration are relative to its folder ---
IN_FOLDER = ("cann", "docker-archive:project/cann.tar", "project/sizes.json")


@pytest.mark.parametrize(
    ("images", "baselines", "found"),
    [
        ((), (), [("cuda", "docker-daemon:app:cuda", "old:cuda"), IN_FOLDER]),
        (("a", "b"), (), [("b", "b", "a")]),
        (("a", "b"), ("c.json",), [("a", "a", "c.json"), ("b", "b", "c.json")]),
        (("a",), ("old",), [("a", "a", "old")]),
        (("a",), (), [("a", "a", None)]),
        (("a", "b", "c"), (), [("a", "a", None), ("b", "b", None), ("c", "c", None)]),
        (("cuda=new:1",), (), [("cuda", "new:1", "old:cuda")]),
        (("cuda=new:1",), ("main:1",), [("cuda", "new:1", "main:1")]),
        (("cuda=new:1", "cann=new:2"), ("cuda=main:1",), [("cuda", "new:1", "main:1"), ("cann", "new:2", IN_FOLDER[2])]),
        (("cuda=a", "cann=b"), ("cuda=x", "y"), [("cuda", "a", "x"), ("cann", "b", "y")]),
        # by its name, and by what it is called in the configuration
        (("cuda",), (), [("cuda", "docker-daemon:app:cuda", "old:cuda")]),
        (("docker-daemon:app:cuda",), (), [("cuda", "docker-daemon:app:cuda", "old:cuda")]),
        # both by their names: no BASE and HEAD
        (("cuda", "cann"), (), [("cuda", "docker-daemon:app:cuda", "old:cuda"), IN_FOLDER]),
        (("cuda", "b"), (), [("b", "b", "cuda")]),
        # no name: it holds a slash, or nothing is behind it
        (("./x=a",), (), [("./x=a", "./x=a", None)]),
        (("x=",), (), [("x=", "x=", None)]),
        ((), ("cuda=main:1",), [("cuda", "docker-daemon:app:cuda", "main:1"), IN_FOLDER]),
    ],
)  # fmt: skip
def test_which(
    images: tuple[str, ...],
    baselines: tuple[str, ...],
    found: list[tuple[str, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_bytes(b"[]")
    assert chosen(images=images, baselines=baselines) == found


def test_names_are_free_where_the_configuration_has_none() -> None:
    assert chosen(GateSettings(SIZE), images=("new=a",)) == [("new", "a", None)]


def test_a_file_whose_name_looks_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x=a.tar").write_bytes(b"")
    assert chosen(images=("x=a.tar",)) == [("x=a.tar", "x=a.tar", None)]


@pytest.mark.parametrize(
    ("baseline", "path"),
    [
        ("gone.json", "gone.json"),
        ("gone.tar", "gone.tar"),
        ("a=./gone.tar:app", "./gone.tar:app"),
        ("docker-archive:gone", "gone"),
        ("oci:gone", "gone"),
        ("../gone/main.tgz", "../gone/main.tgz"),
        # more than a file can be called
        (f"a={'x' * 300}.tar", f"{'x' * 300}.tar"),
        # names in an engine or a registry may be absent: nothing here can tell
        ("gone", ""),
        ("a=ghcr.io/gone:1", ""),
        ("docker-daemon:gone.tar", ""),
    ],
)
def test_a_baseline_that_is_a_file_must_be_there(
    baseline: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = Asked(images=("a",), baselines=(baseline,), budgets=GROWTH)
    if path:
        with pytest.raises(ValueError, match=f": {re.escape(path)} does not exist; .* neutral or fail$"):
            targets(asked, TABLE, HERE)
    # unless it is told what it means that it is not
    (target,) = targets(replace(asked, missing=Missing.NEUTRAL if path else None), TABLE, HERE)
    assert target.baseline == baseline.removeprefix("a=")


@pytest.mark.parametrize(
    ("asked", "table", "complaint"),
    [
        ({}, GateSettings(SIZE), "no image is named"),
        ({"images": ("a",)}, GateSettings(), "a: a gate needs a budget"),
        ({"images": ("a",), "budgets": GROWTH}, GateSettings(), "a: growth over what"),
        ({"builds": True, "budgets": GROWTH}, GateSettings(), "Name a --baseline or --against-dockerfile$"),
        ({}, GateSettings(SIZE, images=(Target("x", SIZE),)), "it is not told which image 'x' is: x=IMAGE"),
        ({"images": ("a", "b", "c"), "baselines": ("d",)}, TABLE, "say which baseline is whose"),
        ({"images": ("a",), "baselines": ("d", "e")}, TABLE, "say which baseline is whose"),
        ({"images": ("a",), "baselines": ("b=d",)}, TABLE, "no image that is gated is called 'b'$"),
        ({"images": ("cuda=a",), "baselines": ("cuds=d",)}, TABLE, r"called 'cuds' \(did you mean cuda\?\)"),
        ({"images": ("cuds=a",)}, TABLE, r"called 'cuds' \(did you mean cuda\?\): they are cuda, cann;"),
        ({"images": ("cuda=a", "x=b")}, TABLE, "called 'x': they are cuda, cann;"),
        ({"images": ("cuda=a", "cuda=b")}, TABLE, "2 images are called 'cuda'"),
        ({"images": ("cuda", "cuda=b", "c")}, TABLE, "2 images are called 'cuda'"),
        ({"images": ("one=a", "one=b")}, GateSettings(SIZE), "2 images are called 'one'"),
        ({"images": ("a", "a", "a")}, GateSettings(SIZE), "3 images are called 'a'"),
        ({"images": ("cuda=a",), "baselines": ("cuda=b", "cuda=c")}, TABLE, "2 baselines are called 'cuda'"),
        ({"images": ("a",), "packages": ("a[",)}, TABLE, "syntax error in pattern"),
        (
            {"images": ("a",), "packages": ("npm:x",)},
            TABLE,
            "no manager is called 'npm'.*: apk, conda, dpkg, pip, rpm",
        ),
        ({"images": ("a",), "packages": ("pip:a", "dkpg:*")}, TABLE, r"'dkpg' \(did you mean dpkg\?\)"),
    ],
)
def test_what_is_refused(asked: dict[str, object], table: GateSettings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        chosen(table, **asked)


@pytest.mark.parametrize("pattern", ["gcc*", "dpkg:gcc*", "[pr]*:gcc", "*:gcc", "rpm:*:1"])
def test_packages_of_managers_that_are_read(pattern: str) -> None:
    (target,) = targets(Asked(images=("a",), packages=(pattern,)), TABLE, HERE)
    assert target.policy.packages == (pattern,)


def test_the_command_line_comes_first() -> None:
    asked = Asked(
        images=("cann=x",),
        measure=Measure.FLATTENED,
        noise_floor=5,
        missing=Missing.FAIL,
        require=Require.ANY,
        budgets=(max_size("1GB"), *GROWTH),
        paths=("a",),
        packages=("b",),
        platform="linux/amd64",
    )
    (target,) = targets(asked, TABLE, HERE)
    assert target.platform == "linux/amd64"
    assert target.policy == Policy(
        Measure.FLATTENED, 5, Missing.FAIL, Require.ANY, (max_size("1GB"), *GROWTH), ("a",), ("b",)
    )


def test_two_are_base_and_head_and_the_base_must_be_there() -> None:
    (target,) = targets(Asked(images=("a", "b"), budgets=GROWTH), TABLE, HERE)
    assert (target.required, target.policy.of("max-size")) == (True, SIZE.budgets)
    (target,) = targets(Asked(images=("a",), baselines=("b",), budgets=GROWTH), TABLE, HERE)
    assert not target.required


def test_a_ratchet_allows_no_growth_where_nobody_says_more() -> None:
    ratchet = Path("sizes.json")
    (target,) = targets(Asked(images=("a",)), GateSettings(ratchet=ratchet), HERE)
    assert target.policy.of("max-growth") == (max_growth("0"),)
    (target,) = targets(Asked(images=("a",)), GateSettings(Policy(budgets=GROWTH), ratchet=ratchet), HERE)
    assert target.policy.of("max-growth") == GROWTH
    (target,) = targets(Asked(images=("a",), baselines=("b",)), GateSettings(SIZE, ratchet=ratchet), HERE)
    assert target.policy.of("max-growth") == ()


def test_what_is_built() -> None:
    staged = targets(Asked(builds=True), TABLE, HERE)
    assert [(target.name, target.stage) for target in staged] == [("cuda", "runtime")]
    one = targets(Asked(builds=True, stage="x"), TABLE, HERE)
    assert [(target.name, target.stage, target.image) for target in one] == [("image", "x", None)]
