"""Fuzz for a while: ``PYTHONPATH=tests/support python -m fuzz KIND --seconds N [--seeds PATH...] [--out FOLDER]``.

KIND is ``grammar``, ``mutations`` or ``configurations`` (hypothesis), or ``atheris-dockerfile`` or
``atheris-configuration`` (coverage-guided, with ``pip install atheris``). What breaks a promise is written to the folder: for each
way in which it broke the smallest input, with the traceback beside it.
"""
# ruff: noqa: PLC0415, T201 - a script; atheris has to see the imports

from __future__ import annotations

import argparse
import atexit
import contextlib
import hashlib
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
KINDS = ("grammar", "mutations", "configurations", "atheris-dockerfile", "atheris-configuration")
# processor time of one input: all rules, all reports and three rounds of fixes; tracing takes its part, too
LIMIT, TRACED_LIMIT = 12.0, 40.0


class Record:
    """Runs a target, counts, and keeps one input for each way in which it failed: the smallest seen."""

    def __init__(self, target: Callable[[bytes], None], folder: Path, limit: float) -> None:
        self.target, self.folder, self.limit = target, folder, limit
        self.runs = 0
        self.smallest: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, data: bytes) -> None:
        from fuzz.promises import TooSlow, limited

        self.runs += 1
        try:
            with limited(self.limit):
                self.target(data)
        except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, the next input is wanted
            self.keep(data, error)

    def keep(self, data: bytes, error: BaseException) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} {Path(last.filename).name}:{last.name} {str(error)[:60]}"
        name = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:10]
        if len(data) < self.smallest.get(name, sys.maxsize):
            self.smallest[name] = len(data)
            (self.folder / name).write_bytes(data)
            report = "".join(traceback.format_exception(error))
            (self.folder / f"{name}.txt").write_text(report[-6000:], "utf-8", "backslashreplace")
            print(f"{name} {len(data)} bytes: {what!r}", file=sys.stderr, flush=True)

    def tell(self, kind: str) -> None:
        print(f"{kind}: {self.runs} inputs, {time.process_time():.0f} s, {len(self.smallest)} failures")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=float, default=60, help="of processor time")
    parser.add_argument(
        "--seeds", type=Path, nargs="*", default=[ROOT / "fixtures"], help="files, or folders"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fuzz")
    given = parser.parse_args()
    found = (file for seed in given.seeds for file in ([seed] if seed.is_file() else seed.rglob("*")))
    files = sorted(file for file in found if file.is_file())
    if given.kind.startswith("atheris"):
        return _coverage_guided(given.kind, given.seconds, files, given.out)
    return _generated(given.kind, given.seconds, files, given.out)


def _generated(kind: str, seconds: float, files: list[Path], out: Path) -> int:
    from hypothesis import HealthCheck, Phase, given, settings

    from fuzz import grammar, promises

    promises.limit_memory()
    strategy = {
        "grammar": grammar.dockerfiles,
        "mutations": lambda: grammar.mutations(files),
        "configurations": grammar.configurations,
    }[kind]()
    target = promises.configuration if kind == "configurations" else promises.dockerfile
    record = Record(target, out, LIMIT)

    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def some(data: bytes) -> None:
        if time.process_time() < seconds:
            record.run(data)

    while time.process_time() < seconds:
        some()
    record.tell(kind)
    return 1 if record.smallest else 0


class _Over(BaseException):
    """The time is over; libFuzzer ends the process with it."""


def _coverage_guided(kind: str, seconds: float, files: list[Path], out: Path) -> int:
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["imgtool", "imgtool_rules"]):
        from fuzz import promises

        promises.rules()
    target = promises.configuration if kind == "atheris-configuration" else promises.dockerfile
    record = Record(target, out, TRACED_LIMIT)
    corpus = out / f"{kind}-corpus"
    corpus.mkdir(exist_ok=True)
    for file in files:
        data = file.read_bytes()[:4096]
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    words = out / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in _words()), "ascii")
    started = time.process_time()

    def one(data: bytes) -> None:
        if time.process_time() - started > seconds:
            raise _Over
        record.run(data)

    atexit.register(record.tell, kind)
    options = [
        f"-dict={words}",
        "-max_len=4096",
        "-rss_limit_mb=2048",
        "-timeout=300",
        f"-artifact_prefix={out}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    with contextlib.suppress(_Over):
        atheris.Fuzz()
    return 1 if record.smallest else 0


def _words() -> list[str]:
    from fuzz import grammar

    lists = (grammar.COMMANDS, grammar.COMMENTS, grammar.IMAGES, grammar.PATHS, grammar.NAMES, grammar.JOINTS)
    found = dict.fromkeys(word for words in (*lists, grammar.INSTRUCTIONS) for word in words)
    return [word for word in found if 0 < len(word.encode()) < 60]


def _escaped(word: str) -> str:
    return "".join(
        chr(byte) if 32 < byte < 127 and chr(byte) not in '"\\' else f"\\x{byte:02x}"
        for byte in word.encode()
    )


if __name__ == "__main__":
    sys.exit(main())
