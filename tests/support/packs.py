"""Rule packs that are importable and registered as installed ones are, with no installer."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[2] / "fixtures/plugin"

RULE = '''"""Made for a test."""

from __future__ import annotations

from imgtool.rule import RuleMeta, Severity

META = RuleMeta("{code}", "{name}", severity=Severity.WARNING, since="1")


def check(document: Document, facts):
    {body}
'''


def register(folder: Path, points: Mapping[str, str]) -> None:
    """Write the metadata by which Python finds entry points: a ``dist-info`` folder in a folder of ``sys.path``."""
    info = folder / "a_pack-1.0.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-pack\nVersion: 1.0.0\n")
    lines = (f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text("[imgtool.rules]\n" + "".join(lines))


def acme(folder: Path) -> list[Path]:
    """Register the pack in ``fixtures/plugin`` as its project says; what has to be in ``sys.path``."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text("utf-8"))["project"]
    register(folder, project["entry-points"]["imgtool.rules"])
    return [folder, PLUGIN / "src"]


def made(folder: Path, modules: Mapping[str, str]) -> list[Path]:
    """Register a pack ``made`` of modules by name, each with its text; what has to be in ``sys.path``."""
    package = folder / f"made_{folder.name}"
    package.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(text)
    register(folder, {"made": package.name})
    return [folder]


def rule(code: str, body: str, name: str | None = None) -> str:
    """The text of a rule module, whose check is called once a file."""
    return RULE.format(code=code, name=name or f"rule-{code.lower()}", body=body)
