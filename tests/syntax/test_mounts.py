from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.syntax.mounts import Mount, MountError, check, fields, parse
from imgtool.syntax.words import UNKNOWN, WordError, expand


@pytest.mark.parametrize(
    "value, mount",
    [
        ("target=/x", Mount(target="/x", options=(("target", "/x"),))),
        (
            "type=cache,dst=/x,id=a,sharing=LOCKED",
            Mount(
                type="cache",
                target="/x",
                readonly=False,
                id="a",
                sharing="locked",
                options=(("type", "cache"), ("dst", "/x"), ("id", "a"), ("sharing", "LOCKED")),
            ),
        ),
        (
            "Type=Bind,From=base,Src=a,Destination=/b,rw",
            Mount(
                from_="base",
                source="a",
                target="/b",
                readonly=False,
                options=(
                    ("Type", "Bind"),
                    ("From", "base"),
                    ("Src", "a"),
                    ("Destination", "/b"),
                    ("rw", None),
                ),
            ),
        ),
        (
            "type=secret,id=a,env=TOKEN,required,mode=0400,uid=1,gid=2",
            Mount(
                type="secret",
                id="a",
                env="TOKEN",
                required=True,
                mode="0400",
                uid="1",
                gid="2",
                options=(
                    ("type", "secret"),
                    ("id", "a"),
                    ("env", "TOKEN"),
                    ("required", None),
                    ("mode", "0400"),
                    ("uid", "1"),
                    ("gid", "2"),
                ),
            ),
        ),
        (
            "type=tmpfs,target=$T,size=${S}",
            Mount(
                type="tmpfs",
                target="$T",
                readonly=False,
                size="${S}",
                options=(("type", "tmpfs"), ("target", "$T"), ("size", "${S}")),
            ),
        ),
    ],
)
def test_parse(value: str, mount: Mount) -> None:
    assert parse(value) == mount


@pytest.mark.parametrize(
    "value, readonly",
    [
        ("target=/x", True),
        ("target=/x,ro=false", False),
        ("target=/x,readwrite=false", True),
        ("target=/x,rw,ro", True),
        ("type=cache,target=/x", False),
        ("type=cache,target=/x,readonly", True),
        ("type=tmpfs,target=/x", False),
        ("type=ssh", True),
    ],
)
def test_readonly(value: str, readonly: bool) -> None:
    assert parse(value).readonly is readonly


@pytest.mark.parametrize(
    "value, found",
    [
        ("a,b", ["a", "b"]),
        ("a,,b,", ["a", "", "b", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('"",a', ["", "a"]),
        ("a\r\n", ["a"]),
        (",", ["", ""]),
    ],
)
def test_fields(value: str, found: list[str]) -> None:
    assert fields(value, "mounts") == found


@pytest.mark.parametrize("value", ["", "\n", 'a"b', '"a', '"a"b', 'x,"', '"""'])
def test_fields_refused(value: str) -> None:
    with pytest.raises(MountError, match="failed to parse csv mounts: "):
        fields(value, "mounts")


# what depends on a value that is not known here is not judged
UNJUDGED = [
    "type=$T,size=1,required,sharing=locked,mode=7",
    "type=tmpfs,target=/x,size=$S",
    "type=cache,target=/x,mode=$M,uid=$U,gid=$G",
    "type=cache,target=/x,sharing=$S",
    "target=/x,ro=$R",
    "type=secret,source=$S",
    "type=secret,source=$S,id=a",
    "type=secret,id=a,sharing=$S",
]


@pytest.mark.parametrize("value", UNJUDGED)
def test_unknown_values_are_not_judged(value: str) -> None:
    check(parse(value), lambda text: expand(text, UNKNOWN).text)


PIECES = st.sampled_from(
    [
        "type=",
        "cache",
        "secret",
        "tmpfs",
        "target=/x",
        "from=",
        "id=a",
        "size=",
        "mode=",
        "required",
        "ro",
        ",",
        '"',
        "=",
        "$a",
        "${a",
        "1",
        "k",
        "sharing=",
        "locked",
    ]
)


@given(st.lists(PIECES, max_size=10).map("".join) | st.text(max_size=30))
def test_nothing_but_its_own_errors(value: str) -> None:
    with contextlib.suppress(MountError, WordError):
        check(parse(value), lambda text: expand(text, UNKNOWN).text)
