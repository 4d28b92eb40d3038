"""The rules about what package managers install and leave behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FoundBy = Callable[..., list[str]]
FixWith = Callable[..., str]

PIP = "RUN pip install --no-cache-dir"
LISTS = " && rm -rf /var/lib/apt/lists/*"

LEFT_ALONE = [
    # versions
    ("DL3008", "RUN apt-get install a=1 b/bookworm ./c.deb /d.deb", "pinned, or files"),
    ("DL3008", "RUN apt-get install -t bookworm-backports a=1", "an option's value"),
    ("DL3008", "RUN apt-get install a${V:+=$V}", "the version is in the variable"),
    ("DL3008", "RUN apt-get install $PACKAGES", "not known"),
    ("DL3008", "RUN apt-get install -y", "nothing is named"),
    ("DL3008", "RUN apt-get remove a && apt-get update", "nothing is installed"),
    ("DL3008", "RUN apt-get install a-", "removes"),
    ("DL3008", "RUN echo apt-get install a", "a word"),
    ("DL3008", "RUN cat <<EOF > x.sh\napt-get install a\nEOF", "text"),
    ("DL3013", f"{PIP} a==1 'b>=2' c~=3 'd[x]<4' e===5 'f!=6'", "pinned"),
    ("DL3013", f"{PIP} -r requirements.txt a", "the file may say which"),
    ("DL3013", f"{PIP} -c constraints.txt a", "the file may say which"),
    ("DL3013", f"{PIP} . ./a -e b c.whl https://x.io/d.tar.gz", "files and folders"),
    ("DL3013", f"{PIP} '.[all]'", "a folder, with extras"),
    ("DL3013", f"{PIP} git+https://x.io/a@v1#egg=a 'b @ git+ssh://git@x.io/b.git@abc'", "revisions"),
    ("DL3013", f'{PIP} $X "$Y"', "not known"),
    ("DL3013", f"{PIP} --resume-retries 9 -i https://x.io --target t a==1", "values of options"),
    ("DL3013", "RUN pip uninstall -y a && pip download b && pipx install c", "no pip install"),
    ("DL3016", "RUN npm install a@1 @s/b@^2 ./c d.tgz git+https://x.io/e.git#v1 u/f#abc", "pinned, or files"),
    ("DL3016", "RUN npm install && npm ci && npm i --omit=dev", "package.json says which"),
    ("DL3018", "RUN apk add 'a=1' 'b~2' 'c>3' 'd<4' ./e.apk", "pinned, or a file"),
    ("DL3018", "RUN apk add --virtual .deps -X https://x.io a=1", "values of options"),
    ("DL3018", "RUN apk del a", "removes"),
    ("DL3028", "RUN gem install a:1 b.gem && gem install c -v 1 && gem install d --version=1", "pinned"),
    ("DL3033", "RUN yum install a-1.2-3.el7 b-1.2.x86_64 c.rpm https://x.io/d.rpm gcc-11 @group", "pinned"),
    ("DL3033", "RUN yum install a-$V ${P}", "the version may be in the variable"),
    ("DL3033", "RUN yum module install a:1", "a stream"),
    ("DL3037", "RUN zypper in a=1 'b>=2' 'c<3' ./d.rpm", "pinned"),
    ("DL3037", "RUN zypper in -t pattern a", "patterns have no versions"),
    ("DL3041", "RUN dnf install a-1.2 && dnf module install b:1 && dnf remove c", "pinned"),
    ("DL3062", "RUN go install x.io/a@v1 && go get x.io/b@abc && go run x.io/c@v2 d", "pinned"),
    (
        "DL3062",
        "RUN go install ./... && go install . && go run main.go && go get -d ./a",
        "the module at hand",
    ),
    ("DL3062", "RUN go build x.io/a && go mod download", "go.mod says which"),
    # answers
    ("DL3014", "RUN apt-get install -y a && apt-get -qq install b && apt-get install -qy c", "answered"),
    ("DL3014", "RUN apt-get install -q -q a && apt-get install --assume-yes b", "answered"),
    ("DL3014", "RUN apt-get -o APT::Get::Assume-Yes=true install a", "answered"),
    ("DL3014", "RUN yes | apt-get install a", "answered on its input"),
    ("DL3014", "RUN apt-get install $OPTIONS a", "not known"),
    (
        "DL3014",
        "RUN echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/yes\nRUN apt-get install a",
        "configured",
    ),
    ("DL3014", "RUN apt-get update", "asks nothing"),
    ("DL3030", "RUN yum install -y a && yum --assumeyes groupinstall b && yum -y localinstall c", "answered"),
    ("DL3030", "RUN echo assumeyes=1 >> /etc/yum.conf && yum install a", "configured"),
    ("DL3034", "RUN zypper -n in a && zypper --non-interactive rm b && zypper in -y c", "answered"),
    ("DL3034", "RUN zypper refresh && zypper clean", "asks nothing"),
    ("DL3038", "RUN dnf -y install a && microdnf install --assumeyes b", "answered"),
    ("DL3035", "RUN zypper -n update && zypper -n in dup", "no other distribution"),
    # recommended packages
    ("DL3015", "RUN apt-get install --no-install-recommends a", "without them"),
    ("DL3015", "RUN apt-get -o APT::Install-Recommends=0 install a", "without them"),
    (
        "DL3015",
        "RUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/x\nRUN apt-get install a",
        "configured",
    ),
    # caches
    ("DL3009", f"RUN apt-get update && apt-get install a{LISTS}", "deleted"),
    (
        "DL3009",
        "FROM a AS b\nRUN apt-get update && apt-get install c\nFROM d\nCOPY --from=b /x /",
        "not shipped",
    ),
    ("DL3009", "RUN --mount=type=cache,target=/var/lib/apt apt-get update", "a cache mount"),
    ("DL3009", "ONBUILD RUN --mount=type=cache,target=/var/lib/apt apt-get update", "a cache mount"),
    ("DL3009", f"ONBUILD RUN apt-get update && apt-get install a{LISTS}", "deleted"),
    ("DL3019", "RUN apk add --no-cache a && apk --no-cache add b", "no cache"),
    ("DL3019", "RUN apk add a && rm -rf /var/cache/apk/*", "deleted"),
    ("DL3019", "RUN --mount=type=cache,target=/var/cache/apk apk add a", "a cache mount"),
    ("DL3032", "RUN yum install -y a && yum clean all", "emptied"),
    ("DL3032", "RUN yum install -y a && rm -rf /var/cache/yum", "deleted"),
    ("DL3032", "RUN dnf install -y a", "another rule's"),
    ("DL3036", "RUN zypper -n in a && zypper cc --all", "emptied"),
    ("DL3040", "RUN dnf install -y a && microdnf clean all", "emptied"),
    ("DL3040", "RUN --mount=type=cache,target=/var/cache/dnf dnf install -y a", "a cache mount"),
    ("DL3040", "RUN yum install -y a", "another rule's"),
    ("DL3042", "RUN pip install --no-cache-dir a && pip --no-cache-dir install b", "no cache"),
    ("DL3042", "ENV PIP_NO_CACHE_DIR=1\nRUN pip install a", "switched off"),
    ("DL3042", "RUN --mount=type=cache,target=/root/.cache pip install a", "a cache mount above it"),
    ("DL3042", "RUN pip install a && pip cache purge", "emptied"),
    ("DL3042", "RUN uv pip install a", "another cache"),
    ("DL3060", "RUN yarn install && yarn cache clean", "emptied"),
    ("DL3060", "RUN yarn --version && yarn run build", "nothing is installed"),
    ("DL3060", "FROM a AS b\nRUN yarn install\nFROM d", "not shipped"),
]

FOUND = [
    ("DL3008", "RUN apt-get install -y a b=1 c", ["2:24 a", "2:30 c"]),
    ("DL3008", "RUN apt-get -t sid install \\\n    a:amd64 \\\n    # why\n    b", ["3:5 a:amd64", "5:5 b"]),
    ("DL3008", "RUN apt install a", ["2:17 a"]),
    ("DL3008", "RUN sudo -E apt-get install $X a", ["2:32 a"]),
    ("DL3008", 'RUN ["apt-get", "install", "a"]', ['2:28 "a"']),
    ("DL3008", "RUN bash -c 'apt-get install a'", ["2:30 a"]),
    ("DL3008", "ONBUILD RUN /usr/bin/apt-get install a", ["2:38 a"]),
    ("DL3013", f"{PIP} a 'b[x]' c==1", ["2:32 a", "2:34 'b[x]'"]),
    ("DL3013", "RUN python3.11 -m pip install -U pip && /opt/v/bin/pip3 install a", ["2:34 pip", "2:65 a"]),
    ("DL3013", f"{PIP} git+ssh://git@x.io/a.git", ["2:32 git+ssh://git@x.io/a.git"]),
    ("DL3013", f"{PIP} . a", ["2:34 a"]),
    ("DL3016", "RUN npm i -g a && npm install @s/b u/c", ["2:14 a", "2:31 @s/b", "2:36 u/c"]),
    ("DL3018", "RUN apk --no-cache add -t .deps a b@edge c=1", ["2:33 a", "2:35 b@edge"]),
    ("DL3028", "RUN gem i a b:1", ["2:11 a"]),
    ("DL3033", "RUN yum -y install a a.x86_64", ["2:20 a", "2:22 a.x86_64"]),
    ("DL3033", "RUN yum module install a b:1", ["2:24 a"]),
    ("DL3037", "RUN zypper -n install --no-recommends a", ["2:39 a"]),
    ("DL3041", "RUN microdnf install a && dnf install b-devel", ["2:22 a", "2:39 b-devel"]),
    ("DL3062", "RUN go install x.io/a@latest && go get x.io/b && go run x.io/c", ["2:16 x.io/a@latest", "2:40 x.io/b", "2:57 x.io/c"]),
    ("DL3014", "RUN apt-get update && apt-get install a", ["2:31 install"]),
    ("DL3014", "RUN apt-get -q install a && apt install b", ["2:16 install", "2:33 install"]),
    ("DL3030", "RUN yum groupinstall 'a b'", ["2:9 groupinstall"]),
    ("DL3034", "RUN zypper in -n a && zypper patch", ["2:12 in", "2:30 patch"]),
    ("DL3035", "RUN zypper -n dup", ["2:15 dup"]),
    ("DL3038", "RUN dnf install a && tdnf install b", ["2:9 install", "2:27 install"]),
    ("DL3015", "RUN apt-get install -y a && apt install b", ["2:13 install", "2:33 install"]),
    ("DL3015", "RUN apt-get install --install-recommends a", ["2:13 install"]),
    ("DL3009", "RUN apt-get update && apt-get install -y a", ["2:5 apt-get update"]),
    ("DL3009", "ONBUILD RUN apt-get update && apt-get install -y a", ["2:13 apt-get update"]),
    ("DL3009", "RUN apt-get update && apt-get install -y a && rm -rf /tmp/x && apt-get clean", ["2:5 apt-get update"]),
    ("DL3009", "FROM a AS b\nRUN apt-get update\nFROM b AS c\nFROM d", ["3:5 apt-get update"]),
    ("DL3019", "RUN apk add a", ["2:5 apk add"]),
    ("DL3032", "RUN yum install -y a", ["2:5 yum install"]),
    ("DL3036", "RUN zypper clean && zypper -n in a", ["2:21 zypper -n in"]),
    ("DL3040", "RUN dnf install -y a && yum install -y b", ["2:5 dnf install"]),
    ("DL3042", "RUN pip install a && python -m pip install b", ["2:5 pip install", "2:22 python -m pip install"]),
    ("DL3042", "ONBUILD RUN pip install a", ["2:13 pip install"]),
    ("DL3042", "FROM a AS b\nRUN pip install a\nFROM c", ["3:5 pip install"]),
    ("DL3060", "RUN yarn install", ["2:5 yarn install"]),
]  # fmt: skip


@pytest.mark.parametrize("code, text, reason", LEFT_ALONE)
def test_left_alone(found_by: FoundBy, code: str, text: str, reason: str) -> None:
    assert not found_by(code, f"FROM debian:bookworm\n{text}\n"), reason


@pytest.mark.parametrize("code, text, places", FOUND)
def test_found(found_by: FoundBy, code: str, text: str, places: list[str]) -> None:
    assert found_by(code, f"FROM debian:bookworm\n{text}\n") == places


# code, before, after, only with unsafe fixes
FIXED = [
    ("DL3014", "RUN apt-get -q install a", "RUN apt-get -q install -y a", False),
    ("DL3014", 'RUN ["apt-get", "install", "a"]', 'RUN ["apt-get", "install", "-y", "a"]', False),
    ("DL3014", "RUN sudo bash -c 'apt install a'", "RUN sudo bash -c 'apt install -y a'", False),
    ("DL3030", "RUN yum install \\\n    a", "RUN yum install -y \\\n    a", False),
    ("DL3034", "RUN zypper in a; zypper rm b", "RUN zypper in -y a; zypper rm -y b", False),
    ("DL3038", "RUN dnf group install a", "RUN dnf group install -y a", False),
    ("DL3015", "RUN apt-get install curl", "RUN apt-get install curl", False),
    ("DL3015", "RUN apt-get install curl", "RUN apt-get install --no-install-recommends curl", True),
    ("DL3015", "RUN apt-get install curl x", "RUN apt-get install curl x", True),
    ("DL3015", "RUN apt-get install curl $X", "RUN apt-get install curl $X", True),
    (
        "DL3009",
        "RUN apt-get update && apt-get install -y a",
        f"RUN apt-get update && apt-get install -y a{LISTS}",
        False,
    ),
    (
        "DL3009",
        "RUN apt-get update\nRUN apt-get install a",
        "RUN apt-get update\nRUN apt-get install a",
        True,
    ),
    ("DL3019", "RUN apk add a && apk add b", "RUN apk add --no-cache a && apk add --no-cache b", False),
    ("DL3032", "RUN yum install -y a", "RUN yum install -y a && yum clean all", False),
    (
        "DL3036",
        "RUN zypper -n in a \\\n && b",
        "RUN zypper -n in a \\\n && b \\\n && zypper clean --all",
        False,
    ),
    ("DL3040", "RUN microdnf install -y a", "RUN microdnf install -y a && microdnf clean all", False),
    (
        "DL3042",
        "RUN pip install a && python -m pip install b",
        "RUN pip install --no-cache-dir a && python -m pip install --no-cache-dir b",
        False,
    ),
    ("DL3042", "ONBUILD RUN pip install a", "ONBUILD RUN pip install --no-cache-dir a", False),
    ("DL3060", "RUN yarn install", "RUN yarn install && yarn cache clean", False),
]


@pytest.mark.parametrize("code, before, after, unsafe", FIXED)
def test_fixed(fix_with: FixWith, code: str, before: str, after: str, unsafe: Any) -> None:
    assert fix_with(code, f"FROM own:1\n{before}\n", unsafe=unsafe) == f"FROM own:1\n{after}\n"


# which the base's system does not have
FOREIGN = [
    ("DL3009", "alpine:3.20", "RUN apt-get update && apt-get install -y a"),
    ("DL3019", "debian:bookworm", "RUN apk add a"),
    ("DL3032", "ubuntu:22.04", "RUN yum install -y a"),
    ("DL3036", "fedora:40", "RUN zypper -n in a"),
    ("DL3040", "alpine:3.20", "RUN dnf install -y a"),
]


@pytest.mark.parametrize("code, base, run", FOREIGN)
def test_no_cache_of_a_foreign_manager_is_cleaned(lint_with: Any, code: str, base: str, run: str) -> None:
    (finding,) = lint_with(code, f"FROM {base}\n{run}\n").findings
    assert finding.fix is None


def test_messages(lint_with: Callable[..., Any]) -> None:
    text = (
        "FROM a\nRUN apt-get install 'a' b c d e\nRUN pip install git+https://x.io/a\n"
        "RUN yum module install a\nRUN apt-get install curl\n"
    )
    result = lint_with("DL3008,DL3013,DL3033,DL3015", text)
    assert [f.message for f in result.findings] == [
        "apt-get installs what the packages recommend, too; add --no-install-recommends",
        "apt-get install takes any version of a, b, c and 2 more; pin it, as in a=VERSION",
        "pip install takes any version of git+https://x.io/a; pin it, as in git+https://x.io/a@REVISION",
        "yum installs any stream of a; name it, as in a:STREAM",
        "apt-get installs what the packages recommend, too; add --no-install-recommends",
        "apt-get install takes any version of curl; pin it, as in curl=VERSION",
    ]
    (fix,) = [f.fix for f in result.findings if f.fix]
    assert fix.message == "Add --no-install-recommends (unsafe: ca-certificates will be missing)"
