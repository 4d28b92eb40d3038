from __future__ import annotations

import json

from archives import classic, files, layer, oci
from looked import looked_at

from imgtool.images.compare import Measure, compare
from imgtool.report import compared
from imgtool.report.sizes import Subject
from imgtool.report.style import Style
from imgtool.values import replace

BASE = looked_at(
    files(oci([layer("usr/a 10000"), layer("opt/b 50000")], history=[{"created_by": "FROM"}, {"created_by": "RUN make"}])),
    "base.tar",
)  # fmt: skip
HEAD = looked_at(
    files(
        oci(
            [layer("usr/a 10000"), layer("opt/b 90000, opt/c 7"), layer(".wh.usr")],
            history=[{"created_by": "FROM"}, {"created_by": "RUN make"}, {"created_by": "RUN rm -r /usr"}],
        )
    ),
    "head.tar",
)


def parts(base: Subject, head: Subject) -> list[compared.Part]:
    return list(compared.parts(base, head))


def test_text() -> None:
    comparison = compare(BASE.measures, HEAD.measures, Measure.UNPACKED)
    assert (
        compared.text(comparison, parts(BASE, HEAD), Style(), 1)
        == f"""\
first   base.tar  (docker-archive, linux/amd64, gzip)
second  head.tar  (docker-archive, linux/amd64, gzip)
                   first      second  growth
  transfer       {transfer(comparison.base.transfer, comparison.head.transfer)}
  unpacked         82 kB      133 kB  +51 kB (+62.5%)  <- compared
  flattened        60 kB       90 kB  +30 kB (+50.0%)
  waste              0 B       10 kB  +10 kB

  layers (unpacked): 1 added (+10 kB), 1 grown (+41 kB)
     +41 kB       61 kB      102 kB  RUN make
  … 1 more

  kinds (flattened): 1 grown (+30 kB)
     +30 kB       60 kB       90 kB  everything else

  folders (flattened): 1 grown, 1 removed
     +40 kB       50 kB       90 kB  /opt
  … 1 more

  paths (flattened): 1 added (+7 B), 1 grown (+40 kB), 1 removed (-10 kB)
     +40 kB       50 kB       90 kB  /opt/b
  … 2 more
"""
    )


def test_folders_count_all_below_them() -> None:
    base = image_of(
        "usr/local/cuda/lib/a 5000, usr/local/cuda/bin/b 3000, usr/local/cuda/c 100, opt/x/y/z 9, same/s 5"
    )
    head = image_of("usr/local/cuda/lib/a 1000, usr/local/bin/d 40, opt/x/y/z 20, top 7, same/s 5")
    (folders,) = [part for part in parts(base, head) if part.title == "Folders"]
    # /usr, /usr/local and /opt say nothing that the folders in them do not
    assert [(one.name, one.before, one.after) for one in folders.changes] == [
        ("/usr/local/cuda", 8100, 1000),
        ("/usr/local/cuda/lib", 5000, 1000),
        ("/usr/local/cuda/bin", 3000, None),
        ("/usr/local/bin", None, 40),
        ("/opt/x/y", 9, 20),
    ]
    both = [{row.name: row.size for row in one.analysis.folders} for one in (base, head) if one.analysis]
    for one in folders.changes:
        assert both[0].get(one.name, one.before) == one.before
        assert both[1].get(one.name, one.after) == one.after


def test_what_grows_and_shrinks_in_a_folder_is_told_apart() -> None:
    (folders,) = [
        part for part in parts(image_of("a/b/x 1000"), image_of("a/c/x 1002")) if part.title == "Folders"
    ]
    assert [(one.name, one.growth) for one in folders.changes] == [("/a/c", 1002), ("/a/b", -1000), ("/a", 2)]


def transfer(before: int | None, after: int | None) -> str:
    assert before is not None
    assert after is not None
    return f"{before:>5} B       {after:>3} B  +{after - before} B ({(after - before) / before:+.1%})"


def test_json() -> None:
    comparison = compare(BASE.measures, HEAD.measures, Measure.FLATTENED)
    document = json.loads(compared.as_json(comparison, parts(BASE, HEAD), 2))
    assert list(document) == [
        "measure", "why", "before", "after", "growth", "growth_percent", "base", "head",
        "layers", "kinds", "packages", "folders", "paths",
    ]  # fmt: skip
    assert (document["measure"], document["growth"], document["growth_percent"]) == (
        "flattened",
        30_007,
        50.012,
    )
    assert document["paths"] == {
        "measure": "flattened",
        "changed": 3,
        "changes": [
            {"name": "/opt/b", "before": 50_000, "after": 90_000, "growth": 40_000},
            {"name": "/usr/a", "before": 10_000, "after": None, "growth": -10_000},
        ],
    }
    assert document["layers"]["measure"] == "unpacked"


def test_markdown() -> None:
    comparison = compare(BASE.measures, HEAD.measures, Measure.FLATTENED)
    shown = compared.markdown(comparison, parts(BASE, HEAD), 1)
    assert shown.startswith("### base.tar → head.tar: flattened +30 kB (+50.0%)\n")
    assert "| +40 kB | 50 kB | 90 kB | /opt/b |\n\n2 more changes\n" in shown
    assert shown.count("<details>") == 4


def test_what_is_compared_in_place_of_what_was_asked_for_is_said() -> None:
    other = replace(HEAD.measures, compression="zstd")
    comparison = compare(BASE.measures, other, Measure.TRANSFER)
    why = "the layers of one are gzip, those of the other zstd"
    assert f"compared unpacked: {why}\n" in compared.text(comparison, [], Style(), 5)
    assert f"Compared unpacked: {why}\n" in compared.markdown(comparison, [], 5)
    assert json.loads(compared.as_json(comparison, [], 5))["why"] == why


def test_layers_on_what_a_pull_moves() -> None:
    first, *_ = compared.parts(BASE, HEAD, Measure.TRANSFER)
    assert first.measure is Measure.TRANSFER


def test_an_image_and_itself() -> None:
    comparison = compare(BASE.measures, BASE.measures, Measure.UNPACKED)
    assert not compared.different(comparison, parts(BASE, BASE))
    assert compared.different(comparison, parts(BASE, HEAD))


def test_a_layer_that_was_built_anew() -> None:
    again = image_of("usr/b 10000")
    comparison = compare(again.measures, image_of("usr/c 10000").measures, Measure.UNPACKED)
    found = [part for part in parts(again, image_of("usr/c 10000")) if part.title == "Layers"]
    assert "layers (unpacked): 1 of the same size (+0 B)" in compared.text(comparison, found, Style(), 5)
    assert not compared.different(comparison, found)


def image_of(content: str) -> Subject:
    return looked_at(files(oci([layer(content)], history=[{"created_by": "RUN make"}])))


def test_without_an_analysis_only_layers() -> None:
    one = looked_at(files(classic([layer("a 1")])), top=0)
    assert [part.title for part in compared.parts(one, one)] == ["Layers"]


def test_foreign_names() -> None:
    other = looked_at(files(oci([layer("\x1b[2J<b>\udcff 5000")])))
    comparison = compare(BASE.measures, other.measures, Measure.UNPACKED)
    found = parts(BASE, other)
    assert "\x1b" not in compared.text(comparison, found, Style(), 9)
    assert "<b>" not in compared.markdown(comparison, found, 9)
    assert "/\x1b[2J<b>\ufffd" in {
        one["name"] for one in json.loads(compared.as_json(comparison, found, 9))["paths"]["changes"]
    }
