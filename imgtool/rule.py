"""The façade: all that a rule imports.

A rule is a module with a docstring (its documentation page), ``META`` and ``check``. The annotation of
``check``'s first parameter says how often it is called: ``Document`` once a file, ``Stage`` once a stage,
``Run`` for every RUN, ``Instruction`` for every instruction. A module may define a frozen dataclass
``Options``; ``check`` then takes one as its third parameter.
"""

from __future__ import annotations

from imgtool.edits import Edit, Span, cut
from imgtool.facts.caches import Cleaned, Kept, cleanings, fills, history, is_foreign_manager, left_behind
from imgtool.facts.context import BuildContext, ContextFile, Listing
from imgtool.facts.dockerignore import Ignore
from imgtool.facts.facts import Facts, Policy, Run, local_sources
from imgtool.facts.layers import Change, Deletion, deleted_words, deletions, holds, layers
from imgtool.facts.lists import Later, lists_needed, may_install
from imgtool.facts.packages import Operation, Package, PackageOperation
from imgtool.facts.paths import braces, covers, fits, located, path, position, workdir
from imgtool.facts.placed import MEGABYTE, Content, copied, is_large, is_program, made, weight
from imgtool.facts.remembered import per_file, per_part
from imgtool.facts.scope import State
from imgtool.facts.shell import Arg, Command, Redirect, Script
from imgtool.facts.stages import Edge, Stage, Via, copy_source, mounts_of
from imgtool.facts.trees import Tree, trees
from imgtool.families import BaseImage, Toolchain, config, identify, installs_driver, sibling, toolchain
from imgtool.families.analogues import Recipe, recipes, torch_npu_of
from imgtool.families.builds import SourceBuild, is_chosen, source_build
from imgtool.families.caches import PackageCache, cache_bytes, cache_of, package_caches
from imgtool.families.contents import contents, saving
from imgtool.families.drivers import (
    DriverFact,
    container_engine,
    driver_command,
    driver_container,
    driver_package,
    driver_path,
    driver_program,
    retired_key,
    speaks_of_drivers,
    stub_path,
)
from imgtool.families.images import fill, platform_of
from imgtool.families.inherited import beyond, cuda_of, inherited_names
from imgtool.families.life import Life, life, successor, system_life
from imgtool.families.model import collected
from imgtool.families.needs import (
    Accelerator,
    accelerator_of,
    device_variables,
    driver_folders,
    highest,
    installer_bytes,
    levels,
    names_devices,
    python_need,
    software_of,
    torch_bytes,
    torch_index,
    torch_wheels,
)
from imgtool.families.packages import build_only, recommends
from imgtool.families.packages import toolkit as toolkit_package
from imgtool.families.python_indexes import index_at
from imgtool.families.reference import parse_reference
from imgtool.families.trees import held_tree
from imgtool.findings import Applicability, Finding, Fix, FixAvailability, Severity
from imgtool.leaks import calls_secret, kind_of
from imgtool.regex import regex
from imgtool.secret_files import (
    ENVIRONMENT,
    PRIVATE_KEY,
    REGISTRY,
    is_foreign,
    is_public,
    may_hold,
    secret_file,
    speaks_of_secrets,
)
from imgtool.syntax.golang import parse_duration
from imgtool.syntax.nodes import Comment, Document, Flag, Instruction, Text, Word
from imgtool.syntax.operands import image as image_problem
from imgtool.syntax.operands import platform_parts
from imgtool.syntax.suggest import suggest
from imgtool.syntax.words import WordError, expand, expand_content, variables
from imgtool.transforms.commands import without
from imgtool.transforms.consecutive import groups, made_one
from imgtool.transforms.flavour import other_flavour
from imgtool.transforms.instructions import author_label, json_form, remove_flag, remove_instruction, set_flag
from imgtool.transforms.joined import joined
from imgtool.transforms.manifests import Early, copied_late, early_copies
from imgtool.transforms.manifests import sources as manifest_sources
from imgtool.transforms.merge import merge_runs
from imgtool.transforms.ownership import Recopy, folded, recopies
from imgtool.transforms.ownership import advice as ownership_advice
from imgtool.transforms.relief import advice, call, called, relieved, with_option
from imgtool.transforms.runs import append_command, is_chain, segments, without_items
from imgtool.values import NamedTuple, dataclass, field
from imgtool.weights import ending, least_weights

__all__ = [
    "ENVIRONMENT",
    "MEGABYTE",
    "PRIVATE_KEY",
    "REGISTRY",
    "Accelerator",
    "Applicability",
    "Arg",
    "BaseImage",
    "BuildContext",
    "Change",
    "Cleaned",
    "Command",
    "Comment",
    "Content",
    "ContextFile",
    "Deletion",
    "Document",
    "DriverFact",
    "Early",
    "Edge",
    "Edit",
    "Facts",
    "Finding",
    "Fix",
    "FixAvailability",
    "Flag",
    "Ignore",
    "Instruction",
    "Kept",
    "Later",
    "Life",
    "Listing",
    "NamedTuple",
    "Operation",
    "Package",
    "PackageCache",
    "PackageOperation",
    "Policy",
    "Recipe",
    "Recopy",
    "Redirect",
    "RuleMeta",
    "Run",
    "Script",
    "Severity",
    "SourceBuild",
    "Span",
    "Stage",
    "State",
    "Text",
    "Toolchain",
    "Tree",
    "Via",
    "Word",
    "WordError",
    "accelerator_of",
    "advice",
    "append_command",
    "author_label",
    "beyond",
    "braces",
    "build_only",
    "cache_bytes",
    "cache_of",
    "call",
    "called",
    "calls_secret",
    "cleanings",
    "collected",
    "config",
    "container_engine",
    "contents",
    "copied",
    "copied_late",
    "copy_source",
    "covers",
    "cuda_of",
    "cut",
    "dataclass",
    "deleted_words",
    "deletions",
    "device_variables",
    "driver_command",
    "driver_container",
    "driver_folders",
    "driver_package",
    "driver_path",
    "driver_program",
    "early_copies",
    "ending",
    "expand",
    "expand_content",
    "field",
    "fill",
    "fills",
    "fits",
    "folded",
    "groups",
    "held_tree",
    "highest",
    "history",
    "holds",
    "identify",
    "image_problem",
    "index_at",
    "inherited_names",
    "installer_bytes",
    "installs_driver",
    "is_chain",
    "is_chosen",
    "is_foreign",
    "is_foreign_manager",
    "is_large",
    "is_program",
    "is_public",
    "joined",
    "json_form",
    "kind_of",
    "layers",
    "least_weights",
    "left_behind",
    "levels",
    "life",
    "lists_needed",
    "local_sources",
    "located",
    "made",
    "made_one",
    "manifest_sources",
    "may_hold",
    "may_install",
    "merge_runs",
    "mounts_of",
    "names_devices",
    "other_flavour",
    "ownership_advice",
    "package_caches",
    "parse_duration",
    "parse_reference",
    "path",
    "per_file",
    "per_part",
    "platform_of",
    "platform_parts",
    "position",
    "python_need",
    "recipes",
    "recommends",
    "recopies",
    "regex",
    "relieved",
    "remove_flag",
    "remove_instruction",
    "retired_key",
    "saving",
    "secret_file",
    "segments",
    "set_flag",
    "sibling",
    "software_of",
    "source_build",
    "speaks_of_drivers",
    "speaks_of_secrets",
    "stub_path",
    "successor",
    "suggest",
    "system_life",
    "toolchain",
    "toolkit_package",
    "torch_bytes",
    "torch_index",
    "torch_npu_of",
    "torch_wheels",
    "trees",
    "variables",
    "weight",
    "with_option",
    "without",
    "without_items",
    "workdir",
]


@dataclass(frozen=True, slots=True)
class RuleMeta:
    """What a rule is. ``aliases`` are other tools' codes for the same defect; a ``preview`` rule is off by default.

    A file in which, in lower case and with continued lines joined, none of ``needs`` occurs cannot have the defect:
    there the rule is not even imported. Without any, it always runs.

    ``on`` are the keywords, in upper case, of the instructions that a rule of kind ``Instruction`` is called for;
    without any, for all. One that looks into triggers names ``ONBUILD``, too.
    """

    code: str
    name: str
    severity: Severity
    since: str
    fix: FixAvailability = FixAvailability.NONE
    aliases: tuple[str, ...] = ()
    preview: bool = False
    needs: tuple[str, ...] = ()
    on: tuple[str, ...] = ()

    def finding(
        self,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        fix: Fix | None = None,
        saves_bytes: int | None = None,
        aliases: tuple[str, ...] | None = None,
        related: tuple[Span, ...] = (),
    ) -> Finding:
        """A finding of this rule at ``span``; ``aliases`` where only some of the rule's mean this very defect."""
        names = self.aliases if aliases is None else aliases
        return Finding(
            self.code, self.name, severity or self.severity, span, message, names, fix, saves_bytes, related
        )
