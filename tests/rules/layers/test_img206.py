from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imgtool.weights import BIN_STARTS, BY_NAME, BY_SIZE

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN hf download a/b config.json tokenizer.json", "no weights"),
    (f"{BASE}RUN hf download a/b --include '*.json'", "no weights"),
    (f"{BASE}RUN hf download --repo-type dataset a/b", "a data set"),
    (f"{BASE}RUN hf download --repo-type=dataset a/b", "a data set"),
    (f"{BASE}RUN --mount=type=cache,target=/root/.cache/huggingface hf download a/b", "a cache mount"),
    (f"{BASE}RUN python -c \"AutoTokenizer.from_pretrained('a/b')\"", "a tokenizer"),
    (f"{BASE}RUN wget https://x.org/a.gguf && rm a.gguf", "deleted"),
    (f"{BASE}RUN wget https://x.org/a.bin", "any file"),
    (f"{BASE}RUN wget https://x.org/speaker_embedding.pt", "small"),
    (f"{BASE}RUN wget https://x.org/a.pb https://x.org/b.h5", "such endings have other files, too"),
    (f"{BASE}COPY a.pb b.plan c.h5 d.pdmodel e.bin modem.bin /x/", "likewise"),
    (f"{BASE}RUN git clone https://huggingface.co/datasets/a/b", "a data set"),
    (f"{BASE}RUN git clone https://github.com/a/b", "code"),
    (f"{BASE}RUN git lfs install", "nothing is fetched"),
    (f"{BASE}CMD hf download a/b", "at run time"),
    (f"FROM debian:bookworm AS build\nRUN hf download a/b\n{BASE}", "a builder"),
    (f"{BASE}ONBUILD RUN hf download a/b", "the child's doing"),
    (f"{BASE}RUN echo from_pretrained", "a word"),
    (
        f"FROM debian:bookworm AS dl\nRUN hf download a/b --local-dir /m\n{BASE}COPY --from=dl /x /x",
        "another folder",
    ),
    (
        f"FROM debian:bookworm AS dl\nRUN wget -P /m https://x.org/a.gguf && rm /m/a.gguf\n{BASE}COPY --from=dl /m /m",
        "deleted there",
    ),
    (
        f"FROM debian:bookworm AS dl\nRUN wget -P /m https://x.org/a.json\n{BASE}COPY --from=dl /m /m",
        "no weights",
    ),
    (
        f"FROM debian:bookworm AS dl\nRUN hf download a/b tokenizer.json --local-dir /m\n{BASE}COPY --from=dl /m /m",
        "no weights",
    ),
    (
        f"FROM debian:bookworm AS dl\nRUN wget -P /m https://x.org/a.gguf\nFROM debian AS c\nCOPY --from=dl /m /m\n{BASE}",
        "a builder",
    ),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("RUN HF_TOKEN=x hf download a/b --local-dir /m", "a/b", "the model a/b is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN cd / && huggingface-cli download --resume-download a/b", "a/b", "the model a/b is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN modelscope download --model a/b --local_dir /m", "a/b", "the model a/b is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN python3 -c 'from huggingface_hub import snapshot_download; snapshot_download(\"a/b\")'", "'from huggingface_hub import snapshot_download; snapshot_download(\"a/b\")'", "what snapshot_download downloads is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN python3 <<EOF\nfrom transformers import AutoModel\nAutoModel.from_pretrained('a')\nEOF\n", ".from_pretrained(", "what from_pretrained downloads is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN wget -O /m/a.gguf https://x.org/z", "https://x.org/z", "a.gguf is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN curl -LO https://huggingface.co/a/b/resolve/main/pytorch_model.bin", "https://huggingface.co/a/b/resolve/main/pytorch_model.bin", "pytorch_model.bin is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN git lfs install && git clone https://huggingface.co/a/b /m", "https://huggingface.co/a/b", "the model b is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN ollama serve & sleep 5 && ollama pull llama3", "llama3", "the model llama3 is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN python download_models.py", "download_models.py", "what download_models.py downloads, models by its name, is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY --from=x /m/a.safetensors /m/", "/m/a.safetensors", "a.safetensors is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY asr.nemo /m/", "asr.nemo", "asr.nemo is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY net.caffemodel /m/", "net.caffemodel", "net.caffemodel is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY x.ggml /m/", "x.ggml", "x.ggml is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY bert.mar /m/", "bert.mar", "bert.mar is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY a.t7 /m/", "a.t7", "a.t7 is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY yolo.weights /m/", "yolo.weights", "yolo.weights is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY a.llamafile /m/", "a.llamafile", "a.llamafile is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY m.pdiparams /m/", "m.pdiparams", "m.pdiparams is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY a.ckpt /m/", "a.ckpt", "a.ckpt is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN wget https://x.org/yolo.onnx", "https://x.org/yolo.onnx", "yolo.onnx is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN curl -LO https://huggingface.co/a/b/resolve/main/tf_model.h5", "https://huggingface.co/a/b/resolve/main/tf_model.h5", "tf_model.h5 is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY a.pth.tar /m/", "a.pth.tar", "a.pth.tar is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN bash fetch_ckpts.sh", "fetch_ckpts.sh", "what fetch_ckpts.sh downloads, models by its name, is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("RUN curl -LO https://hf-mirror.com/a/b/resolve/main/a.onnx", "https://hf-mirror.com/a/b/resolve/main/a.onnx", "a.onnx is baked into the image; mount it when the container starts, or keep it in an image of its own"),
    ("COPY *.safetensors /m/", "*.safetensors", "*.safetensors are baked into the image; mount them when the container starts, or keep them in an image of their own"),
    ("RUN wget https://x.org/a.pth && wget https://x.org/b.pth", "https://x.org/a.pth", "a.pth and 1 more are baked into the image; mount them when the container starts, or keep them in an image of their own"),
]  # fmt: skip


@pytest.mark.parametrize("name", [*(f"m.{one}" for one in BY_NAME), *(f"{one}0.bin" for one in BIN_STARTS)])
def test_names_that_say_it_alone(lint_with: LintWith, name: str) -> None:
    (finding,) = lint_with("IMG206", f"{BASE}COPY src/{name} /x/").findings
    assert finding.message.startswith(f"{name} is baked into the image")


@pytest.mark.parametrize("ending, least", BY_SIZE.items())
def test_names_that_say_it_of_large_files(lint_with: LintWith, ending: str, least: int) -> None:
    for size, count in ((least - 1, 0), (least, 1)):
        files = {f"m.{ending}": "x" * size}
        assert len(lint_with("IMG206", f"{BASE}COPY m.{ending} /x/", files).findings) == count


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG206", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG206", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


def test_the_size_is_that_of_the_context(lint_with: LintWith) -> None:
    files = {"m/a.safetensors": "x" * 2_000_000, "m/b.safetensors": "x" * 3_000_000, "m/c.json": "{}"}
    (finding,) = lint_with("IMG206", f"{BASE}COPY m/*.safetensors /m/", files).findings
    assert finding.saves_bytes == 5_000_000


# what the other stage does, what is copied from it, what is said to be in it
FROM_STAGE = [
    ("RUN hf download a/b --local-dir /models/b", "/models", "the model a/b in /models"),
    ("WORKDIR /w\nRUN modelscope download --model a/b --local_dir m", "w/m/", "the model a/b in w/m/"),
    ("RUN mkdir /m && cd /m && wget https://x.org/a.gguf", "/m/*", "a.gguf in /m/*"),
    ("RUN git lfs install && git clone https://huggingface.co/a/b /m", "/m", "the model b in /m"),
    (
        "RUN python3 -c \"snapshot_download('a/b', local_dir='/m/x')\"\nFROM dl AS other",
        "/m",
        "what snapshot_download downloads in /m",
    ),
    ("ENV D=/data\nRUN curl -o $D/a.pt https://x.org/a.pt", "/", "a.pt in /"),
]


@pytest.mark.parametrize("body, source, what", FROM_STAGE)
def test_from_another_stage(lint_with: LintWith, body: str, source: str, what: str) -> None:
    name = "other" if "other" in body else "dl"
    text = f"FROM debian:bookworm AS dl\n{body}\n{BASE}COPY --from={name} {source} /there/\n"
    result = lint_with("IMG206", text)
    (finding,) = result.findings
    assert result.source.text(finding.span) == source
    assert finding.message == (
        f"{what} is baked into the image; mount it when the container starts, or keep it in an image of its own"
    )
