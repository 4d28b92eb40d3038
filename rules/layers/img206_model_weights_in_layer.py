"""Model weights in a layer.

## What it does
Reports what puts model weights into an image that ships: `hf download` and `huggingface-cli download`, `snapshot_download` and
`from_pretrained` in Python, `modelscope download`, `ollama pull`, clones from model hubs and `git lfs pull`,
downloads of `*.safetensors`, `*.gguf`, `*.pt`, `*.onnx`, `*.engine`, `*.om` and the like, COPY of such files, and COPY of a
folder into which another stage has downloaded them. All that are known are among the kinds of files (`docs/kinds.md`). They
mean weights by name alone, but for those that other files have, too: `*.pb`, `*.plan` and `*.h5` (from 10 MB on) and
`*.pdmodel` (from 1 MB on) count where COPY takes so much from a known build context, or where they come from a model hub.

Tokenizers, configuration files and data sets are left alone, and so is what goes into a cache mount or is deleted in the
same RUN.

## Why is this bad
Weights are the largest part of such an image and change apart from it: every release of the code pushes and pulls
them anew, every node stores them per image, and no two images share them. Kept in a volume, an object store or an image of
their own they are transferred once.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir huggingface_hub==0.30.2
RUN huggingface-cli download Qwen/Qwen2.5-7B-Instruct --local-dir /models/qwen
CMD ["python", "-m", "http.server"]
```
```dockerfile
FROM python:3.12-slim
COPY model.safetensors /models/
CMD ["python", "-m", "http.server"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir huggingface_hub==0.30.2
ENV HF_HOME=/models
VOLUME /models
CMD ["python", "-m", "http.server"]
```
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise

from imgtool.rule import (
    MEGABYTE,
    Arg,
    Command,
    Content,
    Facts,
    Finding,
    Instruction,
    NamedTuple,
    Operation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    copied,
    covers,
    deleted_words,
    layers,
    least_weights,
    made,
    mounts_of,
    path,
    per_file,
    per_part,
    regex,
    weight,
)

from ._copies import copies
from ._uses import last

META = RuleMeta(
    "IMG206",
    "model-weights-in-layer",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=(
        *("model", "weights", "checkpoint", "ckpt", "download", "pretrained", "lfs", "hub.load"),
        *("ollama", "huggingface.co", "hf-mirror.com", "sentencetransformer", "crossencoder"),
        *(".safetensors", ".gguf", ".ggml", ".pt", ".pd", ".nemo", ".mar", ".llamafile", ".t7"),
        *(".onnx", ".keras", ".tflite", ".engine", ".trt", ".om", ".mindir", ".pb", ".plan", ".h5", ".bin"),
    ),
)

_SMALL = regex(r"embed|speaker|voice|tokenizer|vocab", re.IGNORECASE)
# weights by their name where the hub is one
_ON_HUB = (".bin", ".zip", ".tar.gz")
_HUB = regex(r"(?:huggingface\.co|hf-mirror\.com|modelscope\.cn)/(?!datasets/|spaces/)[\w.-]+/[\w.-]+")
_CODE = regex(
    r"\bsnapshot_download\s*\(|\bhf_hub_download\s*\(|(?<!Tokenizer)(?<!TokenizerFast)(?<!Config)(?<!Processor)(?<!FeatureExtractor)\.from_pretrained\s*\("
    r"|\bSentenceTransformer\s*\(|\btorch\.hub\.load(?:_state_dict_from_url)?\s*\(|\bwhisper\.load_model\s*\(|\bWhisperModel\s*\("
    r"|\bCrossEncoder\s*\("
)
# a folder's name that speaks of several
_MANY = regex(r"(?<!\.)(?:models|weights|checkpoints|ckpts|files)/?\Z", re.IGNORECASE)
_OPTION_C = regex(r"-[A-Za-z]*c")
_DATA_SET = regex(r"repo[-_]type[= ,'\"]*data ?set|datasets/")
# patterns of files that are no weights
_TEXTS = regex(r"\.(?:json|txt|model|py|md|ya?ml|jinja|vocab|tiktoken)\Z")
_SCRIPT = regex(
    r"(?:^|/)(?:download|fetch|get|pull|preload)[-_]?(?:\w+[-_])?(?:models?|weights|checkpoints?|ckpts?)\.(?:py|sh)\Z"
    r"|(?:^|/)(?:models?|weights|checkpoints?)[-_](?:download(?:er)?|fetch)\.(?:py|sh)\Z"
)
# as its matches end; to cut is faster than to ask
_ENDINGS = frozenset({".py", ".sh"})
_HUBS = frozenset({"hf", "huggingface-cli", "modelscope", "openmind-cli", "mindformers"})
_PROGRAMS = _HUBS | {"ollama"}
_DOWNLOADS = frozenset({"wget", "curl", "aria2c"})
_CACHE = regex(r"hugging|/hf|models?(?:cope)?\b|weights|torch|\.cache/?\Z|ollama|ckpt|checkpoint")


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    for run in facts.runs(stage):
        found = list(_in_run(facts, run)) if not run.onbuild else []
        if found and not _elsewhere(run):
            yield from _finding(found)
    edges = copies(facts, stage)
    for instruction in [i for i in stage.instructions if i.keyword in ("COPY", "ADD")]:
        found = list(_copied(facts, instruction))
        edge = edges.get(id(instruction))
        if not found and edge is not None and edge.target is not None:
            found = list(_from_stage(facts, instruction, edge.target))
        yield from _finding(found)


def _elsewhere(run: Run) -> bool:
    """Whether a mount takes what is downloaded."""
    return any(
        (mount.type in ("cache", "tmpfs") and _CACHE.search(mount.target))
        or (mount.type == "bind" and not mount.readonly)
        for mount in mounts_of(run.instruction)
    )


class _Weights(NamedTuple):
    """Where weights come from; ``size`` in bytes where they are in the build context."""

    span: Span
    what: str
    size: int | None = None


# --- RUN ---------------------------------------------------------------------------------------------


@per_file
def _left(facts: Facts) -> Mapping[int, Content]:
    """What is there at the end, by the commands that put it there."""
    return {id(content.command): content for content in layers(facts).left if content.command}


def _in_run(facts: Facts, run: Run) -> Iterator[_Weights]:
    scripts = _scripts(facts)
    git = [o for o in run.operations if o.ecosystem == "git"] if run.operations else ()
    operations = {id(o.command): o for o in git} if git else {}
    for command in run.script.commands:
        name = command.name
        operation = operations.get(id(command)) if operations else None
        if operation is not None and operation.operation is Operation.CLONE:
            url = operation.urls[0] if operation.urls else None
            if url is not None and _HUB.search(url.text) and id(command) in _left(facts):
                yield _Weights(url.span, f"the model {last(url.text)}")
        elif operation is not None and operation.verb.startswith("lfs"):
            yield _Weights(_span(command, "lfs"), "what git lfs fetches, mostly model weights,")
        elif name in _DOWNLOADS:
            content = _left(facts).get(id(command))
            if content is not None and not content.tree and _is_weights(content):
                yield _Weights(_place(command, content), last(content.path))
        elif _may_download(name, scripts):
            yield from _downloaded_by(command, scripts)


@per_file
def _scripts(facts: Facts) -> frozenset[str]:
    """The words of all commands that are scripts which download, by their names: most files have none."""
    commands = [c for stage in facts.stages for run in facts.runs(stage) for c in run.script.commands]
    # most words have no dot, which is quicker to see than how they end
    dotted = {word.text for command in commands for word in command.argv if "." in word.text}
    return frozenset([t for t in dotted if t[-3:] in _ENDINGS and _SCRIPT.search(t)])


def _may_download(name: str, scripts: frozenset[str]) -> bool:
    """Whether :func:`_downloaded_by` may find anything in a command, by its name."""
    return bool(scripts) or name in _PROGRAMS or ("python" in name and name.startswith("python"))


def _downloaded_by(command: Command, scripts: frozenset[str]) -> Iterator[_Weights]:
    if command.name in _HUBS:
        model = _repository(command)
        if model is not None:
            yield _Weights(model.span, f"the model {model.text}")
    elif command.name == "ollama" and len(command.args) > 1 and command.args[0].text == "pull":
        model = command.args[1]
        yield _Weights(model.span, f"the model {model.text}")
    elif command.name.startswith("python"):
        yield from _python(command)
    if scripts and (script := next((word for word in command.argv if word.text in scripts), None)):
        yield _Weights(script.span, f"what {last(script.text)} downloads, models by its name,")


def _repository(command: Command) -> Arg | None:
    """The model that a hub's command downloads; None for data sets, and for files that are no weights."""
    words = command.args
    at = next((n for n, word in enumerate(words) if word.text == "download"), None)
    if at is None or any(_DATA_SET.search(w.text) or w.text in ("dataset", "--dataset") for w in words):
        return None
    named: list[Arg] = []
    values = iter(words[at + 1 :])
    for word in values:
        if word.text in ("--model", "--model_id"):
            named = [next(values, word)]
        elif word.text.startswith("-"):
            value = next(values, None) if "=" not in word.text and word.text not in _FLAGS else None
            if word.text == "--include" and value is not None and _TEXTS.search(value.text):
                return None
        else:
            named.append(word)
    if not named or (len(named) > 1 and all(_TEXTS.search(word.text) for word in named[1:])):
        return None
    return named[0]


_FLAGS = frozenset({"--force-download", "--resume-download", "--quiet", "--local-dir-use-symlinks"})


def _python(command: Command) -> Iterator[_Weights]:
    for before, word in pairwise(command.args):
        found = _CODE.search(word.text) if _OPTION_C.fullmatch(before.text) else None
        if found is not None and not _DATA_SET.search(word.text):
            yield _Weights(word.span, f"what {_function(found)} downloads")
    for redirect in command.redirects:
        if redirect.body is not None and (found := _CODE.search(text := str(redirect.body))):
            start = len(text[: found.start()].encode())
            at = redirect.body.span(start, start + len(found[0].encode()))
            if not _DATA_SET.search(text):
                yield _Weights(at, f"what {_function(found)} downloads")


def _function(found: re.Match[str]) -> str:
    return found[0].strip(" (.")


def _is_weights(content: Content) -> bool:
    name = last(content.path)
    if _SMALL.search(name):
        return False
    least = least_weights(name)
    if least is None and not name.endswith(_ON_HUB):
        return False
    return least == 0 or _HUB.search(content.source) is not None


def _place(command: Command, content: Content) -> Span:
    word = next((word for word in command.args if word.text == content.source), command.argv[0])
    return word.span


def _span(command: Command, text: str) -> Span:
    word = next((word for word in command.args if word.text == text), command.argv[0])
    return Span(command.argv[0].span.start, word.span.end)


# --- COPY --------------------------------------------------------------------------------------------


def _copied(facts: Facts, instruction: Instruction) -> Iterator[_Weights]:
    known = {s: least for s in instruction.args[:-1] if (least := least_weights(s)) is not None}
    seen: set[str] = set()
    for content in copied(facts, instruction) if known else ():
        least = known.get(content.source)
        if content.source in seen or least is None:
            continue
        seen.add(content.source)
        size = weight(facts, content)
        word = next((w for w in instruction.words if w.text == content.source), instruction.word)
        if size >= max(least, MEGABYTE) if size is not None else least == 0:
            yield _Weights(word.span, last(content.source), size)


# --- folders of another stage ------------------------------------------------------------------------

# how many stages below the one that is copied from are looked at, and places in each
_FOLLOWED = 5
_MOST = 50
_FOLDER_OPTIONS = ("--local-dir", "--local_dir", "--cache-dir", "--cache_dir")
_FOLDER_ARGUMENT = regex(r"\b(?:local_dir|cache_dir)\s*=\s*[rf]?['\"](/[^'\"{}]+)['\"]")


def _from_stage(facts: Facts, instruction: Instruction, stage: Stage) -> Iterator[_Weights]:
    """What COPY takes of the weights that another stage has downloaded."""
    # of most stages, nothing
    found = [found for each in islice(stage.lineage(), _FOLLOWED) if (found := _fetched(facts, each))]
    for word in instruction.words[:-1] if found else ():
        text = facts.expand(instruction, word.text)
        folder = posixpath.normpath(f"/{text.lstrip('/')}".removesuffix("/*")) if text else None
        for fetched in found if folder else ():
            place = next((p for p in fetched if f"{p}/".startswith(f"{folder}/".replace("//", "/"))), None)
            if place is not None:
                yield _Weights(word.span, f"{fetched[place]} in {text}")
                break


@per_part
def _fetched(facts: Facts, stage: Stage) -> Mapping[str, str]:
    """Where the RUNs of a stage put weights, and which; what they delete or move away is not among them."""
    found: dict[str, str] = {}
    scripts = _scripts(facts)
    for run in facts.runs(stage):
        if run.onbuild or _elsewhere(run):
            continue
        for command, where, contents in made(facts, run):
            if found:
                gone = [path(facts, run, word, where) for word in deleted_words(command)]
                found = {p: what for p, what in found.items() if not any(g and covers(g, p) for g in gone)}
            if contents:
                found |= {c.path: last(c.path) for c in contents if not c.tree and _is_weights(c)}
                found |= {c.path: f"the model {last(c.source)}" for c in contents if _HUB.search(c.source)}
            if _may_download(command.name, scripts):
                found |= dict(_in_folder(facts, run, command, where))
            if len(found) > _MOST:
                return found
    return found


def _in_folder(facts: Facts, run: Run, command: Command, where: str | None) -> Iterator[tuple[str, str]]:
    """The folder that a hub's command, or Python code, is told to download to."""
    weights = next(_downloaded_by(command, _scripts(facts)), None)
    if weights is None:
        return
    for word, value in pairwise(command.args):
        if word.text in _FOLDER_OPTIONS and (place := path(facts, run, value, where)):
            yield place, weights.what
    texts = [word.text for word in command.args] + [str(r.body) for r in command.redirects if r.body]
    for text in texts:
        if named := _FOLDER_ARGUMENT.search(text):
            yield posixpath.normpath(named[1]), weights.what


def _finding(found: list[_Weights]) -> Iterator[Finding]:
    """One finding an instruction."""
    if not found:
        return
    first, *others = found
    what, it, own = f"{first.what} is", "it", "its"
    if " " not in first.what and (_MANY.search(first.what) or "*" in first.what):
        what, it, own = f"{first.what} are", "them", "their"
    if others:
        what, it, own = f"{first.what} and {len(others)} more are", "them", "their"
    sizes = [each.size for each in found if each.size is not None]
    yield META.finding(
        first.span,
        f"{what} baked into the image; mount {it} when the container starts, or keep {it} in an image of {own} own",
        saves_bytes=sum(sizes) if len(sizes) == len(found) else None,
        related=tuple(each.span for each in others),
    )
