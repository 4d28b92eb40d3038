"""Packages are found, not listed: a forgotten one would be missing from the wheel in silence."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["imgtool", "imgtool.*"]),
        "imgtool_rules",
        *(f"imgtool_rules.{name}" for name in find_packages("rules")),
    ],
)
