"""Dockerfiles of Windows images: all rules look at them, and say nothing that holds on Linux alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from imgtool.facts.facts import Facts
from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.runner import LintResult, lint
from imgtool.syntax import parse

RECORD = Path(__file__).resolve().parents[1] / "precision" / "windows.tsv"
CORE = "FROM mcr.microsoft.com/windows/servercore:ltsc2022\n"
NANO = "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\n"
# no wrong finding, but one on every file: the rule is off by default
ALWAYS = "DL3057"


def checked(data: bytes) -> LintResult:
    """The findings of every rule, previews too."""
    result = lint(data, "Dockerfile", [registry.load(entry) for entry in registry.index()])
    assert not result.failures
    return result


def found(result: LintResult) -> list[str]:
    return [f"{result.source.line_of(f.span.start)} {f.code}" for f in result.findings if f.code != ALWAYS]


# --- (file, every finding, by line) ---
TABLE = [
    pytest.param(CORE + "RUN dir C:\\\\\n", [], id="nothing"),
    pytest.param(CORE + "WORKDIR C:\\app\nCOPY . .\n", [], id="a drive is absolute"),
    pytest.param(CORE + "WORKDIR C:/app\nCOPY app.exe C:/app/\n", [], id="with slashes, too"),
    pytest.param("# escape=`\n" + CORE + "WORKDIR C:\\app\\\nCOPY x .\\\n", [], id="a backslash at the end of a line"),
    pytest.param("# escape=`\n" + CORE + "WORKDIR \\app\nCOPY . \\app\n", [], id="the drive may be left out"),
    pytest.param(CORE + "COPY . C:/app\n", [], id="an absolute target needs no WORKDIR"),
    pytest.param(CORE + "COPY app.exe app.exe\n", ["2 DL3045"], id="a relative one does"),
    pytest.param(CORE + "WORKDIR app\n", ["2 BK010"], id="a relative WORKDIR"),
    pytest.param(CORE + "RUN powershell -Command Invoke-WebRequest http://a/b -OutFile b; Remove-Item b\n", [], id="powershell in cmd"),
    pytest.param(CORE + "RUN powershell -Command \"$ErrorActionPreference = 'Stop'; cd \\; iwr https://a/b.ps1 | iex\"\n", [], id="its pipes"),
    pytest.param(CORE + 'SHELL ["powershell", "-Command"]\nRUN Get-Process | Out-Null; cd C:\\; sudo x\n', [], id="SHELL powershell"),
    pytest.param(CORE + 'SHELL ["powershell", "-Command"]\nRUN pip install torch; git clone https://github.com/a/b\n', [], id="programs in it"),
    pytest.param("FROM golang:1.22\n" + 'SHELL ["cmd", "/S", "/C"]\nRUN cd C:\\src && curl -L https://a/b | tar x\n', [], id="SHELL cmd"),
    pytest.param(CORE + "RUN pip install torch && del /q C:\\Users\\x\n", [], id="pip in cmd"),
    pytest.param(CORE + "RUN curl.exe -fSLo x.zip https://a/x.zip && tar -xf x.zip && del x.zip\n", [], id="curl in cmd"),
    pytest.param(CORE + "RUN choco install -y git && choco install -y python\n", [], id="choco"),
    pytest.param(CORE + "RUN cd C:\\\\ && set A=1 && if exist x (del x) else (echo no)\n", [], id="the syntax of cmd"),
    pytest.param(CORE + "RUN echo one\nRUN echo two\n", [], id="runs of cmd are not merged"),
    pytest.param("# escape=`\n" + CORE + "RUN echo one `\n && echo two\n", [], id="continued by backticks"),
    pytest.param(NANO + "USER ContainerUser\n", [], id="users have no numbers"),
    pytest.param(NANO + "USER ContainerAdministrator\nRUN setx /M PATH C:\\x;%PATH%\nUSER ContainerUser\n", [], id="the administrator"),
    pytest.param("# escape=`\n" + CORE + "ENV PATH=C:\\tools;%PATH% A=C:\\a\n", [], id="variables of cmd"),
    pytest.param("# escape=`\n" + CORE + 'ENTRYPOINT ["C:\\\\app\\\\run.exe"]\n', [], id="exec form with drives"),
    pytest.param(CORE + "CMD run.exe\n", ["2 BK007"], id="BuildKit says so on Windows, too"),
    pytest.param('FROM mcr.microsoft.com/dotnet/framework/sdk:4.8\nSHELL ["powershell", "-Command"]\nCMD run.exe\n', [], id="but not below SHELL"),
    pytest.param("FROM mcr.microsoft.com/windows/servercore\n", ["1 DL3006"], id="no tag"),
    pytest.param("FROM microsoft/nanoserver:latest\n", ["1 DL3007"], id="latest"),
    pytest.param("FROM mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-ltsc2022 AS build\nWORKDIR C:\\src\nCOPY . .\nRUN dotnet publish -c Release -o C:\\out\n"
      'FROM mcr.microsoft.com/dotnet/aspnet:8.0-nanoserver-ltsc2022\nWORKDIR C:\\app\nCOPY --from=build C:\\out .\nENTRYPOINT ["dotnet", "x.dll"]\n', [], id="two stages of .NET"),
    pytest.param('FROM python:3.12-windowsservercore-ltsc2022\nWORKDIR C:/app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD ["python", "app.py"]\n', [], id="Python"),
    pytest.param("FROM --platform=windows/amd64 golang:1.22\nWORKDIR C:\\go\\src\nCOPY . .\nRUN go build -o C:\\x.exe .\n", ["1 BK018"], id="by platform"),
    pytest.param("# escape=`\nFROM somebody/something:1.0\nRUN mkdir C:\\x & rmdir C:\\x\nVOLUME C:\\data\n", [], id="by the escape"),
    pytest.param(CORE + "ADD https://a/b.zip C:/b.zip\n", [], id="its builder knows no checksums"),
    pytest.param(CORE + "ADD app C:/app\n", ["2 DL3020"], id="ADD of files"),
    pytest.param(CORE + "COPY a b C:/app\n", ["2 DL3021"], id="several sources need a folder"),
    pytest.param(CORE + "HEALTHCHECK CMD powershell -Command exit 0\n", ["2 DL3025"], id="a health check in shell form"),
    pytest.param(CORE + "RUN net user app P@ssw0rd1 /add\n", ["2 IMG501"], id="a password"),
    pytest.param("# escape=`\r\n" + CORE.replace("\n", "\r\n") + "RUN echo a `\r\n && echo b\r\n", [], id="Windows line ends"),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", TABLE)
def test_only_what_is_right_there(text: str, expected: list[str]) -> None:
    assert found(checked(text.encode())) == expected


def environments(data: bytes) -> list[tuple[dict[str, str | None], str | None]]:
    """Variables and working directory that each stage leaves."""
    facts = Facts(parse(data))
    return [(dict(state.env), state.workdir) for state in map(facts.final_state, facts.stages)]


@pytest.mark.parametrize("text, expected", TABLE)
def test_fixes_leave_the_shell_alone(text: str, expected: list[str]) -> None:
    data = text.encode()
    done = fix(data, checked, unsafe=True)
    assert done.converged
    assert environments(done.data) == environments(data)
    if not {"2 DL3020", "2 DL3021"} & {*expected}:
        assert done.data == data


# --- real files ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(corpus: Path) -> dict[str, bytes]:
    """The Windows files of the corpus."""
    every = {path.name: path.read_bytes() for path in sorted((corpus / "open").iterdir())}
    return {name: data for name, data in every.items() if Facts(parse(data)).windows}


@pytest.mark.corpus
def test_the_record_is_of_all_findings(files: dict[str, bytes], corpus: Path) -> None:
    with RECORD.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file, delimiter="\t"))
    assert len(files) > 30
    named = {row["file"]: (corpus / "open" / row["file"]).read_bytes() for row in read} | files
    places = {
        (name, str(result.source.line_of(f.span.start)), f.code)
        for name, result in ((name, checked(data)) for name, data in named.items())
        for f in result.findings
        if f.code != ALWAYS
    }
    assert {(row["file"], row["line"], row["code"]) for row in read} == places
    assert all(row["verdict"] == "right" and row["reason"] for row in read)


@pytest.mark.corpus
def test_fixes_of_real_files_keep_variables_and_paths(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        done = fix(data, checked)
        assert done.converged, name
        assert environments(done.data) == environments(data), name
