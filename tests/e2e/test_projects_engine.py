"""Whole applications and their rewrites, built and run for real: the same output from a smaller image."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import CannotServeError, Project, compared, every

# what is built without --every-project: wheels, a compiled program, a user with an entrypoint, CANN
SOME = ("ascend", "cuda-program", "extension", "service")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "project" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--every-project")
        projects = [project for project in every() if everything or project.name in SOME]
        metafunc.parametrize("project", projects, ids=lambda project: project.name)


@pytest.mark.engine
def test_same_output_from_a_smaller_image(project: Project, tmp_path: Path) -> None:
    try:
        outcome = compared(project, tmp_path)
    except CannotServeError as error:
        pytest.skip(f"what it fetches is not to be had: {error}")
    print(outcome)  # noqa: T201 - figures for the record
    assert outcome.wrong == ()
    assert outcome.status == project.status
    if outcome.status == "converted":
        assert outcome.after
        assert outcome.before / outcome.after >= project.least
        assert outcome.failed == ()


def test_sixteen_kinds() -> None:
    kinds = [project.kind for project in every()]
    assert len(kinds) == len(set(kinds)) >= 16
