"""The comment on a pull request, written to an API of this machine that keeps what it is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from actions import BIN, Job, action

MARK = "<!-- imgtool-gate:app -->"
REPORT = f"{MARK}\n## Sizes\n\n| image | grows |\n|---|---|\n| app | 2 % |\n"
TOKEN = "t0ken-0f-the-job"
BOT = {"login": "github-actions[bot]", "type": "Bot"}
STRANGER = {"login": "somebody", "type": "User"}


@dataclass
class Api:
    """What is asked of the API, and what it answers.

    ``statuses`` are what its next answers fail with, ``user`` is who a token of a person belongs to.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    writable: bool = True
    user: str | None = None
    elsewhere: str = ""
    address: str = ""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.statuses:
            return self.statuses.pop(0), {}
        if path == "/user":
            return (200, {"login": self.user}) if self.user else (403, {})
        if method == "GET":
            page = int(re.findall(r"[?&]page=(\d+)", path)[0])
            return 200, self.comments[100 * (page - 1) : 100 * page]
        if not self.writable:
            return 403, {"message": "Resource not accessible by integration"}
        if method == "POST":
            user = {"login": self.user, "type": "User"} if self.user else BOT
            self.comments.append({"id": len(self.comments), "user": user})
        comment = self.comments[-1 if method == "POST" else int(path.rpartition("/")[2])]
        comment["body"] = body["body"]
        return 200, {"html_url": f"https://example.com/{comment['id']}"}


def serve(api: Api) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            api.asked.append((self.command, self.path, self.headers.get("Authorization")))
            status, answer = api.answer(self.command, self.path, json.loads(body or b"null"))
            sent = json.dumps(answer).encode()
            self.send_response(status)
            if api.elsewhere:
                self.send_header("Location", api.elsewhere + self.path)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_PATCH = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    server = serve(api)
    yield api
    server.shutdown()
    server.server_close()


class Commenter:
    """The action's step, as it runs in a job that a pull request started."""

    def __init__(self, folder: Path, api: Api) -> None:
        self.folder, self.api = folder, api
        (folder / "report.md").write_text(REPORT, "utf-8")
        self.event({"pull_request": {"number": 7}})

    def event(self, event: Any) -> None:
        (self.folder / "event.json").write_text(json.dumps(event))

    def __call__(self, event: str = "pull_request", **inputs: str) -> Job:
        job = Job(
            self.folder,
            {"comment": "true", **inputs},
            {"event_name": event, "token": TOKEN},
            {
                "GITHUB_API_URL": self.api.address,
                "GITHUB_REPOSITORY": "team/app",
                "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
                "no_proxy": "127.0.0.1",
            },
            {
                "steps.install.outputs.bin": str(BIN),
                "steps.gate.outputs.report": str(self.folder / "report.md"),
            },
        )
        step = next(step for step in action()["runs"]["steps"] if step["name"] == "Comment")
        if job.wants(step):
            job.step(step)
        assert TOKEN not in job.log
        assert job.code == 0, job.log
        return job


@pytest.fixture
def comment(tmp_path: Path, api: Api) -> Commenter:
    return Commenter(tmp_path, api)


def test_one_comment_however_often(comment: Commenter, api: Api) -> None:
    assert "https://example.com/0" in comment().log
    (comment.folder / "report.md").write_text(REPORT.replace("2 %", "3 %"), "utf-8")
    comment()
    assert [made["body"] for made in api.comments] == [REPORT.replace("2 %", "3 %")]
    assert {token for *_, token in api.asked} == {f"Bearer {TOKEN}"}


def test_gates_have_comments_of_their_own(comment: Commenter, api: Api) -> None:
    comment()
    (comment.folder / "report.md").write_text(REPORT.replace("app", "other"), "utf-8")
    comment()
    assert len(api.comments) == 2


@pytest.mark.parametrize(
    ("user", "there", "kept"),
    [
        (None, {"user": STRANGER, "body": MARK}, True),  # anybody can write the mark
        (None, {"user": None, "body": MARK}, True),  # of an account that is gone
        (None, {"user": BOT, "body": f"quoted: {MARK}"}, True),
        (None, {"user": BOT, "body": None}, True),
        (None, {"user": BOT, "body": MARK}, False),
        # a person's token: another one's comments are not its own, a bot's neither
        ("somebody", {"user": BOT, "body": MARK}, True),
        ("somebody", {"user": STRANGER, "body": MARK}, False),
    ],
)
def test_comments_of_others_stay(
    comment: Commenter, api: Api, user: str | None, there: dict[str, Any], *, kept: bool
) -> None:
    api.user, api.comments = user, [{"id": 0, **there}]
    comment()
    assert (api.comments[0]["body"] == there["body"]) == kept
    assert len(api.comments) == 1 + kept


def test_found_behind_many(comment: Commenter, api: Api) -> None:
    api.comments = [{"id": number, "user": STRANGER, "body": "+1"} for number in range(250)]
    comment()
    comment()
    assert len(api.comments) == 251


def test_a_fork_has_no_comment_and_no_failure(comment: Commenter, api: Api) -> None:
    api.writable = False
    assert "the token may not write one (403)" in comment().log


@pytest.mark.parametrize("statuses", [[503], [429, 502]])
def test_a_passing_fault_is_waited_for(comment: Commenter, api: Api, statuses: list[int]) -> None:
    api.statuses = statuses
    assert "https://example.com/0" in comment().log


def test_a_fault_that_stays_is_no_failure(comment: Commenter, api: Api) -> None:
    api.statuses = [500]
    assert "the API fails (500)" in comment().log


def test_a_comment_that_may_be_there_is_not_written_twice(comment: Commenter, api: Api) -> None:
    # who is asked, what is there, and then the comment itself
    api.statuses = [403]
    answer = api.answer
    api.answer = lambda method, *rest: (502, {}) if method == "POST" else answer(method, *rest)  # type: ignore[method-assign]
    assert "the API fails (502)" in comment().log
    assert [method for method, *_ in api.asked].count("POST") == 1


def test_a_token_follows_no_redirect(comment: Commenter, api: Api) -> None:
    other = Api()
    server = serve(other)
    api.elsewhere, api.statuses = other.address, [302]
    assert "the API fails (302)" in comment().log
    assert other.asked == []
    server.shutdown()
    server.server_close()


def test_a_token_is_sent_over_https_alone(comment: Commenter, api: Api) -> None:
    api.address = "http://api.example.com"
    assert "no comment: ValueError" in comment().log


def test_nobody_there(comment: Commenter, api: Api) -> None:
    api.address = "http://127.0.0.1:1"
    assert "::warning title=imgtool::no comment" in comment().log


def test_a_long_report_is_cut_between_lines(comment: Commenter, api: Api) -> None:
    folded = "<details><summary>app</summary>\n\n```\n" + "é 12345\n" * 20_000
    (comment.folder / "report.md").write_text(REPORT + folded, "utf-8")
    comment()
    body = api.comments[0]["body"]
    assert len(body) <= 65_536
    assert body.endswith(
        "é 12345\n```\n</details>\n\nThe report goes on; the whole of it is on the job's summary page.\n"
    )


@pytest.mark.parametrize("event", ["push", "pull_request_target", "schedule"])
def test_only_pull_requests_have_comments(comment: Commenter, api: Api, event: str) -> None:
    comment(event)
    assert api.asked == []


def test_only_where_asked_for_and_with_a_token(comment: Commenter, api: Api) -> None:
    comment(comment="false")
    comment(token="")
    assert api.asked == []


@pytest.mark.parametrize(
    ("event", "report"),
    [
        ({"pull_request": {"number": 7}}, "# no report of a gate\n"),
        ({"pull_request": None}, REPORT),
        ({"pull_request": {"number": "7/../8"}}, REPORT),
    ],
)
def test_nothing_to_say(comment: Commenter, api: Api, event: Any, report: str) -> None:
    comment.event(event)
    (comment.folder / "report.md").write_text(report)
    assert "no comment: no report of a gate, or no pull request" in comment().log
    assert api.asked == []


def test_needs_no_package() -> None:
    code = "import runpy; runpy.run_path('docs/ci/comment.py')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == 0
