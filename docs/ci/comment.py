"""Keep one comment on a pull request: the report that ``imgtool gate --format markdown`` wrote.

``python comment.py REPORT`` in a job of GitHub Actions, with a token in ``IMGTOOL_TOKEN``. The comment is known by the
mark in the report's first line. Where the token may not write, as in pull requests from forks, that is said and is no
failure: the report is on the job's summary page too. Needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARK = re.compile(r"<!-- imgtool-gate:[^\r\n]{1,200}? -->")

MOST = 65_536
"""Characters of the longest comment that GitHub takes."""

PAGES = 100
"""Pages of a hundred comments that are looked through."""

LARGEST = 64 << 20
"""Bytes of the largest answer that is read."""

REFUSED = frozenset({401, 403, 404})
"""Statuses of a token that may not do it; 404 is what is said of what it may not even see."""

PAUSES = (1, 2)
"""Seconds before each further attempt."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for one host: no answer leads it to another."""

    def redirect_request(self, *_args: Any) -> None:
        return None


def main(report: str) -> None:
    """Write the comment, and say where it is or why there is none: that decides nothing about the gate."""
    body = shortened(Path(report).read_text("utf-8"))
    mark, number = MARK.match(body), pull_request()
    if mark is None or number is None:
        print("no comment: no report of a gate, or no pull request")
        return
    comments = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/{number}/comments"
    try:
        print(f"comment: {write(comments, mark[0], body)}")
    except urllib.error.HTTPError as error:
        why = "the token may not write one" if error.code in REFUSED else "the API fails"
        print(f"::notice title=imgtool::no comment: {why} ({error.code}); the job's summary has the report")
    except (OSError, HTTPException, ValueError) as error:
        print(f"::warning title=imgtool::no comment: {type(error).__name__}")


def pull_request() -> int | None:
    """The number of the pull request that started the job."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
    number = (event.get("pull_request") or {}).get("number")
    return number if isinstance(number, int) else None


def shortened(body: str) -> str:
    """A report that fits into a comment: whole lines, with what is folded closed again."""
    if len(body) <= MOST:
        return body
    kept = body[: MOST - 1000].rpartition("\n")[0]
    kept += "\n```" * (len(re.findall("^```", kept, re.MULTILINE)) % 2)
    kept += "\n</details>" * min(50, kept.count("<details>") - kept.count("</details>"))
    return f"{kept}\n\nThe report goes on; the whole of it is on the job's summary page.\n"


def write(comments: str, mark: str, body: str) -> str:
    """Change the comment that is there, or write the first; where it can be seen."""
    there = next(ours(comments, mark), None)
    if there is None:
        return str(call("POST", comments, body)["html_url"])
    path = f"{comments.rsplit('/', 2)[0]}/comments/{there}"
    return str(call("PATCH", path, body)["html_url"])


def ours(comments: str, mark: str) -> Iterator[int]:
    """The comments that begin with the mark and were written with such a token: anybody can write the mark."""
    me = login()
    for page in range(1, PAGES + 1):
        found = call("GET", f"{comments}?per_page=100&page={page}")
        for comment in found:
            user = comment.get("user") or {}
            mine = user.get("login") == me if me else user.get("type") == "Bot"
            if mine and str(comment.get("body")).startswith(mark):
                yield int(comment["id"])
        if len(found) < 100:
            return


def login() -> str | None:
    """Whose token it is; None for a job's own, which may not ask and writes as a bot."""
    try:
        return str(call("GET", "/user")["login"])
    except urllib.error.HTTPError as error:
        if error.code not in REFUSED:
            raise
        return None


def call(method: str, path: str, body: str | None = None) -> Any:
    """What the API answers; asked again where it fails for a moment."""
    for pause in PAUSES:
        try:
            return once(method, path, body)
        except urllib.error.HTTPError as error:
            # a comment that may have been written is not written again
            if error.code not in (429, 502, 503, 504) or (method == "POST" and error.code != 429):
                raise
        time.sleep(pause)
    return once(method, path, body)


def once(method: str, path: str, body: str | None) -> Any:
    address = os.environ.get("GITHUB_API_URL", "https://api.github.com") + path
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("the API is asked over https alone")
    request = urllib.request.Request(  # noqa: S310 - https, or this machine
        address,
        None if body is None else json.dumps({"body": body}).encode(),
        {
            "Authorization": f"Bearer {os.environ['IMGTOOL_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "imgtool",
        },
        method=method,
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=30) as answer:
        return json.loads(answer.read(LARGEST))


if __name__ == "__main__":
    main(sys.argv[1])
