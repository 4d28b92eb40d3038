"""A Dockerfile for CUDA as one for CANN, and back, by the table of analogues: byte edits of the author's file.

What has an analogue is replaced, what the other platform brings by itself goes, and what has neither is named. A
file with such a gap is refused, or, where the user allows it, gets a comment and a RUN that fails in front of it.
What is left over and still speaks of the other platform counts as a gap: nothing is carried over unread.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from imgtool.edits import Edit, Span, apply, cut
from imgtool.facts.facts import FactOptions, Facts, Run, local_sources
from imgtool.facts.packages import Operation, Package, PackageOperation, PackageSource
from imgtool.facts.stages import Stage
from imgtool.families import BaseImage, identify
from imgtool.families.analogues import Analogue, analogues, chip_of, chips, release_pairs, torch_npu_of
from imgtool.families.images import Release, listed, release_of, releases_of
from imgtool.families.inherited import inherited_names
from imgtool.families.needs import device_variables, names_devices, python_need, software_of
from imgtool.regex import regex
from imgtool.rewrite import context_files, requirements
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.commands import folder_of, joined, value_of
from imgtool.rewrite.kinds import Kind, kind
from imgtool.rewrite.plan import Reason
from imgtool.syntax import parse
from imgtool.syntax.nodes import Instruction, Word
from imgtool.transforms.commands import without
from imgtool.transforms.instructions import remove_instruction
from imgtool.transforms.runs import Segment, is_chain, segments, without_items
from imgtool.values import dataclass, field

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CHIP = "910b"
PYTHON = "3.11"
# Ubuntu 22.04 is the only system of both platforms' images; its Python is 3.10
_SYSTEM, _SYSTEM_PYTHON = "ubuntu22.04", "3.10"
_TORCH_INDEX = "download.pytorch.org/whl"
_PATHS = frozenset({"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PYTHONPATH", "CPATH"})
_BARE = regex(r"\$(\w+)")
_EXACT = regex(r"==\s*(\d+(?:\.\d+)*)(?:\+\w+)?\Z")
_POST = regex(r"\.post\d+\Z")
_INTERPRETER = regex(r"python(3\.\d+)")
_REQUIREMENT = regex(
    r"[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*(\[[^\]]*\])?[ \t]*([^;#\r\n]*?)([ \t]*(?:;|#|\r|\n|\Z).*)",
    re.DOTALL,
)
# words that only a platform's own software uses
_SPEAKS = {
    "cuda": regex(
        r"cuda|nvidia|nccl|cudnn|cublas|tensorrt|nvcc|(?<![a-z0-9])cu\d{2,3}(?![0-9a-z])", re.IGNORECASE
    ),
    "cann": regex(
        r"ascend|hccl|davinci|bisheng|ccec|mindspore|mindie|(?<![a-z])(?:npu|cann|atc|acl)(?![a-z])",
        re.IGNORECASE,
    ),
}
_HOMES = {
    "cuda": ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"),
    "cann": ("ASCEND_TOOLKIT_HOME", "ASCEND_HOME_PATH", "ASCEND_HOME"),
}
_FOLDERS = {
    "cuda": ("/usr/local/cuda", "/usr/local/nvidia", *(f"${{{name}}}" for name in _HOMES["cuda"])),
    "cann": ("/usr/local/Ascend", *(f"${{{name}}}" for name in _HOMES["cann"])),
}
# how each platform shows its devices
_SHOWS = {"cuda": "nvidia-smi", "cann": "npu-smi info"}
_CHOOSES_CUDA = regex(rb"\.cuda\(|[\"']cuda(?::\d+)?[\"']|CUDAExtension|cpp_extension\.load|load_inline")
_CHOOSES_NPU = regex(rb"\bnpu\b|torch_npu")
# characters of a command in a message
_SHOWN = 50
_READ = frozenset("RUN ENV ARG CMD ENTRYPOINT HEALTHCHECK COPY ADD".split())
# the CANN image has Python, pip and bash as its shell
_PYTHON_PACKAGES = "python3 python3-dev python3-pip python-is-python3"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the author's file: the place, what it was about, and what was done."""

    span: Span
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Retargeted:
    """The file for another accelerator. Where there are ``reasons`` it is refused and ``data`` the author's.

    ``files`` are files for the build context that the new file asks for, by their paths in it.
    """

    data: bytes
    changes: tuple[Change, ...] = ()
    reasons: tuple[Reason, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))


def retarget(
    data: bytes, target: str, options: FactOptions | None = None, choices: Choices | None = None
) -> Retargeted | None:
    """The file for ``target`` (``cuda`` or ``cann``); None where it stands on no image of the other one. Never raises.

    Deterministic, and idempotent: the result stands on the target's images.
    """
    facts = Facts(parse(data), options)
    source = {"cuda": "cann", "cann": "cuda"}.get(target)
    bases = [base for stage in facts.stages if stage.parent is None and (base := facts.base(stage))]
    if source is None or facts.document.problems or not any(b.accelerator == source for b in bases):
        return None
    turn = _Turn(facts, source, target, choices or Choices())
    turn.run()
    return turn.result()


class _Turn:
    """One file on its way to the other platform: what is edited, and what is missing there."""

    def __init__(self, facts: Facts, source: str, target: str, choices: Choices) -> None:
        self.facts, self.source, self.target, self.choices = facts, source, target, choices
        self.data = facts.document.data
        self.newline = facts.document.source.newline
        self.edits: list[Edit] = []
        self.changes: list[Change] = []
        self.missing: list[tuple[Instruction, Reason]] = []
        self.fatal: list[Reason] = []
        self.files: dict[str, bytes] = {}
        self.operations = tuple(self._operations())
        self.torch = self._torch()

    def run(self) -> None:
        for stage in self.facts.stages:
            self._from(stage)
            for instruction in stage.instructions:
                if instruction.keyword in ("ENV", "ARG"):
                    self._variables(instruction)
                elif instruction.keyword == "HEALTHCHECK":
                    self._shows(instruction)
        for run, operation in self.operations:
            if operation.ecosystem in ("python", "conda"):
                self._unread(run, operation)
            if operation.ecosystem == "python":
                self._python(run, operation)
            elif operation.ecosystem in ("deb", "rpm"):
                self._system(run, operation)
        self._scripts()
        self._sources()
        self._leftovers()

    def result(self) -> Retargeted:
        missing = [] if self.choices.allow_missing else [reason for _, reason in self.missing]
        reasons = (*self.fatal, *missing)
        if reasons:
            return Retargeted(self.data, (), tuple(sorted(reasons, key=lambda r: r.span)))
        self._mark()
        changed = tuple(sorted(self.changes, key=lambda change: change.span))
        return Retargeted(apply(self.data, self.edits), changed, (), MappingProxyType(self.files))

    # --- notes -------------------------------------------------------------------------------------------

    def _replace(self, span: Span, text: str, rule: str, note: str) -> None:
        self._edit(Edit(span.start, span.end, text), span, rule, note)

    def _edit(self, edit: Edit, span: Span, rule: str, note: str) -> None:
        self.edits.append(edit)
        self.changes.append(Change(span, rule, note))

    def _gap(self, instruction: Instruction, span: Span, message: str) -> None:
        reason = Reason("no-analogue", message, span)
        stages = self.facts.stages
        if instruction.span.start < stages[0].from_.span.start:
            # nothing can fail before the first FROM
            following = [i for stage in stages for i in stage.instructions]
            if not following:
                self.fatal.append(reason)
                return
            instruction = following[0]
        self.missing.append((instruction, reason))

    def _mark(self) -> None:
        """A comment and a RUN that fails, before each instruction with a gap."""
        for instruction in dict.fromkeys(at for at, _ in self.missing):
            told = [reason.message for at, reason in self.missing if at is instruction]
            safe = [re.sub(r"[^\w .,:;()/=+-]", "", message) for message in told]
            comments = "".join(f"# imgtool: {message}{self.newline}" for message in safe)
            fails = f"RUN echo '{'; '.join(safe)}' >&2 && exit 1{self.newline}"
            start = instruction.span.start
            self._edit(Edit(start, start, comments + fails), instruction.span, "missing", "; ".join(told))

    # --- FROM --------------------------------------------------------------------------------------------

    def _from(self, stage: Stage) -> None:
        base = self.facts.base(stage) if stage.parent is None else None
        if base is None or base.accelerator != self.source:
            return
        made = self._cann(stage, base) if self.target == "cann" else self._cuda(stage, base)
        if isinstance(made, Reason):
            self.fatal.append(made)
            return
        image, note = made.ref.text, f"{stage.base} becomes {made.ref.text}"
        self._replace(stage.base_span, image, "base-image", note)
        if self.target == "cuda":
            end = stage.from_.span.end
            self._edit(
                Edit(end, end, self._python_of_system(stage)),
                stage.from_.span,
                "python",
                f"{image} has no Python",
            )

    def _cann(self, stage: Stage, base: BaseImage) -> BaseImage | Reason:
        if base.family not in ("nvidia-cuda", "nvidia-cuda-arch"):
            message = f"{base.ref.text} holds software built for CUDA, and there is no such image for CANN"
            return Reason("no-analogue", message, stage.base_span)
        if base.os not in (None, "ubuntu"):
            message = f"there is no CANN image on {base.os} whose packages have the same names"
            return Reason("no-analogue", message, stage.base_span)
        version = self.torch[0]
        chip, python = self.choices.chip or CHIP, self.choices.python or self._named_python() or PYTHON
        text = f"quay.io/ascend/cann:{version}-{chip}-{_SYSTEM}-py{python}"
        made = identify(text)
        if made is None or not made.fields:
            message = f"{text} is no tag that CANN images have: chips are {', '.join(chips())}, Python is 3.X"
            return Reason("no-such-image", message, stage.base_span)
        release = release_of(made)
        if base.flavour == "devel" and release and "devel" in release.flavours:
            made = identify(f"{text}-devel") or made
        return made

    def _named_python(self) -> str | None:
        """The version of Python that the file names."""
        names = (
            c.name
            for stage in self.facts.stages
            for run in self.facts.runs(stage)
            for c in run.script.commands
        )
        packages = (p.name for _, o in self.operations if o.ecosystem == "deb" for p in o.packages)
        found = (_INTERPRETER.match(name) for name in (*names, *packages))
        return next((match[1] for match in found if match), None)

    def _cuda(self, stage: Stage, base: BaseImage) -> BaseImage | Reason:
        code, message = "no-analogue", ""
        made = identify(f"nvidia/cuda:{self._cuda_version()}-devel-{_SYSTEM}")
        if base.family != "ascend-cann":
            message = f"{base.ref.text} holds software built for CANN, and there is no such image for CUDA"
        elif base.os not in (None, "ubuntu"):
            message = f"there is no CUDA image on {base.os}"
        elif self.choices.python not in (None, _SYSTEM_PYTHON):
            code, message = (
                "no-such-image",
                f"the Python of {_SYSTEM} is {_SYSTEM_PYTHON}, not {self.choices.python}",
            )
        elif made is not None and made.fields and listed(made) is not False:
            return made
        else:
            code, message = "no-such-image", f"there is no CUDA image of {self.choices.cuda} on {_SYSTEM}"
        return Reason(code, message, stage.base_span)

    def _cuda_version(self) -> str:
        wanted = self.choices.cuda or "12"
        newest = identify(f"nvidia/cuda:12.4.1-devel-{_SYSTEM}")
        known = releases_of(newest) if newest else ()
        fits = [r for r in known if r.version == wanted or r.version.startswith(f"{wanted}.")]
        supported = [r for r in fits if r.status == "supported" and _SYSTEM in r.os and not _lacks_nccl(r)]
        return next((r.version for r in (*supported, *fits)), wanted)

    def _python_of_system(self, stage: Stage) -> str:
        shell = "" if any(i.keyword == "SHELL" for i in stage.instructions) else 'SHELL ["/bin/bash", "-c"]\n'
        text = (
            f"\n{shell}RUN apt-get update \\\n"
            f" && apt-get install -y --no-install-recommends {_PYTHON_PACKAGES} \\\n"
            " && rm -rf /var/lib/apt/lists/*"
        )
        return text.replace("\n", self.newline)

    # --- variables ---------------------------------------------------------------------------------------

    def _variables(self, instruction: Instruction) -> None:
        if instruction.keyword == "ENV" and instruction.args[2:3] == ("",):
            words: tuple[Word, ...] = ()
            pairs = [(instruction.args[0], instruction.args[1], instruction.span)]
        else:
            words = instruction.words
            pairs = [(w.text.partition("=")[0], w.text.partition("=")[2], w.span) for w in words]
        bare = instruction.keyword == "ARG"
        made = [(span, name, self._variable(name, value, bare=bare)) for name, value, span in pairs]
        if all(new is None for *_, new in made):
            edit = remove_instruction(self.facts.document, instruction)
            self._edit(
                edit,
                instruction.span,
                "environment",
                f"{', '.join(n for _, n, _ in made)}: set by the image, or nothing there reads it",
            )
            return
        first = next(span.start for span, _, new in made if new is not None)
        for span, name, new in made:
            if new is None:
                # a first word goes with the blanks behind it, the others with those before them
                leads = span.start < first
                edit = Edit(span.start, _next(made, span), "") if leads else without(self.data, span)
                note = f"{name}: set by the image, or nothing there reads it"
                self._edit(edit, span, "environment", note)
            elif words and new != cut(self.data, span):
                self._replace(span, new, "environment", f"{name} becomes {new}")
            elif not words and new != f"{name}={pairs[0][1]}" and len(new.split()) == 1:
                self._replace(span, f"ENV {new}", "environment", f"{name} becomes {new}")

    def _variable(self, name: str, value: str, *, bare: bool) -> str | None:
        """A word of ENV or ARG on the other platform; None where it has no place there."""
        same = name if bare and not value else f"{name}={value}"
        row = next((a for a in analogues("env") if self._names(a, name)), None)
        if row is not None:
            other = (row.cann if self.target == "cann" else row.cuda) or ""
            return self._renamed(other.split(" ")[0], value)
        if self.source == "cann" and name in inherited_names() and name not in _PATHS:
            return None
        return self._path(name, value) if name in _PATHS else same

    def _names(self, row: Analogue, name: str) -> bool:
        names = [row.cuda] if self.source == "cuda" else (row.cann or "").split()
        return any(name == one or (one.endswith("_") and name.startswith(one)) for one in names)

    def _renamed(self, name: str, value: str) -> str | None:
        if name == "SOC_VERSION":
            chip = chip_of(self.choices.chip or CHIP)
            value = chip.soc or "" if chip else ""
        devices = name in device_variables()
        useless = not name or not value or name in inherited_names() - {"NVIDIA_VISIBLE_DEVICES"}
        if useless or name == "TORCH_CUDA_ARCH_LIST" or (devices and not names_devices(value)):
            return None
        return f"{name}={value}"

    def _path(self, name: str, value: str) -> str | None:
        """A list of folders without the other platform's; what the image sets is kept behind it."""
        quote = '"' if value.startswith('"') else ""
        folders = value.strip('"').split(":")
        kept = [f for f in folders if not _BARE.sub(r"${\1}", f).startswith(_FOLDERS[self.source])]
        own = {f"${name}", f"${{{name}}}"}
        if not set(kept) - own - {""}:
            return None
        if self.target == "cann" and not own & set(kept):
            # the image's own list is needed there
            kept.append(f"${{{name}}}")
        return f"{name}={quote}{':'.join(kept)}{quote}"

    # --- Python packages ---------------------------------------------------------------------------------

    def _operations(self) -> Iterator[tuple[Run, PackageOperation]]:
        for stage in self.facts.stages:
            for run in self.facts.runs(stage):
                for operation in run.operations:
                    if operation.operation in (Operation.INSTALL, Operation.DOWNLOAD, Operation.BUILD):
                        yield run, operation

    def _torch(self) -> tuple[str, str | None, str | None]:
        """The CANN release, and the torch and torch_npu that go with what the file asks for."""
        wanted = [spec for spec in self._torch_specs() if spec]
        image = identify(f"quay.io/ascend/cann:9.0.0-{CHIP}-{_SYSTEM}-py{PYTHON}")
        sure = {r.version for r in releases_of(image) if r.evidence == "V"} if image else set()
        given = torch_npu_of(self.choices.cann) if self.choices.cann else None
        pairs = [given] if given else [p for p in release_pairs() if p.cann in sure and not self.choices.cann]
        for pair in pairs:
            for npu in pair.torch_npu:
                if all(_satisfies(_POST.sub("", npu), spec) for spec in wanted):
                    return pair.cann, _POST.sub("", npu), npu
        return (self.choices.cann or (pairs[0].cann if pairs else "")), None, None

    def _torch_specs(self) -> Iterator[str | None]:
        for run, operation in self.operations:
            if operation.ecosystem == "python":
                for package in operation.packages:
                    if package.name == "torch":
                        yield self._spec(run, package)
                for _, text in self._requirement_files(run, operation):
                    for line in (text or b"").decode("utf-8", "replace").splitlines():
                        found = _REQUIREMENT.fullmatch(line)
                        if found and found[1].lower() == "torch":
                            yield found[3]

    def _spec(self, run: Run, package: Package) -> str | None:
        return self.facts.expand(run.instruction, package.spec) if package.spec else None

    def _python(self, run: Run, operation: PackageOperation) -> None:
        indexed = self._indexes(operation)
        torch = False
        for package in operation.packages:
            torch |= package.name == "torch"
            new = self._package(run, package)
            if new is None:
                self._edit(
                    without(self.data, package.span), package.span, "python-packages", f"{package.name} goes"
                )
            elif new != package.raw:
                self._replace(package.span, new, "python-packages", f"{package.raw} becomes {new}")
        if torch and self.target == "cann" and not indexed:
            end = operation.command.argv[-1].span.end
            self._edit(
                Edit(end, end, f" --extra-index-url {CPU_INDEX}"),
                operation.command.span,
                "cpu-index",
                "on x86 the default index has torch with CUDA",
            )
        if operation.requirement_files:
            self._requirements(run, operation, indexed=indexed)

    def _indexes(self, operation: PackageOperation) -> bool:
        """Send pip to the index of torch without CUDA, or away from it; whether it was sent there."""
        found = False
        for option in operation.options:
            value = option.value
            if value is None or _TORCH_INDEX not in value.text:
                continue
            span = Span(option.arg.span.start, max(option.arg.span.end, value.span.end))
            found = True
            if self.target == "cann":
                self._replace(
                    span, f"--extra-index-url {CPU_INDEX}", "cpu-index", "torch from its index without CUDA"
                )
            else:
                edit = without(self.data, option.arg.span)
                self._edit(
                    Edit(edit.start, span.end, ""), span, "cpu-index", "the default index has torch with CUDA"
                )
        return found

    def _package(self, run: Run, package: Package) -> str | None:
        """A package's operand on the other platform, as it stands where nothing is to change; None to drop it."""
        quote = cut(self.data, package.span)[:1]
        new = self._named(
            run.instruction, package.span, package.name, self._spec(run, package) or "", package.raw
        )
        return (
            new
            if new in (None, package.raw) or quote not in ("'", '"')
            else " ".join(f"{quote}{one}{quote}" for one in new.split())
        )

    def _named(self, at: Instruction, span: Span, name: str, spec: str, written: str) -> str | None:
        """A requirement by name on the other platform."""
        if self.target == "cuda":
            if name in ("torch-npu", "torch_npu"):
                return None
            if name == "triton-ascend":
                return "triton"
            return (
                re.sub(r"\+cpu\b", "", written)
                if name.startswith("torch")
                else self._ours(at, span, name, written)
            )
        if name == "torch":
            return self._torch_here(at, span, spec)
        if name in ("torchvision", "torchaudio"):
            return re.sub(r"\+cu\d+\b", "", written)
        row = next((a for a in analogues("python") if a.cuda == name), None)
        if row is not None and row.cann and " " not in row.cann:
            return written if row.cann == name else row.cann
        return self._ours(at, span, name, written)

    def _ours(self, at: Instruction, span: Span, name: str, written: str) -> str:
        """A package of neither or of the old platform; the latter is a gap."""
        need = python_need(name)
        if need is not None and need.accelerator == self.source:
            row = next((a for a in analogues("python") if a.cuda == need.name), None)
            instead = f" ({row.note})" if row and row.note and row.note != "none" else ""
            self._gap(
                at, span, f"{name} has no analogue on {self.target.upper()} that is known to do{instead}"
            )
        return written

    def _torch_here(self, at: Instruction, span: Span, spec: str) -> str:
        version, torch, npu = self.torch
        if torch is None:
            self._gap(
                at,
                span,
                f"no torch-npu of CANN {version or self.choices.cann} goes with torch {spec or 'as asked for'}",
            )
            return f"torch{spec}"
        return f"torch=={torch} torch-npu=={npu}"

    # --- requirement files ---------------------------------------------------------------------------------

    def _requirement_files(
        self, run: Run, operation: PackageOperation
    ) -> Iterator[tuple[str | None, bytes | None]]:
        for word in operation.requirement_files:
            path = joined(folder_of(operation.command, run, self.facts), value_of(word, run, self.facts))
            yield path, context_files.read(self.facts, run.stage, run.instruction, path) if path else None

    def _requirements(self, run: Run, operation: PackageOperation, *, indexed: bool) -> None:
        found = zip(operation.requirement_files, self._requirement_files(run, operation), strict=True)
        for word, (path, content) in found:
            if path is None or content is None:
                message = f"{word.text} is not found in the build context, so what it asks for is not known"
                self.fatal.append(Reason("requirements-unreadable", message, word.span))
                continue
            changed = self._requirement_lines(run.instruction, word.span, content, indexed=indexed)
            if changed != content:
                self._companion(run, word.span, word.text, path, changed)

    def _requirement_lines(self, at: Instruction, span: Span, content: bytes, *, indexed: bool) -> bytes:
        lines = []
        for line in content.decode("utf-8", "surrogateescape").splitlines(keepends=True):
            found = _REQUIREMENT.fullmatch(line)
            if line.lstrip().startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable")):
                self._gap(at, span, f"{line.strip()} in a requirement file is not followed")
            if found is None:
                lines.append(
                    re.sub(rf"(?<={_TORCH_INDEX}/)cu\d+", "cpu", line) if self.target == "cann" else line
                )
                continue
            name = re.sub(r"[-_.]+", "-", found[1]).lower()
            written = f"{found[1]}{found[2] or ''}{found[3]}"
            new = self._named(at, span, name, found[3], written)
            lines.append(line if new == written else self._requirement_line(new, found[4]))
            if name == "torch" and self.target == "cann" and not indexed:
                lines.insert(0, f"--extra-index-url {CPU_INDEX}\n")
        return "".join(lines).encode("utf-8", "surrogateescape")

    def _requirement_line(self, new: str | None, rest: str) -> str:
        """The line of each requirement, with the marker and comment of the old one."""
        lines = [f"{one}{rest}" for one in (new or "").split()]
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def _companion(self, run: Run, span: Span, written: str, path: str, content: bytes) -> None:
        """The changed requirement file beside the author's, and the Dockerfile sent to it."""
        stem, dot, suffix = posixpath.basename(path).rpartition(".")
        name = f"{stem}.{self.target}{dot}{suffix}"
        for instruction in run.stage.instructions:
            if instruction.span.start > run.instruction.span.start:
                break
            for source in local_sources(instruction):
                if posixpath.basename(source) == posixpath.basename(path):
                    self._copied(instruction, source, name)
                    self.files[posixpath.normpath(posixpath.join(posixpath.dirname(source), name))] = content
                    return self._use(instruction, span, written, name)
                if posixpath.normpath(source) == ".":
                    inside = posixpath.relpath(path, self._goal(instruction))
                    self.files[posixpath.normpath(posixpath.join(posixpath.dirname(inside), name))] = content
                    return self._replace(
                        span,
                        posixpath.join(posixpath.dirname(written), name),
                        "requirements",
                        f"{name} is written beside {posixpath.basename(path)}",
                    )
        self._gap(run.instruction, span, f"{written} would have to change, and no COPY names it")
        return None

    def _goal(self, instruction: Instruction) -> str:
        goal = self.facts.expand(instruction, instruction.args[-1]) or "/"
        return posixpath.normpath(posixpath.join(self.facts.state(instruction).workdir or "/", goal))

    def _copied(self, instruction: Instruction, source: str, name: str) -> None:
        word = next(w for w in instruction.words if w.text == source)
        new = posixpath.join(posixpath.dirname(source), name)
        self._replace(word.span, new, "requirements", f"{new} is written beside {source}")

    def _use(self, instruction: Instruction, span: Span, written: str, name: str) -> None:
        if instruction.args[-1].endswith("/") or instruction.args[-1] in (".", ".."):
            self._replace(
                span,
                posixpath.join(posixpath.dirname(written), name),
                "requirements",
                f"{written} becomes {name}",
            )

    # --- system packages and commands ------------------------------------------------------------------------

    def _system(self, run: Run, operation: PackageOperation) -> None:
        for package in operation.packages:
            if "nvinfer" in package.name or package.name.startswith("tensorrt"):
                self._gap(
                    run.instruction,
                    package.span,
                    f"{package.name} (TensorRT) has no analogue on CANN that runs its engines (ATC makes an .om for ACL)",
                )
                continue
            row = software_of("packages", package.name)
            nccl = self.source == "cuda" and package.name.startswith("libnccl")
            tool = self.source == "cuda" and package.name.startswith(("cuda-", "nsight-"))
            if nccl or tool or (row is not None and row.id == self.source):
                self._edit(
                    without(self.data, package.span),
                    package.span,
                    "system-packages",
                    f"{package.name} goes: {self.target.upper()} brings its own",
                )

    def _scripts(self) -> None:
        """Commands with a counterpart, and those that set the old platform's environment."""
        for stage in self.facts.stages:
            for run in self.facts.runs(stage):
                items = segments(run.script)
                self._unknown(run, items)
                drop = {
                    s.span
                    for s in items
                    if len(s.commands) == 1 and self._sets(s.commands[0].name, cut(self.data, s.span))
                }
                edits = without_items(run, drop) if drop and is_chain(self.data, run) else None
                for edit in edits or ():
                    self._edit(
                        edit,
                        run.instruction.span,
                        "environment",
                        "set_env.sh: the image's own environment does",
                    )

    def _shows(self, instruction: Instruction) -> None:
        """A health check that asks for the devices, in shell form."""
        old, new = _SHOWS[self.source], _SHOWS[self.target]
        start = instruction.span.start
        text = cut(self.data, instruction.span)
        for found in re.finditer(rf"(?<![\w/\"-]){re.escape(old)}(?=\s*(?:\|\||&&|;|\Z))", text):
            head = len(text[: found.start()].encode("utf-8", "surrogateescape"))
            span = Span(start + head, start + head + len(old))
            self._replace(span, new, "devices", f"{old} becomes {new}")

    def _unknown(self, run: Run, items: Sequence[Segment]) -> None:
        """Commands of which nobody knows what they do: scripts, mostly."""
        for item in items:
            # what only sets the old platform's environment goes
            if kind(item, run, self.facts) is Kind.UNKNOWN and not self._sets(
                item.commands[0].name, cut(self.data, item.span)
            ):
                words = " ".join(cut(self.data, item.span).split())
                shown = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
                self._gap(run.instruction, item.span, f"what {shown} does is not known")
        if not run.script.understood:
            self._gap(run.instruction, run.instruction.span, "what the RUN does is not understood")

    def _sets(self, name: str, text: str) -> bool:
        return name in ("source", ".") and any(folder in text for folder in _FOLDERS[self.source])

    def _sources(self) -> None:
        """Sources of the context that are for the old platform alone."""
        at = next((i for s in self.facts.stages for i in s.instructions if local_sources(i)), None)
        if at is None:
            return
        if self.facts.context is None:
            message = f"the build context is not known, so whether its sources are for {self.source.upper()} is not either (--context)"
            self.fatal.append(Reason("context-unknown", message, at.span))
        for path, content in context_files.sources(self.facts, (".cu", ".cuh", ".py")):
            told = self._told_by(path, content)
            if told:
                self._gap(at, at.span, f"{path} {told}")

    def _told_by(self, path: str, content: bytes) -> str | None:
        """Why a source does not run on the target."""
        if self.target == "cuda":
            return "is written for the NPU" if _CHOOSES_NPU.search(content) else None
        if not path.endswith(".py"):
            return "is CUDA code, and nothing translates it to CANN"
        if _CHOOSES_CUDA.search(content) and not _CHOOSES_NPU.search(content):
            return "chooses cuda and never npu (from torch_npu.contrib import transfer_to_npu)"
        return None

    def _unread(self, run: Run, operation: PackageOperation) -> None:
        """What is installed without being named here: from a project's files, from elsewhere, by a variable."""
        told = "cannot be read, so whether it is for the other accelerator is not known"
        if not operation.complete:
            self._gap(run.instruction, operation.command.span, f"what a variable installs {told}")
        if operation.ecosystem == "conda":
            self._gap(run.instruction, operation.command.span, "packages of conda are not carried over")
        for package in operation.packages:
            if package.source in (PackageSource.URL, PackageSource.VCS, PackageSource.FILE):
                self._gap(run.instruction, package.span, f"{package.raw} {told}")
        local = [p.span for p in operation.packages if p.source is PackageSource.PATH]
        if local or operation.project or operation.editable:
            self._project(run, operation, local[0] if local else operation.command.span)

    def _project(self, run: Run, operation: PackageOperation, span: Span) -> None:
        asked = requirements.of_project(self.facts, run, folder_of(operation.command, run, self.facts))
        if asked is None:
            self._gap(run.instruction, span, "what the project's files ask for cannot be read")
        for requirement in asked or ():
            before = len(self.missing)
            new = self._named(run.instruction, span, requirement.name, "", requirement.name)
            if new != requirement.name and len(self.missing) == before:
                message = f"the project asks for {requirement.name}, which would have to be {new or 'left out'} there"
                self._gap(run.instruction, span, message)

    def _leftovers(self) -> None:
        """What still speaks of the old platform after all edits."""
        texts = {i: self._after(i) for i in self.facts.document.instructions if i.keyword in (*_READ, "FROM")}
        for instruction, text in texts.items():
            found = _SPEAKS[self.source].search(text) if instruction.keyword in _READ else None
            if found is None or instruction in (at for at, _ in self.missing):
                continue
            if instruction.keyword == "ARG" and not self._used(instruction, texts):
                self._edit(
                    remove_instruction(self.facts.document, instruction),
                    instruction.span,
                    "arguments",
                    "nothing uses it any more",
                )
                continue
            message = f"what {instruction.keyword} does with {found[0]} has no analogue on {self.target.upper()} that is known"
            self._gap(instruction, instruction.span, message)

    def _after(self, instruction: Instruction) -> str:
        inside = [e for e in self.edits if instruction.span.holds(e.span)]
        if any(e.span.holds(instruction.span) for e in self.edits):
            return ""
        moved = [
            Edit(e.start - instruction.span.start, e.end - instruction.span.start, e.text) for e in inside
        ]
        made = apply(self.data[instruction.span.start : instruction.span.end], moved)
        text = made.decode("utf-8", "replace")
        return text.replace(CPU_INDEX, "") if self.target == "cann" else text

    def _used(self, argument: Instruction, texts: Mapping[Instruction, str]) -> bool:
        names = [word.partition("=")[0] for word in argument.args]
        others = "\n".join(text for i, text in texts.items() if i is not argument)
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", others) for name in names)


def _lacks_nccl(release: Release) -> bool:
    return not {"*", _SYSTEM}.isdisjoint(release.lacks.get("nccl", ()))


def _next(words: Sequence[tuple[Span, str, str | None]], span: Span) -> int:
    """Where the word behind another one starts."""
    return min(other.start for other, *_ in words if other.start > span.start)


def _satisfies(version: str, spec: str) -> bool:
    exact = _EXACT.fullmatch(spec.strip())
    if exact:
        wanted = exact[1].split(".")
        return version.split(".")[: len(wanted)] == wanted
    # 7 ms that most files do not need
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415

    try:
        return SpecifierSet(spec).contains(version)
    except InvalidSpecifier:
        return False
