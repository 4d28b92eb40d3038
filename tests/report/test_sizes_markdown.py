from __future__ import annotations

from archives import classic, files, layer, oci
from looked import looked_at

from imgtool.report.sizes_markdown import markdown


def test_measures_first() -> None:
    shown = markdown([looked_at(files(classic([layer("a 3000"), layer(".wh.a")])), "a_b.tar", top=0)])
    assert shown.startswith("### a\\_b.tar\n\ndocker-archive, linux/amd64, none\n\n| measure |")
    assert "| flattened | 0 B | 0 | file content to be seen in the end |\n" in shown
    assert "<summary>2 layers</summary>" in shown
    assert "Kinds" not in shown


def test_an_analysis() -> None:
    image = looked_at(files(oci([layer("d/libcuda.so.1 5000, gone 70"), layer(".wh.gone")])))
    shown = markdown([image])
    assert "| 5 kB | 100.0% | the host's driver | 1 | IMG102 |" in shown
    assert "| 70 B | deleted | /gone | 1 | 2 |\n" in shown
    assert "`imgtool explain IMG202`" in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_foreign_names_are_no_markup() -> None:
    shown = markdown([looked_at(files(classic([layer("<b>|`@you` 5000")])))])
    assert "/\\<b\\>\\|\\`@<!-- -->you\\`" in shown
    assert "<b>" not in shown
