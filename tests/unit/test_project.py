"""What the project says of itself: versions, files, documentation."""

from __future__ import annotations

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

FOLLOWED = ("rooms.py", "methods.py")
"""What these import by name is followed: by the code hash, and by a rule's parameter `methods`."""

CONDA_NAMES = {
    "snakemake-minimal": "snakemake",
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "pyyaml": "PyYAML",
}


def requirements(name: str = "requirements.txt") -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def locked() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_conda_and_pip_install_the_same_versions() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert environment["channels"][:2] == ["conda-forge", "bioconda"]
    *plain, last = environment["dependencies"]
    found = dict(re.split("==?", line, maxsplit=1) for line in plain if "=" in line)
    clip, *rest = last["pip"]
    found |= dict(line.split("==") for line in rest)
    found = {CONDA_NAMES.get(name, name): version for name, version in found.items()}
    assert found.pop("python") == "3.11"
    pinned = requirements()
    pinned.pop("clip-anytorch")
    assert found == pinned
    assert clip == (
        "clip @ git+https://github.com/openai/CLIP.git@d05afc436d78f1c48dc0dbf8e5980a9d471f35f6"
    )


def test_the_lock_has_every_pinned_version() -> None:
    found = {(canonicalize_name(entry.name), str(entry.specifier)) for entry in locked()}
    for name, version in (requirements() | requirements("requirements-dev.txt")).items():
        assert (canonicalize_name(name), f"=={version}") in found, f"{name}: make lock"


def test_the_lock_holds_on_every_machine() -> None:
    # No place to fetch from, no file's digest and no local build: these differ between machines.
    for entry in locked():
        (pin,) = entry.specifier
        assert pin.operator == "==" and "+" not in pin.version and entry.url is None
    macos = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"}
    for system in (macos, {"sys_platform": "linux", "platform_system": "Linux"}):
        here = [e for e in locked() if e.marker is None or e.marker.evaluate(system)]
        names = [canonicalize_name(entry.name) for entry in here]
        assert len(set(names)) == len(names)
        cuda = [name for name in names if name.startswith(("nvidia-", "cuda-", "triton"))]
        assert bool(cuda) is (system["sys_platform"] == "linux")


def test_the_lock_has_what_the_pinned_packages_need_here() -> None:
    here = {canonicalize_name(e.name) for e in locked() if e.marker is None or e.marker.evaluate()}
    waiting = [(canonicalize_name(name), frozenset({""})) for name in requirements()]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        assert name in here, f"{name}: make lock"
        try:
            needed = [Requirement(text) for text in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:
            continue  # conda's name is another
        waiting += [
            (canonicalize_name(each.name), frozenset({"", *each.extras}))
            for each in needed
            if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras)
        ]
    assert len(seen) > 2 * len(requirements())


def test_every_package_that_is_imported_is_pinned() -> None:
    names = {
        "PIL": "pillow",
        "yaml": "PyYAML",
        "clip": "clip-anytorch",
        "open_clip": "open_clip_torch",
    }
    pinned = {name.lower().replace("-", "_") for name in requirements()}
    standard = sys.stdlib_module_names
    ours = {"rematch", "make_corpus"}
    for file in (ROOT / "workflow/scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module]
            for name in {name.split(".")[0] for name in found} - standard - ours:
                needed = names.get(name, name).lower().replace("-", "_")
                assert needed in pinned, f"{file.name} imports {name}"


def test_no_import_escapes_the_code_hash() -> None:
    """It follows import statements that name what they import, and nothing that runs text."""
    ours = {path.stem for path in (ROOT / "workflow/scripts").rglob("*")} | {"rematch"}
    for file in [*(ROOT / "workflow").rglob("*.py"), *(ROOT / "resources/demo").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom):
                assert node.names[0].name != "*", f"{file.name} imports a star"
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                alone = isinstance(node.func, ast.Name)
                # A forked job runs the script that Snakemake wrote, whose hash its rule carries.
                runs = ("eval",) if file.name == "forking.py" else ("exec", "eval")
                escapes = name == "__import__" or (alone and name in runs)
                assert not escapes and name not in ("run_path", "run_module"), file.name
                if name == "import_module" and file.name not in FOLLOWED:
                    (module,) = node.args
                    assert isinstance(module, ast.Constant) and module.value not in ours, file.name


def test_every_rule_has_a_log_a_benchmark_a_code_hash_and_a_thin_script() -> None:
    rules = "".join(
        file.read_text("utf-8") for file in sorted((ROOT / "workflow/rules").glob("*.smk"))
    )
    for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules, re.M | re.S):
        (script,) = re.findall(r'script:\s+"\.\./scripts/(\w+\.py)"', body)
        assert f'code=inputs.code("{script}")' in body, name
        (log,) = re.findall(r'log:\s+f?"results/logs/(.*)\.log"', body)
        (benchmark,) = re.findall(r'benchmark:\s+f?"results/benchmarks/(.*)\.tsv"', body)
        assert log == benchmark and log.startswith(name), name
        assert "conda:" in body and "run:" not in body, name
        lines = (ROOT / "workflow/scripts" / script).read_text("utf-8").splitlines()
        assert len(lines) <= 40, f"{script} is not thin"
        # The log is open before anything else can fail, imports included.
        assert lines[2] == "from rematch.engine import jobs", script
        assert "jobs.start(snakemake)" in lines[4], script


def test_every_config_key_is_documented() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    said = (ROOT / "config/README.md").read_text("utf-8")

    def keys(part):
        for name, value in part.get("properties", {}).items():
            yield name
            yield from keys(value)
        if isinstance(part.get("additionalProperties"), dict):
            yield from keys(part["additionalProperties"])
        if isinstance(part.get("items"), dict):
            yield from keys(part["items"])

    assert {key for key in keys(schema) if f"`{key}`" not in said} == set()


def test_the_truth_is_read_by_evaluation_alone() -> None:
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        for name, body in re.findall(
            r"^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text("utf-8"), re.M | re.S
        ):
            reads = re.search(r"input:(.*?)(?=^    \w+:)", body, re.M | re.S)
            if reads and "qrels" in reads[1]:
                assert name in ("judge", "conclude", "tune", "weigh"), name
            # Which articles the truth names at all.
            if reads and "unpaired" in reads[1]:
                assert name == "losses", name


def test_the_slurm_profile_says_what_the_default_one_does() -> None:
    """It replaces it. GPUs are Slurm's to deal out; all else holds on a cluster too."""
    default, slurm = (
        yaml.safe_load((ROOT / f"profiles/{name}/config.v9+.yaml").read_text("utf-8"))
        for name in ("default", "slurm")
    )
    assert default["resources"].pop("gpu") == 1
    assert slurm["resources"].items() >= default.pop("resources").items()
    assert slurm.items() >= default.items()
