"""What is done with one item, wherever that is: a function of the item, whose result is rows of tables."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from imgtool import __version__
from imgtool.audit.items import Item, Kind
from imgtool.findings import Finding, Severity
from imgtool.images.contents import read_contents
from imgtool.images.errors import ImageError
from imgtool.images.measure import Measures
from imgtool.inspect.findings import findings, keep
from imgtool.lint.batch import Job
from imgtool.lint.result import LintResult
from imgtool.lint.work import part
from imgtool.values import NamedTuple

Row: TypeAlias = dict[str, Any]

OK, FAILED = "ok", "failed"

MAX_ERROR = 500
"""Characters of an error that a row keeps."""


class Record(NamedTuple):
    """A row of the table of items, and those of the table of findings."""

    item: Row
    findings: tuple[Row, ...] = ()


class _Unfit(Exception):  # noqa: N818 - an item is, the program is not
    """Why an item cannot be linted or measured."""


def examine(item: Item) -> Record:
    """Lint or measure. Never raises for what an item is: what cannot be done is said in its row."""
    start = time.monotonic()
    try:
        record = _image(item) if item.kind is Kind.IMAGE else _dockerfile(item)
    except _Unfit as unfit:
        record = failure(item, str(unfit))
    except MemoryError:
        record = failure(item, "out of memory")
    except Exception as error:  # noqa: BLE001 - one item's trouble is not the end of the others
        # its text may quote what was read
        record = failure(item, f"{type(error).__name__}, a defect of imgtool")
    record.item["seconds"] = round(time.monotonic() - start, 3)
    return record


def failure(item: Item, reason: str) -> Record:
    """The row of an item that could not be done."""
    return Record({**_row(item), "status": FAILED, "error": _storable(" ".join(reason.split()))[:MAX_ERROR]})


def version() -> str:
    """Of imgtool, where this runs."""
    return __version__


def _row(item: Item) -> Row:
    return {
        "key": item.key,
        "kind": str(item.kind),
        "path": _storable(item.name),
        "repository": item.repository and _storable(item.repository),
        "imgtool": __version__,
    }


def _storable(text: str) -> str:
    """Text that is UTF-8, as tables want it: a path need not be."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# --- Dockerfiles ------------------------------------------------------------------------------------------


def _dockerfile(item: Item) -> Record:
    job = _job(item)
    if job.data is None:
        raise _Unfit("it was not read")
    outcome = part([job])[0]
    if outcome.result is None:
        raise _Unfit(outcome.problem)
    data = job.data
    return _record(
        item,
        outcome.result,
        {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "bytes": len(data)},
    )


def _job(item: Item) -> Job:
    if item.job is None:
        raise _Unfit(item.problem)
    return item.job


def _record(item: Item, result: LintResult, known: Row) -> Record:
    failures = "; ".join(f"rule {f.code} failed: {result.mask.message(f.error)}" for f in result.failures)
    done = {
        **_row(item),
        "status": OK,
        "error": _storable(failures) or None,
        **known,
        **counts(result.findings),
    }
    return Record(done, tuple(_finding(item, result, finding) for finding in result.findings))


def counts(found: Sequence[Finding]) -> Row:
    """How many there are, of each severity and code, and what they cost in unpacked bytes."""
    severities: Mapping[Severity, int] = Counter(one.severity for one in found)
    return {
        "findings": len(found),
        **{f"{severity}s": severities[severity] for severity in Severity},
        "codes": sorted(Counter(one.code for one in found).items()),
        "saves_bytes": sum(one.saves_bytes or 0 for one in found),
    }


def _finding(item: Item, result: LintResult, finding: Finding) -> Row:
    start, end = result.source.place(finding.span.start), result.source.place(finding.span.end)
    return {
        "key": item.key,
        "path": _storable(item.name),
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": _storable(result.mask.message(finding.message)),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "saves_bytes": finding.saves_bytes,
        "fix": str(finding.fix.applicability) if finding.fix else None,
    }


# --- images -----------------------------------------------------------------------------------------------


def _image(item: Item) -> Record:
    job = _job(item)
    try:
        contents = read_contents(item.name, platform=item.platform, keep=keep, access=item.access)
    except (ImageError, ValueError) as error:
        raise _Unfit(str(error)) from None
    found = findings(contents, [rule.code for rule in job.rules], judgement=job.judgement)
    return _record(item, found.image, _weights(contents.measures))


def _weights(measures: Measures) -> Row:
    image = measures.image
    return {
        "digest": image.digest or image.config_digest,
        "platform": str(image.platform),
        "transfer": measures.transfer,
        "unpacked": measures.unpacked,
        "flattened": measures.flattened,
        "waste": measures.waste,
        "foreign": measures.foreign,
        "layers": len(image.layers),
        "compression": measures.compression,
    }
