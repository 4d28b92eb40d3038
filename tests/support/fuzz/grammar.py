"""Strategies for files that are nearly Dockerfiles: the words of the language and of its rules, put together anyhow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from imgtool.lint import registry
from imgtool.syntax.validate import FLAGS, KEYWORDS

NUMBERS = "0 1 -1 07 65536 4294967296 99999999999999999999999999 1e309 0x10 1.5 ٣ 1_000".split()
NAMES = "a b x_1 A é 😀 $a ${a} ${a:-b} ${a:?} ${a##*b} ${a/b/c} \\$a '' \"\" \"a b\" 'a b' \"a 'b' a\\ b {a,b} * ? [a-z]* ~".split(
    " "
)
PATHS = [
    ".", "..", "./", "/", "/x", "a/b/", "C:\\app", "C:/app", "\\\\srv\\x", "/root/.cache/pip", "/var/lib/apt/lists/*", "~/.ssh/id_rsa",
    "/usr/local/cuda/lib64/stubs", "/usr/local/Ascend/driver", "libcuda.so.1", "model.safetensors", "x.run", "x.tar.gz", "https://a/b.tgz",
    "http://[::1]:99999/x", "git@github.com:a/b.git", "https://user:pw@h/x#main:sub", "$HOME/x", "/proc/1", "--", "-", "é/ü",
]  # fmt: skip
IMAGES = [
    "scratch", "debian", "ubuntu:22.04", "python:3.11-slim", "alpine:3.19@sha256:" + "0" * 64, "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04",
    "nvcr.io/nvidia/pytorch:24.01-py3", "quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.10", "ascendai/cann:latest", "rocm/dev-ubuntu-22.04:6.1",
    "mcr.microsoft.com/windows/servercore:ltsc2022", "mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-1809", "pytorch/pytorch:2.3.0-cuda12.1-cudnn8-devel",
    "localhost:5000/a/b:c", "A/B", "a:b:c", "${BASE}", "$BASE:${TAG:-1}", "a", "b", "0", "vllm/vllm-openai", "conda/miniconda3", "centos:7",
    "registry.access.redhat.com/ubi9/ubi-minimal", "opensuse/leap", "a@sha256:x", ":", "@", "-", "x" * 300,
]  # fmt: skip
COMMANDS = [
    "apt-get update", "apt-get install -y curl", "apt install curl=1.0 --no-install-recommends", "rm -rf /var/lib/apt/lists/*", "apt-get upgrade",
    "apk add --no-cache gcc", "yum install -y x && yum clean all", "dnf install x", "zypper -n in x", "microdnf install x", "tdnf install -y x",
    "pip install torch==2.3.0 --index-url https://download.pytorch.org/whl/cu121", "pip install -r requirements.txt", "python3 -m pip install -U pip",
    "pip install --extra-index-url http://h/simple a b[c]>=1,<2", "uv pip install --system torch", "uv sync --frozen", "conda install -y -c nvidia cuda",
    "poetry install", "npm ci", "npm install -g x@1", "yarn add x", "gem install x", "cargo build --release", "go build ./...", "git clone https://github.com/a/b",
    "git clone --depth 1 -b v1 https://$T@h/x && cd x && rm -rf .git", "curl -fsSL https://a/b.sh | sh", "wget -qO- http://x | tar xz -C /opt",
    "wget https://a/Ascend-cann-toolkit_8.0.run && chmod +x *.run && ./*.run --install", "source /usr/local/Ascend/ascend-toolkit/set_env.sh",
    "nvidia-smi", "python -c 'import torch; torch.cuda.is_available()'", "make -j", "cmake --build . -j$(nproc)", "chown -R a:b /x", "chmod 777 /x",
    "useradd -u 99999999999 u", "sudo x", "cd /x", "export A=1", "set -euxo pipefail", "ln -sf bash /bin/sh", 'echo "$A"', "echo 'a", 'echo "a',
    "a | b", "a || b", "a & b", "(a; b)", "{ a; }", "if a; then b; else c; fi", "for i in a b; do c; done", "while :; do :; done", "case $a in b) c;; esac",
    "f() { a; }; f", "x=$(a `b`)", "[[ a == b ]]", "((a=1))", "cat <<E\nx\nE", "echo $((1+1))", "a > /x 2>&1", 'bash -c "a && b"', "sh -c 'x'",
    "powershell -Command Invoke-WebRequest x", "cmd /S /C dir C:\\", "choco install -y git", "pip.exe install x", "env A=b python x", "xargs -0 rm",
    "find / -name '*.a' -delete", "ssh-keyscan h >> ~/.ssh/known_hosts", "export T=ghp_" + "a1B2" * 9, "deepspeed x", "triton", ":", "!", "time a",
]  # fmt: skip
COMMENTS = [
    "# imgtool ignore=IMG204", "# imgtool global ignore=DL3008,IMG999", "# hadolint ignore=DL3006,SC2086", "# hadolint global ignore=DL3008",
    "# hadolint shell=bash", "# hadolint stage ignore=x", "# check=skip=all;error=true", "# check=skip=JSONArgsRecommended", "# shellcheck disable=SC2086",
    "# escape=`", "# escape=\\", "# syntax=docker/dockerfile:1", "#", "# é", "#!shebang", "# imgtool: ignore=é", "# imgtool ignore=", "# check=;", "\t# x",
]  # fmt: skip
JOINTS = [
    " \\\n ",
    " \\\n# c\n ",
    " \\\n\n",
    " `\n ",
    " \\ \n",
    " && ",
    " && \\\n ",
    "; ",
    " | ",
    " ",
    "\t",
    "\r\n",
    " \\\r\n ",
]
HEREDOCS = [
    "<<EOF\n{}\nEOF",
    "<<-EOF\n\t{}\n\tEOF",
    "<<'EOF'\n{}\nEOF",
    'bash <<"E"\n{}\nE',
    "<<EOF\n{}",
    "<<A <<B\n{}\nA\nb\nB",
    "cat <<EOF > /x && a\n{}\nEOF",
]
INSTRUCTIONS = [*KEYWORDS, *(word.lower() for word in KEYWORDS), "Run", "XFROM", "RUN2", ""]
LABELS = ["maintainer", "org.opencontainers.image.source", "a.b", "a"]
TEXT = st.text(max_size=8)


def _joined(pieces: Sequence[str], joints: Sequence[str]) -> str:
    return "".join(piece + joint for piece, joint in zip(pieces, [*joints, ""], strict=True))


@st.composite
def script(draw: st.DrawFn) -> str:
    """Shell code: commands and words with anything between them."""
    count = draw(st.integers(1, 4))
    piece = st.one_of(*[st.sampled_from(COMMANDS)] * 4, st.sampled_from(NAMES), st.sampled_from(PATHS), TEXT)
    pieces = draw(st.lists(piece, min_size=count, max_size=count))
    joints = draw(st.lists(st.sampled_from(JOINTS), min_size=count - 1, max_size=count - 1))
    return _joined(pieces, joints)


WORD = st.one_of(st.sampled_from(NAMES), st.sampled_from(PATHS), st.sampled_from(NUMBERS), TEXT)
PAIR = st.builds(
    "{}{}{}".format, st.sampled_from([*LABELS, *NAMES]), st.sampled_from(["=", " ", '="', "= "]), WORD
)
JSON = st.builds(
    lambda words, end: f'["{chr(34).join(words)}"{end}', st.lists(st.one_of(WORD, script(), st.just('", "')), max_size=5), st.sampled_from(["]", "", ",]", "] x"])
)  # fmt: skip
HEREDOC = st.builds(lambda form, body: form.replace("{}", body), st.sampled_from(HEREDOCS), script())
FLAG = st.builds(
    "--{}{}{}".format,
    st.sampled_from([*sorted({name for flags in FLAGS.values() for name in flags}), "x", ""]),
    st.sampled_from(["=", " ", ""]),
    st.one_of(
        WORD,
        st.sampled_from(
            "type=cache,target=/root/.cache/pip type=bind,source=.,target=/x,rw type=secret,id=a,env=T type=tmpfs,target=/tmp 0755 u+x,go= 1000:1000 linux/amd64"
            " windows/amd64 0 a build none host 30s 1h2m 3".split(" ")
        ),
    ),
)


@st.composite
def operands(draw: st.DrawFn, keyword: str) -> str:
    """What may stand behind a keyword, more often than not what fits there."""
    match keyword.upper() if draw(st.integers(0, 9)) else "":
        case "FROM":
            return draw(st.sampled_from(IMAGES)) + draw(
                st.sampled_from(["", "", " AS a", " as b", " AS 0", " AS é", " AS", " AS scratch", " x"])
            )
        case "RUN":
            return draw(st.one_of(script(), script(), JSON, HEREDOC))
        case "CMD" | "ENTRYPOINT" | "SHELL":
            return draw(st.one_of(script(), JSON))
        case "ENV" | "LABEL" | "ARG":
            return " ".join(draw(st.lists(PAIR, max_size=3)))
        case "ONBUILD" | "HEALTHCHECK":
            inner = draw(st.sampled_from(["RUN", "CMD", "COPY", "FROM", "NONE", "ONBUILD"]))
            return f"{inner} {draw(script())}"
        case _:
            return " ".join(draw(st.lists(st.one_of(WORD, script(), JSON, HEREDOC), max_size=3)))


@st.composite
def instruction(draw: st.DrawFn) -> str:
    """A keyword with flags and operands; RUN is the most frequent."""
    keyword = draw(
        st.one_of(st.sampled_from(INSTRUCTIONS), st.sampled_from(["RUN", "RUN", "COPY", "ENV", "FROM"]))
    )
    flags = draw(st.lists(FLAG, max_size=2)) if draw(st.integers(0, 2)) == 0 else []
    return " ".join([keyword, *flags, draw(operands(keyword))])


LINE = st.one_of(
    *[instruction()] * 6, st.sampled_from(COMMENTS), st.sampled_from(["", " ", "\ufeff", "\x00", "\\", "EOF"])
)


@st.composite
def dockerfiles(draw: st.DrawFn) -> bytes:
    """Whole files, some with a byte order mark, Windows line ends or bytes that are not UTF-8."""
    head = draw(
        st.sampled_from(
            [
                "",
                "",
                "",
                "# escape=`\n",
                "# syntax=docker/dockerfile:1\n",
                "\ufeff",
                "# check=skip=all\n",
                "ARG BASE=debian\n",
            ]
        )
    )
    first = draw(st.sampled_from(IMAGES))
    lines = draw(st.lists(LINE, max_size=8))
    text = head + draw(st.sampled_from([f"FROM {first}\n", f"FROM {first} AS a\n", ""])) + "\n".join(lines)
    data = text.encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 9)):
        case 0:
            data = data.replace(b"\n", b"\r\n")
        case 1:
            at = draw(st.integers(0, len(data)))
            data = data[:at] + draw(st.binary(max_size=3)) + data[at:]
        case _:
            pass
    return data + draw(st.sampled_from([b"\n", b"", b"\\\n", b"\r"]))


def mutations(files: Sequence[Path]) -> st.SearchStrategy[bytes]:
    """Files with pieces cut, put in twice, or put in from another file or from the grammar."""
    return _mutated(st.sampled_from(files).map(Path.read_bytes))


@st.composite
def _mutated(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    data = draw(source)[: 1 << 13]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        match draw(st.integers(0, 3)):
            case 0:
                piece = draw(st.one_of(LINE, WORD, script(), FLAG)).encode("utf-8", "surrogatepass")
            case 1:
                piece = draw(st.binary(max_size=4))
            case 2:
                piece = data[start:end] * 2
            case _:
                piece = b""
        data = data[:start] + piece + data[end:]
    return data


# --- configuration ---

_CODES = [entry.code for entry in registry.index()][:40]
_KEYS = [
    "select", "ignore", "extend-select", "fail-on", "profile", "preview", "severity", "label-schema", "strict-labels", "trusted-registries", "suppressions",
    "baseline", "per-file-ignores", "exclude", "build-args", "context", "ignored", "override", "trustedRegistries", "failure-threshold", "no-fail", "é", "",
    "version", "findings", "fingerprint", "rules", "lint", "tool.imgtool.lint", "tool",
]  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(['"ALL"', "true", "1", "1.5", "nan", "inf", "[]", "{}", '["*"]', '["[", "!", "**/a/**"]', "'''", '"', "null", "~", "- a", "2020-01-01", "&a", "*a", "<<: x"]),
    st.sampled_from(_CODES).map('["{}"]'.format), TEXT,
)  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn) -> bytes:
    """Lines of TOML, YAML and JSON with our keys."""
    keys = st.one_of(st.sampled_from(_KEYS), st.sampled_from(_CODES), TEXT)
    form = draw(
        st.sampled_from(["{} = {}", "{}: {}", '"{}" = {}', "  {}: {}", '{{"{}": {}}}', "[{}]", "[[{}]]"])
    )
    lines = [
        draw(st.sampled_from([form, form, form, "[lint]", "[lint.{}]", "[rules.{}]", "override:"])).format(
            draw(keys), draw(_VALUES)
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    return "\n".join(lines).encode("utf-8", "surrogatepass") + draw(
        st.sampled_from([b"", b"\n", b"\xff", b"[" * 3000])
    )
