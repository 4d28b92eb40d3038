"""Which stages are Windows."""

from __future__ import annotations

import pytest

from imgtool.facts.facts import Facts
from imgtool.syntax import parse

# --- (file, the stages that are Windows, by number), what is not Windows first ---
TABLE = [
    ("FROM debian\nWORKDIR C:\\app\n", []),
    ("# escape=`\nFROM debian\n", []),
    ("# escape=`\nFROM scratch\n", []),
    ("FROM dockcross/windows-static-x64\n", []),
    ("FROM somebody/something\nRUN dir C:\\\n", []),
    ("FROM somebody/something\nCOPY https://a/b /c\n", []),
    ("FROM mcr.microsoft.com/dotnet/sdk:8.0\n", []),
    ('FROM mcr.microsoft.com/powershell\nSHELL ["pwsh", "-Command"]\n', []),
    ('FROM mcr.microsoft.com/powershell\nSHELL ["/usr/bin/pwsh", "-Command"]\n', []),
    ("FROM --platform=linux/amd64 mcr.microsoft.com/windows/servercore:ltsc2022\n", []),
    ("FROM mcr.microsoft.com/windows/servercore:ltsc2022\n", [0]),
    ("FROM mcr.microsoft.com/windows:ltsc2019\n", [0]),
    ("FROM mcr.microsoft.com/dotnet/framework/sdk:4.8\n", [0]),
    ("FROM mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-ltsc2022\n", [0]),
    ("FROM microsoft/windowsservercore\n", [0]),
    ("FROM winamd64/golang:1.22\n", [0]),
    ("FROM python:3.12-windowsservercore-ltsc2022\n", [0]),
    ("ARG TAG=ltsc2022\nFROM mcr.microsoft.com/windows/servercore:$TAG\n", [0]),
    ("ARG REPO\nFROM $REPO:4.8-windowsservercore-ltsc2019\n", [0]),
    ("FROM --platform=windows/amd64 golang:1.22\n", [0]),
    ('FROM golang:1.22\nSHELL ["powershell", "-Command"]\n', [0]),
    ('FROM golang:1.22\nSHELL ["C:\\\\Windows\\\\System32\\\\cmd.exe", "/S", "/C"]\n', [0]),
    ("# escape=`\nFROM somebody/something\n", [0]),
    ("FROM somebody/something\nWORKDIR C:\\app\n", [0]),
    ("FROM somebody/something\nCOPY . c:/app\n", [0]),
    ("FROM golang AS a\nFROM python:3.12-windowsservercore AS b\nFROM b\nFROM a\n", [1, 2]),
    # what one stage says holds for those on the same image
    ('FROM golang AS a\nFROM a\nSHELL ["cmd", "/C"]\nFROM golang\n', [0, 1]),
]


@pytest.mark.parametrize("text, expected", TABLE)
def test_windows_stages(text: str, expected: list[int]) -> None:
    facts = Facts(parse(text.encode()))
    assert sorted(stage.index for stage in facts.windows) == expected


def test_its_shell_is_not_read() -> None:
    facts = Facts(parse(b"FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN pip install x && del y\n"))
    (run,) = facts.runs(facts.stages[0])
    assert not run.script.commands
    assert not facts.state(run.instruction).shell_set
