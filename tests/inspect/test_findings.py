from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, member, pack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions, Facts
from imgtool.findings import Severity
from imgtool.images.contents import Contents, read_contents
from imgtool.inspect.defects import LEAST
from imgtool.inspect.findings import Placed, findings, keep
from imgtool.lint.registry import index
from imgtool.lint.result import Judgement
from imgtool.syntax import parse

#: What a file holds; a number is that many bytes of nothing, a text where a link leads, None a deletion.
Layer = Mapping[str, bytes | int | str | None]
EVERY = [entry.code for entry in index()]
BIG = LEAST + 1

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TOKEN = b"ghp_" + b"a8Gk2LmQ0zXw7RtY4uPn" + b"Bv3CdE6fHjK1sZq9"
CUDA = "/usr/local/cuda-12.4/targets/x86_64-linux/lib/"


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., Contents]:
    def make(*layers: Layer, **config: Any) -> Contents:
        path = tmp_path / "image.tar"
        path.write_bytes(files(classic([pack(map(_member, one.items())) for one in layers], **config)))
        return read_contents(f"docker-archive:{path}", keep=keep)

    return make


def _member(given: tuple[str, bytes | int | str | None]) -> tuple[tarfile.TarInfo, bytes]:
    path, content = given
    folder, _, name = path.lstrip("/").rpartition("/")
    if content is None:
        return member(f"{folder}/.wh.{name}")
    if isinstance(content, str):
        return member(f"{folder}/{name}", kind=tarfile.SYMTYPE, link=content)
    return member(f"{folder}/{name}".lstrip("/"), bytes(content))


def found(placed: Placed) -> list[tuple[str, Severity]]:
    return sorted((one.code, one.severity) for one in placed.image.findings)


def look(contents: Contents, *codes: str) -> Placed:
    return findings(contents, codes or EVERY)


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    "layer",
    [
        {"/app/main.py": b"print()"},
        # places that the container runtime mounts the driver at
        {"/usr/lib/x86_64-linux-gnu/libcuda.so.1": b"", "/usr/bin/nvidia-smi": b""},
        # little enough
        {"/var/lib/apt/lists/deb.debian.org_Packages": LEAST - 1},
        # a certificate, a test's key, an example, settings alone, an empty store
        {"/etc/ssl/certs/ca.pem": CERTIFICATE},
        {"/app/tests/id_rsa": KEY},
        {"/app/.env.example": b"TOKEN=" + TOKEN},
        {"/app/.env": b"PORT=80\n"},
        {"/root/.npmrc": b"registry=https://registry.npmjs.org/\n"},
        {"/root/.docker/config.json": b'{"psFormat": "x"}'},
        {"/app/public.pem": b"-----BEGIN PUBLIC KEY-----\nMIIB\n"},
        {"/etc/os-release": b'ID=debian\nVERSION_ID="13"\n'},
        {"/etc/os-release": b"ID=nobody\nVERSION_ID=1\n"},
        {"/etc/os-release": b"\xff\x00"},
    ],
)
def test_what_is_left_alone(layer: Layer, image: Callable[..., Contents]) -> None:
    assert found(look(image(layer))) == []


@pytest.mark.parametrize(
    "layer, expected",
    [
        ({"/usr/lib/x86_64-linux-gnu/libcuda.so.535.104.05": 9}, [("IMG102", ERROR)]),
        ({"/var/lib/apt/lists/deb.debian.org_Packages": BIG}, [("IMG204", WARNING)]),
        ({"/root/.cache/pip/http/a": BIG}, [("IMG204", WARNING)]),
        ({"/models/a.safetensors": 2 * BIG}, [("IMG206", WARNING)]),
        ({"/app/.git/objects/pack/pack-1.pack": BIG}, [("IMG207", WARNING)]),
        ({"/usr/local/cuda-12.4/bin/nvcc": BIG}, [("IMG101", WARNING)]),
        (
            {"/usr/local/cuda-12.4/bin/nvcc": BIG, "/usr/lib/python3/site-packages/flashinfer_python-0.2.dist-info/METADATA": 9},
            [("IMG101", INFO)],
        ),
        ({"/root/.ssh/id_ed25519": KEY}, [("IMG507", ERROR)]),
        ({"/app/server.key": KEY}, [("IMG507", ERROR)]),
        ({"/app/.env": b"GITHUB_TOKEN=" + TOKEN}, [("IMG507", ERROR)]),
        ({"/root/.netrc": b"machine a login b password xY7kPq2Lw9Rt\n"}, [("IMG507", ERROR)]),
        ({"/root/.git-credentials": b"https://me:" + TOKEN + b"@github.com\n"}, [("IMG507", ERROR)]),
        ({"/root/.npmrc": b"//registry.npmjs.org/:_authToken=" + TOKEN}, [("IMG507", ERROR)]),
        ({"/root/.docker/config.json": b'{"auths": {"x": {"auth": "bWU6c2VjcmV0"}}}'}, [("IMG507", WARNING)]),
        ({"/etc/ssh/ssh_host_ed25519_key": KEY}, [("IMG510", WARNING)]),
        ({"/etc/os-release": b'ID=ubuntu\nVERSION_ID="18.04"\n'}, [("IMG115", WARNING)]),
        ({"/usr/lib/os-release": b"ID=debian\nVERSION_ID=9\n"}, [("IMG115", WARNING)]),
    ],
)  # fmt: skip
def test_what_files_say(
    layer: Layer, expected: list[tuple[str, Severity]], image: Callable[..., Contents]
) -> None:
    placed = look(image(layer))
    assert found(placed) == expected
    assert not any(TOKEN.decode() in one.message for one in placed.image.findings)


def test_what_apt_keeps_is_called_what_it_is(image: Callable[..., Contents]) -> None:
    kept = {"/var/cache/apt/archives/gcc_12_amd64.deb": 3 * BIG, "/var/cache/apt/pkgcache.bin": 2 * BIG}
    (finding,) = look(image({**kept, "/var/lib/apt/lists/deb.debian.org_Packages": BIG})).image.findings
    assert finding.message.partition(": ")[2] == (
        "apt: downloaded packages (/var/cache/apt/archives/gcc_12_amd64.deb), "
        "apt: binary caches (/var/cache/apt/pkgcache.bin), "
        "apt: package lists (/var/lib/apt/lists/deb.debian.org_Packages) (layer 1)"
    )


LIBRARIES = {f"{CUDA}libcublas.so.12": BIG}
VISIBLE = ["NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"]
STUBS = {f"{CUDA}stubs/libcuda.so": 9}
CANN = {"/usr/local/Ascend/ascend-toolkit/latest/lib64/libascendcl.so": BIG}


@pytest.mark.parametrize(
    "layer, config, expected",
    [
        (LIBRARIES, {"Env": VISIBLE}, []),
        (LIBRARIES, {"Env": VISIBLE[:1]}, [("IMG116", INFO)]),
        (LIBRARIES, {"Env": None}, [("IMG116", INFO)]),
        # libraries of wheels: schedulers set the variables
        ({"/usr/lib/python3/site-packages/nvidia/cublas/lib/libcublas.so.12": BIG}, {}, []),
        (STUBS, {"Env": ["LD_LIBRARY_PATH=/usr/local/cuda/lib64"]}, []),
        (STUBS, {"Env": ["LD_LIBRARY_PATH=/usr/local/cuda/lib64/stubs"]}, [("IMG103", ERROR)]),
        # what is not there loads nothing
        ({}, {"Env": ["LD_LIBRARY_PATH=/usr/local/cuda/lib64/stubs"]}, []),
        ({**STUBS, "/etc/ld.so.conf.d/cuda.conf": b"/usr/local/cuda/lib64/stubs\n"}, {}, [("IMG103", ERROR)]),
        ({**STUBS, "/usr/lib/libcuda.so.1": f"{CUDA}stubs/libcuda.so"}, {}, [("IMG103", ERROR)]),
        ({**STUBS, f"{CUDA}stubs/libcuda.so.1": "libcuda.so"}, {}, []),
        ({"/usr/lib/libcuda.so.1": "libcuda.so.535"}, {}, []),
        ({**STUBS, "/etc/ld.so.conf.d/cuda.conf": b"# /usr/local/cuda/lib64/stubs\n"}, {}, []),
        ({}, {"Env": ["CUDA_VISIBLE_DEVICES=0,1"]}, [("IMG117", WARNING)]),
        ({}, {"Env": ["CUDA_VISIBLE_DEVICES=0"]}, [("IMG117", INFO)]),
        ({}, {"Env": ["NVIDIA_VISIBLE_DEVICES=all"]}, []),
        ({}, {"Env": ["GITHUB_TOKEN=" + TOKEN.decode()]}, [("IMG501", ERROR)]),
        ({}, {"Env": ["GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568", "PYTHON_SHA256=ab"]}, []),
        ({}, {"Labels": {"org.opencontainers.image.base.name": "docker.io/library/debian:9"}}, [("IMG115", WARNING)]),
        ({}, {"Labels": {"org.opencontainers.image.base.name": 7}, "Env": 7, "Cmd": 7}, []),
        ({"/etc/os-release": b"ID=ubuntu\nVERSION_ID=22.04\n"}, {"Env": ["NVARCH=x86_64", "CUDA_VERSION=11.7.0"]}, [("IMG115", INFO)]),
        (CANN, {"Cmd": ["python3", "serve.py"]}, [("IMG112", WARNING)]),
        (CANN, {"Cmd": ["/run.sh"]}, []),
        (CANN, {"Cmd": ["bash"]}, []),
        (CANN, {"Cmd": ["python3"], "Env": ["ASCEND_HOME_PATH=/usr/local/Ascend/ascend-toolkit/latest"]}, []),
    ],
)  # fmt: skip
def test_what_the_configuration_says(
    layer: Layer,
    config: dict[str, Any],
    expected: list[tuple[str, Severity]],
    image: Callable[..., Contents],
) -> None:
    assert found(look(image(layer, config=config))) == expected


def test_what_layers_hide(image: Callable[..., Contents]) -> None:
    contents = image(
        {"/data/a": BIG, "/root/.ssh/id_rsa": KEY},
        {"/data/a": None, "/root/.ssh/id_rsa": None},
        {"/b": BIG},
        {"/b": BIG},
        history=[{"created_by": text} for text in ("RUN a", "RUN b", "RUN c", "COPY b / # buildkit")],
    )
    placed = look(contents)
    assert [(one.code, one.saves_bytes) for one in placed.image.findings] == [
        ("IMG507", None),
        ("IMG202", BIG + len(KEY)),
        ("IMG212", BIG),
    ]
    secret, deleted, _ = placed.image.findings
    assert "/root/.ssh/id_rsa, deleted in layer 2 alone (layer 1)" in secret.message
    assert "of layer 1: /data/a" in deleted.message
    # a line for each layer
    assert [placed.image.source.line_of(one.span.start) for one in placed.image.findings] == [1, 2, 4]


def test_what_a_command_writes_again_was_not_copied_again(image: Callable[..., Contents]) -> None:
    history = [{"created_by": "COPY b /"}, {"created_by": "RUN apt-get install -y x"}]
    assert look(image({"/b": BIG}, {"/b": BIG}, history=history)).image.findings == ()


# --- where they stand -----------------------------------------------------------------------------------------

FILE = b"""\
FROM debian:bookworm
ENV CUDA_VISIBLE_DEVICES=3
COPY keys /keys
# imgtool ignore=IMG204 wanted
RUN apt-get update
RUN apt-get install -y git
"""
HISTORY: Sequence[Mapping[str, Any]] = [
    {"created_by": "/bin/sh -c #(nop) ADD file:0123456789 in / "},
    {"created_by": "ENV CUDA_VISIBLE_DEVICES=3", "empty_layer": True},
    {"created_by": "COPY keys /keys # buildkit"},
    {"created_by": "RUN |1 NPM_TOKEN=" + TOKEN.decode() + " /bin/sh -c apt-get update # buildkit"},
    {"created_by": "RUN /bin/sh -c apt-get install -y git # buildkit"},
]
LAYERS: list[Layer] = [
    {"/usr/bin/nvidia-smi": 9},
    {"/keys/id_rsa": KEY},
    {"/var/lib/apt/lists/x": BIG},
    {"/var/lib/apt/lists/y": BIG},
]
CONFIG = {"Env": ["CUDA_VISIBLE_DEVICES=3"]}


def test_lines_of_the_history(image: Callable[..., Contents]) -> None:
    placed = look(image(*LAYERS, history=HISTORY, config=CONFIG))
    assert placed.file is None
    source = placed.image.source
    assert [(one.code, source.line_of(one.span.start)) for one in placed.image.findings] == [
        ("IMG102", 1),
        ("IMG117", 2),
        ("IMG303", 3),
        ("IMG204", 4),
        ("IMG501", 4),
        ("IMG204", 5),
    ]
    assert source.text(source.line_span(3)).rstrip() == "COPY keys /keys"
    assert TOKEN not in source.data


def facts_of(data: bytes, stage: str | None = None) -> Facts:
    return Facts(parse(data), FactOptions(stage=stage))


def test_lines_of_the_dockerfile(image: Callable[..., Contents]) -> None:
    placed = findings(
        image(*LAYERS, history=HISTORY, config=CONFIG), EVERY, facts_of(FILE), file="Dockerfile"
    )
    assert placed.image.findings == ()
    assert placed.file
    assert [(one.code, placed.file.source.line_of(one.span.start)) for one in placed.file.findings] == [
        ("IMG102", 1),
        ("IMG117", 2),
        ("IMG303", 3),
        # that of IMG204 is silenced by a comment
        ("IMG501", 5),
        ("IMG204", 6),
    ]
    # without comments
    judged = Judgement(severities={"IMG204": Severity.INFO}, comments=False)
    placed = findings(
        image(*LAYERS, history=HISTORY, config=CONFIG), ["IMG204"], facts_of(FILE), judgement=judged
    )
    assert placed.file
    assert [one.severity for one in placed.file.findings] == [Severity.INFO] * 2


@pytest.mark.parametrize(
    "data, stage, lines, file_lines",
    [
        # below an edit nothing is known
        (FILE.replace(b"COPY keys", b"COPY key"), None, [1, 2, 3], [5, 6]),
        (FILE, "nowhere", [1, 2, 3, 4, 4, 5], []),
        (b"", None, [1, 2, 3, 4, 4, 5], []),
    ],
)
def test_what_the_dockerfile_does_not_tell(
    data: bytes,
    stage: str | None,
    lines: list[int],
    file_lines: list[int],
    image: Callable[..., Contents],
) -> None:
    placed = findings(image(*LAYERS, history=HISTORY, config=CONFIG), EVERY, facts_of(data, stage))
    assert placed.file
    assert [placed.image.source.line_of(one.span.start) for one in placed.image.findings] == lines
    assert [placed.file.source.line_of(one.span.start) for one in placed.file.findings] == file_lines


def test_a_squashed_layer_has_no_line(image: Callable[..., Contents]) -> None:
    history = [HISTORY[0], *({**step, "empty_layer": True} for step in HISTORY[1:-1]), HISTORY[-1]]
    placed = findings(image(LAYERS[0], LAYERS[2], history=history), EVERY, facts_of(FILE))
    assert placed.file
    assert [one.code for one in placed.image.findings] == ["IMG204"]


def test_one_finding_for_one_defect(image: Callable[..., Contents]) -> None:
    wheel = "/usr/lib/python3/site-packages/nvidia/cublas/lib/libcublas.so.12"
    contents = image({**LIBRARIES, "/usr/local/cuda-12.4/bin/nvcc": BIG, wheel: BIG}, config={"Env": VISIBLE})
    # asking for more, it stands for the other one
    assert found(look(contents)) == [("IMG105", WARNING)]
    assert found(look(contents, "IMG101")) == [("IMG101", WARNING)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "Env": JSON
        | st.lists(st.sampled_from([*VISIBLE, "LD_LIBRARY_PATH=:", "CUDA_VERSION=1", "=", "NVARCH="])),
        "Labels": JSON | st.just({"org.opencontainers.image.base.name": "::"}),
        "Cmd": JSON,
        "Entrypoint": JSON,
    },
)
STEPS = st.lists(st.dictionaries(st.sampled_from(["created_by", "comment", "empty_layer"]), JSON, max_size=3), max_size=4)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=CONFIGS, history=STEPS, system=st.binary(max_size=30))
def test_no_configuration_is_too_odd(
    config: dict[str, Any], history: list[Any], system: bytes, image: Callable[..., Contents]
) -> None:
    contents = image({**CANN, **STUBS, "/etc/os-release": system}, config=config, history=history)
    placed = findings(contents, EVERY, facts_of(FILE))
    lines = placed.image.source.data.count(b"\n")
    assert all(placed.image.source.line_of(one.span.start) <= lines for one in placed.image.findings)
