"""Files of secrets by their names, in build contexts and in images."""

from __future__ import annotations

from imgtool.regex import regex
from imgtool.values import NamedTuple

ENVIRONMENT = "environment file"
PRIVATE_KEY = "private key"
REGISTRY = "registry credentials"


class SecretFile(NamedTuple):
    """What a file of that ``name`` (in a folder called ``parent``, if given) is; ``pattern`` keeps it out of a context."""

    what: str
    name: str
    pattern: str = "**/{name}"
    parent: str = ""


_SECRETS = (
    SecretFile(ENVIRONMENT, r"\.env(?:\.(?!.*(?:example|sample|template|dist|defaults?)$)[\w.-]+)?", "**/.env*"),
    SecretFile("private SSH key", r"id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?", "**/id_*"),
    SecretFile(PRIVATE_KEY, r".+\.(?:pem|key|p12|pfx|ppk|jks|keystore)", "**/*.{ending}"),
    SecretFile("AWS credentials", "credentials", "**/.aws", r"\.aws"),
    SecretFile("Docker credentials", r"config\.json", "**/.docker", r"\.docker"),
    SecretFile("Docker credentials", r"\.dockercfg"),
    SecretFile("Kubernetes credentials", "config", "**/.kube", r"\.kube"),
    SecretFile("Kubernetes credentials", r"[\w.-]*kubeconfig(?:\.ya?ml)?"),
    SecretFile("cloud credentials", r"[\w.-]*(?:credentials|client_secret|service[_-]account)[\w.-]*\.json"),
    SecretFile(REGISTRY, r"\.npmrc|\.pypirc|\.yarnrc\.yml"),
    SecretFile("credentials", r"[._]netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.htpasswd|\.vault-token|kaggle\.json"),
    SecretFile("Hugging Face token", "token", "**/{parent}/token", r"\.?huggingface"),
    SecretFile("Terraform state", r".+\.tfstate(?:\.backup)?", "**/*.tfstate*"),
    SecretFile("secrets file", r"secrets?\.(?:ya?ml|toml|json|env)"),
)  # fmt: skip
_FORMS = tuple((regex(s.name), s.parent and regex(s.parent), s) for s in _SECRETS)
_ANY = regex("|".join(secret.name for secret in _SECRETS))
# each of the names begins or ends like this, and in an image few others do
_BEGINNINGS = (".", "_netrc", "id_")
_ENDS = (
    *(".pem", ".key", ".p12", ".pfx", ".ppk", ".jks", ".keystore", ".json", ".toml", ".yml", ".yaml", ".env"),
    *(".tfstate", ".tfstate.backup", "config", "credentials", "token"),
)
# many an environment file holds settings alone
_TELLING = regex(rb"(?i)pass|pwd|secret|token|key|cred|auth|://[^/\s]*:[^/\s]*@")
_AUTH = regex(rb"(?i)auth|passw|token")
_SETTING = regex(rb"[=:]")
# keys there are made for tests or belong to packages
_FOREIGN = regex(
    r"(?:.*/)?(?:tests?|testing|testdata|fixtures?|examples?|samples?|docs?|node_modules|site-packages|dist-packages|vendor|third_party|\.git)/"
)
# certificates, and public keys of repositories, end like private keys
_PUBLIC = regex(
    r"(?i)(?:.*[._-])?(?:pub|public|ca|cacert|certs?|certificates?|chain|fullchain|bundle|crt|gpg|pgp|apt|repo|repos|repository|archive|keyring|signing|release|rpm|root|issuer|trust|trusted|known|dhparams?)\d*(?:[._-].*)?"
)
_PUBLIC_PLACES = (
    "/etc/apt/",
    "keyring",
    "/etc/pki/rpm-gpg",
    "ca-certificates",
    "ca-trust",
    "/etc/ssl/certs",
    "anchors",
)


def secret_file(path: str) -> SecretFile | None:
    """What a file of secrets is by its path, with slashes; None for files of tests, examples and packages."""
    above, _, name = path.rpartition("/")
    if not _may_be_secret(name) or not _ANY.fullmatch(name) or is_foreign(path):
        return None
    parent = above.rpartition("/")[2]
    fitting = ((folder, secret) for form, folder, secret in _FORMS if form.fullmatch(name))
    return next((secret for folder, secret in fitting if not folder or folder.fullmatch(parent)), None)


def _may_be_secret(name: str) -> bool:
    """Whether it is worth a closer look, which takes forty times as long."""
    return name.endswith(_ENDS) or name.startswith(_BEGINNINGS)


def is_foreign(path: str) -> bool:
    """Whether a file is in a folder of tests, examples or packages."""
    return _FOREIGN.match(path) is not None


def is_public(name: str, place: str) -> bool:
    """Whether a file's name, or the place that it goes to, says that a key is a public one."""
    return _PUBLIC.fullmatch(name) is not None or any(part in place for part in _PUBLIC_PLACES)


def may_hold(file: SecretFile, head: bytes) -> bool:
    """Whether the head of a file does not show that there is no secret in it."""
    if file.what == PRIVATE_KEY:
        return b"PRIVATE KEY" in head or b"BEGIN " not in head
    if file.what == REGISTRY:
        return not _SETTING.search(head) or _AUTH.search(head) is not None
    return True


def speaks_of_secrets(head: bytes) -> bool:
    """Whether there are words such as password or token in a text."""
    return _TELLING.search(head) is not None
