"""What the final stage stands on: the smallest image that still gives the program what it needs.

Where a family publishes a smaller flavour it is the same repository, version and system with that flavour's token.
Where it publishes none (CANN) the stage is put together from the image's own folders on its own distribution.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.facts.packages import Operation
from imgtool.facts.stages import Stage
from imgtool.families import BaseImage, config, identify, sibling, system, toolchain
from imgtool.families.analogues import Recipe, recipes
from imgtool.families.contents import contents
from imgtool.families.images import built_on, fill, release_of, releases_of
from imgtool.families.model import order
from imgtool.families.needs import accelerator_of, compilers
from imgtool.regex import regex
from imgtool.rewrite.needs import Needs
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax.nodes import Instruction
from imgtool.transforms.flavour import other_flavour
from imgtool.values import dataclass, replace

# the flavour that the data on every CUDA image calls so: the driver's interface and libcudart, no other library
_BASE = "base"
_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))")
# libraries and programs: fails the build for each library that the author's image has and the stage has not
_GUARD = r"""missing='find /usr/local/Ascend /usr/local/python3.* -type f \( -name "*.so*" -o -perm -100 \) -exec ldd {} + 2>/dev/null | grep "not found" | sort -u' \
 && ! comm -13 <(chroot /cann /bin/bash -c "$missing") <(bash -c "$missing") | grep ."""
# toolchain images bring them for nvcc, and no smaller flavour does
_HOST_TOOLS = ("gcc", "g++", "cc", "c++", "ld", "as", "make")
# the interpreter of a CANN image, whose folder has its whole version in its name
_PYTHON = "/usr/local/python3"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The final stage's base. ``operand`` is the text of its FROM, ``why`` the evidence.

    ``preamble`` are whole instructions that follow that FROM, of which ``packages`` are the system packages they
    install; ``{builder}`` in them stands for the builder's name. ``arguments`` are instructions to be written below
    others that stand at these places before the first FROM. ``flavour`` is None where the base is not a flavour of
    the author's image. ``lacks`` are programs of the author's image that this base does not have.
    """

    operand: str
    why: str
    flavour: str | None = None
    packages: tuple[str, ...] = ()
    preamble: tuple[str, ...] = ()
    arguments: tuple[tuple[Span, str], ...] = ()
    lacks: tuple[str, ...] = ()


def with_packages(runtime: Runtime, stage: Stage, base: BaseImage, packages: tuple[str, ...]) -> Runtime:
    """The same, with more system packages.

    Raises:
        RefusedError: how the system installs packages is not known.
    """
    if not packages:
        return runtime
    preamble = (*runtime.preamble, *_install(stage, base, packages))
    return replace(runtime, packages=(*runtime.packages, *packages), preamble=preamble)


def runtime_of(
    facts: Facts,
    stage: Stage,
    base: BaseImage,
    needs: Needs,
    *,
    choice: str | None = None,
    flavour: str | None = None,
) -> Runtime:
    """What the final stage stands on. ``choice`` is an image, or the id of a recipe of the image's family.

    ``base`` is the image at the end of the stage's lineage. The operand equals the author's own where no smaller
    image will do. ``flavour`` is the one to take where the family has it, whatever the needs say.

    Raises:
        RefusedError: the family has no such image, its name comes from an ARG that others use too, the chosen
            image does not suit what is built, or nothing of it is known.
    """
    if choice is not None:
        return _chosen(facts, stage, base, needs, choice)
    found = toolchain(base)
    if found is None:
        return _without_flavour(stage, base, needs)
    span = stage.root.base_span
    if found.sibling is None or found.flavour is None:
        if base.ref.digest is not None:
            raise RefusedError("base-pinned", _pinned(stage, "runtime"), span)
        raise RefusedError("no-runtime-image", f"{_name(stage)} has no runtime image ({found.why})", span)
    if not found.built_on:
        message = f"{_name(stage)} is not built on {found.sibling}, which may lack other files too"
        raise RefusedError("runtime-not-contained", message, span)
    if flavour in built_on(base):
        why = f"{flavour} was enough on built images"
    else:
        flavour, why = _flavour(base, needs, found.flavour)
    operand, arguments = _operand(facts, stage, base, flavour)
    packages = _compilers(facts, stage, base, needs)
    because = (f"# {_one_line(needs.toolkit or needs.compiler or '')}",) if packages else ()
    listed = "" if base.known else "; the tag is not listed: by the family's grammar"
    linking = _linking(base) if needs.toolkit else ()
    return Runtime(
        operand,
        f"{why}; {_name(stage)} is built on it{listed}{_banner(stage, base, flavour)}",
        flavour,
        packages,
        (*because, *linking, *_install(stage, base, packages)),
        arguments,
        () if packages else _HOST_TOOLS,
    )


def _banner(stage: Stage, base: BaseImage, flavour: str) -> str:
    """What goes with an ENTRYPOINT that only the larger image has."""
    smaller = identify(sibling(base, flavour) or "")
    started = any(i.keyword == "ENTRYPOINT" for link in stage.lineage() for i in link.instructions)
    if started or smaller is None or not config(base).entrypoint or config(smaller).entrypoint != ():
        return ""
    return "; the image's own ENTRYPOINT, which prints a banner and starts CMD, is not in it"


def _one_line(why: str) -> str:
    """A reason as a comment; package names in it come from files that were read."""
    return " ".join("".join(c if c.isprintable() else " " for c in why).split())


def _linking(base: BaseImage) -> tuple[str, ...]:
    """Where the linker finds the driver's stub, for code that is compiled at run time."""
    value = config(base).env.get("LIBRARY_PATH")
    return (f"ENV LIBRARY_PATH={value}",) if value else ()


def _name(stage: Stage) -> str:
    return stage.root.reference or stage.root.base


def _flavour(base: BaseImage, needs: Needs, instead: str) -> tuple[str, str]:
    """The smallest flavour that gives what is needed, and why that one."""
    if _BASE not in built_on(base):
        return instead, f"{instead} holds no toolchain"
    if _older(base):
        return instead, f"{instead} holds no toolchain; the first versions had no base image"
    if needs.cuda_libraries:
        return instead, f"{instead} has the CUDA libraries: {needs.cuda_libraries}"
    if needs.unread:
        return instead, f"{instead} has the CUDA libraries, which what was not read may need"
    if needs.toolkit:
        return _BASE, f"base with nvcc and the headers, without the other tools: {needs.toolkit}"
    return _BASE, "nothing needs a CUDA library that Python packages do not bring"


def _pinned(stage: Stage, flavour: str) -> str:
    image = stage.root.base.partition("@")[0]
    return f"{image} is pinned by a digest, and that of its {flavour} image is not known here: --runtime-base names it"


def _older(base: BaseImage) -> bool:
    """Whether an image is older than all that the data lists of its family."""
    version, *listed = (order(v) for v in (base.version, *(r.version for r in releases_of(base))))
    return version is None or all(other is not None and version < other for other in listed)


# --- FROM's operand ----------------------------------------------------------------------------------


def _operand(
    facts: Facts, stage: Stage, base: BaseImage, flavour: str
) -> tuple[str, tuple[tuple[Span, str], ...]]:
    """FROM's operand with another flavour, and the ARG that it needs where the flavour stands in one."""
    root = stage.root
    if base.ref.digest is not None:
        raise RefusedError("base-pinned", _pinned(stage, flavour), root.base_span)
    written = other_flavour(root.base, base, flavour)
    if written is not None:
        return written, ()
    wanted = other_flavour(base.ref.text, base, flavour)
    if wanted is None:
        message = f"by its version and system, {base.ref.text} has no {flavour} image"
        raise RefusedError("no-runtime-image", message, root.base_span)
    for name, value in _defaults(facts, root.base):
        found = _through(facts, stage, name, value, wanted)
        if found is not None:
            return found
    message = f"the flavour of {root.base} comes from an ARG that is used elsewhere, or is given to the build"
    raise RefusedError("base-in-argument", message, root.base_span)


def _defaults(facts: Facts, written: str) -> Iterator[tuple[str, str]]:
    """The variables of an operand with the values that their ARGs give them."""
    for found in _VARIABLE.finditer(written):
        name = found[1] or found[2]
        value = facts.global_state.values.get(name)
        if value and name not in facts.options.build_args:
            yield name, value


def _through(
    facts: Facts, stage: Stage, name: str, value: str, wanted: str
) -> tuple[str, tuple[tuple[Span, str], ...]] | None:
    """The operand for a reference that differs from the author's in the value of one variable."""
    written = stage.root.base
    reference = stage.root.reference or ""
    place = _VARIABLE.sub(lambda found: "\0" if (found[1] or found[2]) == name else found[0], written)
    before, _, after = place.partition("\0")
    if "\0" in after:
        return None
    head, tail = (facts.global_state.expand(part) for part in (before, after))
    if head is None or tail is None or reference != f"{head}{value}{tail}":
        return None
    if not wanted.startswith(head) or not wanted.endswith(tail):
        return None
    new = wanted[len(head) : len(wanted) - len(tail)]
    if "-" not in value and ":" not in value:
        # the flavour and nothing else: the builder's is the author's to choose, what ships is not
        return f"{before}{new}{after}", ()
    definition = _definition(facts, name)
    if definition is None or _uses(facts, name) > 1:
        return None
    runtime = _free(facts, f"RUNTIME_{name}")
    return f"{before}${{{runtime}}}{after}", (
        (definition.span, f"# what ships: keep it at the version of {name}\nARG {runtime}={new}"),
    )


def _definition(facts: Facts, name: str) -> Instruction | None:
    """The only ARG before the first FROM that gives a variable its value."""
    first = facts.stages[0].from_.span.start
    before = (i for i in facts.document.instructions if i.span.start < first and i.keyword == "ARG")
    found = [i for i in before if any(word.partition("=")[0] == name for word in i.args)]
    return found[0] if len(found) == 1 else None


def _uses(facts: Facts, name: str) -> int:
    """How often a variable is used or taken over after its definition."""
    word = regex(rf"(?<!\w){name}(?!\w)".encode())
    texts = (facts.document.data[i.span.start : i.span.end] for i in facts.document.instructions)
    return sum(len(word.findall(text)) for text in texts) - 1


def _free(facts: Facts, name: str) -> str:
    return name if name.encode() not in facts.document.data else _free(facts, f"FINAL_{name}")


# --- packages on top ---------------------------------------------------------------------------------


def _compilers(facts: Facts, stage: Stage, base: BaseImage, needs: Needs) -> tuple[str, ...]:
    """The packages that compile at run time, by the system's names."""
    wanted = ("device",) if needs.toolkit else ("host",) if needs.compiler else ()
    debian = base.os in ("debian", "ubuntu")
    found = [
        package
        for row in compilers(base.accelerator or "")
        if row.of in wanted
        for template in (row.deb if debian else row.rpm)
        if (package := fill(template, base))
    ]
    return (*found, *_headers(facts, stage, debian=debian)) if found else ()


def _headers(facts: Facts, stage: Stage, *, debian: bool) -> tuple[str, ...]:
    """The headers of the distribution's Python, where the stage takes that one."""
    installs = (o for run in facts.runs(stage) for o in run.operations if o.operation is Operation.INSTALL)
    names = {p.name for o in installs if o.ecosystem in ("deb", "rpm") for p in o.packages}
    if not names & {"python3", "python3-pip", "python3-venv", "python3-dev", "python3-devel"}:
        return ()
    return ("python3-dev",) if debian else ("python3-devel",)


def _install(stage: Stage, base: BaseImage, packages: tuple[str, ...]) -> Iterator[str]:
    """The instruction that installs packages, lists removed in the same layer."""
    if not packages:
        return
    known = system(base)
    manager = known.managers[0] if known and known.managers else None
    names = " ".join(packages)
    match manager:
        case "apt":
            yield _apt(packages)
        case "dnf" | "yum" | "microdnf":
            yield f"RUN {manager} install -y {names} \\\n && {manager} clean all"
        case _:
            message = f"how {names} is installed on {_name(stage)} is not known"
            raise RefusedError("compiles-at-run-time", message, stage.root.base_span)


def _apt(packages: tuple[str, ...]) -> str:
    return (
        "RUN apt-get update \\\n"
        f" && apt-get install -y --no-install-recommends {' '.join(packages)} \\\n"
        " && rm -rf /var/lib/apt/lists/*"
    )


# --- an image of the user's choice -------------------------------------------------------------------


def _chosen(facts: Facts, stage: Stage, base: BaseImage, needs: Needs, choice: str) -> Runtime:
    recipe = next((r for r in recipes(base) if r.id == choice), None)
    if recipe is not None:
        return _by_recipe(stage, base, recipe)
    other = identify(choice)
    span = stage.root.base_span
    if other is None:
        message = f"nothing is known of {choice}: neither its system nor what it holds"
        raise RefusedError("runtime-base", message, span)
    doubt = _unsuitable(base, other) or _too_small(base, other, needs)
    if doubt:
        raise RefusedError("runtime-base", f"{choice} {doubt}", span)
    packages = _compilers(facts, stage, base, needs)
    environment = () if other.accelerator == base.accelerator else tuple(_environment(base))
    preamble = (*environment, *_install(stage, other, packages))
    flavour = other.flavour if other.family == base.family else None
    return Runtime(choice, "chosen with --runtime-base", flavour, packages, preamble)


def _unsuitable(base: BaseImage, other: BaseImage) -> str | None:
    """Why programs built on one image do not run on the other, as far as their names tell."""
    here, there = system(base), system(other)
    if here and there and here.libc != there.libc:
        return f"has another C library ({there.libc}) than {base.ref.text} ({here.libc})"
    if other.os is None or other.os_version is None or base.os is None:
        return "does not tell which system it is: what is built here may need a newer C library"
    if (base.os, base.os_version) != (other.os, other.os_version):
        return f"is {other.os} {other.os_version}, and {base.ref.text} is {base.os} {base.os_version or 'of unknown version'}"
    if base.python and other.python and base.python != other.python:
        return f"has Python {other.python}, and {base.ref.text} has {base.python}"
    return None


def _too_small(base: BaseImage, other: BaseImage, needs: Needs) -> str | None:
    """Why an image lacks libraries that the program needs."""
    if base.accelerator == "cann":
        return None if other.family == base.family else "has no CANN (a recipe puts it there)"
    if needs.toolkit and other.accelerator != base.accelerator:
        return f"has no repository for nvcc: {needs.toolkit}"
    if not needs.cuda_libraries:
        return None
    if contents(other).holds("cuda-libs") is not True:
        return f"is not known to hold the CUDA libraries: {needs.cuda_libraries}"
    here, there = order(base.version), order(other.version)
    older = here is None or there is None or here[1][:1] != there[1][:1] or there < here
    return f"has CUDA {other.version}, and {base.version} is built against" if older else None


def _environment(base: BaseImage) -> Iterator[str]:
    """What the driver's container runtime reads, for an image that does not say it itself."""
    row = accelerator_of(base.accelerator or "")
    if row and row.env:
        yield "ENV " + " \\\n    ".join(f"{name}={value}" for name, value in row.env.items())


# --- CANN: no smaller image is published ---------------------------------------------------------------


def _without_flavour(stage: Stage, base: BaseImage, needs: Needs) -> Runtime:
    """The stage put together where all that it takes is known, else the author's own image again."""
    reason = _stays(stage, base, needs)
    copied = next((r for r in recipes(base) if r.id == "copy"), None)
    if reason is None and copied is not None:
        return _by_recipe(stage, base, copied)
    reason = reason or "no smaller image is published"
    return Runtime(stage.root.base, f"{reason}, so both stages stand on the same image", base.flavour)


def _stays(stage: Stage, base: BaseImage, needs: Needs) -> str | None:
    """Why a CANN image is not taken apart."""
    if base.os != "ubuntu":
        return "how the image is taken apart is known on Ubuntu alone"
    if contents(base).holds("gcc") is not True:
        return "the image is not known to hold compilers, and none smaller is published"
    release = release_of(base)
    if release and {"plain", "devel"} <= {*release.flavours}:
        return "of the two images of this version it is the smaller one"
    if needs.toolkit or needs.compiler:
        return f"the image's compilers stay ({needs.toolkit or needs.compiler})"
    if needs.unread:
        return "what was not read may need the image's compilers"
    if not config(base).entrypoint or not _variables(base):
        return "the environment that the image sets is not known whole"
    if any(i.keyword == "ENTRYPOINT" for link in stage.lineage() for i in link.instructions):
        return "the file replaces the image's ENTRYPOINT, which sets the environment"
    return None


def _by_recipe(stage: Stage, base: BaseImage, recipe: Recipe) -> Runtime:
    """A stage made as a recipe of the family says.

    Raises:
        RefusedError: it is made of steps that name downloads, or needs what the reference does not tell.
    """
    if recipe.id == "same-image":
        return Runtime(stage.root.base, "both stages stand on the same image", base.flavour)
    operand = fill(recipe.base, base) if recipe.base else None
    if operand is None or base.os != "ubuntu" or not base.python:
        message = f"recipe {recipe.id} cannot be written for {_name(stage)} ({'; '.join(recipe.steps)})"
        raise RefusedError("runtime-base", message, stage.root.base_span)
    copied = next(r for r in recipes(base) if r.copy)
    if recipe.copy:
        made = tuple(_copied(stage, base, recipe))
    elif recipe.url:
        made = tuple(_installed(stage, base, recipe, copied))
    else:
        made = tuple(_from_pip(base, recipe))
    why = f"recipe {recipe.id}: {recipe.note or 'stated by the vendor'}"
    packages = recipe.deb or (copied.deb if recipe.url else ())
    return Runtime(operand, why, None, packages, made, (), copied.lacks)


def _copied(stage: Stage, base: BaseImage, recipe: Recipe) -> Iterator[str]:
    folders = [fill(path, base) or path for path in recipe.copy]
    yield 'SHELL ["/bin/bash", "-c"]'
    yield "ENV " + " \\\n    ".join(_variables(base))
    yield _apt(recipe.deb)
    mount = f"RUN --mount=type=bind,from={_source(stage)},target=/cann"
    copies = [f"cp -a /cann{path} {path.rpartition('/')[0]}/" for path in folders]
    yield f"# toolkit, operators and Python as the CANN image has them\n{mount} \\\n    " + " \\\n && ".join(
        [*copies, f"ln -s {folders[-1]} {_PYTHON}"]
    )
    yield f"# fails where they lack a library that the CANN image has\n{mount} \\\n    {_GUARD}"
    entrypoint = config(base).entrypoint
    if entrypoint:
        yield "ENTRYPOINT " + json.dumps(list(entrypoint))


def _installed(stage: Stage, base: BaseImage, recipe: Recipe, copied: Recipe) -> Iterator[str]:
    """The vendor's installers of the parts that only run, and the Python of the author's image."""
    driver = accelerator_of(base.accelerator or "")
    home = next(fill(path, base) or path for path in copied.copy if "python" in path)
    yield 'SHELL ["/bin/bash", "-c"]'
    folders = ":".join(driver.library_path if driver else ())
    yield f"ENV PATH={_PYTHON}/bin:${{PATH}} \\\n    LD_LIBRARY_PATH={folders}"
    yield _apt(copied.deb)
    mount = f"RUN --mount=type=bind,from={_source(stage)},target=/cann"
    yield f"{mount} \\\n    cp -a /cann{home} /usr/local/ \\\n && ln -s {home} {_PYTHON}"
    for step in recipe.steps:
        file, _, options = step.removeprefix("./").partition(" ")
        yield (
            f'RUN curl -fsSL -H "Referer: https://www.hiascend.com/" -o /tmp/cann.run "{_named(f"{recipe.url}/{file}", base)}" \\\n'
            f" && bash /tmp/cann.run {options} \\\n && rm /tmp/cann.run"
        )
    yield "ENTRYPOINT " + json.dumps(["/bin/bash", "-c", f'source {recipe.set_env} && exec "$@"', "--"])


def _named(template: str, base: BaseImage) -> str:
    """An installer's name: versions have their letters large there, and the machine is the builder's."""
    version = (base.version or "").replace("rc", "RC")
    values = {"{VERSION}": version, "{chip}": base.chip or "", "{arch}": "$(uname -m)"}
    for name, value in values.items():
        template = template.replace(name, value)
    return template


def _source(stage: Stage) -> str:
    """Where the author's image is mounted from: a mount cannot name a variable, and the builder stands on the image."""
    return "{builder}" if "$" in stage.root.base or stage.parent else stage.root.base


def _from_pip(base: BaseImage, recipe: Recipe) -> Iterator[str]:
    packages = [package for template in recipe.pip if (package := fill(template, base))]
    home = f"/usr/local/lib/python{base.python}/site-packages/ascend/cann-{base.version}"
    driver = accelerator_of(base.accelerator or "")
    yield 'SHELL ["/bin/bash", "-c"]'
    yield f"ENV LD_LIBRARY_PATH={':'.join(driver.library_path if driver else ())}"
    yield f"RUN pip install --no-cache-dir --extra-index-url {recipe.index_url} {' '.join(packages)}"
    yield "ENTRYPOINT " + json.dumps(["/bin/bash", "-c", f'source {home}/set_env.sh && exec "$@"', "--"])


def _variables(base: BaseImage) -> tuple[str, ...]:
    """The image's environment as words of an ENV; empty where part of it is not known."""
    known = config(base)
    values = dict(known.env)
    for name, folders in known.entries.items():
        values[name] = ":".join(folders)
    values["PATH"] = ":".join((f"{_PYTHON}/bin", *known.entries.get("PATH", ()), "${PATH}"))
    if None in values.values():
        return ()
    return tuple(f"{name}={value}" for name, value in values.items())
