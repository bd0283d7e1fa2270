# Where the project is: beside this file, or in a git repository, of which it is unpacked once.
import io
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path


def unpacked(source):
    """The project's files as they are in a repository's tag, branch or commit.

    Scripts import the package beside them, and that Snakemake's cache of single files has not.
    """
    hosted = getattr(source, "hosted_repo", None)
    repository = source.repo_path if hosted is None else hosted.repo.git_dir
    git = ["git", "-C", str(repository)]
    commit = subprocess.check_output([*git, "rev-parse", f"{source.ref}^{{commit}}"], text=True)
    place = Path(".snakemake", "rematch", commit.strip()).absolute()
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        archive = subprocess.check_output([*git, "archive", "--format=tar", commit.strip()])
        with tempfile.TemporaryDirectory(dir=place.parent) as part:
            with tarfile.open(fileobj=io.BytesIO(archive)) as files:
                files.extractall(part, filter="data")
            try:
                os.rename(part, place)
            except OSError:  # another job was first
                if not place.is_dir():
                    raise
            else:
                os.mkdir(part)  # what the block removes
    return place


if os.path.isfile(workflow.snakefile):
    ROOT = Path(workflow.snakefile).resolve().parents[2]
else:
    ROOT = unpacked(workflow.included_stack[-1])

# A folder without a configuration is shown the demo.
BASE = "config/config.yaml"
if not os.path.exists(BASE):
    BASE = str(ROOT / BASE)
