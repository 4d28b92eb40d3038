"""What a .dockerignore lets into the image."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import PRIVATE_KEY

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.runner import LintResult, lint
from imgtool.weights import BY_NAME

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"
COPY = f"{FROM}COPY . .\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

# --- (Dockerfile, files of the context, why it is left alone) ---
LEFT_ALONE = [
    (COPY, {"main.py": ""}, "nothing of the kind"),
    (COPY, {".dockerignore": ".git\n.env*\n**/*.pem\n*.onnx\n", ".git/HEAD": "", ".env": "", "a/k.pem": "", "m.onnx": ""},
     "kept out"),
    (COPY, {".dockerignore": "*\n!main.py\n", "main.py": "", ".env": "", ".git/HEAD": ""}, "only a file is let in"),
    (COPY, {"Dockerfile.dockerignore": ".env\n", ".dockerignore": "x\n", ".env": ""}, "kept out by the Dockerfile's own"),
    (COPY, {".dockerignore": "[\n", ".env": "", ".git/HEAD": ""}, "the build fails"),
    (COPY, {".git/HEAD": "", "m.onnx": ""}, "no .dockerignore: IMG301 says so"),
    (f"{FROM}COPY main.py /app/\n", {".dockerignore": "x\n", "main.py": "", ".env": "", ".git/HEAD": ""}, "not copied"),
    (f"{FROM}COPY src /app/\n", {".dockerignore": "x\n", "src/a": "", ".env": "", ".git/HEAD": ""}, "not copied"),
    (f"{FROM}COPY --exclude=.env . /app/\n", {".dockerignore": "x\n", ".env": ""}, "not copied"),
    (f"{FROM}RUN --mount=type=bind,target=/x true\n", {".dockerignore": "x\n", ".env": ""}, "not copied"),
    (f"{FROM}COPY --from=busybox .env /\n", {".env": ""}, "another image's"),
    (f"{FROM}ONBUILD COPY . .\n", {".env": ""}, "the context of another build"),
    (f"{COPY}FROM scratch\n", {".env": ""}, "not built"),
    (COPY, {".env.example": "", ".env.sample": "", "prod.env.template": "", ".env.dist": "", ".envrc.d/a": ""}, "examples"),
    (COPY, {"ca.pem": CERTIFICATE, "server.key": "-----BEGIN PUBLIC KEY-----\n"}, "public"),
    (COPY, {"id_rsa.pub": "ssh-rsa AAAA", "id_card.png": ""}, "public, and something else"),
    (COPY, {".npmrc": "registry=https://registry.example.org\n"}, "no token in it"),
    (COPY, {"tests/certs/key.pem": PRIVATE_KEY, "node_modules/a/.env": "", "examples/.env": ""}, "made for tests, or foreign"),
    (COPY, {"config.json": "{}", "config": "", "credentials": "", "token": ""}, "in another folder they were secrets"),
    (COPY, {".dockerignore": "x\n", "data.bin": "x" * 1000, "model.py": "", "a.pt.py": ""}, "small, or no weights"),
    (f"{FROM}COPY model.onnx /models/\n", {".dockerignore": "x\n", "model.onnx": ""}, "copied by name"),
    (f"{FROM}COPY models /models\n", {".dockerignore": "x\n", "models/a.onnx": ""}, "a folder of models, copied by name"),
    (f"{FROM}COPY src/checkpoints/ /x\n", {".dockerignore": "x\n", "src/checkpoints/a.pt": ""}, "likewise"),
    (f"{FROM}COPY models/* /x/\n", {".dockerignore": "x\n", "models/a.pt": ""}, "likewise"),
    (f"{FROM}COPY models/a /x\n", {".dockerignore": "x\n", "models/a/a.pt": ""}, "likewise"),
    *[(f"{FROM}COPY {source} /x\n", {".dockerignore": "x\n", "app/data/a.pt": ""}, "data by the name of its folder")
      for source in ("app/data", "app/data/", "app/data/*", "app/data/*.pt")],
    *[(f"{FROM}{lines}\n", {".dockerignore": "x\n", "bert/a.pt": ""}, "a folder of models, by where it goes")
      for lines in ("COPY bert /models/", "WORKDIR /models\nCOPY bert .", "ARG D=/srv/models\nCOPY bert $D",
                    "COPY bert $UNKNOWN/models", 'COPY ["bert/*", "/data/"]')],
]  # fmt: skip


@pytest.mark.parametrize("text, files, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, files: dict[str, str], reason: str) -> None:
    assert not lint_with("IMG302", text, files).findings, reason


def test_an_unknown_context_is_left_alone(lint_with: LintWith) -> None:
    assert not lint_with("IMG302", f"{FROM}COPY .env id_rsa /root/\n").findings


# --- (path, its text, what it is called) ---
SECRETS = [
    (".env", "DB_PASSWORD=x", "environment file"),
    ("app/.env.production", "DB_URL=postgres://a:b@c/d", "environment file"),
    ("id_rsa", "", "private SSH key"),
    ("keys/id_ed25519", "", "private SSH key"),
    ("certs/server.pem", PRIVATE_KEY, "private key"),
    ("server.key", "anything", "private key"),
    ("chain.pem", CERTIFICATE + PRIVATE_KEY, "private key"),
    ("store.p12", "\0", "private key"),
    (".aws/credentials", "", "AWS credentials"),
    (".docker/config.json", "{}", "Docker credentials"),
    ("home/.kube/config", "", "Kubernetes credentials"),
    ("kubeconfig", "", "Kubernetes credentials"),
    ("dev.kubeconfig.yaml", "", "Kubernetes credentials"),
    ("gcp-credentials-dev.json", "{}", "cloud credentials"),
    ("service_account.json", "{}", "cloud credentials"),
    (".npmrc", "//registry.npmjs.org/:_authToken=x", "registry credentials"),
    (".pypirc", "password = x", "registry credentials"),
    (".netrc", "", "credentials"),
    (".git-credentials", "", "credentials"),
    ("kaggle.json", "", "credentials"),
    (".huggingface/token", "", "Hugging Face token"),
    (".cache/huggingface/token", "", "Hugging Face token"),
    ("terraform.tfstate", "", "Terraform state"),
    ("conf/secrets.yaml", "", "secrets file"),
]


@pytest.mark.parametrize("path, text, what", SECRETS)
@pytest.mark.parametrize(
    "ignore", [{}, {".dockerignore": "nothing\n"}], ids=["no .dockerignore", ".dockerignore"]
)
def test_secrets(lint_with: LintWith, path: str, text: str, what: str, ignore: dict[str, str]) -> None:
    result = lint_with("IMG302", COPY, {path: text} | ignore)
    (finding,) = result.findings
    assert result.source.text(finding.span) == "."
    assert finding.severity == "error"
    assert f"takes {path} ({what}) into the image" in finding.message


@pytest.mark.parametrize("path, text, what", SECRETS)
def test_the_advice_keeps_it_out(lint_with: LintWith, path: str, text: str, what: str) -> None:
    (finding,) = lint_with("IMG302", COPY, {path: text}).findings
    pattern = finding.message.split("keep it out with ")[1].split(" in .dockerignore")[0]
    assert not lint_with("IMG302", COPY, {path: text, ".dockerignore": f"{pattern}\n"}).findings, what


def test_an_environment_file_of_settings_is_a_warning(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG302", COPY, {".env": "PORT=8080\n"}).findings
    assert finding.severity == "warning"


def test_a_secret_by_name_is_one_too(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG302", f"{FROM}COPY id_rsa /root/.ssh/\n", {"id_rsa": ""}).findings
    assert finding.message == (
        "COPY id_rsa takes id_rsa (private SSH key) into the image; keep it out with **/id_* in .dockerignore, "
        "and pass it to a RUN with --mount=type=secret"
    )


def test_several_secrets_are_one_finding(lint_with: LintWith) -> None:
    files = {f"{name}/.env": "" for name in "abcde"}
    (finding,) = lint_with("IMG302", COPY, files).findings
    assert (
        "a/.env (environment file), b/.env (environment file), c/.env (environment file) and 2 more"
        in finding.message
    )


def test_history(lint_with: LintWith) -> None:
    files = {".dockerignore": "*.md\n", ".git/HEAD": "x" * 10, ".git/objects/aa": "x" * 990, "a": ""}
    (finding,) = lint_with("IMG302", COPY, files).findings
    assert finding.message == "COPY . takes .git, 1,000 bytes; add .git to .dockerignore"
    assert (finding.severity, finding.saves_bytes) == ("warning", 1000)


@pytest.mark.parametrize("ending", [*BY_NAME, *"h5 parquet PTH".split()])
def test_weights(lint_with: LintWith, ending: str) -> None:
    files = {".dockerignore": "*.md\n", f"w/m.{ending}": "x" * 1000}
    (finding,) = lint_with("IMG302", COPY, files).findings
    assert finding.message == (
        f"COPY . takes w/m.{ending}, 1,000 bytes; add **/*.{ending} to .dockerignore, or copy them by name"
    )
    assert (finding.severity, finding.saves_bytes) == ("info", 1000)


def test_big_weights_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(COPY)
    (tmp_path / ".dockerignore").write_text("x\n")
    for name in ("a.bin", "b.onnx"):
        with (tmp_path / name).open("wb") as file:
            # a hole: the size is what counts
            os.truncate(file.fileno(), 60_000_000)
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG302",)))]
    (finding,) = lint(COPY.encode(), "D", rules, FactOptions(dockerfile=tmp_path / "Dockerfile")).findings
    assert "a.bin, b.onnx, 120,000,000 bytes" in finding.message
    assert (finding.severity, finding.saves_bytes) == ("warning", 120_000_000)


def test_each_kind_is_a_finding(lint_with: LintWith) -> None:
    files = {".dockerignore": "x\n", ".env": "API_KEY=x", ".git/HEAD": "", "m.onnx": ""}
    assert [f.severity for f in lint_with("IMG302", COPY, files).findings] == ["error", "warning", "info"]


# --- copies of weights in data/src, where no name says that they are meant ---
UNNAMED = [
    "COPY data/src /a",
    "COPY data/src /data/app",
    "COPY data/src /models/app",
    "ENV APP_DATA=/opt/app\nCOPY data/src $APP_DATA",
    "COPY data/src ${APP_DATA}",
    "WORKDIR /models\nCOPY data/src src",
    "WORKDIR /models\nCOPY data/src /",
    "WORKDIR /models\nCOPY data/src ..",
]


@pytest.mark.parametrize("lines", UNNAMED)
def test_weights_whose_folder_is_called_something_else(lint_with: LintWith, lines: str) -> None:
    files = {".dockerignore": "x\n", "data/src/m.pt": "x" * 1000, "data/src/a.py": ""}
    (finding,) = lint_with("IMG302", f"{FROM}{lines}\n", files).findings
    assert finding.message.startswith("COPY data/src takes data/src/m.pt, 1,000 bytes; add **/*.pt")


# --- (.dockerignore, path, what is said of its line) ---
NEAR = [
    ("*.pem\n", "certs/a.pem", "(line 1 of .dockerignore does not match certs/a.pem: begin it with **/)"),
    ("a\n.env\n", "app/.env", "(line 2 of .dockerignore does not match app/.env: begin it with **/)"),
    ("*\n!.env\n", ".env", "(line 2 of .dockerignore lets in .env)"),
    (".git\n!.git/HEAD\n", ".git/HEAD", "(line 2 of .dockerignore lets in .git/HEAD)"),
]


@pytest.mark.parametrize("ignore, path, said", NEAR)
def test_a_line_that_does_not_help_is_named(lint_with: LintWith, ignore: str, path: str, said: str) -> None:
    (finding,) = lint_with("IMG302", COPY, {path: "x", ".dockerignore": ignore}).findings
    assert said in finding.message


def test_the_dockerfiles_own_file_is_named(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG302", COPY, {".env": "", "Dockerfile.dockerignore": "x\n"}).findings
    assert "**/.env* in Dockerfile.dockerignore" in finding.message


def test_a_builder_keeps_it_in_the_cache(lint_with: LintWith) -> None:
    text = f"{COPY}FROM scratch\nCOPY --from=0 /a /a\n"
    files = {".dockerignore": "x\n", ".env": "", ".git/HEAD": "x", "m.onnx": "x"}
    found = lint_with("IMG302", text, files).findings
    assert [f.severity for f in found] == ["warning", "info", "info"]
    assert [f.saves_bytes for f in found] == [None] * 3
    assert "into a layer of the build cache" in found[0].message


def test_a_file_is_reported_once_where_it_ships(lint_with: LintWith) -> None:
    text = f"{COPY}FROM debian:bookworm-slim\nCOPY --from=0 /a /a\nCOPY . /app\nCOPY .env /app\n"
    result = lint_with("IMG302", text, {".env": "TOKEN=x"})
    (finding,) = result.findings
    assert (result.source.line_of(finding.span.start), finding.severity) == (5, "error")


# --- five ways to copy what should stay ---
SHAPES = [
    ("COPY . .", "."),
    ("COPY ./ /app/", "./"),
    ("ADD * /app/", "*"),
    ('COPY ["deploy", "/app"]', '"deploy"'),
    ("ARG D=deploy\nCOPY --chown=1 \\\n  ${D}/.en* /app/", "${D}/.en*"),
]


@pytest.mark.parametrize("lines, marked", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str, marked: str) -> None:
    result = lint_with("IMG302", f"{FROM}{lines}\n", {"deploy/.env": "A=1", "main.py": ""})
    (finding,) = result.findings
    assert result.source.text(finding.span) == marked


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_a_link_is_not_followed_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".env").write_text("A=1")
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(COPY)
    (folder / "link").symlink_to(outside)
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG302",)))]
    assert not lint(COPY.encode(), "D", rules, FactOptions(dockerfile=folder / "Dockerfile")).findings


# --- (.dockerignore of the root, of the folder between; how many findings) ---
@pytest.mark.parametrize(
    "root, between, count",
    [(None, None, 1), ("x\n", "x\n", 1), ("**/.env\n", None, 0), (None, ".env\ndocker/.env", 0)],
)
def test_where_another_folder_may_be_the_context(
    tmp_path: Path, root: str | None, between: str | None, count: int
) -> None:
    texts = {
        ".git/HEAD": "",
        ".dockerignore": root,
        "p/.dockerignore": between,
        "p/docker/Dockerfile": COPY,
        "p/docker/.env": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (tmp_path / name).write_text(text)
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG302",)))]
    dockerfile = tmp_path / "p/docker/Dockerfile"
    assert len(lint(COPY.encode(), "D", rules, FactOptions(dockerfile=dockerfile)).findings) == count
