"""Files that a build context holds and an image seldom wants, by their names."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from imgtool.rule import BuildContext, ContextFile

from .._patterns import compiled

MIN_BINARY = 50_000_000
"""Bytes from which on a ``.bin`` is taken for weights."""

_GIT = r"(?:.*/)?\.git/"
_NEEDLESS = r"(?:.*/)?(\.git|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.tox|\.nox|\.venv|\.idea|\.vscode|\.ipynb_checkpoints)/"
_WEIGHTS = r"(?i).*\.(?:safetensors|ckpt|pt|pth|onnx|gguf|ggml|om|h5|hdf5|pdparams|pdmodel|mindir|tflite|engine|npz|tfrecords?|parquet|arrow)"
_FEW_BYTES = 1 << 16


class _Secret(NamedTuple):
    """What a file of that ``name`` (in a folder called ``parent``, if given) is; ``pattern`` keeps it out."""

    what: str
    name: str
    pattern: str = "**/{name}"
    parent: str = ""


_ENVIRONMENT = "environment file"
_SECRETS = (
    _Secret(_ENVIRONMENT, r"\.env(?:\.(?!.*(?:example|sample|template|dist|defaults?)$)[\w.-]+)?", "**/.env*"),
    _Secret("private SSH key", r"id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?", "**/id_*"),
    _Secret("private key", r".+\.(?:pem|key|p12|pfx|ppk|jks|keystore)", "**/*.{ending}"),
    _Secret("AWS credentials", "credentials", "**/.aws", r"\.aws"),
    _Secret("Docker credentials", r"config\.json", "**/.docker", r"\.docker"),
    _Secret("Docker credentials", r"\.dockercfg"),
    _Secret("Kubernetes credentials", "config", "**/.kube", r"\.kube"),
    _Secret("Kubernetes credentials", r"[\w.-]*kubeconfig(?:\.ya?ml)?"),
    _Secret("cloud credentials", r"[\w.-]*(?:credentials|client_secret|service[_-]account)[\w.-]*\.json"),
    _Secret("registry credentials", r"\.npmrc|\.pypirc|\.yarnrc\.yml"),
    _Secret("credentials", r"[._]netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.htpasswd|\.vault-token|kaggle\.json"),
    _Secret("Hugging Face token", "token", "**/{parent}/token", r"\.?huggingface"),
    _Secret("Terraform state", r".+\.tfstate(?:\.backup)?", "**/*.tfstate*"),
    _Secret("secrets file", r"secrets?\.(?:ya?ml|toml|json|env)"),
)  # fmt: skip
_ANY_SECRET = "|".join(secret.name for secret in _SECRETS)
# many an environment file holds settings alone
_TELLING = rb"(?i)pass|pwd|secret|token|key|cred|auth|://[^/\s]*:[^/\s]*@"
_AUTH = rb"(?i)auth|passw|token"
# keys there are made for tests or belong to packages
_FOREIGN = r"(?:.*/)?(?:tests?|testing|testdata|fixtures?|examples?|samples?|docs?|node_modules|site-packages|dist-packages|vendor|third_party|\.git)/"
_FOLDER_OF_WEIGHTS = r"(?i)(?:.*[/_-])?(?:models?|weights?|checkpoints?|ckpts?|pretrained|data|datasets?)"


def git(file: ContextFile) -> bool:
    """Whether it is a part of a repository's history."""
    return compiled(_GIT).match(file.path) is not None


def needless(file: ContextFile) -> str | None:
    """The folder that it is in, of those that no image needs: history, caches, environments, editors' settings."""
    found = compiled(_NEEDLESS).match(file.path)
    return found and found[1]


def weights(file: ContextFile) -> bool:
    """Whether it holds weights of a model, or a dataset."""
    if needless(file):
        return False
    return compiled(_WEIGHTS).fullmatch(file.path) is not None or (
        file.path.endswith(".bin") and file.size >= MIN_BINARY
    )


def folder_of_weights(path: str) -> bool:
    """Whether a folder is called after what it holds: copying it by name is meant."""
    return compiled(_FOLDER_OF_WEIGHTS).fullmatch(path.rstrip("/")) is not None


@lru_cache(maxsize=1 << 16)
def interesting(file: ContextFile) -> bool:
    """Whether it is worth asking what it is; cheap, as a context has many files and serves many Dockerfiles."""
    return git(file) or weights(file) or _secret(file.path) is not None


class SecretFile(NamedTuple):
    """What a file of secrets is, the pattern that keeps it out, and whether it is ``sure`` to hold any."""

    what: str
    pattern: str
    sure: bool


def secret(file: ContextFile, context: BuildContext) -> SecretFile | None:
    """What a file of secrets is; None where there are none in it.

    Certificates and settings without a token share names with secrets, so the heads of some files are read.
    """
    found = _secret(file.path)
    head = context.head(file.path, _FEW_BYTES) if found else b""
    if found is None or not _holds(found.what, head):
        return None
    *_, parent, name = ("", *file.path.split("/"))
    pattern = found.pattern.format(name=name, parent=parent, ending=name.rpartition(".")[2])
    return SecretFile(
        found.what, pattern, found.what != _ENVIRONMENT or compiled(_TELLING).search(head) is not None
    )


# folders of secrets, by their names
_FOLDERS = {
    ".ssh": "keys of SSH",
    ".aws": "AWS credentials",
    ".docker": "Docker credentials",
    ".kube": "Kubernetes credentials",
    ".gnupg": "keys of GnuPG",
    ".azure": "Azure credentials",
    "gcloud": "Google credentials",
}
# certificates, and public keys of repositories, end like private keys
_PUBLIC = r"(?i)(?:.*[._-])?(?:pub|public|ca|cacert|certs?|certificates?|chain|fullchain|bundle|crt|gpg|pgp|apt|repo|repos|repository|archive|keyring|signing|release|rpm|root|issuer|trust|trusted|known|dhparams?)\d*(?:[._-].*)?"
_PUBLIC_PLACES = (
    "/etc/apt/",
    "keyring",
    "/etc/pki/rpm-gpg",
    "ca-certificates",
    "ca-trust",
    "/etc/ssl/certs",
    "anchors",
)
# what may as well hold settings alone
_PERHAPS = frozenset((_ENVIRONMENT, "registry credentials"))


def named_secret(path: str, goal: str) -> SecretFile | None:
    """What a file or folder of secrets is by its name alone, where ``goal`` does not say that it is public."""
    name = path.rpartition("/")[2]
    if name in _FOLDERS and not compiled(_FOREIGN).match(path):
        return SecretFile(_FOLDERS[name], f"**/{name}", sure=True)
    found = _secret(path)
    if found is None:
        return None
    public = compiled(_PUBLIC).fullmatch(name) or any(place in goal for place in _PUBLIC_PLACES)
    if found.what == "private key" and public:
        return None
    return SecretFile(found.what, "", found.what not in _PERHAPS)


def _secret(path: str) -> _Secret | None:
    above, _, name = path.rpartition("/")
    if not compiled(_ANY_SECRET).fullmatch(name) or compiled(_FOREIGN).match(path):
        return None
    parent = above.rpartition("/")[2]
    fitting = (s for s in _SECRETS if compiled(s.name).fullmatch(name))
    return next((s for s in fitting if not s.parent or compiled(s.parent).fullmatch(parent)), None)


def _holds(what: str, head: bytes) -> bool:
    """Whether the head of a file does not show that there is no secret in it."""
    if what == "private key":
        return b"PRIVATE KEY" in head or b"BEGIN " not in head
    if what == "registry credentials":
        return not compiled(rb"[=:]").search(head) or compiled(_AUTH).search(head) is not None
    return True
