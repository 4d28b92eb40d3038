from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.facts import options
from imgtool.facts.argv import Option, Parsed, table
from imgtool.facts.commands import Arg
from imgtool.facts.managers import MANAGERS
from imgtool.facts.packages import Operation, PackageOperation, made, operations
from imgtool.facts.shell import analyse, run_script
from imgtool.syntax.nodes import Text
from imgtool.syntax.parser import parse


def found(text: str) -> list[PackageOperation]:
    script = analyse(Text(text.encode(), (0,), (0,)), "bash")
    return list(operations(script.commands))


def only(text: str) -> PackageOperation:
    (operation,) = found(text)
    return operation


def shown(value: Any) -> Any:
    """A field as text: words by their text."""
    if isinstance(value, Arg):
        return value.text
    if isinstance(value, tuple):
        return [shown(part) for part in value]
    return value


Row = tuple[str, str, str, list[tuple[str, str | None]], dict[str, Any]]

DEB: list[Row] = [
    ("apt-get update", "apt-get", "refresh", [], {}),
    (
        "apt-get -y install foo bar",
        "apt-get",
        "install",
        [("foo", None), ("bar", None)],
        {"assume_yes": True},
    ),
    (
        "apt-get install -y --no-install-recommends g++ python3.10=3.10.6-1 libc6:i386 curl/bookworm ./x_1.deb",
        "apt-get",
        "install",
        [("g++", None), ("python3.10", "=3.10.6-1"), ("libc6", None), ("curl", "/bookworm"), ("x", None)],
        {"no_recommends": True},
    ),
    (
        "apt-get install -t bookworm-backports -o Dpkg::Options::=--force-confold -y foo",
        "apt-get",
        "install",
        [("foo", None)],
        {"assume_yes": True, "no_recommends": False},
    ),
    (
        "apt-get -oAPT::Install-Recommends=false install foo",
        "apt-get",
        "install",
        [("foo", None)],
        {"no_recommends": True},
    ),
    (
        "apt-get -o APT::Get::Assume-Yes=true install foo",
        "apt-get",
        "install",
        [("foo", None)],
        {"assume_yes": True},
    ),
    ("apt-get -qqy install foo", "apt-get", "install", [("foo", None)], {"assume_yes": True}),
    ("apt-get -qq install foo", "apt-get", "install", [("foo", None)], {"assume_yes": True}),
    ("apt-get -qy install foo", "apt-get", "install", [("foo", None)], {"assume_yes": True}),
    ("apt-get -q=1 install foo", "apt-get", "install", [("foo", None)], {"assume_yes": False}),
    ("apt-get -q=2 install foo", "apt-get", "install", [("foo", None)], {"assume_yes": True}),
    ("apt-get -q install foo", "apt-get", "install", [("foo", None)], {"assume_yes": False}),
    ("apt-get install -y -- foo", "apt-get", "install", [("foo", None)], {}),
    ("apt-get install --target-release=sid foo bar-", "apt-get", "install", [("foo", None)], {}),
    (
        "apt-get install cuda-toolkit-${V} g++",
        "apt-get",
        "install",
        [("cuda-toolkit-${V}", None), ("g++", None)],
        {"complete": True},
    ),
    (
        "apt-get install libcublas-${CUDA/./-} x=${V:-1/2} y-$(cut -d= -f1 f)",
        "apt-get",
        "install",
        [("libcublas-${CUDA/./-}", None), ("x", "=${V:-1/2}"), ("y-$(cut -d= -f1 f)", None)],
        {"complete": True},
    ),
    (
        "apt-get install --no-such-option value foo",
        "apt-get",
        "install",
        [("value", None), ("foo", None)],
        {"complete": False},
    ),
    ("apt-get install lib{a,b}-dev g++", "apt-get", "install", [("g++", None)], {"complete": False}),
    ("apt-get install -y $PACKAGES g++", "apt-get", "install", [("g++", None)], {"complete": False}),
    ("apt-get install -y $(cat list)", "apt-get", "install", [], {"complete": False}),
    (
        "cat list | xargs apt-get install -y",
        "apt-get",
        "install",
        [],
        {"complete": False, "assume_yes": True},
    ),
    ("apt-get build-dep -y python3", "apt-get", "install", [], {"complete": False}),
    ("apt-get purge -y --auto-remove gcc", "apt-get", "remove", [("gcc", None)], {}),
    ("apt-get autoremove -y", "apt-get", "remove", [], {}),
    ("apt-get dist-upgrade -y", "apt-get", "upgrade", [], {}),
    ("apt-get clean", "apt-get", "clean", [], {}),
    ("apt-get install -d foo", "apt-get", "install", [("foo", None)], {"download_only": True}),
    ("apt-get download foo", "apt-get", "download", [("foo", None)], {}),
    ("apt list --installed foo", "apt", "query", [], {}),
    ("sudo apt install -y foo", "apt", "install", [("foo", None)], {}),
    ("aptitude -y -R install foo", "aptitude", "install", [("foo", None)], {"no_recommends": True}),
    ("dpkg -i a_1.0_amd64.deb /tmp/b*.deb", "dpkg", "install", [("a", None), ("", None)], {}),
    ("dpkg --install --force-all a.deb", "dpkg", "install", [("a", None)], {}),
    ("dpkg -P foo", "dpkg", "remove", [("foo", None)], {}),
    ("dpkg -l foo", "dpkg", "query", [], {}),
    ("dpkg --add-architecture i386", "dpkg", "query", [], {}),
]
APK: list[Row] = [
    ("apk add --no-cache foo bar=1.2-r0 baz~1 qux@edge", "apk", "install", [("foo", None), ("bar", "=1.2-r0"), ("baz", "~1"), ("qux", "@edge")], {"no_cache": True}),
    ("apk add --virtual .build-deps gcc", "apk", "install", [("gcc", None)], {}),
    ("apk add -t .build-deps -X http://x/y gcc 'a>1'", "apk", "install", [("gcc", None), ("a", ">1")], {}),
    ("apk --update --no-cache add foo '!bar'", "apk", "install", [("foo", None)], {"no_cache": True}),
    ("apk -U upgrade", "apk", "upgrade", [], {}),
    ("apk del .build-deps", "apk", "remove", [(".build-deps", None)], {}),
    ("apk update", "apk", "refresh", [], {}),
    ("apk cache clean", "apk", "clean", [], {}),
]  # fmt: skip
RPM: list[Row] = [
    ("yum install -y cuda-toolkit-12-1 gcc-c++ make-4.3-1.el9.x86_64 glibc.i686", "yum", "install", [("cuda-toolkit-12-1", None), ("gcc-c++", None), ("make", "4.3-1.el9"), ("glibc", None)], {"assume_yes": True}),
    ("dnf -y --setopt=install_weak_deps=False --nodocs install foo", "dnf", "install", [("foo", None)], {"assume_yes": True, "no_recommends": True}),
    ("dnf install --enablerepo crb -x bad -y foo https://x/y/z-1.0.rpm", "dnf", "install", [("foo", None), ("z", None)], {}),
    ("dnf groupinstall -y 'Development Tools'", "dnf", "install", [], {"groups": ["Development Tools"]}),
    ("dnf group install -y 'Development Tools'", "dnf", "install", [], {"groups": ["Development Tools"]}),
    ("dnf install -y @development foo", "dnf", "install", [("foo", None)], {"groups": ["development"]}),
    ("dnf module enable -y nodejs:18", "dnf", "other", [], {"groups": ["nodejs:18"]}),
    ("dnf config-manager --set-enabled crb", "dnf", "other", [], {}),
    ("dnf config-manager --add-repo https://x/y.repo", "dnf", "other", [], {}),
    ("dnf clean all", "dnf", "clean", [], {}),
    ("dnf makecache", "dnf", "refresh", [], {}),
    ("microdnf install -y --nodocs --setopt install_weak_deps=0 foo", "microdnf", "install", [("foo", None)], {"no_recommends": True}),
    ("tdnf install -y foo", "tdnf", "install", [("foo", None)], {}),
    ("yum -y remove foo", "yum", "remove", [("foo", None)], {}),
    ("yum install -y cuda-$V", "yum", "install", [("cuda", "$V")], {"complete": True}),
    ("yum install -y cuda-${V} python${P}-devel", "yum", "install", [("cuda", "${V}"), ("python${P}-devel", None)], {"complete": True}),
    ("yum install -y libnccl-2.18.3-1+cuda12.1", "yum", "install", [("libnccl", "2.18.3-1+cuda12.1")], {}),
    ("zypper --non-interactive install --no-recommends foo 'bar>=2'", "zypper", "install", [("foo", None), ("bar", ">=2")], {"assume_yes": True, "no_recommends": True}),
    ("zypper -n in -y -t pattern devel_basis", "zypper", "install", [], {"groups": ["devel_basis"]}),
    ("zypper --gpg-auto-import-keys ref", "zypper", "refresh", [], {}),
    ("zypper -R /mnt install -l -r oss foo", "zypper", "install", [("foo", None)], {"targets": ["/mnt"], "assume_yes": False}),
    ("zypper clean --all", "zypper", "clean", [], {}),
    ("rpm -ivh --nodeps a-1.0.rpm", "rpm", "install", [("a", None)], {}),
    ("rpm -e foo", "rpm", "remove", [("foo", None)], {}),
    ("rpm -qa", "rpm", "query", [], {}),
    ("rpm --import https://x/key", "rpm", "other", [], {}),
]  # fmt: skip
PYTHON: list[Row] = [
    ("pip install torch==2.1.0+cu121 'numpy>=1.20,<2' requests", "pip", "install", [("torch", "==2.1.0+cu121"), ("numpy", ">=1.20,<2"), ("requests", None)], {"no_cache": False}),
    ("pip3.11 install --no-cache-dir -U pip Flash_Attn", "pip", "install", [("pip", None), ("flash-attn", None)], {"no_cache": True, "upgrade": True}),
    ("pip --no-cache-dir install x", "pip", "install", [("x", None)], {"no_cache": True}),
    ("pip install --no-cache x", "pip", "install", [("x", None)], {"no_cache": True}),
    ("PIP_NO_CACHE_DIR=0 pip install x", "pip", "install", [("x", None)], {"no_cache": True}),
    ("/opt/venv/bin/python -u -m pip install x", "pip", "install", [("x", None)], {}),
    ("python3 -W ignore -m pip --no-cache-dir install x", "pip", "install", [("x", None)], {"no_cache": True}),
    ("python3 -mpip install x", "pip", "install", [("x", None)], {}),
    ("pip install -r requirements.txt -c constraints.txt", "pip", "install", [], {"requirement_files": ["requirements.txt"], "constraint_files": ["constraints.txt"]}),
    ("pip install -rrequirements.txt --requirement=b.txt", "pip", "install", [], {"requirement_files": ["requirements.txt", "b.txt"]}),
    ("pip install -i https://a --extra-index-url https://b -f https://c x", "pip", "install", [("x", None)], {"index_url": "https://a", "extra_index_urls": ["https://b"], "find_links": ["https://c"]}),
    ("pip install --index-url=https://a x", "pip", "install", [("x", None)], {"index_url": "https://a"}),
    ("pip install -e '.[dev]' --user", "pip", "install", [], {"editable": [".[dev]"], "user": True}),
    ("pip install --target /t --prefix=/p x", "pip", "install", [("x", None)], {"targets": ["/t", "/p"]}),
    ("pip install torch==${TORCH} $EXTRA", "pip", "install", [("torch", "==${TORCH}")], {"complete": False}),
    ("pip install -r $REQUIREMENTS", "pip", "install", [], {"requirement_files": ["$REQUIREMENTS"], "complete": True}),
    ("pip download -d /wheels x", "pip", "download", [("x", None)], {"output": "/wheels"}),
    ("pip wheel -w /wheels --no-deps .", "pip", "download", [("", None)], {"output": "/wheels"}),
    ("pip uninstall -y x", "pip", "remove", [("x", None)], {"assume_yes": True}),
    ("pip cache purge", "pip", "clean", [], {}),
    ("pip config set global.index-url https://x", "pip", "other", [], {}),
    ("pip freeze", "pip", "query", [], {}),
    ("conda run -n env pip install x", "pip", "install", [("x", None)], {}),
    ("pip install --config-settings=--build-option=a --global-option b x", "pip", "install", [("x", None)], {}),
    ("pipx install poetry==1.8", "pipx", "install", [("poetry", "==1.8")], {}),
    ("uv pip install --system --no-cache torch -r r.txt", "uv", "install", [("torch", None)], {"system": True, "no_cache": True, "requirement_files": ["r.txt"]}),
    ("UV_SYSTEM_PYTHON=1 uv pip install x --torch-backend auto", "uv", "install", [("x", None)], {"system": True}),
    ("uv pip sync requirements.txt", "uv", "install", [], {"requirement_files": ["requirements.txt"]}),
    ("uv --quiet pip install x", "uv", "install", [("x", None)], {}),
    ("uv sync --frozen --no-dev --group gpu", "uv", "install", [], {"project": True, "groups": ["gpu"]}),
    ("uv add torch --index https://x", "uv", "install", [("torch", None)], {"project": True, "extra_index_urls": ["https://x"]}),
    ("uv tool install --with a ruff", "uv", "install", [("ruff", None), ("a", None)], {"project": False}),
    ("uvx --from 'x[y]' tool arg", "uv", "install", [("x", None)], {}),
    ("uvx ruff check .", "uv", "install", [("ruff", None)], {}),
    ("uv tool run ruff check .", "uv", "install", [("ruff", None)], {}),
    ("uv run --with torch --frozen python x.py install y", "uv", "install", [("torch", None)], {"project": True}),
    ("uv run --no-project x.py", "uv", "install", [], {"project": False}),
    ("uv venv --python 3.11 /opt/venv", "uv", "environment", [], {}),
    ("uv python install 3.12", "uv", "environment", [], {}),
    ("uv cache clean", "uv", "clean", [], {}),
    ("uv build --wheel -o dist", "uv", "build", [], {"output": "dist"}),
    ("uv lock", "uv", "other", [], {"project": True}),
    ("python -m venv /opt/venv", "python", "environment", [], {}),
    ("virtualenv -p python3 /opt/venv", "virtualenv", "environment", [], {}),
    ("python setup.py install --user", "python", "install", [], {"project": True, "user": True, "verb": "install"}),
    ("python3 -u ./setup.py build_ext --inplace develop", "python", "install", [], {"verb": "develop"}),
    ("python setup.py bdist_wheel -d dist", "python", "build", [], {}),
    ("python -m build --wheel", "python", "build", [], {}),
    ("poetry install --no-root --with gpu", "poetry", "install", [], {"project": True, "groups": ["gpu"]}),
    ("poetry add torch@^2.1 'numpy>=1'", "poetry", "install", [("torch", "@^2.1"), ("numpy", ">=1")], {"project": True}),
    ("poetry config virtualenvs.create false", "poetry", "other", [], {}),
    ("pipenv install --system --deploy", "pipenv", "install", [], {"project": True, "system": True}),
    ("pipenv install requests", "pipenv", "install", [("requests", None)], {"project": False}),
    ("pdm install -G gpu --prod", "pdm", "install", [], {"project": True, "groups": ["gpu"]}),
]  # fmt: skip
CONDA: list[Row] = [
    ("conda install -y -c pytorch -c nvidia pytorch==2.1 'numpy>=1.20' python=3.10 nvidia::cuda-toolkit", "conda", "install", [("pytorch", "==2.1"), ("numpy", ">=1.20"), ("python", "=3.10"), ("cuda-toolkit", None)], {"assume_yes": True, "extra_index_urls": ["pytorch", "nvidia"]}),
    ("conda create -n env -y python=3.11", "conda", "install", [("python", "=3.11")], {"environment": "env"}),
    ("conda env create -f environment.yml -p /opt/env", "conda", "install", [], {"requirement_files": ["environment.yml"], "environment": "/opt/env", "project": False}),
    ("conda env create", "conda", "install", [], {"project": True}),
    ("conda env update -n base --file e.yml --prune", "conda", "install", [], {"requirement_files": ["e.yml"]}),
    ("mamba install --yes --file r.txt", "mamba", "install", [], {"requirement_files": ["r.txt"]}),
    ("micromamba install -y -n base -f /w/env.yaml", "micromamba", "install", [], {"requirement_files": ["/w/env.yaml"]}),
    ("conda clean -tipsy", "conda", "clean", [], {}),
    ("conda clean --all -f -y", "conda", "clean", [], {"assume_yes": True}),
    ("conda remove -n env --all", "conda", "remove", [], {}),
    ("conda update -n base conda", "conda", "upgrade", [("conda", None)], {}),
    ("conda config --add channels x", "conda", "other", [], {}),
    ("conda init bash", "conda", "other", [], {}),
]  # fmt: skip
NODE: list[Row] = [
    ("npm install", "npm", "install", [], {"project": True}),
    ("npm ci --omit=dev", "npm", "install", [], {"project": True}),
    ("npm i -g yarn@1.22 @scope/x@^2 --registry https://r", "npm", "install", [("yarn", "1.22"), ("@scope/x", "^2")], {"system": True, "project": False, "index_url": "https://r"}),
    ("npm install --prefix /app --loglevel error ./local git+https://x/y.git#v1 a@npm:b@1", "npm", "install", [("", None), ("", None), ("b", "1")], {"targets": ["/app"]}),
    ("npm cache clean --force", "npm", "clean", [], {}),
    ("npm run build", "npm", "other", [], {}),
    ("yarn", "yarn", "install", [], {"project": True}),
    ("yarn --frozen-lockfile", "yarn", "install", [], {"project": True}),
    ("yarn add react@18", "yarn", "install", [("react", "18")], {"project": True}),
    ("yarn global add x", "yarn", "install", [("x", None)], {"system": True, "project": False}),
    ("yarn cache clean", "yarn", "clean", [], {}),
    ("pnpm install --frozen-lockfile --filter app", "pnpm", "install", [], {"project": True}),
    ("pnpm -C /app add x", "pnpm", "install", [("x", None)], {"targets": ["/app"]}),
    ("pnpm fetch", "pnpm", "download", [], {"project": True}),
]  # fmt: skip
OTHERS: list[Row] = [
    ("gem install -N -v 2.3 bundler rake:13", "gem", "install", [("bundler", "2.3"), ("rake", "13")], {}),
    ("gem cleanup", "gem", "clean", [], {}),
    ("go install -ldflags '-s -w' example.com/x@v1.2", "go", "install", [("example.com/x", "v1.2")], {}),
    ("go mod download", "go", "download", [], {"project": True}),
    ("go build -mod=vendor -o /bin/x ./cmd", "go", "build", [("./cmd", None)], {"output": "/bin/x"}),
    ("go get -u=patch example.com/x", "go", "install", [("example.com/x", None)], {}),
    ("cargo install --locked --version 1.2 --root /r ripgrep", "cargo", "install", [("ripgrep", "1.2")], {"targets": ["/r"]}),
    ("cargo install --git https://x/y --tag v1 z", "cargo", "install", [("z", None)], {"urls": ["https://x/y"], "branch": "v1"}),
    ("cargo +nightly build --release -F a,b", "cargo", "build", [], {"project": True}),
    ("cargo fetch", "cargo", "download", [], {"project": True}),
    ("git clone https://x/y.git", "git", "clone", [], {"urls": ["https://x/y.git"], "depth": None, "output": None}),
    ("git -C /src clone --depth=1 -b v1 --recurse-submodules https://x/y.git /dst", "git", "clone", [], {"urls": ["https://x/y.git"], "depth": "1", "branch": "v1", "output": "/dst"}),
    ("git submodule update --init --recursive --depth 1", "git", "clone", [], {"depth": "1", "urls": []}),
    ("git fetch --depth 1 origin main", "git", "fetch", [], {"depth": "1"}),
    ("git lfs pull", "git", "fetch", [], {}),
    ("curl -fsSL https://x/y -o /w/y", "curl", "fetch", [], {"urls": ["https://x/y"], "output": "/w/y"}),
    ("curl -LO https://x/y --retry 3 -H 'A: b'", "curl", "fetch", [], {"urls": ["https://x/y"], "output": None}),
    ("curl --output-dir /d --url https://x/$V", "curl", "fetch", [], {"urls": ["https://x/$V"], "output": "/d", "complete": True}),
    ("wget -qO- https://x/y", "wget", "fetch", [], {"urls": ["https://x/y"], "output": "-"}),
    ("wget -nv -P /d --no-check-certificate --header='A: b' https://x/y https://x/z", "wget", "fetch", [], {"urls": ["https://x/y", "https://x/z"], "output": "/d"}),
    ("./cuda_12.run --silent --toolkit --toolkitpath=/usr/local/cuda", "runfile", "runfile", [("cuda_12.run", None)], {"targets": ["/usr/local/cuda"]}),
    ("sh /tmp/Ascend-cann-toolkit.run --install --install-path=/opt --quiet", "runfile", "runfile", [("Ascend-cann-toolkit.run", None)], {"targets": ["/opt"]}),
    ("bash -x /tmp/X.run --full", "runfile", "runfile", [("X.run", None)], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    "text, manager, operation, packages, fields", [*DEB, *APK, *RPM, *PYTHON, *CONDA, *NODE, *OTHERS]
)
def test_operations(
    text: str, manager: str, operation: str, packages: list[tuple[str, str | None]], fields: dict[str, Any]
) -> None:
    done = only(text)
    assert (done.manager, done.operation) == (manager, operation)
    assert [(p.name, p.spec) for p in done.packages] == packages
    assert {name: shown(getattr(done, name)) for name in fields} == fields
    if "complete" not in fields:
        assert done.complete


@pytest.mark.parametrize(
    "text, why",
    [
        ("rm -rf /var/lib/apt/lists/*", "removes files"),
        ("echo apt-get install x", "prints"),
        ("apt-get", "no verb"),
        ("yarn --version", "it says which it is"),
        ("apt-get $VERB x", "the verb is not known"),
        ("$PIP install x", "the program is not known"),
        ("python x.py pip install y", "a script's own arguments"),
        ("python -c 'import pip' install x", "a program in a string"),
        ("python -m pytest install", "another module"),
        ("git checkout -b clone", "nothing is fetched"),
        ("git config --global url.x.insteadOf clone", "likewise"),
        ("curl --version", "no URL"),
        ("bash install.sh", "not a .run file"),
        ("pipreqs .", "only its name begins like pip"),
    ],
)
def test_no_operation(text: str, why: str) -> None:
    assert found(text) == [], why


@pytest.mark.parametrize(
    "raw, name, spec, extras, source, marker",
    [
        ("x", "x", None, (), "index", None),
        ("'X_y.Z[a, B_c] >= 2'", "x-y-z", ">= 2", ("a", "b-c"), "index", None),
        ("'x; python_version < \"3.9\"'", "x", None, (), "index", 'python_version < "3.9"'),
        ("torch[cuda]", "torch", None, ("cuda",), "index", None),
        ("'x @ https://h/x-1.0.whl'", "x", "@ https://h/x-1.0.whl", (), "url", None),
        ("'x @ git+https://h/x@v1'", "x", "@ git+https://h/x@v1", (), "vcs", None),
        ("git+https://h/o/Repo.git@v1", "repo", None, (), "vcs", None),
        ("git+https://h/o/r.git@v1#egg=Name", "name", None, (), "vcs", None),
        ("'git+https://h/o/r#egg=name&subdirectory=a'", "name", None, (), "vcs", None),
        ("git+$URL", "", None, (), "vcs", None),
        (".", "", None, (), "path", None),
        ("'.[dev,test]'", "", None, ("dev", "test"), "path", None),
        ("./dir", "", None, (), "path", None),
        ("/abs/dir", "", None, (), "path", None),
        ("$HOME/x", "", None, (), "path", None),
        ("dist/Foo_bar-1.0-py3-none-any.whl", "foo-bar", None, (), "file", None),
        ("dist/torch-1.5.0+ascend*.whl", "torch", None, (), "file", None),
        ("dist/*.whl", "", None, (), "file", None),
        ("foo-1.0.tar.gz", "foo", None, (), "file", None),
        ("https://h/a/torch-2.0-cp310-linux_x86_64.whl", "torch", None, (), "url", None),
        ("torch-$V", "torch-$V", None, (), "index", None),
    ],
)
def test_requirements(
    raw: str, name: str, spec: str | None, extras: tuple[str, ...], source: str, marker: str | None
) -> None:
    (package,) = only(f"pip install {raw}").packages
    assert (package.name, package.spec, package.extras, package.source) == (name, spec, extras, source)
    assert (package.marker, package.raw) == (marker, raw)


@pytest.mark.parametrize(
    "text, sources",
    [
        ("apt-get install ./a.deb b https://x/c_1.deb", ["file", "index", "url"]),
        ("dnf install ./a.rpm b https://x/c.rpm", ["file", "index", "url"]),
        ("apk add --allow-untrusted a.apk b", ["file", "index"]),
        ("conda install /a/b-1.0-py_0.tar.bz2 c", ["file", "index"]),
        (
            "npm install ./a b.tgz o/r github:o/r https://x/y.tgz c",
            ["path", "file", "vcs", "vcs", "url", "index"],
        ),
        ("go install ./... x.io/y@latest", ["path", "index"]),
        ("cargo install --path . x", ["path"]),
    ],
)
def test_sources(text: str, sources: list[str]) -> None:
    assert [package.source for package in only(text).packages] == sources


def test_spans_of_packages_and_values() -> None:
    text = "apt-get install -y \"g++\" make && pip install --requirement=r.txt 'a>1'"
    apt, pip = found(text)
    assert [text[p.span.start : p.span.end] for p in apt.packages] == ['"g++"', "make"]
    assert [text[p.span.start : p.span.end] for p in pip.packages] == ["'a>1'"]
    (file,) = pip.requirement_files
    assert text[file.span.start : file.span.end] == "r.txt"
    assert file.raw == "r.txt"


def test_options_keep_their_words() -> None:
    done = only("./cuda.run --silent --driver")
    assert done.has("--driver")
    assert not done.has("--toolkit")
    assert [o.arg.text for o in done.options] == ["--silent", "--driver"]


@pytest.mark.parametrize("name", [name for name in dir(options) if name.isupper()])
def test_no_spelling_means_two_options(name: str) -> None:
    text = getattr(options, name)
    spellings: dict[str, str] = {}
    for entry in text.replace("\n", ",").split(","):
        words = [word for word in entry.split() if word not in ("=", "=?")]
        for word in words:
            if word.startswith("-"):
                assert spellings.setdefault(word, words[0]) == words[0], (name, word)
    assert table(text).names


def test_every_manager_reads_an_empty_command_line() -> None:
    for name in MANAGERS:
        assert len(found(name)) == (name == "yarn")


WORDS = st.sampled_from(
    "install add -y -qq --yes -r x ==1 x==1 [a] @s/x @ git+ . ./ --target -t= --target= -- $X '' -o a;b clone https://x run -m pip "
    "setup.py .run -i = - * env create uv sync".split()
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*MANAGERS, "python", "git", "curl", "wget", "dpkg", "rpm", "uvx", "x.run"]),
    st.lists(WORDS, max_size=6),
)
def test_never_raises(program: str, words: list[str]) -> None:
    for done in found(" ".join([program, *(f"'{w}'" if ";" in w else w for w in words)])):
        assert all(done.command.span.holds(p.span) for p in done.packages)


@pytest.mark.corpus
def test_corpus(corpus: Path) -> None:
    seen: dict[Operation, int] = {}
    strange = []
    for path in sorted((corpus / "open").iterdir()):
        for instruction in parse(path.read_bytes()).instructions:
            node = instruction.inner or instruction
            if node.keyword != "RUN" or node.problem:
                continue
            for done in operations(run_script(node, ("/bin/bash", "-c"), instruction.heredocs).commands):
                seen[done.operation] = seen.get(done.operation, 0) + 1
                strange += [(path.name, p.raw) for p in done.packages if p.name.startswith("-")]
    assert not strange
    assert seen[Operation.INSTALL] > 3500
    assert seen[Operation.FETCH] > 700


_WORD = Arg("x", "x", 0, 1, literal=True)
_COMMON = [
    *"yes no-recommends --no-install-recommends --no-recommends no-cache system user upgrade download-only".split(),
    *"requirement constraint editable index extra-index find-links target root group environment output".split(),
    *"output-dir depth branch --other".split(),
]


_SAID = ("m", "e", Operation.FETCH, "v")


@given(
    st.lists(st.tuples(st.sampled_from(_COMMON), st.sampled_from(["", "a", "b"])), max_size=8),
    st.sampled_from([None, _WORD]),
)
def test_common_options_set_their_fields(given_: list[tuple[str, str]], output: Arg | None) -> None:
    options_ = tuple(
        [Option(name, _WORD._replace(text=text) if text else None, _WORD) for name, text in given_]
    )
    parsed = Parsed(options_, (), 0, ())
    command = only("apt-get update").command
    words = (_WORD,)
    plain = PackageOperation(
        *_SAID,
        (),
        command,
        complete=False,
        project=True,
        urls=words,
        arguments=(*words, *words),
        options=options_,
    )
    done = made(
        *_SAID,
        (),
        command,
        complete=False,
        project=True,
        groups=("g",),
        urls=words,
        output=output,
        arguments=(*words, *words),
        options=options_,
    )
    assert done == plain._replace(
        assume_yes=parsed.has("yes"),
        no_recommends=parsed.has("no-recommends", "--no-install-recommends", "--no-recommends"),
        no_cache=parsed.has("no-cache"),
        system=parsed.has("system"),
        user=parsed.has("user"),
        upgrade=parsed.has("upgrade"),
        download_only=parsed.has("download-only"),
        requirement_files=parsed.values("requirement"),
        constraint_files=parsed.values("constraint"),
        editable=parsed.values("editable"),
        index_url=parsed.value("index"),
        extra_index_urls=parsed.values("extra-index"),
        find_links=parsed.values("find-links"),
        targets=parsed.values("target", "root"),
        groups=("g", *[value.text for value in parsed.values("group")]),
        environment=parsed.value("environment"),
        output=output or parsed.value("output", "output-dir"),
        depth=parsed.value("depth"),
        branch=parsed.value("branch"),
    )


@pytest.mark.parametrize(
    ("manager", "verb"),
    [(name, verb) for name, manager in MANAGERS.items() for verb in manager.verbs if " " in verb],
)
def test_verbs_of_two_words(manager: str, verb: str) -> None:
    assert only(f"{manager} {verb} x").verb == verb
