"""The rules with hadolint's codes about instructions; what they agree on is in ``tests/parity``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.facts.facts import Policy
from imgtool.findings import Applicability
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
F = "FROM a:1\n"

# --- (rule, Dockerfile, why it is left alone) ---
LEFT_ALONE = [
    ("DL1001", "# check=skip=StageNameCasing\nFROM a:1\n", "a directive is for the whole file"),
    ("DL1001", f"{F}# imgtool global ignore=DL3003\nRUN a\n", "it is for the whole file"),
    ("DL1001", f"{F}RUN <<E\n# hadolint ignore=DL3003\nE\n", "a comment of the script"),
    ("DL3000", f"{F}ARG HERE\nWORKDIR $HERE/x\n", "what the variable begins may be absolute"),
    ("DL3000", "# escape=`\nFROM a:1\nWORKDIR \\app\n", "absolute on Windows"),
    ("DL3000", f"{F}ENV HERE=/srv\nWORKDIR $HERE/x\n", "absolute by its variable"),
    (
        "DL3002",
        "FROM a:1 AS x\nUSER root\nFROM b:1\nRUN --mount=from=x,target=/y z\n",
        "no image is made of it",
    ),
    ("DL3002", f"{F}ARG WHO\nUSER $WHO\n", "the caller says who"),
    ("DL3002", f"{F}USER rooty\n", "another name"),
    ("DL3002", f"{F}USER root\nUSER app\n", "it ends with another user"),
    ("DL3006", "ARG BASE\nFROM $BASE\n", "no default"),
    ("DL3006", "FROM a:1 AS b-amd64\nFROM b-${TARGETARCH}\n", "the platform chooses a stage"),
    ("DL3006", "ARG T=1\nFROM a:$T\n", "the tag is in a variable"),
    ("DL3007", "FROM a:latest@sha256:" + "0" * 64 + "\n", "the digest says which"),
    ("DL3007", "FROM latest:1\n", "the name is latest, not the tag"),
    ("DL3011", f"{F}EXPOSE 0065535\n", "zeros in front"),
    ("DL3012", f"{F}HEALTHCHECK CMD a\n{F}HEALTHCHECK CMD a\n", "two stages"),
    ("DL3020", f"{F}ADD --checksum=sha256:{'0' * 64} https://a/b /c\n", "remote"),
    ("DL3020", f"{F}ARG V\nADD $V /c\n", "nothing is known of it"),
    ("DL3020", f"{F}ARG U=https://a/b\nADD $U /c\n", "the variable is a URL"),
    ("DL3020", f"{F}ADD a-$V.tar.xz /c\n", "an archive, whatever the variable"),
    ("DL3021", f"{F}COPY a b ./\n", "a folder"),
    ("DL3021", f"{F}COPY a b /x/..\n", "a folder"),
    ("DL3021", f"{F}ARG X\nCOPY a b $X\n", "nothing is known of it"),
    ("DL3021", f"{F}COPY <<E /x\na\nE\n", "one here-document"),
    ("DL3022", f"{F}ONBUILD COPY --from=x /a /b\n", "stages of another file"),
    ("DL3022", f"{F}COPY --from=r.io/x /a /b\n", "an image"),
    ("DL3023", f"{F}COPY --from=1 /a /b\n", "another number"),
    ("DL3024", f"{F}{F}", "no names"),
    ("DL3025", f"{F}CMD\n", "no command"),
    ("DL3025", f'{F}SHELL ["/bin/bash", "-c"]\nHEALTHCHECK CMD a | b\n', "the shell is chosen"),
    ("DL3026", "FROM q.io/a:1\n", "no registry is asked for"),
    ("DL3029", "FROM --platform=linux/arm64 a:1 AS base-arm64\n", "called after its platform"),
    ("DL3043", f"{F}ONBUILD RUN a\n", "it can be triggered"),
    ("DL3044", f"{F}ENV A=1 B=\\$A C='$A'\n", "no variables"),
    ("DL3044", f"{F}ENV A=$A:x\n", "what was set before is extended"),
    ("DL3044", f"{F}ENV A=1\nENV A=2 B=$A\n", "the first one is meant"),
    ("DL3045", f"{F}WORKDIR $X\nCOPY a b\n", "a WORKDIR, wherever it leads"),
    ("DL3045", f"{F}ONBUILD COPY a b\n", "the WORKDIR of another file"),
    ("DL3048", f"{F}LABEL ok.a-b_c/d=1\n", "a good key"),
    ("DL3048", f"{F}ARG K\nLABEL $K=1\n", "the key is not known"),
    ("DL3057", "FROM a:1 AS x\nFROM b:1\nCOPY --from=x /a /b\nHEALTHCHECK NONE\n", "no image is made of it"),
    ("DL3061", "# a\nARG B\nFROM a:1\n", "ARG may"),
    ("DL3063", "FROM scratch AS contexts\n", "another name"),
    ("DL3064", f"{F}ENV TOKENIZERS_PARALLELISM=false KEYBOARD=de GPG_KEY=AB PUBLIC_KEY=x\n", "no secrets"),
    ("DL3064", f"{F}ENV TOKEN_FILE=/run/secrets/token SECRETS_DIR=/x PRIVATE_DIR=/y\n", "where it is"),
    ("DL3064", f"{F}ENV USE_TOKEN=true TOKEN_CHECK=1\n", "switches"),
    ("DL3065", "FROM --platform=${TARGETPLATFORM:-linux/arm64} a:1\n", "it has a default"),
    ("DL3066", f"{F}ARG U=app\nUSER $U\n", "the caller may say a number"),
    ("DL3066", f"{F}USER root:root\n", "root is known"),
    ("DL3067", "FROM scratch AS f\nCOPY a /\nFROM b:1\nCOPY --from=f / /\n", "two files"),
    ("DL3067", f"{F}COPY --from=x:1 / /old/\n", "to a folder of its own"),
    ("DL4000", f"{F}LABEL maintainer=a\n", "a label"),
    ("DL4003", f'{F}ONBUILD CMD ["a"]\nCMD ["b"]\n', "one is triggered"),
    ("DL4004", f'{F}ENTRYPOINT ["a"]\nFROM a:1\nENTRYPOINT ["b"]\n', "two stages"),
]


@pytest.mark.parametrize("code, text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, code: str, text: str, reason: str) -> None:
    assert not lint_with(code, text).findings, reason


# --- (rule, Dockerfile, [(line, column, what is marked)]) ---
FOUND = [
    ("DL1001", f"{F}  # check=skip=JSONArgsRecommended\nCMD a\n", [(2, 3, "# check=skip=JSONArgsRecommended")]),
    ("DL1001", f"{F}RUN a \\\n# hadolint ignore=DL3003\n  b\n", [(3, 1, "# hadolint ignore=DL3003")]),
    ("DL3000", f'{F}WORKDIR \\\n  "a b"\n', [(3, 3, '"a b"')]),
    ("DL3000", f"{F}ENV X=x\nONBUILD WORKDIR $X\n", [(3, 17, "$X")]),
    ("DL3002", "FROM a:1 AS x\nUSER 0:0\nFROM x\nRUN b\n", [(2, 6, "0:0")]),
    ("DL3002", "FROM a:1 AS x\nUSER root\nFROM x AS y\nFROM x AS z\nUSER app\n", [(2, 6, "root")]),
    ("DL3002", f"{F}ENV U=root\nUSER ${{U}}\n", [(3, 6, "${U}")]),
    ("DL3006", "ARG A=debian\nFROM \\\n # why\n ${A} AS x\nFROM ${A}\n", [(4, 2, "${A}")]),
    ("DL3006", "FROM r.io:5000/a/b\n", [(1, 6, "r.io:5000/a/b")]),
    ("DL3006", "ARG R\nFROM $R/a\n", [(2, 6, "$R/a")]),
    ("DL3007", "FROM --platform=linux/amd64 a:latest AS b\n", [(1, 29, "a:latest")]),
    ("DL3007", "ARG P\nFROM r.io/$P/a:latest\n", [(2, 6, "r.io/$P/a:latest")]),
    ("DL3011", f"{F}EXPOSE 80 \\\n  1-70000/udp\n", [(3, 3, "1-70000/udp")]),
    ("DL3011", f"{F}EXPOSE {'9' * 5000}\n", [(2, 8, "9" * 5000)]),
    ("DL3012", f"{F}HEALTHCHECK NONE\nRUN a\nHEALTHCHECK CMD a\n", [(4, 1, "HEALTHCHECK")]),
    ("DL3020", f"{F}ONBUILD ADD a.tgz b.py /c/\n", [(2, 9, "ADD")]),
    ("DL3020", f"{F}add . /c\n", [(2, 1, "add")]),
    ("DL3020", f"{F}ARG V\nADD app-$V.run /c\n", [(3, 1, "ADD")]),
    ("DL3020", f"{F}ADD <<E a.py /c/\nE\n", [(2, 1, "ADD")]),
    ("DL3021", f'{F}COPY ["a", "b", "/c"]\n', [(2, 17, '"/c"')]),
    ("DL3021", f"{F}ENV X=/c\nADD a b \\\n $X\n", [(4, 2, "$X")]),
    ("DL3022", "FROM a:1 AS b\nCOPY --chown=1 --from=c /x /x\nFROM a:1 AS c\n", [(2, 16, "--from=c")]),
    ("DL3022", f"{F}COPY --from=99999999999 /x /x\n", [(2, 6, "--from=99999999999")]),
    ("DL3023", "FROM a:1 AS B\nCOPY --from=b /x /y\n", [(2, 6, "--from=b")]),
    ("DL3023", "FROM a:1 AS b\nRUN --mount=type=bind,from=b,target=/x y\n", [(2, 1, "RUN")]),
    ("DL3024", "FROM a:1 AS b\nFROM a:1 AS c\nFROM a:1 AS B\n", [(3, 13, "B")]),
    ("DL3025", f"{F}HEALTHCHECK --interval=5s \\\n  CMD a\n", [(2, 1, "HEALTHCHECK")]),
    ("DL3025", f"{F}ONBUILD ENTRYPOINT a\n", [(2, 9, "ENTRYPOINT")]),
    ("DL3029", "FROM --platform=linux/amd64 a:1\n", [(1, 6, "--platform=linux/amd64")]),
    ("DL3029", "FROM --platform=linux/amd64 a:1 AS base-arm64\n", [(1, 6, "--platform=linux/amd64")]),
    ("DL3043", f"{F}ONBUILD from b:1\n", [(2, 9, "from")]),
    ("DL3044", f"{F}ENV A=1 \\\n  B=${{A}}/x \\\n  C=1\n", [(3, 3, "B=${A}/x")]),
    ("DL3044", f"ARG A=1\n{F}ENV A=1 B=$A\n", [(3, 9, "B=$A")]),
    ("DL3045", f'{F}COPY a \\\n "b/"\nADD c .\n', [(3, 2, '"b/"'), (4, 7, ".")]),
    ("DL3045", f"{F}COPY <<E x/y\nE\n", [(2, 10, "x/y")]),
    ("DL3048", f'{F}LABEL ok=1 \\\n  "Bad Key"=2 io.docker.x=3\n', [(3, 3, '"Bad Key"'), (3, 15, "io.docker.x")]),
    ("DL3048", f"{F}ENV K=Bad\nLABEL $K=1\n", [(3, 7, "$K")]),
    ("DL3057", "FROM a:1 AS b\nHEALTHCHECK NONE\nFROM a:1\nFROM a:1\n", [(3, 6, "a:1"), (4, 6, "a:1")]),
    ("DL3061", "env A=1\nARG B\nRUN c\nFROM a:1\n", [(1, 1, "env"), (3, 1, "RUN")]),
    ("DL3063", "FROM a:1 AS Context\n", [(1, 13, "Context")]),
    ("DL3064", f"{F}ARG A B_TOKEN=x\n", [(2, 7, "B_TOKEN")]),
    ("DL3064", f"{F}ENV A=1 \\\n  PGPASSWORD=a HF_KEY=b AWS_ACCESS_KEY_ID=c\n", [(3, 3, "PGPASSWORD"), (3, 16, "HF_KEY"), (3, 25, "AWS_ACCESS_KEY_ID")]),
    ("DL3064", f"{F}ENV DB_PASSWORD=123456\n", [(2, 5, "DB_PASSWORD")]),
    ("DL3064", f"{F}ONBUILD ENV API_KEY x y\n", [(2, 13, "API_KEY")]),
    ("DL3065", "FROM --platform=${TARGETPLATFORM} a:1\n", [(1, 6, "--platform=${TARGETPLATFORM}")]),
    ("DL3066", f"{F}ENV U=app\nUSER $U:1\n", [(3, 6, "$U:1")]),
    ("DL3067", "FROM a:1 AS b\nFROM c:1\nCOPY --from=b --link / /\n", [(3, 22, "/")]),
    ("DL3067", f"{F}COPY --from=b:1 /a /./ //\n", [(2, 17, "/a")]),
    ("DL4000", "maintainer a\nFROM b:1\n", [(1, 1, "maintainer")]),
    ("DL4003", f'{F}CMD ["a"]\nENTRYPOINT ["b"]\ncmd ["c"]\n', [(4, 1, "cmd")]),
    ("DL4004", f'{F}ENTRYPOINT ["a"]\nENTRYPOINT ["b"]\nENTRYPOINT ["c"]\n', [(3, 1, "ENTRYPOINT"), (4, 1, "ENTRYPOINT")]),
]  # fmt: skip


def marked(result: LintResult) -> list[tuple[int, int, str]]:
    source = result.source
    return [(*source.place(f.span.start)[:2], source.text(f.span)) for f in result.findings]


@pytest.mark.parametrize("code, text, places", FOUND)
def test_found(lint_with: LintWith, code: str, text: str, places: list[tuple[int, int, str]]) -> None:
    assert marked(lint_with(code, text)) == places


# --- (rule, before, after, how sure) ---
SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
FIXED = [
    ("DL3000", f"{F}WORKDIR /srv\nWORKDIR ../app\n", f"{F}WORKDIR /srv\nWORKDIR /app\n", SAFE),
    ("DL3020", f"{F}ADD  \\\n # c\n a.py ./b/ /c/\n", f"{F}COPY  \\\n # c\n a.py ./b/ /c/\n", SAFE),
    ("DL3020", f"{F}add --chown=1 . /c\n", f"{F}copy --chown=1 . /c\n", SAFE),
    ("DL3020", f"{F}ADD app /c\n", f"{F}COPY app /c\n", UNSAFE),
    ("DL3021", f"{F}COPY a b /c\n", f"{F}COPY a b /c/\n", UNSAFE),
    ("DL3025", f"{F}CMD serve --port 80\n", f'{F}CMD ["serve", "--port", "80"]\n', UNSAFE),
    ("DL3025", f"{F}HEALTHCHECK CMD curl -f a\n", f'{F}HEALTHCHECK CMD ["curl", "-f", "a"]\n', UNSAFE),
    ("DL3065", "FROM --platform=$TARGETPLATFORM  a:1\n", "FROM a:1\n", SAFE),
    ("DL4000", f'{F}MAINTAINER A "$b"\n', f'{F}LABEL org.opencontainers.image.authors="A \\"\\$b\\""\n', UNSAFE),
]  # fmt: skip


@pytest.mark.parametrize("code, before, after, sure", FIXED)
def test_fixed(lint_with: LintWith, code: str, before: str, after: str, sure: Applicability) -> None:
    (finding,) = lint_with(code, before).findings
    assert finding.fix
    assert finding.fix.applicability is sure
    assert apply(before.encode(), finding.fix.edits).decode() == after
    assert not lint_with(code, after).findings


# --- (rule, Dockerfile, why there is no fix) ---
NOT_FIXED = [
    ("DL3000", f"{F}WORKDIR app\n", "the base image says what it is relative to"),
    ("DL3000", f"{F}WORKDIR /srv\nENV A=a\nWORKDIR $A\n", "the variable would be gone"),
    ("DL3020", f"{F}ADD *.py /c/\n", "a pattern may match archives"),
    ("DL3020", f"{F}ADD a.py b.tar /c/\n", "the other one is to be unpacked"),
    ("DL3020", f"{F}ADD --keep-git-dir=true a.py /c/\n", "COPY has no such option"),
    ("DL3021", f'{F}COPY ["a", "b", "/c"]\n', "the slash goes before the quote"),
    ("DL3025", f"{F}CMD a && b\n", "it needs a shell"),
    ("DL3025", f"{F}CMD exec $A\n", "it needs a shell"),
    ("DL3025", f"{F}CMD a \\\n  # b\n  c\n", "the comment would be lost"),
    ("DL4000", f"{F}MAINTAINER a \\\n  # b\n  c\n", "the comment would be lost"),
]


@pytest.mark.parametrize("code, text, reason", NOT_FIXED)
def test_not_fixed(lint_with: LintWith, code: str, text: str, reason: str) -> None:
    (finding,) = lint_with(code, text).findings
    assert finding.fix is None, reason


# --- labels and registries: (rule, policy, Dockerfile, what is marked) ---
def typed(kind: str) -> Policy:
    return Policy(label_schema={"x": kind})


HUB = Policy(trusted_registries=("docker.io", "*.example.org", "127.*"))
ASKED = [
    ("DL3026", HUB, "FROM a:1\nFROM docker.io/a:1\nFROM r.example.org/b:1\nFROM 127.0.0.1:5000/a:1\n", []),
    ("DL3026", HUB, "FROM q.io/a:1 AS b\nFROM b\nCOPY --from=0 /a /b\nCOPY --from=b /a /b\n", ["q.io/a:1"]),
    ("DL3026", HUB, "ARG T\nFROM q.io/a:$T\nFROM docker.io/a:$T\n", ["q.io/a:$T"]),
    ("DL3026", HUB, "ARG R\nFROM $R/a:1\nFROM scratch\n", []),
    ("DL3026", HUB, f"{F}COPY --from=q.io/b /a /b\nRUN --mount=from=q.io/c,target=/d e\n", ["--from=q.io/b", "--mount=from=q.io/c,target=/d"]),
    ("DL3026", Policy(trusted_registries=("hub.docker.com",)), "FROM index.docker.io/a:1\nFROM q.io/a\n", ["q.io/a"]),
    ("DL3049", typed("text"), "FROM a:1 AS b\nLABEL x=1\nFROM b\nFROM c:1\n", ["c:1"]),
    ("DL3049", typed("text"), f"{F}ENV K=x\nLABEL $K=1\n", []),
    ("DL3050", Policy(strict_labels=True, label_schema={"x": "text"}), f'{F}LABEL x=1 "y"=2\nONBUILD LABEL z=3\n', ['"y"', "z"]),
    ("DL3050", typed("text"), f"{F}LABEL y=1\n", []),
    ("DL3051", typed("text"), f"{F}ENV V=\nLABEL x=$V y=\n", ["x"]),
    ("DL3051", typed("text"), f"{F}ARG V\nLABEL x=$V\n", []),
    ("DL3052", typed("url"), f"{F}ARG V=a.b\nLABEL y=q x=$V\n", ["$V"]),
    ("DL3052", typed("url"), f"{F}LABEL x=https:///path\n", ["https:///path"]),
    ("DL3053", typed("rfc3339"), f"{F}ARG V\nLABEL x=$V\nLABEL x 2026-02-29T00:00:00Z\n", ["2026-02-29T00:00:00Z"]),
    ("DL3053", typed("rfc3339"), f"{F}LABEL x=2026-01-31T24:00:00Z\n", ["2026-01-31T24:00:00Z"]),
    ("DL3054", typed("spdx"), f'{F}LABEL x="MIT AND (Apache-2.0 OR LicenseRef-a)"\n', []),
    ("DL3054", typed("spdx"), f'{F}LABEL x="MIT AND"\n', ['"MIT AND"']),
    ("DL3055", typed("hash"), f"{F}LABEL x={'a' * 41}\nLABEL x={'a' * 64}\n", ["a" * 41]),
    ("DL3056", typed("semver"), f"{F}LABEL x=1.0.0-alpha.1+b\nLABEL x=1.0.0-01\n", ["1.0.0-01"]),
    ("DL3058", typed("email"), f"{F}LABEL x=a@b.c\nLABEL x=@b.c\n", ["@b.c"]),
]  # fmt: skip


@pytest.mark.parametrize("code, policy, text, texts", ASKED)
def test_asked_for(lint_with: LintWith, code: str, policy: Policy, text: str, texts: list[str]) -> None:
    assert [mark for *_, mark in marked(lint_with(code, text, policy=policy))] == texts


# --- what BuildKit refuses is one finding, IMG001, which the rule's code silences: (rule, Dockerfile) ---
REFUSED = [
    ("DL3011", f"{F}EXPOSE 80800\n"),
    ("DL3022", f"{F}COPY --from=5 /x /x\n"),
    ("DL3023", "FROM a:1 AS b\nCOPY --from=b /x /y\n"),
    ("DL3025", f'{F}CMD ["a", 1]\n'),
    ("DL3043", f"{F}ONBUILD ONBUILD RUN a\n"),
    ("DL3061", "LABEL a=1\nFROM a:1\n"),
]


@pytest.mark.parametrize("code, text", REFUSED)
def test_a_defect_is_one_finding(lint_with: LintWith, code: str, text: str) -> None:
    assert [f.code for f in lint_with(code, text).findings] == [code]
    (finding,) = lint_with(f"IMG001,{code}", text).findings
    assert finding.code == "IMG001"
    assert code in finding.aliases


def test_where_a_secret_stays(lint_with: LintWith) -> None:
    text = f"{F[:-1]} AS build\nARG A_TOKEN\n{F}ARG B_TOKEN\nCOPY --from=build /a /a\n"
    builder, shipped = (f.message for f in lint_with("DL3064", text).findings)
    assert "A_TOKEN looks like a secret, which stays in the build cache and provenance;" in builder
    assert "B_TOKEN looks like a secret, which stays in the image;" in shipped


def test_a_stage_without_a_name(lint_with: LintWith) -> None:
    (finding,) = lint_with("DL3049", F, policy=typed("text")).findings
    assert finding.message.startswith("stage 0 lacks the label")
