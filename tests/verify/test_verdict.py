from __future__ import annotations

import json

import pytest
from handmade import Paths, image

from imgtool.report import verdicts
from imgtool.report.style import Style
from imgtool.values import replace
from imgtool.verify.build import BuildError
from imgtool.verify.drops import Named
from imgtool.verify.smoke import Smoke
from imgtool.verify.subjects import Opened
from imgtool.verify.verdict import Options, Sizes, Verdict, compare, not_built, size

_BIG, _SMALL = 1000, 400


def _verdict(before: Paths, after: Paths, options: Options | None = None, unpacked: int = _SMALL) -> Verdict:
    one, other = image(before, unpacked=_BIG), image(after, unpacked=unpacked)
    return compare(Opened(one, None), Opened(other, None), options or Options())[0]


@pytest.mark.parametrize(
    "before, after, unpacked, expected",
    [
        ({"/x": b"1"}, {"/x": b"1"}, _SMALL, (True, True, True)),
        ({"/x": b"1"}, {}, _SMALL, (False, True, False)),
        ({"/x": b"1"}, {"/x": b"1"}, _BIG, (True, False, False)),
        ({"/x": b"1"}, {}, _BIG + 1, (False, False, False)),
    ],
)
def test_equivalent_and_smaller(
    before: Paths, after: Paths, unpacked: int, expected: tuple[bool, bool, bool]
) -> None:
    made = _verdict(before, after, unpacked=unpacked)
    assert (made.equivalent, made.smaller, made.good) == expected
    assert made.established


def test_all_nine_checks_report() -> None:
    names = [one.name for one in _verdict({}, {}).checks]
    assert names == "config files libraries scripts python imports compilers smoke size".split()


def test_commands_that_could_not_be_run_establish_nothing() -> None:
    made = _verdict({}, {}, Options(smoke=Smoke(commands=("true",))))
    assert made.equivalent is None
    assert not made.established
    assert not made.good
    # a failure is one, whatever could not be carried out
    assert _verdict({"/x": b""}, {}, Options(smoke=Smoke(commands=("true",)))).equivalent is False


def test_what_the_user_names_may_go() -> None:
    assert _verdict({"/src/x": b"1"}, {}, Options(named=(Named("named", "/src*"),))).good


@pytest.mark.parametrize(
    "before, after, gain, failures",
    [
        ((100, 100), (50, 50), 0.5, 0),
        ((100, 100), (99, 99), 0.0, 0),
        ((100, 100), (50, 51), 0.5, 1),
        ((100, 100), (100, 99), 0.0, 1),
        ((100, 100), (101, 101), 0.0, 2),
        ((0, 0), (0, 0), 0.0, 2),
    ],
)
def test_the_gain_that_is_demanded(
    before: tuple[int, int], after: tuple[int, int], gain: float, failures: int
) -> None:
    assert len(size((Sizes(*before), Sizes(*after)), gain).differences) == failures


_FAILED = _verdict({"/etc/*evil*\x1b[31m": b"1", "/tmp/x": b"22"}, {})  # noqa: S108 - a folder of an image


def test_text_says_what_failed_what_is_right_and_what_to_do() -> None:
    text = verdicts.text(_FAILED, Style())
    assert "failed   files" in text
    assert "fail   /etc: folder is missing, and 1 path in it (1 bytes)" in text
    assert "right  " in text
    assert "to do: " in text
    assert "not equivalent (files), smaller" in text
    assert text.splitlines()[-3:-1] == [
        "unpacked        1 kB ->     400 B  -60.0%, 2.50 times smaller",
        "flattened       1 kB ->     400 B  -60.0%, 2.50 times smaller",
    ]
    assert text.isascii()
    assert "\x1b" not in text


def test_text_of_what_is_not_established() -> None:
    made = _verdict({}, {}, Options(smoke=Smoke(start=True)))
    assert "not established: smoke could not be carried out" in verdicts.text(made, Style())


def test_markdown_holds_no_markup_of_the_image() -> None:
    hostile = _verdict({"/<b>|[x](y)`\n**z": b"1"}, {})
    text = verdicts.markdown(hostile)
    assert r"/\<b\>\|\[x\](y)\` \*\*z" in text
    assert "| files: nothing is gone or changed without a reason | failed |" in text


def test_json_has_every_difference() -> None:
    made = json.loads(verdicts.as_json(_FAILED))
    assert (made["established"], made["equivalent"], made["smaller"]) == (True, False, True)
    assert made["before"] == {"reference": "made", "unpacked": _BIG, "flattened": _BIG}
    (check,) = [one for one in made["checks"] if one["name"] == "files"]
    assert check["status"] == "failed"
    assert {one["weight"] for one in check["differences"]} == {"fail", "note"}


@pytest.mark.parametrize("form", [lambda v: verdicts.text(v, Style()), verdicts.markdown, verdicts.as_json])
def test_secrets_of_the_images_are_hidden(form: object) -> None:
    secret = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    one = image({}, env=[f"GITHUB_TOKEN={secret}"], unpacked=_BIG)
    made, _ = compare(Opened(one, None), Opened(image({}, unpacked=_SMALL), None), Options())
    assert callable(form)
    text = form(made)
    assert "GITHUB" in text
    assert secret not in text


def test_bytes_that_are_no_unicode_are_printable() -> None:
    made = _verdict({"/x\udcff": b"1"}, {})
    for text in (verdicts.text(made, Style()), verdicts.markdown(made), verdicts.as_json(made)):
        text.encode()


def test_a_second_file_that_does_not_build_is_a_verdict() -> None:
    made = not_built("A", "B", BuildError("exit code: 1", ("#5 RUN make", "make: *** no rule")))
    assert (made.equivalent, made.smaller, made.sizes) == (False, False, None)
    assert "make: *** no rule" in verdicts.text(made, Style())
    assert json.loads(verdicts.as_json(made))["after"] == {"reference": "B"}
    assert "not equivalent (build)" in verdicts.markdown(made)


def test_long_lists_are_cut_in_text_alone() -> None:
    made = _verdict({f"/x{number}": b"" for number in range(30)}, {})
    assert "18 more differences" in verdicts.text(made, Style())
    assert verdicts.as_json(made).count("file is missing") == 30


def test_the_smaller_one_of_two_equal_ones_is_none() -> None:
    made = replace(_verdict({}, {}), smaller=False)
    assert "equivalent in all that was checked, and not smaller" in verdicts.text(made, Style())
