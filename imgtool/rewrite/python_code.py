"""What a few lines of Python do, as far as a look at them tells: ``python -c``, ``python - <<EOF``, ``python -m``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

_MAX_SIZE = 20_000

# the last part of a call's name; these download to a cache or a named folder
_FETCHES = frozenset(
    "snapshot_download hf_hub_download from_pretrained load_model urlretrieve download load_url "
    "download_url_to_file load_state_dict_from_url hf_hub_url pipeline load_dataset SentenceTransformer "
    "CrossEncoder WhisperModel load_repo_or_dir".split()
)
# these tell something and leave nothing behind
_TELLS = frozenset(
    "print len str int repr format join is_available device_count get_device_name get_device_capability "
    "version get_arch_list show collect_env isinstance getattr hasattr exit sorted list tuple dict set "
    "import_module find_spec get_include get_paths get_path getsitepackages check_version current_device "
    "synchronize list_physical_devices get_cuda_version dirname join abspath platform machine system "
    "get_available_providers cmake_prefix_path split replace strip startswith type bool float any all max min "
    "range enumerate zip map filter".split()
)
_MODULES = {
    "query": frozenset(
        "pytest unittest site sysconfig platform pip.check torch.utils.collect_env this doctest timeit".split()
    ),
    "files": frozenset("compileall ipykernel py_compile zipfile tarfile json.tool".split()),
    "fetch": frozenset("nltk.downloader gdown textblob.download_corpora".split()),
    "build": frozenset("spacy cython Cython nuitka PyInstaller grpc_tools.protoc maturin playwright".split()),
}


def kind(code: str) -> str:
    """The kind of a text of Python, a word of :class:`imgtool.rewrite.kinds.Kind`: ``query``, ``fetch`` or ``unknown``.

    Imports, printing and asking count as ``query``; a call that is not known makes it ``unknown``.
    """
    if len(code) > _MAX_SIZE:
        return "unknown"
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "unknown"
    calls = {_called(node) for node in nodes if isinstance(node, ast.Call)}
    defines = any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.With | ast.Delete) for node in nodes)
    if defines or not calls <= _TELLS | _FETCHES:
        return "unknown"
    return "fetch" if calls & _FETCHES else "query"


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def module_kind(words: Sequence[str]) -> str:
    """The kind of ``python -m MODULE …``; ``unknown`` for anything else."""
    module = words[1] if len(words) > 1 and words[0] == "-m" else ""
    return next((one for one, modules in _MODULES.items() if module in modules), "unknown")
