"""Programs that only start another one: ``sudo``, ``env``, ``timeout``, ``conda run``, ``bash -c``, …"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from imgtool.facts.argv import Parsed, Table, basename, parse, table
from imgtool.facts.commands import SCRIPT_STRING, Arg
from imgtool.facts.options import UV_RUN
from imgtool.regex import regex
from imgtool.values import NamedTuple

SHELLS = frozenset("sh bash dash ash ksh mksh zsh rbash".split())
POSIX_SHELLS = frozenset(["sh", "dash", "ash"])


class Wrapper(NamedTuple):
    """How to get past a wrapper. ``words`` are its sub-command, ``operands`` how many words it takes for itself.

    ``script`` is the option whose value is a shell script; options in ``stops`` make it no wrapper;
    those in ``hides`` make what it runs unknown; those in ``leaves`` let it go on before its command has ended.
    """

    options: str = ""
    words: tuple[str, ...] = ()
    operands: int = 0
    assignments: bool = False
    conditional: bool = False
    script: str = ""
    permute: bool = False
    stops: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        return _table(self.options, permute=self.permute)


@cache
def _table(text: str, *, permute: bool) -> Table:
    return table(text, permute=permute)


# sources: the manual page of each
_SU = """
--command -c =, --session-command =, --shell -s =, --group -g =, --supp-group -G =, --whitelist-environment -w =
--login -l, --fast -f, --preserve-environment -m -p, --pty -P, --no-pty -T
"""
_SUDO = """
--user -u =, --group -g =, --chdir -D =, --chroot -R =, --close-from -C =, --host =, --prompt -p =, --role -r =
--type -t =, --command-timeout -T =, --other-user -U =, --preserve-env =?
--askpass -A, --background -b, --bell -B, -E, --edit -e, --set-home -H, --help -h, --login -i, --remove-timestamp -K
--reset-timestamp -k, --list -l, --no-update -N, --non-interactive -n, --preserve-groups -P, --stdin -S, --shell -s
--version -V, --validate -v
"""
_XARGS = """
--null -0, --arg-file -a =, --delimiter -d =, -E =, --eof -e =?, -I =, --replace -i =?, --max-lines -L =, -l =?
--max-args -n =, --open-tty -o, --max-procs -P =, --interactive -p, --process-slot-var =, --no-run-if-empty -r
--max-chars -s =, --show-limits, --verbose -t, --exit -x
"""
_CONDA_RUN = """
--name -n =, --prefix -p =, --cwd =, --dev, --debug-wrapper-scripts, --no-capture-output --live-stream -s, --verbose -v
--attach -a =, --env -e =, --detach -d, --clean-env, --root-prefix -r =
"""
_PLAIN = Wrapper()
_ENV = """
--ignore-environment -i, --null -0, --unset -u =, --chdir -C =, --split-string -S =, --debug -v
--block-signal =?, --default-signal =?, --ignore-signal =?, --list-signal-handling
"""
_SETPRIV = """
--no-new-privs --nnp, --ambient-caps =, --inh-caps =, --bounding-set =, --ruid =, --euid =, --rgid =, --egid =
--reuid =, --regid =, --clear-groups, --keep-groups, --init-groups, --groups =, --securebits =, --pdeathsig =
--selinux-label =, --apparmor-profile =, --reset-env, --dump -d
"""
_FLOCK = """
--command -c =, --timeout --wait -w =, --conflict-exit-code -E =, --shared -s, --exclusive -x -e, --unlock -u
--nonblock --nb -n, --close -o, --no-fork -F, --verbose
"""
_XVFB = "-a --auto-servernum, -e --error-file =, -f --auth-file =, -l --listen-tcp, -n --server-num =, -p --xauth-protocol =, -s --server-args =, -w --wait ="

WRAPPERS: dict[str, tuple[Wrapper, ...]] = {
    "sudo": (
        Wrapper(
            _SUDO,
            assignments=True,
            stops=("--edit", "--list", "--validate", "--remove-timestamp", "--help", "--version"),
            leaves=("--background",),
        ),
    ),
    "doas": (Wrapper("-a =, -C =, -u =, -L, -n, -s", stops=("-C", "-L")),),
    "su": (Wrapper(_SU, permute=True, script="--command"),),
    "runuser": (
        Wrapper("--user -u =," + _SU, permute=True, script="--command"),
        Wrapper("--user -u =," + _SU),
    ),
    "gosu": (Wrapper(operands=1),),
    "su-exec": (Wrapper(operands=1),),
    "setpriv": (Wrapper(_SETPRIV, stops=("--dump",)),),
    "env": (Wrapper(_ENV, assignments=True, hides=("--split-string",)),),
    "timeout": (
        Wrapper(
            "--kill-after -k =, --signal -s =, --preserve-status, --foreground -f, --verbose -v", operands=1
        ),
    ),
    "nice": (Wrapper("--adjustment -n ="),),
    "nohup": (_PLAIN,),
    "time": (
        Wrapper("--format -f =, --output -o =, --append -a, --verbose -v, --portability -p, --quiet -q"),
    ),
    "exec": (Wrapper("-a =, -c, -l"),),
    "command": (Wrapper("-p, -v, -V", stops=("-v", "-V")),),
    "builtin": (_PLAIN,),
    "stdbuf": (Wrapper("--input -i =, --output -o =, --error -e ="),),
    "ionice": (
        Wrapper(
            "--class -c =, --classdata -n =, --pid -p =, --pgid -P =, --ignore -t, --uid -u =",
            stops=("--pid", "--pgid", "--uid"),
        ),
    ),
    "taskset": (Wrapper("--all-tasks -a, --cpu-list -c, --pid -p", operands=1, stops=("--pid",)),),
    "setarch": (Wrapper("--addr-no-randomize -R, --verbose -v, --32bit -B", operands=1),),
    "linux32": (_PLAIN,),
    "linux64": (_PLAIN,),
    "setsid": (Wrapper("--ctty -c, --fork -f, --wait -w", leaves=("--fork",)),),
    "chroot": (Wrapper("--groups =, --userspec =, --skip-chdir", operands=1),),
    "xargs": (Wrapper(_XARGS, conditional=True),),
    "flock": (Wrapper(_FLOCK, permute=True, script="--command"), Wrapper(_FLOCK, operands=1)),
    "fakeroot": (Wrapper("-l --lib =, --faked =, -i =, -s =, -u --unknown-is-real, -b ="),),
    "eatmydata": (_PLAIN,),
    "unbuffer": (Wrapper("-p"),),
    "catchsegv": (_PLAIN,),
    "tini": (Wrapper("-p =, -e =, -g, -s, -v, -w"),),
    "dumb-init": (Wrapper("-r --rewrite =, -c --single-child, -v --verbose"),),
    "dbus-run-session": (Wrapper("--config-file =, --dbus-daemon ="),),
    "xvfb-run": (Wrapper(_XVFB),),
    "busybox": (_PLAIN,),
    "conda": (Wrapper(_CONDA_RUN, ("run",)),),
    "mamba": (Wrapper(_CONDA_RUN, ("run",)),),
    "micromamba": (Wrapper(_CONDA_RUN, ("run",)),),
    "uv": (Wrapper(UV_RUN, ("run",), stops=("--module", "--script", "--gui-script")),),
    "poetry": (Wrapper("-C --directory =, -P --project =, -q --quiet, -v --verbose, -n", ("run",)),),
    "pipenv": (Wrapper("-q --quiet, -v --verbose", ("run",)),),
    "pdm": (Wrapper("-p --project =, -s --site-packages, --venv =, -q, -v", ("run",)),),
    "rye": (Wrapper("", ("run",)),),
    "hatch": (Wrapper("", ("run",)),),
    "bundle": (Wrapper("", ("exec",)),),
    "pyenv": (Wrapper("", ("exec",)),),
    "rustup": (Wrapper("--install", ("run",), operands=1),),
    "opam": (Wrapper("--switch =", ("exec",)),),
}
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=", re.ASCII)


class ShellOptions(NamedTuple):
    """How a shell is started. ``script`` is the index of the word that holds its script, ``program`` a script file's."""

    errexit: bool = False
    pipefail: bool = False
    script: int | None = None
    program: int | None = None
    known: bool = True


class Unwrapped(NamedTuple):
    """The program behind the wrappers: ``words[start]`` and what follows it, or ``words[script]`` as a script.

    With a script ``words[start]`` is what takes it and ``outside`` are the wrappers before that.
    ``assignments`` are the indexes of the words that set variables for it. ``hidden`` says why what runs
    cannot be told.
    """

    names: tuple[str, ...] = ()
    start: int = 0
    script: int | None = None
    outside: tuple[str, ...] = ()
    shell: ShellOptions = ShellOptions()
    assignments: tuple[int, ...] = ()
    conditional: bool = False
    background: bool = False
    hidden: str | None = None


_NONE = Unwrapped()
SEEN_THROUGH = SHELLS | WRAPPERS.keys() | {"eval", "scl"}


def unwrap(words: Sequence[Arg]) -> Unwrapped:
    """Look through the wrappers at the start of a command."""
    if not words or basename(words[0]) not in SEEN_THROUGH:
        return _NONE
    state = _NONE
    while state.start < len(words):
        name = basename(words[state.start])
        if name in SHELLS:
            return _shell(words, state, name)
        if name == "eval":
            return _eval(words, state)
        if name == "scl":
            return _scl(words, state)
        further = _past(words, state, name)
        if further is None:
            return state
        state = further
        if state.script is not None or state.hidden:
            return state
    return state


def _past(words: Sequence[Arg], state: Unwrapped, name: str) -> Unwrapped | None:
    """The state behind the wrapper ``name``; None where it is none or runs nothing."""
    for wrapper in WRAPPERS.get(name, ()):
        further = _through(words, state, name, wrapper)
        if further is not None:
            return further
    return None


def _through(words: Sequence[Arg], state: Unwrapped, name: str, wrapper: Wrapper) -> Unwrapped | None:
    first = state.start + 1
    stop = first + len(wrapper.words)
    if tuple(word.text for word in words[first:stop]) != wrapper.words:
        return None
    parsed = parse(words, wrapper.table, stop)
    if parsed.unknown or parsed.has(*wrapper.stops):
        return None
    names = (*state.names, " ".join((name, *wrapper.words)))
    if parsed.has(*wrapper.hides):
        return state._replace(hidden=f"{name} splits a string into a command")
    if wrapper.script:
        return _option_script(words, parsed, state._replace(names=names, outside=state.names), wrapper)
    state = state._replace(
        names=names,
        conditional=state.conditional or wrapper.conditional,
        background=state.background or parsed.has(*wrapper.leaves),
    )
    return _behind(words, parsed.next, state, wrapper)


def _option_script(
    words: Sequence[Arg], parsed: Parsed, state: Unwrapped, wrapper: Wrapper
) -> Unwrapped | None:
    value = parsed.value(wrapper.script)
    index = next((i for i, word in enumerate(words) if word is value), None)
    if index is None:
        return None
    return state._replace(names=(*state.names, SCRIPT_STRING), script=index)


def _behind(words: Sequence[Arg], index: int, state: Unwrapped, wrapper: Wrapper) -> Unwrapped | None:
    """Past the variables and operands that stand between a wrapper's options and the command."""
    assignments = list(state.assignments)
    while wrapper.assignments and index < len(words):
        if words[index].text != "-" and not _ASSIGNMENT.match(words[index].text):
            break
        if words[index].text != "-":
            assignments.append(index)
        index += 1
    index += wrapper.operands
    if index >= len(words):
        return None
    return state._replace(start=index, assignments=tuple(assignments))


def _eval(words: Sequence[Arg], state: Unwrapped) -> Unwrapped:
    rest = words[state.start + 1 :]
    if not rest:
        return state
    names = (*state.names, "eval")
    if len(rest) == 1:
        if rest[0].expands:
            return state._replace(hidden="eval of text that is not known")
        return state._replace(names=names, outside=state.names, script=state.start + 1)
    if all(word.literal and word.raw == word.text for word in rest):
        first = len(words) - len(rest)
        start = next(
            (n for n in range(first, len(words)) if not _ASSIGNMENT.match(words[n].text)), len(words)
        )
        given = (*state.assignments, *range(first, start))
        return _further(words, state._replace(names=names, start=start, assignments=given))
    return state._replace(hidden="eval of text that is not known")


def _further(words: Sequence[Arg], state: Unwrapped) -> Unwrapped:
    """Look through the wrappers from a word on."""
    inner = unwrap(words[state.start :])
    script = None if inner.script is None else inner.script + state.start
    return inner._replace(
        names=(*state.names, *inner.names),
        outside=(*state.names, *inner.outside),
        start=inner.start + state.start,
        script=script,
        assignments=(*state.assignments, *(i + state.start for i in inner.assignments)),
        conditional=state.conditional or inner.conditional,
        background=state.background or inner.background,
    )


def _scl(words: Sequence[Arg], state: Unwrapped) -> Unwrapped:
    """``scl enable NAME… 'script'`` and ``scl enable NAME… -- command``."""
    texts = [word.text for word in words]
    at = state.start
    if texts[at + 1 : at + 2] != ["enable"] or len(texts) < at + 4:
        return state
    names = (*state.names, "scl enable")
    if "--" in texts[at:-1]:
        return _further(words, state._replace(names=names, start=texts.index("--", at) + 1))
    return state._replace(names=(*names, SCRIPT_STRING), outside=state.names, script=len(words) - 1)


def _shell(words: Sequence[Arg], state: Unwrapped, name: str) -> Unwrapped:
    """A shell: the word with its script, or the shell itself where it reads a file or its input."""
    options = shell_options(words, state.start + 1)
    if options.script is None:
        hidden = None if options.known else f"{name} is started with options that are not known"
        return state._replace(shell=options, hidden=hidden)
    names = (*state.names, SCRIPT_STRING)
    return state._replace(names=names, outside=state.names, script=options.script, shell=options)


def shell_options(words: Sequence[Arg], index: int) -> ShellOptions:
    """The options of ``sh``, ``bash`` and the like from ``words[index]`` on."""
    on: dict[str, bool] = {}
    while index < len(words) and words[index].text[:1] in ("-", "+"):
        text = words[index].text
        if not words[index].literal:
            return ShellOptions(known=False)
        index += 1
        if text in ("-", "--"):
            break
        if text.startswith("--"):
            index += text in ("--rcfile", "--init-file")
            continue
        for letter in text[1:]:
            if letter in "oO":
                if index < len(words):
                    on[words[index].text] = text[0] == "-"
                index += 1
            else:
                on[letter] = text[0] == "-"
    errexit = on.get("e", False) or on.get("errexit", False)
    pipefail = on.get("pipefail", False)
    here = index if index < len(words) else None
    if on.get("c"):
        return ShellOptions(errexit, pipefail, script=here, known=here is not None)
    return ShellOptions(errexit, pipefail, program=None if on.get("s") else here)
