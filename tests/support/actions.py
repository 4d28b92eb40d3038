"""Steps of a composite action, run for real: what a runner does with them, as far as action.yml needs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"'[^']*'|&&|\|\||[!=]=|!cancelled\(\)|[\w.-]+")
_WORDS = {"&&": "and", "||": "or", "!cancelled()": "True", "==": "==", "!=": "!="}


@dataclass
class Job:
    """A job in its own folder: ``inputs`` as the workflow gives them, ``github`` as the event is."""

    folder: Path
    inputs: Mapping[str, str] = field(default_factory=dict)
    github: Mapping[str, str] = field(default_factory=lambda: {"event_name": "push", "token": "t0ken"})
    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    code: int = 0

    def run(self) -> Job:
        """Run the action's steps up to one that fails; the interpreter and imgtool are those of the tests."""
        self.outputs |= {"steps.install.outputs.bin": str(BIN)}
        for step in action()["runs"]["steps"]:
            if step.get("id") not in ("python", "install") and self.wants(step):
                self.step(step)
                if self.code:
                    break
        return self

    def wants(self, step: Mapping[str, Any]) -> bool:
        condition = step.get("if", "'always'").removeprefix("${{").removesuffix("}}")
        words = [
            _WORDS.get(token) or (token if token[0] == "'" else repr(self.value(token)))
            for token in _TOKEN.findall(condition)
        ]
        return bool(eval(" ".join(words), {"__builtins__": {}}))  # noqa: S307 - conditions of ours

    def step(self, step: Mapping[str, Any]) -> None:
        temporary, written = self.folder / "temporary", self.folder / "output"
        temporary.mkdir(exist_ok=True)
        written.write_text("")
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        given = {name: self.filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.project,
            env={
                **os.environ,
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(written),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
                "RUNNER_TEMP": str(temporary),
                **self.environment,
                **given,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        self.code = done.returncode
        self.log += done.stdout + done.stderr
        for line in written.read_text().splitlines():
            name, _, value = line.partition("=")
            self.outputs[f"steps.{step['id']}.outputs.{name}"] = value

    @property
    def project(self) -> Path:
        path = self.folder / "project"
        path.mkdir(exist_ok=True)
        return path

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text("utf-8")

    def filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.value(found[1].strip()), text)

    def value(self, name: str) -> str:
        room, _, rest = name.partition(".")
        if room == "inputs":
            default = action()["inputs"][rest]["default"]
            return self.inputs.get(rest, self.filled(default))
        return self.github.get(rest, "") if room == "github" else self.outputs.get(name, "")


def action() -> Any:
    """The action, as YAML."""
    return yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
