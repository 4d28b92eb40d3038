from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from imgtool.config import ConfigError, load
from imgtool.gates.schema import IMAGE, POLICY, WAIVER, schema
from imgtool.gates.settings import GATE, Missing, Require, Waiver, below, settings
from imgtool.gates.settings import IMAGE as IMAGE_KEYS
from imgtool.gates.settings import WAIVER as WAIVER_KEYS
from imgtool.images.budget import max_growth, max_layers, max_size
from imgtool.images.compare import Measure

VALIDATOR = jsonschema.Draft202012Validator({"properties": {"gate": schema()}})

WHOLE = """
[tool.imgtool.gate]
measure = "flattened"
noise-floor = "1MB"
missing-baseline = "fail"
require = "any"
max-size = "8GB"
max-growth = ["5%", "200MB"]
max-waste = "2%"
max-layers = 40
forbid-paths = ["/root/.cache/**"]
forbid-packages = ["dpkg:gcc*"]
ratchet = "sizes.json"

[[tool.imgtool.gate.images]]
name = "app-cuda"
image = "docker-daemon:app:cuda"
baseline = "registry:example.com/app@sha256:0"
target = "cuda"
platform = "linux/arm64/v8"
max-size = "6GB"
require = "all"

[[tool.imgtool.gate.images]]
name = "app-cann"
max-growth = "0"
forbid-packages = []

[[tool.imgtool.gate.waivers]]
image = "app-cuda"
budget = "max-growth"
reason = "new CUDA"
until = 2030-12-31
"""


def test_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(WHOLE)
    found = settings(load(tmp_path / "pyproject.toml"))
    policy = found.policy
    assert (policy.measure, policy.noise_floor) == (Measure.FLATTENED, 10**6)
    assert (policy.missing, policy.require) == (Missing.FAIL, Require.ANY)
    assert policy.of("max-growth") == (max_growth("5%"), max_growth("200MB"))
    assert found.ratchet == Path("sizes.json")
    cuda, cann = found.images
    assert (cuda.name, cuda.image, cuda.stage) == ("app-cuda", "docker-daemon:app:cuda", "cuda")
    assert (cuda.platform, cuda.policy.require) == ("linux/arm64", Require.ALL)
    assert cuda.policy.of("max-size") == (max_size("6GB"),)
    # each key on its own is overridden
    assert cuda.policy.of("max-layers") == (max_layers(40),)
    assert cann.policy.of("max-growth") == (max_growth("0"),)
    assert (cann.policy.paths, cann.policy.packages, cann.image) == (("/root/.cache/**",), (), None)
    assert found.waivers == (Waiver("app-cuda", "max-growth", "new CUDA", date(2030, 12, 31)),)
    table = tomllib.loads(WHOLE)["tool"]["imgtool"]
    assert VALIDATOR.is_valid(table)


def test_without_a_file_or_a_table(tmp_path: Path) -> None:
    (tmp_path / "imgtool.toml").write_text("")
    assert settings(load(tmp_path / "imgtool.toml")) == settings(None)
    assert not settings(None).policy.bounds


def test_the_schema_has_every_key() -> None:
    assert set(POLICY) | {"images", "ratchet", "waivers"} == set(GATE)
    assert set(IMAGE) == set(IMAGE_KEYS)
    assert set(WAIVER) == set(WAIVER_KEYS)


_WAIVED = '[[gate.images]]\nname = "a"\n[[gate.waivers]]\nimage = "a"\nbudget = "max-size"\nreason = "x"\n'


# --- (configuration, the complaint, whether the schema can see it) ---
@pytest.mark.parametrize(
    ("text", "complaint", "seen"),
    [
        ("[gate]\nmax-grow = 1\n", ":2: gate.max-grow: unknown key (did you mean max-growth?)", True),
        ("max-growht = 1\n", ":1: max-growht: unknown key (did you mean gate.max-growth?)", False),
        ('[gat]\nmax-size = "5MB"\n', ":1: gat: unknown key (did you mean gate?)", False),
        ('foo = 1\n[gate]\nmax-size = "5MB"\n', ":1: foo: unknown key", False),
        ('[tool.imgtool.gate]\nmax-size = "5MB"\n', "write its keys without tool.imgtool", False),
        ('[gate]\nmax-size = "5%"\n', ":2: gate.max-size: '5%' is a share, and not a size", True),
        ('[gate]\nmax-size = "8"\n', "is no size", True),
        ("[gate]\nmax-size = 8\n", "must be a string", True),
        ('[gate]\nmax-growth = ["5%", 1]\n', "must be a list of strings", True),
        ("[gate]\nmax-layers = 0\n", "0 is no number of layers", True),
        ('[gate]\nnoise-floor = "5%"\n', "is a share, and not a size", True),
        ('[gate]\nmeasure = "waste"\n', "must be one of transfer, unpacked, flattened", True),
        ('[gate]\nmissing-baseline = "zero"\n', "must be one of neutral, fail", True),
        ('[gate]\nrequire = "some"\n', "must be one of all, any", True),
        ('[gate]\nplatform = "arm64"\n', "is no platform", False),
        ('[gate]\nforbid-packages = ["a["]\n', "forbid-packages: syntax error in pattern", False),
        (
            '[gate]\nforbid-packages = ["dkpg:a"]\n',
            "'dkpg:a': no manager is called 'dkpg' (did you mean dpkg?)",
            False,
        ),
        ("[gate]\nimages = 1\n", "must be a list of tables", True),
        ("[gate]\nimages = [1]\n", "must be a list of tables", True),
        ('[[gate.images]]\nimage = "a"\n', ":1: gate.images.1.name: is missing", True),
        ('[[gate.images]]\nname = " "\n', ":2: gate.images.1.name: must not be empty", True),
        (
            '[[gate.images]]\nname = "a"\n[[gate.images]]\nname = "b"\nmax-size = "x"\n',
            ":5: gate.images.2.max-size: 'x' is no size",
            True,
        ),
        (
            '[[gate.images]]\nname = "a"\n[[gate.images]]\nname = "a"\n',
            ":4: gate.images.2.name: another image is called 'a' too",
            False,
        ),
        ('[[gate.images]]\nname = "a"\nratchet = "b"\n', "gate.images.1.ratchet: unknown key", True),
        (_WAIVED, ":3: gate.waivers.1.until: is missing: a waiver ends", True),
        (f'{_WAIVED}until = "2030-12-31"\n', "until: must be a date, as 2030-12-31 without quotes", False),
        (f"{_WAIVED}until = 2030-12-31T10:00:00\n", "until: must be a date", False),
        (f"{_WAIVED}until = 2030-12-31\n".replace('"x"', '""'), "reason: must not be empty", True),
        (f"{_WAIVED}until = 2030-12-31\n".replace("max-size", "size"), "budget: must be one of", True),
        (
            f"{_WAIVED}until = 2030-12-31\n".replace('image = "a"', 'image = "b"'),
            "image: must be one of a, not 'b'",
            False,
        ),
        (_WAIVED + "until = 2030-12-31\n", "", False),
        ("[gate]\n", "", False),
        ('[gate]\nmax-growth = []\nmax-waste = "0"\n', "", False),
        ('[gate]\nmax-size = ["1.5 GiB", "0"]\n', "", False),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, complaint: str, *, seen: bool) -> None:
    (tmp_path / "imgtool.toml").write_text(text)
    assert VALIDATOR.is_valid(tomllib.loads(text)) is not seen
    if not complaint:
        assert settings(load(tmp_path / "imgtool.toml"))
        return
    with pytest.raises(ConfigError) as caught:
        settings(load(tmp_path / "imgtool.toml"))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("path", "folder", "found"),
    [
        ("a.tar", "", "a.tar"),
        ("./a.tar", "", "a.tar"),
        ("../a.tar", "project", "a.tar"),
        ("out/../a.tar", "project", "project/a.tar"),
        ("a.tar", "project", "project/a.tar"),
        ("a.tar:app:1", "project", "project/a.tar:app:1"),
        ("../a.tar", "", "../a.tar"),
        # what follows a link is not where the name before it says
        ("link/../a.tar", "", "project/a.tar"),
        ("/srv/../a.tar", "project", "/srv/../a.tar"),
    ],
)
@pytest.mark.parametrize("absolute", [False, True])
def test_paths_are_shown_from_the_current_folder(
    path: str, folder: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, absolute: bool
) -> None:
    (tmp_path / "project/inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("project/inner")
    monkeypatch.chdir(tmp_path)
    assert below(path, (tmp_path if absolute else Path()) / folder) == found
