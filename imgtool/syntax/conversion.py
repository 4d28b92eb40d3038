"""What BuildKit refuses when it turns a parsed file into a build, as far as the file alone tells.

Source of every rule and message: ``frontend/dockerfile/dockerfile2llb`` of moby/buildkit (``convert.go`` and its
neighbours). A value that a build argument or a base image may set is not known here, and is not judged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from imgtool.edits import Span
from imgtool.syntax import mounts, operands, validate, words
from imgtool.syntax.golang import atoi, parse_bool, quote
from imgtool.syntax.nodes import PLATFORM_ARGS, Directive, Document, Instruction, SyntaxProblem
from imgtool.syntax.suggest import suggest
from imgtool.syntax.validate import RefusedError
from imgtool.values import NamedTuple, dataclass, field, maker, replace

_REFUSALS = (RefusedError, words.WordError, mounts.MountError)
_SCRATCH = "scratch"
_NO_STAGE = "no build stage in current context"
# a file of children and triggers may ask for their product
_MAX_TRIGGERS = 10_000


class _Scope(dict[str, str | None]):
    """Variables and their values, None where not known; where ``open``, a base image may have set any other name."""

    __slots__ = ("open",)

    def __init__(self, *names: str, open_: bool) -> None:
        super().__init__(dict.fromkeys(names))
        self.open = open_

    def __missing__(self, name: str) -> None:
        if not self.open:
            raise KeyError(name)


class _Command(NamedTuple):
    """An instruction, and the one that BuildKit names as its place: a trigger runs at its child's FROM."""

    node: Instruction
    place: Instruction


_command = maker(_Command)


@dataclass(slots=True, eq=False)
class _File:
    """The file as it is known so far.

    ``states`` is what ``COPY --from=N`` counts: stages, then every image that is copied or mounted from (None).
    """

    escape: str
    labs: bool
    scope: _Scope
    stages: list[_Stage] = field(default_factory=list)
    names: dict[str, _Stage] = field(default_factory=dict)
    states: list[_Stage | None] = field(default_factory=list)
    problems: list[SyntaxProblem] = field(default_factory=list)
    refused: set[Span] = field(default_factory=set)

    def refuse(self, message: str, place: Instruction, span: Span | None = None) -> None:
        """Note a problem, unless the instruction has one already."""
        if place.problem is None and place.span not in self.refused:
            self.refused.add(place.span)
            self.problems.append(SyntaxProblem(message, span or place.span, place.start_line))

    def note(self, error: ValueError, command: _Command) -> None:
        """Note what an instruction was refused for."""
        span = error.span if isinstance(error, RefusedError) and command.node is command.place else None
        self.refuse(str(error), command.place, span)


@dataclass(slots=True, eq=False)
class _Stage:
    """A stage: ``image`` is its base expanded, None where not known; ``sources`` the stages that it copies or mounts
    from, each with the last command that does.
    """

    file: _File
    node: Instruction
    index: int
    scope: _Scope
    image: str | None = None
    base: _Stage | None = None
    name: str = ""
    workdir: str | None = None
    commands: list[_Command] = field(default_factory=list)
    sources: dict[int, _Command] = field(default_factory=dict)
    triggered: bool = False

    @property
    def label(self) -> str:
        return self.name or f"stage-{self.index}"

    def expand(self, text: str) -> str | None:
        """A word with the values that are set before the instruction; None where that is not known."""
        if words.is_plain(text):
            return text
        return words.expand_special(text, self.scope, self.file.escape).text


def document_problems(
    instructions: Sequence[Instruction], escape: str, directives: Sequence[Directive] = ()
) -> list[SyntaxProblem]:
    """Why BuildKit would refuse a file whose instructions it accepts one by one; at most one reason an instruction.

    In BuildKit's order: it stops at the first. Instructions that have a problem already are passed over.
    """
    labs = any(d.name == "syntax" and "labs" in d.value for d in directives)
    file = _File(escape, labs, _Scope(*PLATFORM_ARGS, open_=False))
    _check_directives(file, directives)
    _read(file, instructions)
    for stage in file.stages:
        for command in stage.commands:
            _link(stage, command)
    _circles(file)
    _images(file)
    _triggers(file)
    for stage in file.stages:
        _dispatch(stage)
    # stages know their file: the two would hold each other until garbage is searched for
    for known in (file.stages, file.states, file.names):
        known.clear()
    return file.problems


def refusal(document: Document) -> SyntaxProblem | None:
    """The one problem that BuildKit reports, which stops at the first: of all lines, then of all instructions, then
    of the stages.
    """
    if not document.problems:
        return None
    whole = document_problems(document.instructions, document.escape, document.directives)
    single = [i.problem for i in document.instructions if i.problem and i.problem == validate.problem(i)]
    single += [found for found in whole if found.message == _NO_STAGE]
    later = {*single, *whole}
    lines = [found for found in document.problems if found not in later]
    return min(lines or single or whole[:1], key=lambda found: found.line)


# --- directives --------------------------------------------------------------------------------------


def _check_directives(file: _File, directives: Sequence[Directive]) -> None:
    for directive in directives:
        message = _check_options(directive.value) if directive.name == "check" else None
        if message:
            message = f"failed to parse check options: {message}"
            file.problems.append(SyntaxProblem(message, directive.span, directive.line))


def _check_options(value: str) -> str | None:
    # the value ends at the first blank, and has three options at most
    for option in value.partition(" ")[0].split(";", 2):
        key, equals, setting = option.partition("=")
        if not equals:
            return f"invalid check option {quote(option)}"
        if key.strip() not in ("skip", "error", "experimental"):
            return f"invalid check option {quote(key.strip())}"
        if key.strip() == "error" and parse_bool(setting.strip()) is None:
            parsing = f"strconv.ParseBool: parsing {quote(setting.strip())}: invalid syntax"
            return f"failed to parse check option {quote(option)}: {parsing}"
    return None


# --- stages ------------------------------------------------------------------------------------------


def _read(file: _File, instructions: Sequence[Instruction]) -> None:
    for node in instructions:
        if node.keyword == "FROM":
            _from(file, _Command(node, node))
        elif not file.stages and node.keyword != "ARG":
            file.refuse(_NO_STAGE, node)
        elif node.problem is None and not file.stages:
            _global_arg(file, _Command(node, node))
        elif node.problem is None and (node.flags or node.keyword in _ASKED):
            # of the others nothing more is asked
            file.stages[-1].commands.append(_command((node, node)))
    if instructions and not file.stages:
        file.refuse("dockerfile contains no stages to build", instructions[-1])
    file.states = [*file.stages]


def _global_arg(file: _File, command: _Command) -> None:
    try:
        _declare(file.scope, command.node, file.escape)
    except words.WordError as error:
        file.note(error, command)


def _declare(scope: _Scope, node: Instruction, escape: str) -> None:
    for word in node.args:
        name, given, default = word.partition("=")
        if given:
            words.expand(default, scope, escape)
        # a build argument may say otherwise
        scope[name] = None


def _from(file: _File, command: _Command) -> None:
    node = command.node
    stage = _Stage(file, node, len(file.stages), _Scope(open_=True))
    file.stages.append(stage)
    if node.problem:
        return
    try:
        _base(stage)
    except _REFUSALS as error:
        file.note(error, command)
    # a name counts from here on
    if len(node.args) == 3:
        stage.name = node.args[2].lower()
        file.names[stage.name] = stage


def _base(stage: _Stage) -> None:
    file, node = stage.file, stage.node
    written = node.args[0]
    stage.image = words.expand(written, file.scope, file.escape).text
    if stage.image == "":
        raise RefusedError(f"base name ({written}) should not be blank", node.words[0].span)
    _platform(file, node)
    stage.base = file.names.get(stage.image) if stage.image else None


def _platform(file: _File, node: Instruction) -> None:
    written = node.flag_value("platform")
    if not written:
        return
    try:
        found = words.expand(written, file.scope, file.escape)
    except words.WordError as error:
        raise RefusedError(f"failed to process arguments for platform : {error}") from None
    if found.text == "":
        message = f"empty platform value from expression {written}"
    elif found.text and (refused := operands.platform(found.text)):
        message = f"failed to parse platform {written}: {refused}"
    else:
        return
    hints = (suggest(name, file.scope) for name in sorted(found.unset))
    raise RefusedError(message + next(filter(None, hints), ""))


# --- links between stages ----------------------------------------------------------------------------


def _link(stage: _Stage, command: _Command) -> None:
    node = command.node
    if not node.flags:
        return
    if node.keyword == "RUN":
        for mount in _mounts(node):
            _link_name(stage, command, mount.from_ or _SCRATCH)
    elif node.keyword == "COPY" and (written := node.flag_value("from")):
        try:
            _link_copy(stage, command, written)
        except _REFUSALS as error:
            stage.file.note(error, command)


def _mounts(node: Instruction) -> list[mounts.Mount]:
    return [mounts.parse(flag.value or "") for flag in node.flags if flag.name == "mount"]


def _link_copy(stage: _Stage, command: _Command, written: str) -> None:
    file = stage.file
    if words.expand(written, {}, file.escape).text != written:
        raise RefusedError(
            "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
            "global scope as a workaround"
        )
    number = atoi(written)
    if number is None:
        _link_name(stage, command, written)
    elif not 0 <= number < len(file.states):
        raise RefusedError(f"invalid stage index {number}")
    elif source := file.states[number]:
        stage.sources[source.index] = command


def _link_name(stage: _Stage, command: _Command, name: str) -> None:
    source = stage.file.names.get(name.lower())
    if source:
        stage.sources[source.index] = command
    else:
        stage.file.states.append(None)


def _circles(file: _File) -> None:
    visited: set[int] = set()
    for stage in file.stages:
        places = [command.place for command in _circle(stage, visited)]
        if places:
            first = min(places, key=lambda place: place.start_line)
            file.refuse(f"circular dependency detected on stage: {stage.label}", first)
            file.refused.update(place.span for place in places)
            return


def _circle(start: _Stage, visited: set[int]) -> list[_Command]:
    """The commands from ``start`` into a circle and around it; empty where there is none."""
    if start.index in visited:
        return []
    visited.add(start.index)
    # the stages on the way from start, what each still has to follow, and the commands between them
    path = {start.index: iter(start.sources.items())}
    commands: list[_Command] = []
    while path:
        index, sources = next(reversed(path.items()))
        for source, command in sources:
            if source in path:
                return [*commands, command]
            if source not in visited:
                visited.add(source)
                commands.append(command)
                path[source] = iter(start.file.stages[source].sources.items())
                break
        else:
            del path[index]
            del commands[-1:]
    return []


def _images(file: _File) -> None:
    for stage in file.stages:
        if stage.image and stage.base is None:
            _image(file, stage.image, stage.node, stage.node.words[0].span)
        for command in stage.commands:
            if command.node.flags:
                _source_images(file, command)


def _source_images(file: _File, command: _Command) -> None:
    node = command.node
    sources: list[str] = []
    if node.keyword == "RUN":
        sources = [mount.from_ for mount in _mounts(node)]
    elif node.keyword == "COPY" and (written := node.flag_value("from")) and atoi(written) is None:
        sources = [written]
    for source in sources:
        if source and source.lower() not in file.names:
            _image(file, source, command.place)


def _image(file: _File, image: str, place: Instruction, span: Span | None = None) -> None:
    refused = None if image == _SCRATCH else operands.image(image)
    if refused:
        file.refuse(f"failed to parse stage name {quote(image)}: {refused}", place, span)


# --- triggers ----------------------------------------------------------------------------------------


def _triggers(file: _File) -> None:
    """Put a base's triggers before the commands of those of its children that a build of the last stage needs."""
    left = _MAX_TRIGGERS
    changed = bool(file.stages)
    while changed and left > 0:
        changed = False
        for stage in _reachable(file.stages[-1]):
            if stage.base and not stage.triggered:
                stage.triggered = True
                added = [c for c in stage.base.commands if c.node.inner][:left]
                left -= len(added)
                changed = changed or bool(added)
                stage.commands[:0] = _trigger(stage, added)


def _reachable(start: _Stage) -> list[_Stage]:
    found: dict[int, _Stage] = {}
    waiting = [start]
    while waiting:
        stage = waiting.pop()
        if stage.index not in found:
            found[stage.index] = stage
            waiting += [stage.file.stages[index] for index in stage.sources]
            waiting += [stage.base] if stage.base else []
    return [found[index] for index in sorted(found)]


def _trigger(stage: _Stage, commands: Sequence[_Command]) -> list[_Command]:
    triggers = []
    for command in commands:
        inner = command.node.inner
        if inner is None:
            continue
        trigger = _Command(replace(inner, heredocs=command.node.heredocs), stage.node)
        refused = validate.problem(trigger.node)
        if refused:
            stage.file.refuse(refused.message, stage.node)
            continue
        _link(stage, trigger)
        _source_images(stage.file, trigger)
        triggers.append(trigger)
    return triggers


# --- commands ----------------------------------------------------------------------------------------


def _dispatch(stage: _Stage) -> None:
    if stage.base:
        stage.scope.update(stage.base.scope)
        stage.scope.open = stage.base.scope.open
        stage.workdir = stage.base.workdir
    elif stage.image == _SCRATCH:
        stage.scope["PATH"] = None
        stage.scope.open = False
        stage.workdir = "/"
    for command in stage.commands:
        rule = _RULES.get(command.node.keyword)
        if rule and command.place.span not in stage.file.refused:
            try:
                rule(stage, command.node)
            except _REFUSALS as error:
                stage.file.note(error, command)


def _arg(stage: _Stage, node: Instruction) -> None:
    _declare(stage.scope, node, stage.file.escape)


def _env(stage: _Stage, node: Instruction) -> None:
    pairs = zip(node.args[::3], node.args[1::3], strict=True)
    if _are_plain(node.args):
        stage.scope.update(pairs)
        return
    # all values of one ENV see what stood before it
    new = [(stage.expand(name), stage.expand(value)) for name, value in pairs]
    stage.scope.update((name, value) for name, value in new if name is not None)


def _all_words(stage: _Stage, node: Instruction) -> None:
    if not _are_plain(node.args):
        for word in node.args:
            stage.expand(word)


def _are_plain(args: Sequence[str]) -> bool:
    """Whether no word is changed by expansion, as far as one look tells."""
    text = "".join(args)
    return text.isascii() and words.is_plain(text)


def _workdir(stage: _Stage, node: Instruction) -> None:
    path = stage.expand(node.args[0])
    if path is None or (stage.workdir is None and not path.startswith("/")):
        stage.workdir = None
    else:
        stage.workdir = posixpath.normpath(posixpath.join(stage.workdir or "/", path))


def _volume(stage: _Stage, node: Instruction) -> None:
    for path in node.args:
        if stage.expand(path.strip()) == "":
            raise RefusedError("VOLUME specified can not be an empty string")


def _stopsignal(stage: _Stage, node: Instruction) -> None:
    signal = stage.expand(node.args[0])
    if signal is not None:
        _hold(operands.signal(signal))


def _hold(refused: str | None) -> None:
    if refused:
        raise RefusedError(refused)


def _expose(stage: _Stage, node: Instruction) -> None:
    found = [words.expand_words(port, stage.scope, stage.file.escape) for port in sorted(node.args)]
    for ports in found:
        for port in ports or ():
            _hold(operands.port(port))


def _copy(stage: _Stage, node: Instruction) -> None:
    is_add = node.keyword == "ADD"
    mode = checksum = None
    if node.flags:
        stage.expand(node.flag_value("chown") or "")
        mode = stage.expand(node.flag_value("chmod") or "")
        checksum = stage.expand(node.flag_value("checksum") or "") if is_add else None
    sources: Sequence[str | None] = node.args[:-1]
    if not _are_plain(node.args):
        sources = [stage.expand(source) for source in node.args[:-1] if not validate.is_heredoc(source)]
        stage.expand(node.args[-1])
    for heredoc in node.heredocs:
        if heredoc.expand:
            words.expand_content(heredoc.content.decode("utf-8", "replace"), stage.scope)
    _defined_before(stage, node)
    _hold(operands.mode(mode) if mode else None)
    if is_add:
        _checksum(checksum, sources)
    else:
        _no_remote(sources)


def _defined_before(stage: _Stage, node: Instruction) -> None:
    written = node.flag_value("from")
    if not written:
        return
    number = atoi(written)
    source = stage.file.names.get(written.lower()) if number is None else stage.file.states[number]
    if source and source.index > stage.index:
        raise RefusedError(
            f"cannot copy from stage {quote(written)}, it needs to be defined before current stage "
            f"{quote(stage.label)}"
        )


def _checksum(checksum: str | None, sources: Sequence[str | None]) -> None:
    if not checksum:
        return
    if len(sources) != 1:
        raise RefusedError("checksum can't be specified for multiple sources")
    source = sources[0]
    if source is None:
        return
    if operands.is_http(source):
        _hold(operands.digest(checksum))
    elif not operands.is_git(source):
        raise RefusedError("checksum requires HTTP(S) or Git sources")


def _no_remote(sources: Sequence[str | None]) -> None:
    for source in filter(None, sources):
        if operands.is_git(source):
            raise RefusedError("source can't be a git ref for COPY")
        if operands.is_http(source):
            raise RefusedError("source can't be a URL for COPY")


def _run(stage: _Stage, node: Instruction) -> None:
    if not node.flags:
        return
    found = _mounts(node)
    for mount in found:
        mounts.check(mount, stage.expand)
    for mount in found:
        _mount(stage, mount)
    device = node.flag("device")
    if device and not stage.file.labs:
        raise RefusedError(
            "device feature is only supported in Dockerfile frontend 1.14.0-labs or later", device.span
        )


def _mount(stage: _Stage, mount: mounts.Mount) -> None:
    kind = (stage.expand(mount.type) or "").lower()
    target = stage.expand(mount.target)
    source = stage.file.names.get(mount.from_.lower()) if mount.from_ else None
    if source and source.index > stage.index and target is not None:
        raise RefusedError(
            f"cannot mount from stage {quote(mount.from_)} to {quote(target)}, "
            "stage needs to be defined before current command"
        )
    if kind == "ssh" and stage.expand(mount.source):
        raise RefusedError("ssh does not support source")
    if kind in ("bind", "cache", "tmpfs") and target is not None:
        if not target.startswith("/") and stage.workdir is not None:
            target = posixpath.normpath(posixpath.join(stage.workdir, target))
        if target == "/":
            raise RefusedError('invalid mount target "/"')


_RULES: dict[str, Callable[[_Stage, Instruction], None]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _all_words,
    "RUN": _run,
    "STOPSIGNAL": _stopsignal,
    "USER": _all_words,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
# a RUN is about its flags alone, a trigger is another stage's command
_ASKED = _RULES.keys() - {"RUN"} | {"ONBUILD"}
