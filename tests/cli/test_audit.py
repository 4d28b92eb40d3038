"""``imgtool audit``, whole: nothing is lost or doubled, whoever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from pathlib import Path
from threading import Thread
from typing import Any

import auditing
import duckdb
import pytest
from archives import classic, files, layer
from distributed import Client

from imgtool.api import lint, measure
from imgtool.audit import pools, tables, work
from imgtool.audit.errors import AuditError

from .conftest import Imgtool

TEXTS = (
    "FROM debian:bookworm\nMAINTAINER somebody\n",
    "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\nRUN apt-get update && apt-get install -y git\nCMD python3 main.py\n",
    'FROM debian:bookworm\nUSER 65534\nCMD ["true"]\n',
)
MANY = 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def estate(count: int) -> Path:
    """Repositories with a Dockerfile each, no two of them alike."""
    for number in range(count):
        folder = Path(f"estate/{number:03}")
        (folder / ".git").mkdir(parents=True)
        (folder / "Dockerfile").write_text(
            f"# {number}\n{TEXTS[number % 3]}" + f"ENV A{number}=1\n" * (number % 20)
        )
    return Path("estate")


def rows(query: str, folder: str = "out") -> list[Any]:
    """What DuckDB reads from ``items`` or ``findings``."""
    for table in ("items", "findings"):
        query = query.replace(f"from {table}", f"from '{folder}/{table}/*.parquet'")
    return duckdb.connect().execute(query).fetchall()


def whole(count: int) -> None:
    """Every Dockerfile is there once, with the findings that linting it alone gives."""
    paths = [f"estate/{number:03}/Dockerfile" for number in range(count)]
    assert rows("select path, status, error from items order by path") == [
        (path, "ok", None) for path in paths
    ]
    found = rows("select path, code, line, message from findings order by all")
    expected = [
        (path, finding.code, result.source.place(finding.span.start).line, finding.message)
        for path in paths
        for result in [lint(Path(path).read_bytes())]
        for finding in result.findings
    ]
    assert found == sorted(expected)


def test_rows_say_what_is_there(imgtool: Imgtool) -> None:
    estate(3)
    Path("app.tar").write_bytes(files(classic([layer("a 3"), layer("root/.cache/pip/http/a 5000000")])))
    Path("images.txt").write_text("# the estate's\napp.tar # the one\n\nnothing.tar\n")
    done = imgtool(
        "audit", "estate", "elsewhere.tar", "--images", "images.txt", "--output", "out", "--no-shellcheck"
    )
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "imgtool: elsewhere.tar: no such file",
        "imgtool: nothing.tar: no such file",
        "imgtool: 4 items audited, 2 failed, 0 done before: out",
    ]
    assert rows("select kind, path, status, error, findings, warnings, layers from items order by path") == [
        ("image", "app.tar", "ok", None, 1, 1, 2),
        ("image", "elsewhere.tar", "failed", "no such file", None, None, None),
        ("dockerfile", "estate/000/Dockerfile", "ok", None, 1, 1, None),
        ("dockerfile", "estate/001/Dockerfile", "ok", None, 4, 3, None),
        ("dockerfile", "estate/002/Dockerfile", "ok", None, 0, 0, None),
        ("image", "nothing.tar", "failed", "no such file", None, None, None),
    ]
    known = measure("app.tar")
    assert rows("select transfer, unpacked, flattened, waste, platform from items where layers > 0") == [
        (known.transfer, known.unpacked, known.flattened, known.waste, "linux/amd64")
    ]
    assert rows("select code, line, saves_bytes from findings where path = 'app.tar'") == [
        ("IMG204", 2, 5_000_000)
    ]
    assert rows("select repository, codes['BK008'] from items where path = 'estate/000/Dockerfile'") == [
        (str(Path("estate/000").resolve()), 1)
    ]
    assert rows("select count(distinct key) from items") == [(6,)]


def test_resume_does_what_is_left(imgtool: Imgtool) -> None:
    estate(6)
    assert imgtool("audit", "estate", "-o", "out").code == 0
    again = imgtool("audit", "estate", "-o", "out", "--resume")
    assert "0 items audited, 0 failed, 6 done before" in again.err
    # one changes, one goes, and the settings of one are others
    Path("estate/001/Dockerfile").write_text(TEXTS[2])
    Path("estate/002/Dockerfile").unlink()
    Path("estate/003/.imgtool.toml").write_text('[lint]\nignore = ["BK008"]\n')
    again = imgtool("audit", "estate", "-o", "out", "--resume")
    assert "2 items audited, 0 failed, 3 done before" in again.err
    assert "imgtool: 3 items gone from the tables: no longer there, or no longer named\n" in again.err
    names = [(f"estate/{number:03}/Dockerfile",) for number in (0, 1, 3, 4, 5)]
    assert rows("select path from items order by path") == names
    assert rows("select path from findings where code = 'BK008'") == names[:1]


def test_what_cannot_be_looked_into_is_not_forgotten(imgtool: Imgtool) -> None:
    estate(3)
    Path("more").mkdir()
    Path("more/Dockerfile").write_text(TEXTS[0])
    assert imgtool("audit", "estate", "more", "-o", "out").code == 0
    Path("more").rename("hidden")
    Path("estate/002/Dockerfile").write_text(TEXTS[2])
    assert imgtool("audit", "estate", "./more", "-o", "out", "--resume").code == 3
    assert rows("select path, findings from items where status = 'ok' order by path") == [
        ("estate/000/Dockerfile", 1),
        ("estate/001/Dockerfile", 4),
        ("estate/002/Dockerfile", 0),
        ("more/Dockerfile", 1),
    ]
    assert imgtool("audit", "estate", "-o", "out", "--resume").code == 0
    assert rows("select count(*) from items") == [(3,)]


def test_tables_are_not_written_over(imgtool: Imgtool) -> None:
    estate(1)
    assert imgtool("audit", "estate", "-o", "out").code == 0
    done = imgtool("audit", "estate", "-o", "out")
    assert (
        done.code,
        "out holds an audit: add --resume to go on with it, or give --output a folder" in done.err,
    ) == (2, True)


def test_what_failed_alone_is_no_audit_to_go_on_with(
    imgtool: Imgtool, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate(1)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{Path.cwd()}/no.sock")
    done = imgtool("audit", "estat/", "-o", "out")
    assert (done.code, "imgtool: estat: no such file or folder\n" in done.err) == (3, True), done.err
    missing = [f"{number}.tar" for number in range(13)]
    done = imgtool("audit", *missing, "-o", "out")
    # in the order in which they end
    *named, more, last = done.err.splitlines()
    assert done.code == 3
    assert len({line for line in named if line.endswith(".tar: no such file")}) == 10
    assert more == "imgtool: 3 more failed: the column error of out/items says why"
    assert last == "imgtool: 0 items audited, 13 failed, 0 done before: out"
    assert imgtool("audit", "estate", "-o", "out").code == 0
    assert rows("select path, status from items") == [("estate/000/Dockerfile", "ok")]


def test_secrets_stay_out_of_the_tables(imgtool: Imgtool) -> None:
    Path("Dockerfile").write_text(
        "FROM debian:bookworm\nENV API_TOKEN=ghp_Zq8vR2xW9tK4Lm3nP5sD7fG1hJ6kQ0aB2cE8\n"
    )
    assert imgtool("audit", "Dockerfile", "-o", "out").code == 0
    found = rows("select message from findings")
    assert found
    assert "Zq8vR2" not in str(found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("empty", "-o", "out"), "nothing to audit"),
        (("estate", "-o", "estate"), "--output estate is what is audited"),
        ((".", "-o", "."), "--output . is what is audited"),
        (
            ("estate", "-o", "full"),
            "full holds other things than an audit: give --output a folder of its own",
        ),
        (("-o", "out"), "nothing to audit"),
        (("-o", "out", "--images", "nothing"), "nothing cannot be used: No such file or directory"),
        (("estate/000/Dockerfile", "-o", "full/text"), "full/text is no folder"),
        (
            ("estate", "-o", "out", "--scheduler", "tcp://127.0.0.1:1"),
            "no scheduler answers at tcp://127.0.0.1:1",
        ),
        (("estate", "-o", "out", "--config", "a", "--isolated"), "--isolated reads no configuration"),
        (("estate",), "--output"),
    ],
)
def test_usage(imgtool: Imgtool, words: tuple[str, ...], message: str) -> None:
    estate(1)
    for name in ("empty", "full"):
        Path(name).mkdir()
    Path("full/text").touch()
    done = imgtool("audit", *words)
    assert (done.code, message in " ".join(done.err.replace("│", " ").split())) == (2, True), done.err
    assert (Path("out").exists(), sorted(Path("full").iterdir())) == (False, [Path("full/text")])


def test_a_wrong_configuration_is_said(imgtool: Imgtool) -> None:
    estate(1)
    Path("estate/000/.imgtool.toml").write_text("[lint]\nselekt = 1\n")
    done = imgtool("audit", "estate", "-o", "out")
    assert (done.code, "selekt" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("module", "words"), [("pyarrow", ()), ("distributed", ("--scheduler", "tcp://127.0.0.1:1"))]
)
def test_the_extra_is_missing(
    imgtool: Imgtool, monkeypatch: pytest.MonkeyPatch, module: str, words: tuple[str, ...]
) -> None:
    estate(1)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "imgtool.audit.tables")
    monkeypatch.delattr("imgtool.audit.tables")
    done = imgtool("audit", "estate", "-o", "out", *words)
    assert (done.code, 'pip install "imgtool-containers[audit]"' in done.err) == (2, True), done.err


# --- whoever is killed ------------------------------------------------------------------------------------


def half_way(kill: Callable[[], None]) -> Thread:
    """Do it once some of the audit is on the disk, and not all of it can be."""

    def watch() -> None:
        for _ in range(3000):
            if len(list(Path("out/items").glob("*.parquet"))) >= 3:
                kill()
                return
            time.sleep(0.01)

    thread = Thread(target=watch)
    thread.start()
    return thread


@pytest.fixture
def workers(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two workers of a Dask cluster, whose scheduler says where it is in ``scheduler.json``."""
    said = folder / "scheduler.json"
    scheduler = ("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(said))
    worker = (
        "dask_worker",
        "--scheduler-file",
        str(said),
        "--nthreads",
        "1",
        "--no-nanny",
        "--memory-limit",
        "0",
    )
    with contextlib.ExitStack() as stack:
        started = []
        for program, *words in (scheduler, worker, worker):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.{program}", *words, "--no-dashboard"],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=folder,
                    env={**os.environ, "PYTHONPATH": str(Path(auditing.__file__).parent)},
                )
            )
            stack.callback(process.kill)
            started.append(process)
            for _ in range(600):
                if said.exists():
                    break
                time.sleep(0.1)
        yield started[1:]


def address() -> str:
    return str(json.loads(Path("scheduler.json").read_text())["address"])


posix = pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")


@posix
def test_a_process_that_is_killed(imgtool: Imgtool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS", 5)
    estate(MANY)
    killed: list[int] = []

    def kill() -> None:
        killed.append(next(process.pid for process in active_children() if process.pid))
        os.kill(killed[0], signal.SIGKILL)

    watcher = half_way(kill)
    done = imgtool("audit", "estate", "-o", "out", "--jobs", "2")
    watcher.join()
    assert killed
    assert (done.code, f"{MANY} items audited, 0 failed" in done.err) == (0, True), done.err
    whole(MANY)


@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_audit_that_is_ended_goes_on(imgtool: Imgtool, how: signal.Signals) -> None:
    estate(MANY)
    # a shell starts what runs in its background with the signal ignored, and that is inherited
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from imgtool.audit import tables; tables.ROWS = 5; from imgtool.__main__ import main; main()"
    )
    words = ("audit", "estate", "-o", "out", "--jobs", "2")
    running = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.DEVNULL)
    watcher = half_way(lambda: running.send_signal(how))
    running.wait()
    watcher.join()
    assert running.returncode == {signal.SIGINT: 130}.get(how, -how)
    (before,) = rows("select count(*) from items")[0]
    assert 0 < before < MANY
    done = imgtool(*words, "--resume")
    assert f"{MANY - before} items audited, 0 failed, {before} done before" in done.err
    whole(MANY)


@posix
def test_a_worker_of_a_cluster_that_is_killed(
    imgtool: Imgtool, monkeypatch: pytest.MonkeyPatch, workers: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(tables, "ROWS", 5)
    estate(MANY)
    with Client(address(), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=200)
    watcher = half_way(workers[0].kill)
    done = imgtool("audit", "estate", "-o", "out", "--scheduler", address())
    watcher.join()
    assert (workers[0].wait(), workers[1].poll()) == (-signal.SIGKILL, None)
    assert (done.code, f"{MANY} items audited, 0 failed" in done.err) == (0, True), done.err
    whole(MANY)


@posix
def test_what_kills_every_worker_is_a_row(workers: list[subprocess.Popen[bytes]]) -> None:
    with Client(address(), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=200)
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    with pools.cluster(address(), auditing.die_on_three, work.version) as (submit, threads):
        assert threads == 2
        found: list[Any] = list(pools.run(range(6), submit, threads, lambda _, why: why))  # type: ignore[misc]
    assert "the workers that were at it died" in found
    assert {2 * number for number in range(6) if number != 3} <= set(found)
    assert workers


@posix
def test_a_cluster_with_another_imgtool(workers: list[subprocess.Popen[bytes]]) -> None:
    with Client(address(), set_as_default=False) as client:
        client.wait_for_workers(len(workers), timeout=200)
    here = os.getpid()
    asked = pools.cluster(address(), auditing.double, lambda: "1.0" if os.getpid() == here else "0.0")
    with pytest.raises(AuditError, match=r"has imgtool 0\.0, this is 1\.0"), asked:
        pass
