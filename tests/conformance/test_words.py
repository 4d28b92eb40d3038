"""The table of expansions, held against what a build makes of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from imgtool.syntax.words import WordError, expand, expand_words

pytestmark = pytest.mark.engine

# ENV cannot hold a newline
ENV = {
    "HOME": "/root",
    "EMPTY": "",
    "FILE": "lib.so.12.tar.gz",
    "PATHS": "/a/b/c",
    "STAR": "a*b?c",
    "MONEY": "$0",
}
WORDS = (
    "$HOME", "x$HOME/y", "${HOME}x", "$HOMEx", "$", "$ a", "$.", "$(id)", "${UNSET}",
    "${HOME:-w}", "${HOME-w}", "${EMPTY:-w}", "${EMPTY-w}", "${UNSET:-w}", "${UNSET-w}", "${HOME:+w}", "${HOME+w}",
    "${EMPTY:+w}", "${EMPTY+w}", "${UNSET:+w}", "${UNSET+w}", "${HOME:?m}", "${EMPTY?m}", "${UNSET:-a b}",
    "${UNSET:-'a}b'}", '${UNSET:-"$HOME"}', "${UNSET:-\\}}", "${UNSET:-${HOME}}", "${UNSET:-${UNSET:-${EMPTY:-deep}}}",
    "${HOME:+${FILE%%.*}}", "${FILE#*.}", "${FILE##*.}", "${FILE%.*}", "${FILE%%.*}", "${FILE#lib}", "${FILE#x}",
    "${FILE#???}", "${FILE%.??}", "${FILE#[a-z]*}", "${FILE#}", "${FILE##}", "${FILE%%*}", "${UNSET#a}",
    "${STAR#a\\*}", "${STAR#a\\?}", "${STAR%\\?c}", "${PATHS#*/b}", "${PATHS##*\\/}", "${FILE#${UNSET:-lib}}",
    "${PATHS/b/x}", "${PATHS/z/x}", "${PATHS//\\//:}", "${PATHS/\\//:}", "${FILE//./-}", "${FILE/./-}", "${FILE/.*/}",
    "${FILE/s?/DLL}", "${FILE/*/x}", "${FILE//*/x}", "${PATHS///-}", "${STAR/\\*/x}", "${UNSET/a/b}", "${EMPTY//*/x}",
    "${FILE/lib/$HOME}", "${FILE/lib/\\/}", "${FILE//lib/[$MONEY]}", "${FILE/lib/[$MONEY]}", "${FILE//./$MONEY$MONEY}",
    "$1x", "$12", "${1}x", "$@$*$#$?$-$!$0x", "$$x", "${@}x", "${#}", "\\$HOME", "\\\\$HOME", "\\a", "a\\",
    "'$HOME'", "'a\\'", '"$HOME"', '"\\$HOME"', '"a\\"b"', '"a\\\\b"', '"a\\nb"', "\"it's\"", "'a\"b'", "a'b'\"c\"d",
    "''", "`x`", "\\'$HOME\\'", "<a", "<< $HOME", "$ünï", "$a²",
)  # fmt: skip
PORTS = ("80", "80${UNSET:-81}", "'82'", "${UNSET:-83}", "8${UNSET}4", "85${EMPTY}")


@pytest.mark.parametrize("escape", ["\\", "`"])
def test_the_engine_expands_the_same(escape: str, tmp_path: Path) -> None:
    known: dict[str, str | None] = {**ENV, "PATH": "/"}
    volumes = [f"{index}:{word}" for index, word in enumerate(WORDS) if _accepted(word, known, escape)]
    assert len(volumes) > len(WORDS) * 0.9
    lines = [f"# escape={escape}", "FROM scratch", *(f"ENV {name}='{value}'" for name, value in ENV.items())]
    lines += [f"VOLUME {json.dumps(volumes)}", f"EXPOSE {' '.join(PORTS)}", ""]
    config = _built("\n".join(lines), tmp_path)
    assert set(config["Volumes"]) == {expand(volume, known, escape).text for volume in volumes}
    ports = [port for word in " ".join(PORTS).split() for port in expand_words(word, known, escape) or ()]
    assert set(config["ExposedPorts"]) == {f"{port}/tcp" for port in ports}


def _accepted(word: str, env: dict[str, str | None], escape: str) -> bool:
    try:
        expand(word, env, escape)
    except WordError:
        return False
    return True


def _built(dockerfile: str, folder: Path) -> dict[str, dict[str, object]]:
    name = folder / "Dockerfile"
    name.write_text(dockerfile)
    image = subprocess.run(
        ["docker", "build", "--quiet", str(folder)], capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()
    shown = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{json .Config}}", image],
        capture_output=True,
        check=True,
        timeout=60,
    )
    subprocess.run(["docker", "image", "rm", image], capture_output=True, check=True, timeout=60)
    config: dict[str, dict[str, object]] = json.loads(shown.stdout)
    return config
