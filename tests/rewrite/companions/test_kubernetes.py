from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from imgtool.rewrite.companions.kubernetes import patch, workload
from imgtool.rewrite.companions.product import Product

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
QUALIFIED = re.compile(r"(?:[a-z0-9.-]+/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?")


def checked(text: str) -> Any:
    """The pod's specification, after what the API server checks of such a patch."""
    made = yaml.safe_load(text)
    assert (made["apiVersion"], made["kind"]) == ("apps/v1", "Deployment")
    assert LABEL.fullmatch(made["metadata"]["name"])
    pod = made["spec"]["template"]["spec"]
    assert set(pod) == {"nodeSelector", "containers"}
    for key, value in pod["nodeSelector"].items():
        assert QUALIFIED.fullmatch(key)
        assert isinstance(value, str)
    (container,) = pod["containers"]
    # a strategic merge finds the container by its name
    assert container["name"] == made["metadata"]["name"]
    ((resource, amount),) = container["resources"]["limits"].items()
    assert QUALIFIED.fullmatch(resource)
    # extended resources are whole numbers, given as a quantity
    assert re.fullmatch(r"[1-9]\d*", amount)
    return pod


def test_cuda() -> None:
    pod = checked(patch(Product("cuda", "Dockerfile.cuda", "team/app:1-cuda12.1")))
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert pod["containers"][0]["resources"] == {"limits": {"nvidia.com/gpu": "1"}}
    assert pod["containers"][0]["image"] == "team/app:1-cuda12.1"


@pytest.mark.parametrize(
    ("chip", "resource", "label"),
    [
        (None, "huawei.com/Ascend910", "huawei-Ascend910"),
        ("910b", "huawei.com/Ascend910", "huawei-Ascend910"),
        ("a3", "huawei.com/Ascend910", "huawei-Ascend910"),
        ("310P", "huawei.com/Ascend310P", "huawei-Ascend310P"),
        ("310", "huawei.com/Ascend310", "huawei-Ascend310"),
        ("950", "huawei.com/npu", "huawei-npu"),
    ],
)
def test_cann_by_chip(chip: str | None, resource: str, label: str) -> None:
    pod = checked(patch(Product("cann", "Dockerfile.cann", "app:1-cann8.0", chip)))
    assert pod["nodeSelector"] == {"accelerator": label}
    assert pod["containers"][0]["resources"] == {"limits": {resource: "1"}}


def test_an_unknown_chip_has_no_resource() -> None:
    with pytest.raises(ValueError, match="9999"):
        patch(Product("cann", "Dockerfile.cann", "app:1", "9999"))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("example.com:5000/team/my_app:1", "my-app"),
        ("app:1", "app"),
        (f"{'a' * 80}:1", "a" * 63),
        ("a__b.c:1", "a-b-c"),
    ],
)
def test_workload(tag: str, name: str) -> None:
    assert workload(tag) == name
    assert LABEL.fullmatch(name)
