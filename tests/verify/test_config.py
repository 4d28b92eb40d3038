from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from handmade import image

from imgtool.verify.config import check, environment, program
from imgtool.verify.model import Status, Weight

PATH = ["PATH=/usr/local/bin:/bin"]
_PATHS = {"/bin/app": b"#!/bin/sh\n", "/app/run.py": b"", "/app": None, "/bin/link": "app"}
_EXECUTABLE = ["/bin/app"]
Config = Mapping[str, Any]


def _image(config: Config, gone: tuple[str, ...] = ()) -> Any:
    paths = {path: data for path, data in _PATHS.items() if path not in gone}
    return image(paths, config=config, executable=_EXECUTABLE)


@pytest.mark.parametrize(
    "before, after",
    [
        ({}, {}),
        # the order of variables and of labels says nothing
        ({"Env": ["A=1", "B=2"]}, {"Env": ["B=2", "A=1"]}),
        # of a name that is given twice the last one counts
        ({"Env": ["A=1", "A=2"]}, {"Env": ["A=2"]}),
        # nothing, null and what holds anyway are one
        ({"Cmd": None}, {}),
        ({"User": ""}, {"User": "root"}),
        ({"User": "0:0"}, {"User": ""}),
        ({"WorkingDir": "/"}, {}),
        ({"StopSignal": "SIGTERM"}, {}),
        ({"Shell": ["/bin/sh", "-c"]}, {}),
        # a file may be reached through a link in one of them
        ({"Cmd": ["link"]}, {"Cmd": ["link"]}),
        # versions of packages for developers, and where their stubs lie
        ({"Env": ["NV_CUDA_LIB_VERSION=12.1.0-1"]}, {}),
        ({"Env": ["LIBRARY_PATH=/usr/local/cuda/lib64/stubs"]}, {}),
        (
            {"Labels": {"org.opencontainers.image.created": "a"}},
            {"Labels": {"org.opencontainers.image.created": "b"}},
        ),
    ],
)
def test_one_configuration(before: Config, after: Config) -> None:
    assert check(_image(before), _image(after), lambda _: None).status is Status.PASSED


@pytest.mark.parametrize(
    "before, after, message",
    [
        ({"Entrypoint": ["a"]}, {}, "Entrypoint is empty instead of ['a']"),
        ({"Cmd": ["a", "b"]}, {"Cmd": ["a"]}, "Cmd is ['a'] instead of ['a', 'b']"),
        ({"WorkingDir": "/app"}, {}, "WorkingDir is '/' instead of '/app'"),
        ({"ExposedPorts": {"80/tcp": {}}}, {}, "ExposedPorts is empty instead of ['80/tcp']"),
        ({"Volumes": {"/app": {}}}, {}, "Volumes is empty instead of ['/app']"),
        ({"StopSignal": "SIGINT"}, {}, "StopSignal is 'SIGTERM' instead of 'SIGINT'"),
        ({"Shell": ["/bin/bash", "-c"]}, {}, "Shell is ['/bin/sh', '-c'] instead of ['/bin/bash', '-c']"),
        ({"Healthcheck": {"Test": ["NONE"]}}, {}, "Healthcheck is empty instead of {'Test': ['NONE']}"),
        ({"OnBuild": ["RUN x"]}, {}, "OnBuild is empty instead of ['RUN x']"),
        ({"User": "app"}, {}, "User is 'root' instead of 'app'"),
        ({"User": "1000"}, {"User": "1000:1000"}, "User is '1000:1000' instead of '1000'"),
        ({"Env": ["A=1"]}, {}, "variable A is missing instead of '1'"),
        ({"Env": ["A=1"]}, {"Env": ["A=2"]}, "variable A is '2' instead of '1'"),
        # a folder of its own before the stubs is no variable of the base image
        ({"Env": ["LIBRARY_PATH=/opt/lib"]}, {}, "variable LIBRARY_PATH is missing instead of '/opt/lib'"),
        ({"Labels": {"a": "1"}}, {}, "label a is None instead of '1'"),
    ],
)
def test_another_configuration(before: Config, after: Config, message: str) -> None:
    made = check(_image(before), _image(after), lambda _: None)
    assert made.status is Status.FAILED
    assert message in [one.message for one in made.differences if one.weight is Weight.FAIL]


def test_new_variables_and_labels_are_told_and_do_not_fail() -> None:
    after = _image({"Env": ["A=1", "NV_X=2"], "Labels": {"b": "2"}})
    made = check(_image({}), after, lambda _: None)
    assert made.status is Status.PASSED
    assert sorted(one.weight for one in made.differences) == [Weight.NOTE, Weight.WARN, Weight.WARN]


@pytest.mark.parametrize(
    "config, gone, message",
    [
        ({"Cmd": ["app"], "Env": PATH}, "/bin/app", "Cmd starts app, which is missing"),
        ({"Entrypoint": ["/bin/app"]}, "/bin/app", "Entrypoint starts /bin/app, which is missing"),
        ({"Entrypoint": ["app"]}, "/bin/app", "Entrypoint starts app, which is missing"),
        (
            {"Cmd": ["python", "/app/run.py"]},
            "/app/run.py",
            "it is missing, and the configuration names it",
        ),
        (
            {"Cmd": ["python", "run.py"], "WorkingDir": "/app"},
            "/app/run.py",
            "it is missing, and the configuration names it",
        ),
        (
            {"Cmd": ["/bin/sh", "-c", "exec python /app/run.py --x"]},
            "/app/run.py",
            "it is missing, and the configuration names it",
        ),
        ({"Env": ["MODEL=/app/run.py"]}, "/app/run.py", "it is missing, and the configuration names it"),
    ],
)
def test_what_starts_is_there(config: Config, gone: str, message: str) -> None:
    made = check(_image(config), _image(config, (gone,)), lambda _: None)
    assert message in [one.message for one in made.differences if one.path == gone]


def test_a_folder_of_the_base_that_a_variable_names_goes_with_its_rule() -> None:
    config = {"Env": ["PATH=/app:/bin"]}
    after = image({"/bin/app": b""}, config=config)
    made = check(_image(config), after, {"/app": "devel-delta"}.get)
    assert made.status is Status.PASSED
    assert [one.explained_by for one in made.differences] == ["devel-delta"]


@pytest.mark.parametrize(
    "env",
    [None, [], ["A"], ["=1", "A=1=2"], [1, None]],
)
def test_a_strange_environment_is_read(env: Any) -> None:
    assert environment({"Env": env}).get("A", "1=2") in {"", "1=2"}


@pytest.mark.parametrize(
    "argv, expected",
    [
        (["app"], "/bin/app"),
        (["link"], "/bin/app"),
        (["./bin/app"], "/bin/app"),
        (["/bin/../bin/app"], "/bin/app"),
        # no program: not executable, a folder, nothing, nonsense
        (["/app/run.py"], None),
        (["/app"], None),
        (["nope"], None),
        ([], None),
        ([""], None),
        ([None], None),
    ],
)
def test_which_file_a_command_starts(argv: Any, expected: str | None) -> None:
    assert program(_image({}), argv) == expected
