"""Files of Hugging Face's hub: fetched once into its library's cache, checked, and continued.

The cache is laid out as https://huggingface.co/docs/hub/local-cache says: a file stands in `blobs`
under its ETag, which is the SHA-256 of a large file, and a link in `snapshots` bears its own name.
The library takes a blob that is there as it is. One that is not it downloads without a look at the
SHA-256, and after a kill from the start; so weights are brought there by `fetched` before it is
asked for them. HF_ENDPOINT, HF_TOKEN and the library's other variables hold.

A machine without a network may be given the files in `<cache>/<repository>/` instead.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rematch.embed.models.fetch import fetched
from rematch.errors import UserError
from rematch.outside import innermost, log_as_we_do, passing, said

# Or the library would first ask the hub, once a day, what to tell of the program that uses it: as
# long a wait again where there is no network. It is read when the library is imported.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

T = TypeVar("T")

TEXTS = ("*.json", "*.txt", "*.model")
"""Files of configuration and tokenizers. They are small, and left to the library."""

TIMEOUT_S = 3.0
"""Longest silence of the hub when it is asked first, if HF_HUB_ETAG_TIMEOUT does not say another.
Without a network all its addresses (four of IPv4) may be tried as long one after the other."""

AGAIN_S = 2.0
"""The pause before a second try, where the hub answers that it cannot answer now."""


def page(repository: str) -> str:
    """Where a person finds the files of a repository."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{repository}"


def demand_no_code(folder: Path) -> None:
    """See to it that no library is asked, or asks, to run Python that comes with a model.

    transformers runs what `auto_map` in a configuration names, if it was told to or the user says
    yes to its question.

    Raises:
        UserError: a configuration in the folder names some.
    """
    from transformers import dynamic_module_utils

    log_as_we_do()
    dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0  # then it does not ask
    for path in sorted(folder.glob("*.json")):
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):  # whoever needs it will say so
            continue
        if _names_code(found):
            raise UserError(
                f"{path}: auto_map: this model wants to run code of its own; choose another one"
            )


def _names_code(value: Any) -> bool:
    if isinstance(value, dict):
        return "auto_map" in value or any(map(_names_code, value.values()))
    return isinstance(value, list) and any(map(_names_code, value))


def texts(repository: str, cache: Path, remedy: str) -> Path:
    """A folder with the `TEXTS` of a repository.

    Args:
        repository: its name.
        cache: for downloads.
        remedy: what to do if they cannot be had.

    Raises:
        UserError: they cannot be had.
    """
    from huggingface_hub import HfApi, snapshot_download

    if _any_texts(cache / repository):
        return cache / repository
    options: dict[str, Any] = {
        "cache_dir": cache,
        "allow_patterns": TEXTS,
        "ignore_patterns": ["*/*"],
    }
    try:
        folder = Path(snapshot_download(repository, local_files_only=True, **options))
    except Exception:  # not there, or not whole
        folder = None
    if folder is not None and _any_texts(folder):
        return folder
    with _one_line(repository, cache, remedy):
        _asked(lambda: HfApi().model_info(repository, timeout=_timeout()))
        return Path(snapshot_download(repository, **options))


def weights(repository: str, names: Sequence[str], cache: Path, remedy: str) -> Path | None:
    """The first of some files that a repository has; None if it has none of them.

    Args:
        repository: its name.
        names: of the files, the best first.
        cache: for downloads. What is there is used without a network.
        remedy: what to do if none can be had.

    Raises:
        UserError: it cannot be had, or is not what the hub says it is.
    """
    with _one_line(repository, cache, remedy):
        for found in (
            find(repository, file, cache) for find in (_cached, _download) for file in names
        ):
            if found is not None:
                return found
    return None


def _cached(repository: str, file: str, cache: Path) -> Path | None:
    """A file that is in the cache; one that is damaged is fetched again."""
    from huggingface_hub import hf_hub_url, try_to_load_from_cache

    found = try_to_load_from_cache(repository, file, cache_dir=cache)
    if not isinstance(found, str):
        return None
    if Path(found).is_symlink():
        url = hf_hub_url(repository, file, revision=Path(found).parent.name)
        _bring(url, Path(found).readlink().name, repository, file, cache)
    return Path(found)


def _download(repository: str, file: str, cache: Path) -> Path | None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    url = hf_hub_url(repository, file)
    try:
        found = _asked(lambda: get_hf_file_metadata(url, timeout=_timeout()))
    except EntryNotFoundError:
        return None
    _bring(url, found.etag or "", repository, file, cache)
    return Path(hf_hub_download(repository, file, cache_dir=cache))


def _bring(url: str, etag: str, repository: str, file: str, cache: Path) -> None:
    """See to it that a blob is there and whole, if its name tells its SHA-256."""
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    if re.fullmatch("[0-9a-f]{64}", etag):
        blobs = cache / f"models--{repository.replace('/', '--')}" / "blobs"
        fetched(url, etag, blobs, f"{file} of {repository}", etag, build_hf_headers)


def _any_texts(folder: Path) -> bool:
    return any(folder.glob("*.json"))


def _timeout() -> float:
    return float(os.environ.get("HF_HUB_ETAG_TIMEOUT", TIMEOUT_S))


def _asked(ask: Callable[[], T]) -> T:
    """What a request brings, in a second try if it must be."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return ask()
    except HfHubHTTPError as error:
        if not passing(error.response.status_code):
            raise
    time.sleep(AGAIN_S)
    return ask()


@contextmanager
def _one_line(repository: str, cache: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # whatever the network and its libraries may raise
        raise UserError(
            f"{repository} is not in {cache}, and cannot be downloaded ({_why(error)}); {remedy}"
        ) from error


def _why(error: Exception) -> str:
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    if isinstance(error, RepositoryNotFoundError):
        return "there is none of that name, or it takes a HF_TOKEN to see it"
    if isinstance(error, HfHubHTTPError):
        return f"HTTP {error.response.status_code}"
    return said(innermost(error))
