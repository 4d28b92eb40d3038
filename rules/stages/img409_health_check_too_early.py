r"""Health check that gives up while the model loads.

## What it does
Reports a HEALTHCHECK, in the image that ships, that calls a model server unhealthy within two minutes of its start: the
start period and all retries together. Model servers are known by the program that ENTRYPOINT and CMD start (vLLM,
SGLang, text-generation-inference, Triton, TorchServe, LMDeploy, Ollama, …) and by images made for them.

## Why is this bad
Weights take minutes to load, longer from a network volume. An orchestrator that believes the check kills the container while it
loads, again and again. Failures within the start period do not count.

## Bad
```dockerfile
FROM debian:bookworm-slim
COPY llama-server /usr/bin/
HEALTHCHECK --interval=10s --retries=3 CMD ["curl", "-f", "http://localhost:8000/health"]
CMD ["llama-server", "--model", "/models/m.gguf"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
COPY llama-server /usr/bin/
HEALTHCHECK --start-period=10m --interval=10s --retries=3 CMD ["curl", "-f", "http://localhost:8000/health"]
CMD ["llama-server", "--model", "/models/m.gguf"]
```

## Fix safety
Unsafe: the start period is part of the image's configuration, and ten minutes are a guess that suits most models.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    Stage,
    parse_duration,
    regex,
    set_flag,
)

from ..accelerator._start import start

META = RuleMeta(
    "IMG409",
    "health-check-too-early",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.ALWAYS,
    needs=("healthcheck",),
)

_SERVERS = regex(
    r"(?:^|[/.\s])(vllm|sglang|text-generation-launcher|text-embeddings-router|tritonserver|torchserve|lmdeploy|ollama|llama-server"
    r"|mindie|mindieservice_daemon|tabbyapi|xinference(?:-local)?|fastchat|aphrodite|infinity_emb|lightllm)(?:$|[.\s:])"
)
_IMAGES = regex(
    r"(?:^|/)(?:vllm/vllm-\w+|ollama/ollama|lmsysorg/sglang|nvidia/tritonserver|huggingface/text-(?:generation|embeddings)-inference"
    r"|pytorch/torchserve|openmmlab/lmdeploy|ascend/mindie|ascend/vllm-ascend)(?:$|[:@])"
)
_SECOND = 1_000_000_000
_ENOUGH = 120 * _SECOND
# Docker's own: interval 30s, 3 retries, no start period
_DEFAULTS = {"interval": 30 * _SECOND, "start-period": 0}
_RETRIES = 3


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage is not facts.target:
        return
    instruction = _in_effect(facts)
    if instruction is None:
        return
    patience = _patience(instruction)
    server = _server(facts) if patience is not None and patience < _ENOUGH else None
    if server is None or patience is None:
        return
    span = (instruction.flag("start-period") or instruction.word).span
    message = f"this calls {server} unhealthy {patience // _SECOND} s after its start if loading the model takes longer; give it a --start-period of minutes"
    fix = Fix(
        "Wait ten minutes (unsafe: the image's health check changes)",
        (set_flag(instruction, "start-period", "10m"),),
        Applicability.UNSAFE,
    )
    yield META.finding(span, message, fix=fix)


def _in_effect(facts: Facts) -> Instruction | None:
    """The health check of what ships."""
    found = (i for s in facts.shipped for i in reversed(s.instructions) if i.keyword == "HEALTHCHECK")
    last = next(found, None)
    return last if last and not last.problem and str(last.rest).split()[:1] != ["NONE"] else None


def _patience(instruction: Instruction) -> int | None:
    """Nanoseconds from the start to the verdict, where the server never answers; None where a flag hides it."""
    given = {name: instruction.flag_value(name) for name in (*_DEFAULTS, "retries")}
    try:
        interval, begin = (
            parse_duration(given[name] or "") if given[name] else default
            for name, default in _DEFAULTS.items()
        )
        retries = int(given["retries"] or 0) or _RETRIES
    except ValueError:
        return None
    return begin + retries * (interval or _DEFAULTS["interval"])


def _server(facts: Facts) -> str | None:
    """The model server that starts."""
    words = " ".join(start(facts))
    found = _SERVERS.search(words)
    if found:
        return found[1]
    root = facts.shipped[-1].reference or ""
    image = _IMAGES.search(root)
    return image[0].strip("/:@") if image else None
