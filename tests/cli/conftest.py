"""Running the command line, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from imgtool.cli.start import run
from imgtool.lint import batch, registry
from imgtool.lint.rule_index import RULES


@dataclass(frozen=True)
class Done:
    """What a command gave."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()


Imgtool = Callable[..., Done]


@pytest.fixture
def imgtool(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Imgtool:
    """``imgtool(*words, stdin=b"")``: one command line, as a shell would start it."""

    def invoke(*words: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            run([str(word) for word in words])
        stdout, stderr = capsysbinary.readouterr()
        return Done(int(ended.value.code or 0), stdout, stderr)

    return invoke


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the current one."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


RULE = '''"""Made for a test."""

from __future__ import annotations

from imgtool.rule import Applicability, Document, Edit, Facts, Fix, RuleMeta, Severity, Span

META = RuleMeta("{code}", "{name}", severity=Severity.{severity}, since="0")


def check(document: Document, _facts: Facts):
    {body}


def replacing(document, old, new, applicability):
    at = document.data.find(old)
    if at >= 0:
        edit = Edit(at, at + len(old), new)
        yield META.finding(Span(edit.start, edit.end), "wrong", fix=Fix("Change it", (edit,), applicability))
'''


@pytest.fixture
def add_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``add_rule(code, body, severity)``: one more rule in the index, imported from a file like the others."""
    folder = tmp_path / "rules"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    more: list[tuple[str, str, tuple[str, ...], bool, str]] = []

    def add(code: str, body: str, severity: str = "WARNING") -> None:
        name, module = f"test-{code.lower()}", f"{code.lower()}_of_{tmp_path.name}"
        text = RULE.format(code=code, name=name, severity=severity, body=body)
        (folder / f"{module}.py").write_text(text)
        more.append((code, name, (), True, module))
        monkeypatch.setattr(registry, "RULES", (*RULES, *more))
        forget()

    def forget() -> None:
        registry.index.cache_clear()
        batch._select.cache_clear()

    yield add
    monkeypatch.undo()
    forget()
