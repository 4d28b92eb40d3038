"""Made-up secrets. They are put together here, so that no scanner takes this repository for a leak."""

from __future__ import annotations

import hashlib
import string

BASE62 = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def fake(prefix: str, length: int, alphabet: str = BASE62) -> str:
    """A token with that prefix and so many characters after it; always the same."""
    numbers = hashlib.shake_128(f"{prefix}{length}".encode()).digest(2 * length)
    return prefix + "".join(alphabet[number % len(alphabet)] for number in numbers[:length])


#: One token of each kind, as its provider makes them.
TOKENS = {
    "GitHub": fake("ghp" + "_", 36),
    "GitHub app": fake("ghs" + "_", 36),
    "GitHub, fine-grained": fake("github" + "_pat_", 22) + "_" + fake("", 59),
    "GitLab": fake("glpat" + "-", 20),
    "Hugging Face": fake("hf" + "_", 34, string.ascii_letters),
    "OpenAI": fake("sk" + "-", 48),
    "OpenAI, of a project": fake("sk" + "-proj-", 120, BASE62 + "_-"),
    "Anthropic": fake("sk" + "-ant-api03-", 95, BASE62 + "_-"),
    "Stripe": fake("sk" + "_live_", 24),
    "Slack": fake("xoxb" + "-", 12, string.digits) + "-" + fake("", 24),
    "Slack webhook": "https://hooks.slack" + ".com/services/" + fake("T", 10) + "/" + fake("B", 10) + "/" + fake("", 24),
    "AWS": fake("AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "AWS, temporary": fake("ASIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "Google": fake("AIza", 35, BASE62 + "_-"),
    "npm": fake("npm" + "_", 36),
    "PyPI": fake("pypi" + "-AgEIcHlwaS5vcmc", 140, BASE62 + "_-"),
    "Docker Hub": fake("dckr" + "_pat_", 27, BASE62 + "_-"),
    "JSON web token": ".".join((fake("eyJ", 30), fake("eyJ", 60), fake("", 43, BASE62 + "_-"))),
    "NVIDIA": fake("nvapi" + "-", 64, BASE62 + "_-"),
    "Groq": fake("gsk" + "_", 52),
    "SendGrid": fake("SG" + ".", 22) + "." + fake("", 43),
    "DigitalOcean": fake("dop" + "_v1_", 64, HEX),
    "Databricks": fake("dapi", 32, HEX),
    "Vault": fake("hvs" + ".", 90),
    "Alibaba Cloud": fake("LTAI", 20),
    "Tencent Cloud": fake("AKID", 32),
    "Azure storage": fake("AccountKey" + "=", 86) + "==",
}  # fmt: skip

PRIVATE_KEY = "\n".join(
    ("-----BEGIN " + "RSA PRIVATE KEY-----", *(fake(str(n), 63) for n in range(8)), "-----END RSA " + "PRIVATE KEY-----")
)  # fmt: skip
