from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.lint.runner import LintResult
from imgtool.syntax import words

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:13.0.2-runtime-ubuntu24.04\n"
NGC = "FROM nvcr.io/nvidia/pytorch:24.05-py3\n"
ALL = "/usr/local/nvidia/lib:/usr/local/nvidia/lib64:/usr/local/cuda/lib64"
ADDED = "ENV LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/a"


LEFT_ALONE = [
    (f"{CUDA}ENV LD_LIBRARY_PATH=/opt/lib:$LD_LIBRARY_PATH", "the old value stays"),
    (f"{CUDA}ENV LD_LIBRARY_PATH=${{LD_LIBRARY_PATH}}:/opt/lib", "the old value stays"),
    (f"{CUDA}ENV LD_LIBRARY_PATH=/opt/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}", "the old value stays"),
    (f"{CUDA}ENV LD_LIBRARY_PATH=/opt/lib:{ALL}", "every folder is named"),
    (f"{CUDA}ENV LD_LIBRARY_PATH={ALL.replace(':', '/:')}", "every folder is named"),
    (f'{CUDA}ENV LD_LIBRARY_PATH=""', "emptied on purpose"),
    (f"{CUDA}{ADDED}\nENV LD_LIBRARY_PATH={ALL}\n{ADDED}", "added again"),
    (f"{CUDA}ENV LD_LIBRARY_PATH=$PATHS", "what it holds does not show"),
    (f"{CUDA}ENV OLD=$LD_LIBRARY_PATH\nENV LD_LIBRARY_PATH=/opt/lib:$OLD", "the old value by another name"),
    (f"{CUDA}ENV PATH=/opt/bin LIBRARY_PATH=/opt/lib", "other variables"),
    (f"{CUDA}RUN export LD_LIBRARY_PATH=/opt/lib && make", "for one RUN"),
    (f"{CUDA}ONBUILD ENV LD_LIBRARY_PATH=/opt/lib", "the child's doing"),
    ("FROM debian:12\nENV LD_LIBRARY_PATH=/opt/lib", "the base sets none"),
    ("FROM scratch\nENV LD_LIBRARY_PATH=/opt/lib", "the base sets none"),
    ("FROM rocm/dev-ubuntu-22.04:6.3.1-complete\nENV LD_LIBRARY_PATH=/opt/lib", "the base sets none"),
    (f"{NGC}ENV LD_LIBRARY_PATH=/opt/lib", "not known to set any"),
    ("FROM mycompany/base\nENV LD_LIBRARY_PATH=/opt/lib", "the base is not known"),
    (f"{CUDA[:-1]} AS build\nENV LD_LIBRARY_PATH=/opt/lib\nFROM debian:12\n", "a builder's"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG107", text).findings, reason


# the instruction as written and as fixed
FIXED = [
    ("ENV LD_LIBRARY_PATH=/opt/lib", "ENV LD_LIBRARY_PATH=/opt/lib:$LD_LIBRARY_PATH"),
    ("ENV LD_LIBRARY_PATH /opt/lib", "ENV LD_LIBRARY_PATH /opt/lib:$LD_LIBRARY_PATH"),
    ('ENV LD_LIBRARY_PATH="/opt/lib"', 'ENV LD_LIBRARY_PATH="/opt/lib:$LD_LIBRARY_PATH"'),
    ("ENV LD_LIBRARY_PATH='/opt/lib'", "ENV LD_LIBRARY_PATH='/opt/lib':$LD_LIBRARY_PATH"),
    ("ENV LD_LIBRARY_PATH=/opt/lib:", "ENV LD_LIBRARY_PATH=/opt/lib:$LD_LIBRARY_PATH"),
    ('ENV LD_LIBRARY_PATH="/opt/lib:"', 'ENV LD_LIBRARY_PATH="/opt/lib:$LD_LIBRARY_PATH"'),
    (
        "ENV A=1 \\\n    # libraries\n    LD_LIBRARY_PATH=/a:\\\n/b \\\n    B=2",
        "ENV A=1 \\\n    # libraries\n    LD_LIBRARY_PATH=/a:\\\n/b:$LD_LIBRARY_PATH \\\n    B=2",
    ),
    (
        "ENV HOME_OF=/opt\nENV LD_LIBRARY_PATH=$HOME_OF/lib",
        "ENV HOME_OF=/opt\nENV LD_LIBRARY_PATH=$HOME_OF/lib:$LD_LIBRARY_PATH",
    ),
    ("env ld=1 LD_LIBRARY_PATH=/a", "env ld=1 LD_LIBRARY_PATH=/a:$LD_LIBRARY_PATH"),
]


@pytest.mark.parametrize("body, fixed", FIXED)
def test_fix(lint_with: LintWith, body: str, fixed: str) -> None:
    text = f'{CUDA}{body}\nCMD ["a"]\n'.encode()
    (finding,) = lint_with("IMG107", text).findings
    assert finding.severity == "warning"
    assert finding.fix is not None
    done = apply(text, finding.fix.edits)
    assert done == f'{CUDA}{fixed}\nCMD ["a"]\n'.encode()
    assert not lint_with("IMG107", done).findings


def test_the_fixed_value_is_the_own_folders_then_the_old_ones() -> None:
    env = {"LD_LIBRARY_PATH": ALL}
    for value in ("/opt/lib:$LD_LIBRARY_PATH", "'/opt/lib':$LD_LIBRARY_PATH", '"/opt/lib:$LD_LIBRARY_PATH"'):
        assert words.expand(value, env).text == f"/opt/lib:{ALL}"


def test_the_span_is_the_value(lint_with: LintWith) -> None:
    text = f"{CUDA}ENV A=1 LD_LIBRARY_PATH=/opt/lib B=2\n".encode()
    (finding,) = lint_with("IMG107", text).findings
    assert text[finding.span.start : finding.span.end] == b"/opt/lib"
    assert finding.message == (
        "LD_LIBRARY_PATH loses /usr/local/nvidia/lib, /usr/local/nvidia/lib64, /usr/local/cuda/lib64; "
        "end the value with :$LD_LIBRARY_PATH"
    )


# five shapes: what is lost, and how sure that is
@pytest.mark.parametrize(
    "text, lost, severity",
    [
        (f"{CUDA}ENV LD_LIBRARY_PATH=/a:/usr/local/cuda/lib64", "/usr/local/nvidia/lib,", "warning"),
        (
            "FROM nvidia/cuda:12.9.1-base-ubuntu22.04\nENV LD_LIBRARY_PATH=/a",
            "/usr/local/cuda/lib64;",
            "warning",
        ),
        (f"{CUDA[:-1]} AS base\nFROM base\nENV LD_LIBRARY_PATH=/a", "/usr/local/nvidia/lib,", "warning"),
        (f"{CUDA}ENV LD_LIBRARY_PATH=/a:$LD_LIBRARY_PATH\nENV LD_LIBRARY_PATH=/b", "/a,", "warning"),
        (
            "FROM quay.io/ascend/cann:8.5.1-910b-ubuntu22.04-py3.11\nENV LD_LIBRARY_PATH=/a",
            " more;",
            "warning",
        ),
    ],
)
def test_what_is_lost(lint_with: LintWith, text: str, lost: str, severity: str) -> None:
    (finding,) = lint_with("IMG107", text).findings
    assert lost in finding.message
    assert finding.severity == severity
