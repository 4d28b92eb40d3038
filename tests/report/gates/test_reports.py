from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from gated import archive, weighed

from imgtool.gates.judge import judge
from imgtool.gates.model import Held, Judged, Outcome, Place
from imgtool.gates.settings import Missing, Policy, Target, Waiver
from imgtool.images import budget as budgets
from imgtool.images.compare import Change, Measure
from imgtool.report.gates.common import Where
from imgtool.report.gates.data import as_json
from imgtool.report.gates.github import as_github
from imgtool.report.gates.gitlab import as_gitlab, as_metrics
from imgtool.report.gates.junit import as_junit
from imgtool.report.gates.markdown import as_markdown, marker
from imgtool.report.gates.text import as_text
from imgtool.report.style import Style
from imgtool.values import replace

TODAY = date(2030, 1, 15)
WHERE = Where("docker/Dockerfile", 3)
HOSTILE = "a|b`<script>alert(1)</script>\x1b[31m%0A::error::\r\n[x](http://x)@all]]>&\"'\\ \ud800"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judged]:
    folder = tmp_path_factory.mktemp("images")
    steps = [{"created_by": "COPY a / # buildkit"}, {"created_by": "RUN /bin/sh -c make b # buildkit"}]
    base = weighed(archive(folder / "base.tar", "a 100000", history=steps[:1]))
    head = weighed(archive(folder / "head.tar", "a 100000", "b 20000, a 100000", history=steps))
    growth, size = budgets.max_growth, budgets.max_size
    over = Policy(budgets=(growth("5%"), size("1MB")), paths=("/b",))
    waiver = Waiver("waived", "max-growth", "new CUDA", date(2030, 2, 1))
    rows = {
        "over": judge(Target("over", over), head, base, today=TODAY),
        "within": judge(Target("within", Policy(budgets=(growth("1GB"),))), head, base, today=TODAY),
        "waived": judge(
            Target("waived", Policy(budgets=(growth("0"),))), head, base, waivers=[waiver], today=TODAY
        ),
        "new": judge(
            Target("new", Policy(budgets=(growth("0"), budgets.max_layers(2)))),
            head,
            None,
            missing="none is given",
            today=TODAY,
        ),
        **{
            name: judge(
                Target(name, Policy(missing=missing, budgets=budget)),
                head,
                None,
                missing="none is given",
                today=TODAY,
            )
            for name, missing, budget in (
                ("first", Missing.NEUTRAL, (growth("0"), growth("5%"))),
                ("strict", Missing.FAIL, (growth("0"),)),
                ("both", Missing.FAIL, (growth("0"), budgets.max_layers(1))),
            )
        },
        "lost": Judged("lost", Measure.UNPACKED, error="lost.tar cannot be measured: it is truncated"),
    }
    over_grown = rows["over"].grown
    assert over_grown
    rows["hostile"] = replace(
        rows["over"],
        name=HOSTILE,
        notes=(HOSTILE,),
        error=HOSTILE,
        held=(
            Held("forbid-paths", HOSTILE, Outcome.OVER, 1, 0, places=(Place(HOSTILE, 5, 0),), note=HOSTILE),
        ),
        grown=replace(over_grown, paths=(Change(HOSTILE, None, 5),), layers=(Change(HOSTILE, 1, 5),)),
    )
    return rows


def test_text(judged: dict[str, Judged]) -> None:
    said = as_text([judged["over"]], Style())
    assert re.sub(r"\(docker-archive.*\)|/\S*/(?=base|head)", "", said) == (
        "over: over forbid-paths, max-growth\n"
        "  base  docker-archive:base.tar  \n"
        "  head  docker-archive:head.tar  \n"
        "                    base        head  growth\n"
        "  transfer       unknown     unknown  -\n"
        "  unpacked        102 kB      225 kB  +123 kB (+120.0%)  <- gated\n"
        "  flattened       100 kB      120 kB  +20 kB (+20.0%)\n"
        "  waste              0 B      100 kB  +100 kB\n"
        "  within      --max-size 1MB: unpacked size 225,280 bytes, allowed 1,000,000\n"
        "  over        forbid-paths /b: 1 there: /b (20 kB)\n"
        "  over        --max-growth 5%: unpacked growth 122,880 bytes, allowed 5,120, 118 kB too many\n"
        "  instructions that grew\n"
        "     +123 kB  RUN make b\n"
        "  paths that grew\n"
        "      +20 kB  /b\n"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("within", ["within: within\n", "  within      --max-growth 1GB"]),
        ("waived", ["waived: waived\n", "allowed 0, 123 kB too many (waived until 2030-02-01: new CUDA)"]),
        (
            "new",
            [
                "new: within, max-growth not judged\n",
                "  not judged  --max-growth 0: not judged without a baseline, which passes with --missing-baseline neutral (none is given)",
                "  note        no baseline: none is given",
                "  within      --max-layers 2: 2 layers, allowed 2",
            ],
        ),
        ("first", ["first: not judged\n", "  not judged  --max-growth 0: not judged without"]),
        ("strict", ["strict: no baseline\n", "which fails with --missing-baseline fail (none is given)"]),
        ("both", ["both: over max-layers, no baseline\n"]),
        ("lost", ["lost: not established\n", "  unknown     lost.tar cannot be measured: it is truncated"]),
    ],
)
def test_text_of_other_outcomes(judged: dict[str, Judged], name: str, words: list[str]) -> None:
    said = as_text([judged[name]], Style())
    assert [word for word in words if word not in said] == []
    # what grew is told where it matters
    assert "that grew" not in said


def test_several_are_summed_up(judged: dict[str, Judged]) -> None:
    said = as_text([judged["over"], judged["within"], judged["lost"]], Style())
    assert said.endswith("\n3 images: 1 within budget, 1 over budget, 1 not established\n")


@pytest.mark.parametrize(
    ("names", "total"),
    [
        (["within", "within"], "2 images: 2 within budget"),
        (["within", "waived"], "2 images: 1 within budget, 1 waived"),
        (["within", "first"], "2 images: 1 within budget, 1 not judged"),
        (["new", "first"], "2 images: 1 within budget, 1 not judged"),
        (["strict", "both"], "2 images: 1 over budget, 1 without a baseline"),
        (["lost", "waived", "over"], "3 images: 1 waived, 1 over budget, 1 not established"),
    ],
)
def test_what_is_counted(judged: dict[str, Judged], names: list[str], total: str) -> None:
    assert as_text([judged[name] for name in names], Style()).splitlines()[-1] == total


def test_json_calls_nothing_within_that_was_not_judged(judged: dict[str, Judged]) -> None:
    document = json.loads(as_json([judged["new"], judged["strict"]]))
    within = [[held["within"] for held in image["budgets"]] for image in document["images"]]
    assert (document["within"], within) == (False, [[True, None], [False]])


def test_json(judged: dict[str, Judged]) -> None:
    document = json.loads(as_json([judged["over"], judged["new"], judged["lost"]]))
    over, new, lost = document["images"]
    assert (document["within"], document["version"]) == (False, 1)
    assert (over["status"], over["before"], over["after"], over["growth_percent"]) == (
        "failed",
        102_400,
        225_280,
        120.0,
    )
    assert [(one["budget"], one["outcome"], one["within"]) for one in over["budgets"]] == [
        ("max-size", "within", True),
        ("forbid-paths", "over", False),
        ("max-growth", "over", False),
    ]
    assert over["budgets"][1]["places"] == [{"name": "/b", "size": 20_000, "layer": 1}]
    assert over["grown"]["paths"] == [{"name": "/b", "before": None, "after": 20_000, "growth": 20_000}]
    assert (over["head"]["layers"], over["head"]["waste"], over["head"]["compression"]) == (
        2,
        100_000,
        "none",
    )
    assert (new["before"], new["after"], new["growth"], new["base"]) == (None, 225_280, None, None)
    assert (lost["error"], lost["head"]) == ("lost.tar cannot be measured: it is truncated", None)
    assert json.loads(as_json([judged["within"]]))["within"] is True


# --- Markdown ---


def test_markdown(judged: dict[str, Judged]) -> None:
    said = as_markdown([judged["over"], judged["within"], judged["new"], judged["lost"]], "main")
    assert said.startswith("<!-- imgtool-gate:main -->\n**imgtool gate**: 4 images: 2 within budget, 1 over")
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert rows[1:5] == [
        "| over | **over forbid-paths, max-growth** | unpacked | 102 kB | 225 kB | +123 kB (+120.0%) |",
        "| within | within | unpacked | 102 kB | 225 kB | +123 kB (+120.0%) |",
        "| new | within, max-growth not judged | unpacked | none | 225 kB | - |",
        "| lost | **not established** | unpacked |  |  |  |",
    ]
    assert said.count("<details") == said.count("</details>") == 4
    # what is wrong is open
    assert said.count("<details open>") == 1
    assert "| +20 kB | /b |" in said


def test_markdown_that_would_be_too_long_is_cut(judged: dict[str, Judged]) -> None:
    said = as_markdown([judged["over"]] * 100, "main")
    assert len(said) < 65_536
    assert said.startswith(marker("main"))
    assert said.endswith("Details are left out: there are too many.\n")
    assert len(as_markdown([judged["over"]] * 2000, "main")) < 65_536


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.seen.add(tag)


def test_markdown_shows_hostile_texts_as_they_are(judged: dict[str, Judged]) -> None:
    said = as_markdown([judged["hostile"]], "main")
    # a backslash before a mark takes its meaning
    bare = re.sub(r"\\[\\`*_{}\[\]<>()#+!|~&$]", "", said)
    tags = Tags()
    tags.feed(bare)
    assert tags.seen <= {"details", "summary"}
    assert "\x1b" not in said
    assert "@all" not in said
    assert "[x]" not in bare
    for line in bare.splitlines():
        if line.startswith("|"):
            assert line.count("|") in {3, 5, 7}
    said.encode()


# --- GitHub ---


def test_github(judged: dict[str, Judged]) -> None:
    lines = as_github(
        [judged[name] for name in ("waived", "over", "lost", "new", "within")], WHERE
    ).splitlines()
    assert [line.split(" ")[0] for line in lines[:-1]] == ["::error"] * 3 + ["::warning"] * 2 + ["::notice"]
    assert lines[0] == (
        "::error title=imgtool gate (over),file=docker/Dockerfile,line=3::"
        "over: forbid-paths /b: 1 there: /b (20 kB)"
    )
    assert lines[-1] == "imgtool gate: 5 images: 2 within budget, 1 waived, 1 over budget, 1 not established"


def test_github_without_a_file(judged: dict[str, Judged]) -> None:
    assert as_github([judged["lost"]], None).startswith("::error title=imgtool gate (lost)::lost: lost.tar")


def test_github_takes_no_commands_from_texts(judged: dict[str, Judged]) -> None:
    lines = as_github([judged["hostile"]], Where(HOSTILE)).splitlines()
    assert len(lines) == 4
    for line in lines[:-1]:
        # only the first two colons stand before the text
        head, _, text = line.removeprefix("::").partition("::")
        assert re.fullmatch(r"(error|notice) title=[^,\r\n]*,file=[^,\r\n:]*,line=1", head)
        assert "%250A" in text


# --- JUnit ---

#: Of https://github.com/jenkinsci/xunit-plugin junit-10.xsd: attributes that must be, that may be, and children.
_JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests"}, {"failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "classname"}, {"time", "status"}, {"skipped", "error", "failure", "system-out"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
}


def junit(text: str) -> ET.Element:
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.tag == "testsuites"
    for element in root.iter():
        must, may, children = _JUNIT[element.tag]
        assert must <= set(element.keys()) <= must | may
        assert {child.tag for child in element} <= children
    return root


def test_junit(judged: dict[str, Judged]) -> None:
    root = junit(as_junit(list(judged.values())))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("15", "6", "2")
    suites = {suite.get("name"): suite for suite in root}
    assert suites["waived"].get("skipped") == "1"
    for suite in root:
        assert suite.get("tests") == str(len(suite))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("errors") == str(len(suite.findall("testcase/error")))
    failure = suites["over"].find("testcase[@name='max-growth 5%']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("--max-growth 5%: unpacked growth 122,880 bytes")


# --- GitLab ---

GITLAB = json.loads((Path(__file__).parents[1] / "lint/schemas/gitlab.json").read_text())


def test_gitlab(judged: dict[str, Judged]) -> None:
    issues = json.loads(as_gitlab(list(judged.values()), WHERE))
    jsonschema.Draft202012Validator(GITLAB).validate(issues)
    severities = [(issue["severity"], issue["description"].split(")")[0]) for issue in issues[:-2]]
    assert severities == [
        *[("major", "imgtool gate (over")] * 2,
        ("info", "imgtool gate (waived"),
        ("info", "imgtool gate (new"),
        *[("info", "imgtool gate (first")] * 2,
        ("major", "imgtool gate (strict"),
        *[("major", "imgtool gate (both")] * 2,
        ("major", "imgtool gate (lost"),
    ]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert issues[0]["location"] == {"path": "docker/Dockerfile", "lines": {"begin": 3}}
    assert json.loads(as_gitlab([judged["within"]], WHERE)) == []


def test_a_fingerprint_is_of_the_budget_and_not_of_the_size(judged: dict[str, Judged]) -> None:
    over = judged["over"]
    larger = replace(over, held=tuple(replace(held, actual=(held.actual or 0) + 5) for held in over.held))
    marks = [
        [issue["fingerprint"] for issue in json.loads(as_gitlab([one], WHERE))] for one in (over, larger)
    ]
    assert marks[0] == marks[1]


_SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (-?\d+)')


def test_metrics(judged: dict[str, Judged]) -> None:
    lines = as_metrics(list(judged.values())).split("\n")
    assert lines[-2:] == ["# EOF", ""]
    family, seen = "", set[str]()
    for line in lines[:-2]:
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample
            assert sample[1] == family
            assert line.rpartition(" ")[0] not in seen
            seen.add(line.rpartition(" ")[0])
    assert 'imgtool_image_size_bytes{image="over",platform="linux/amd64",measure="unpacked"} 225280' in lines
    assert 'imgtool_image_baseline_bytes{image="over",platform="linux/amd64",measure="waste"} 0' in lines
    assert 'imgtool_budget_exceeded{image="over",budget="max-growth",limit="5%"} 1' in lines
    assert 'imgtool_budget_exceeded{image="waived",budget="max-growth",limit="0"} 0' in lines


def test_secrets_in_what_grew_are_stars(judged: dict[str, Judged]) -> None:
    over = judged["over"]
    assert over.grown
    secret = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    grown = replace(over.grown, layers=(Change(f"RUN curl -H 'Authorization: {secret}' x", None, 5),))
    told = replace(over, grown=grown)
    for said in (as_text([told], Style()), as_json([told]), as_markdown([told], "main")):
        assert secret not in said
        assert "RUN curl" in said


# --- lines of the Dockerfile that was built ---


def test_growth_points_to_the_instruction_that_grew(judged: dict[str, Judged]) -> None:
    over = replace(judged["over"], lines={"RUN /bin/sh -c make b # buildkit": 7})
    errors = [line for line in as_github([over], WHERE).splitlines() if line.startswith("::error")]
    assert [",line=7::" in line for line in errors] == ["--max-growth" in line for line in errors]
    issues = json.loads(as_gitlab([over], WHERE))
    assert {issue["check_name"]: issue["location"]["lines"]["begin"] for issue in issues} == {
        "imgtool-gate-forbid-paths": 3,
        "imgtool-gate-max-growth": 7,
    }
    assert "+123 kB  line 7: RUN make b" in as_text([over], Style())
    assert "| line 7: RUN make b |" in as_markdown([over], "main")
    assert json.loads(as_json([over]))["images"][0]["grown"]["layers"][0]["line"] == 7
    # without a file there is no line either
    assert "line=" not in as_github([over], None)
