"""What every model backend has: the specification, how a model computes, and torch's settings."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rematch.embed.models.view import View, unusual
from rematch.errors import UserError
from rematch.forms import Float32
from rematch.storage import sha256_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from rematch.embed.models.towers import PhotoTower, TextTower

log = logging.getLogger(__name__)
T = TypeVar("T")
U = TypeVar("U")

TILE = 32
"""Texts and photos that a library's own code computes at once. A constant: another tile means
other last digits."""

ROWS = {"cpu": 512, "cuda": 16384, "mps": 4096}
"""Positions of texts that a tower computes at once, by device."""
PHOTO_ROWS = {"cpu": 400, "cuda": 51200, "mps": 6400}
"""Positions of photos, from which the number of photos follows where the batch is `auto`."""

PARTS = ("texts", "photos")

AMPLE = 1.5
"""How much larger than what the model sees a photo is decoded at least, with `decode: fast`."""

CLOSE = {"float64": 1e-6, "float32": 1e-5, "bfloat16": 1e-2, "float16": 1e-2}
"""By precision, how far a coordinate of a fast tower's embedding, of length 1, may lie from that of
the library's own code in float32 (float64 for float64)."""

SAMPLE = [
    "fire in the harbour",
    "fire in the harbour of a small town, seen from the river at night",
    "fire in the harbour of a small town, seen from the river at night " * 3,
    "mayor",
    "two ships in a storm off the coast, the crew was rescued " * 9,
]
"""Texts on which a fast tower is compared: beginnings of others, a short one, one to be cut."""


@dataclass(frozen=True)
class ModelSpec:
    """Which model, and how it computes.

    Attributes:
        backend: a key of `BACKENDS`.
        checkpoint: path of the weights, or of a folder with them and what belongs to them; None
            to take `name` from the backend's own list.
        name: the backend's name for pretrained weights ("ViT-B/32"), downloaded to `cache`.
        cache: folder for downloads.
        precision: "float32"; "float64" for results that do not depend on the processor;
            "bfloat16" or "float16" for speed.
        device: "cpu", "cuda", "mps", or "auto": a GPU where torch finds one, but the CPU for
            float64. A GPU changes the last digits of an embedding.
        threads: that encode; part of the arithmetic where a library's own code computes.
        architecture: backend open_clip, what a checkpoint's file holds: a name of the library's
            list, or the path of a model configuration in JSON.
        prompt: what a model reads of a text, which stands for its one {}.
        engine: "auto" for the fast towers where the model allows them, "library" for the model's
            own code always.
        batch: photos that are computed at once, or "auto"; part of the arithmetic.
        decode: "exact", or "fast": large JPEGs are decoded at a half, a quarter or an eighth of
            their size where that is still well over what the model sees.
    """

    backend: str
    checkpoint: Path | None = None
    name: str | None = None
    cache: Path = Path("~/.cache/clip")
    precision: str = "float32"
    device: str = "cpu"
    threads: int = 1
    architecture: str | None = None
    prompt: str = "{}"
    engine: str = "auto"
    batch: int | str = "auto"
    decode: str = "exact"

    @classmethod
    def from_config(cls, model: Mapping[str, Any], encoding: Mapping[str, Any]) -> ModelSpec:
        """From an entry of the config's `models` and its section `encoding`."""
        return cls(
            backend=model["backend"],
            checkpoint=Path(model["checkpoint"]) if "checkpoint" in model else None,
            name=model.get("name"),
            cache=Path(encoding["cache"]),
            precision=model["precision"],
            device=encoding["device"],
            threads=encoding["threads"],
            architecture=model.get("architecture"),
            prompt=model.get("prompt", "{}"),
            engine=encoding["engine"],
            batch=encoding["batch"],
            decode=encoding["decode"],
        )

    def prompted(self, text: str) -> str:
        """The text in its prompt."""
        return self.prompt.replace("{}", text)


@dataclass(frozen=True)
class Tokens:
    """A tokenized text.

    Attributes:
        ids: the model's own form of it; those of one length can be stacked.
        length: positions the model computes for it; depends on this text alone.
        cut: whether the text was longer than the model's context.
        path: token ids up to and with the one whose state becomes the embedding, in a causal tower.
    """

    ids: Any
    length: int
    cut: bool
    path: tuple[int, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What torch was set to: the data type of products, and the device."""

    dtype: torch.dtype
    device: str


class Encoder(ABC):
    """A model that embeds texts and photos. Embeddings are not normalised yet.

    A backend loads its model, calls `_ready`, and says how texts and photos become its input, and
    that becomes embeddings. How they go through the model is the same for all.

    Attributes:
        identity: what the numbers depend on: model, checkpoint_sha256, precision, engine and more.
        dimension: of an embedding.
        tile: photos that go through the model at once.
        enough: pixels a side that a decoded photo needs; None for all.
    """

    identity: dict[str, str]
    dimension: int
    tile: int = TILE
    enough: int | None = None
    _view: View | None = None
    _text_tower: TextTower | None = None
    _photo_tower: PhotoTower | None = None

    @abstractmethod
    def tokenize(self, text: str) -> Tokens:
        """One text as the model reads it."""

    @abstractmethod
    def preprocess(self, photo: Image.Image) -> Any:
        """One RGB photo as the model reads it; safe to call from several threads."""

    def prepare(self, photo: Image.Image) -> Any:
        """What `preprocess` gives, the same to the bit, in little memory whatever the photo."""
        if self._view is not None and unusual(photo):
            photo = self._view.of(photo)
        return self.preprocess(photo)

    @abstractmethod
    def _texts(self, batch: Any) -> torch.Tensor:
        """Embeddings [n, dimension] of stacked `Tokens.ids`, by the library's own code."""

    @abstractmethod
    def _photos(self, batch: Any) -> torch.Tensor:
        """Embeddings [n, dimension] of stacked photos, by the library's own code."""

    def _stacked(self, rows: Sequence[Any]) -> Any:
        """Rows as one batch on the device."""
        import torch

        return self._moved(torch.stack(list(rows)))

    def _pixels(self, batch: Any) -> torch.Tensor:
        """Of a stacked batch of photos the pixels [n, 3, height, width]."""
        pixels: torch.Tensor = batch
        return pixels

    def _ready(self, spec: ModelSpec, model: Any, settings: Settings) -> None:
        """Take a model that was loaded on the CPU."""
        import torch

        self._settings, self._batch, self._threads = settings, spec.batch, spec.threads
        # What computes in less than float32 does so by autocast or in a tower.
        self._held = torch.float64 if spec.precision == "float64" else torch.float32
        self._model = model.to(settings.device, self._held).eval()
        if isinstance(spec.batch, int):
            self.tile = spec.batch
        if spec.decode == "fast":
            seen = self._pixels(self._stacked([self.preprocess(_sample_photos()[0])]))
            self.enough = int(AMPLE * seen.shape[-1])

    def _moved(self, batch: torch.Tensor) -> torch.Tensor:
        if batch.is_floating_point():
            batch = batch.to(self._held)
        if self._settings.device == "cuda":
            # From pinned memory the copy goes on while the GPU computes.
            return batch.pin_memory().to("cuda", non_blocking=True)
        return batch.to(self._settings.device)

    @contextmanager
    def _library(self) -> Iterator[None]:
        """The mode in which a library's own code computes."""
        import torch

        dtype, device = self._settings.dtype, self._settings.device
        with torch.inference_mode(), torch.autocast(device, dtype, enabled=dtype != self._held):
            yield

    def embed_texts(self, ids: Sequence[Any]) -> Float32:
        """Embed the `ids` of texts of one length by the library's own code: [n, dimension]."""
        with self._library():
            return to_float32(self._texts(self._stacked(ids)))

    def embed_photos(self, photos: Sequence[Any]) -> Float32:
        """Embed what `preprocess` gave by the library's own code: float32 [n, dimension]."""
        with self._library():
            return to_float32(self._photos(self._stacked(photos)))

    def encode_texts(self, texts: Sequence[Tokens]) -> Iterator[tuple[list[int], Float32]]:
        """Embed texts, in an order that suits the model.

        Yields:
            For some of them at a time, their numbers in `texts` and float32 [n, dimension].
        """
        tower = self._text_tower
        if tower is not None:
            from rematch.embed.models.towers import texts_of

            tiles = tower.tiles([text.path for text in texts])
            for tile, vectors in self._computed(tower, tiles, self._threads):
                yield texts_of(tile), vectors
            return
        # Texts of one length together, since a short one needs a part of the context's work.
        order = sorted(range(len(texts)), key=lambda index: texts[index].length)
        for _, group in groupby(order, key=lambda index: texts[index].length):
            for batch in chunks(group, TILE):
                ids = filled([texts[index].ids for index in batch], TILE)
                yield batch, self.embed_texts(ids)[: len(batch)]

    def encode_photos(
        self, photos: Iterable[T], prepare: Callable[[T], Any], threads: int = 1
    ) -> Iterator[Float32]:
        """Embed photos, `tile` at a time: float32 [n, dimension] each.

        Args:
            photos: photos, or what they are opened from.
            prepare: gives of one what `preprocess` gives.
            threads: that prepare them, and compute where the model has a fast tower; do not change
                the result.
        """
        tower = self._photo_tower

        def embedded(ready: Sequence[Any]) -> torch.Tensor:
            rows = self._stacked(filled(ready, self.tile))
            if tower is not None:
                return tower(self._pixels(rows))[: len(ready)]
            with self._library():
                return self._photos(rows)[: len(ready)]

        if tower is not None and self._settings.device == "cpu":

            def from_files(tile: list[T]) -> torch.Tensor:
                return embedded([prepare(photo) for photo in tile])

            found = self._computed(from_files, chunks(photos, self.tile), threads)
        else:
            found = self._opened_ahead(embedded, photos, prepare, threads)
        for _, vectors in found:
            yield vectors

    def _opened_ahead(
        self,
        embedded: Callable[[list[Any]], torch.Tensor],
        photos: Iterable[T],
        prepare: Callable[[T], Any],
        threads: int,
    ) -> Iterator[tuple[list[Any], Float32]]:
        """Tiles of photos and their embeddings; photos are prepared while a tile is computed."""
        with ThreadPoolExecutor(threads) as pool:
            ready = ahead(pool, prepare, photos, 2 * self.tile + threads)
            yield from _a_step_late(embedded, chunks(ready, self.tile))

    def _computed(
        self, function: Callable[[T], torch.Tensor], tiles: Iterable[T], threads: int
    ) -> Iterator[tuple[T, Float32]]:
        """Tiles and what a function of a tower gives for each, in order."""
        if self._settings.device != "cpu":
            yield from _a_step_late(function, tiles)
            return

        def computed(tile: T) -> tuple[T, Float32]:
            return tile, to_float32(function(tile))

        with _workers(threads) as pool:
            yield from ahead(pool, computed, tiles, threads + 1)

    def accelerate(self, parts: Collection[str]) -> bool:
        """Compute with the fast towers what they can, and let go of the rest of the model.

        Each tower is compared with the library's own code on a sample first.

        Args:
            parts: which of `PARTS` will be encoded.

        Returns:
            Whether all went well. If not, the model is of no more use, and has to be loaded again.
        """
        from rematch.embed.models import towers

        dtype, device = self._settings.dtype, self._settings.device
        tokens = [self.tokenize(text) for text in SAMPLE]
        photos = [self.preprocess(photo) for photo in _sample_photos()]
        whole = self._settings
        # The comparison is with what the library computes in full precision.
        self._settings = Settings(self._held, device)
        found = True
        text = towers.text_weights(self._model) if "texts" in parts else None
        if text is not None:
            want = np.concatenate([self.embed_texts([one.ids]) for one in tokens])
            rows = max(ROWS[device], len(text.positions) + towers.ENDS)
            self._text_tower = towers.TextTower(text, towers.Numbers(dtype, device, rows))
            got = np.empty_like(want)
            for numbers, vectors in self.encode_texts(tokens):
                got[numbers] = vectors
            found &= _close("texts", want, got, dtype)
        photo = towers.photo_weights(self._model) if "photos" in parts else None
        if photo is not None:
            want = self.embed_photos(photos)
            length = len(photo.positions)
            if self._batch == "auto":
                most = TILE if device == "cpu" else PHOTO_ROWS[device]
                self.tile = max(1, min(most, PHOTO_ROWS[device] // length))
            computing = towers.Numbers(dtype, device, self.tile * length)
            self._photo_tower = towers.PhotoTower(photo, computing)
            got = np.concatenate(list(self.encode_photos(photos, lambda photo: photo)))
            found &= _close("photos", want, got, dtype)
        self._settings = whole
        fast = {"texts": text is not None, "photos": photo is not None}
        if all(fast[part] for part in parts):
            self._model = None
        self.identity["engine"] = ", ".join(
            f"{part} by {'towers' if fast[part] else 'library'}" for part in sorted(parts)
        )
        return found


def _close(what: str, want: Float32, got: Float32, dtype: torch.dtype) -> bool:
    """Whether embeddings agree but for rounding, once they have length 1."""
    want, got = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (want, got))
    far, most = float(np.abs(want - got).max()), CLOSE[str(dtype).removeprefix("torch.")]
    if far <= most:  # not so for NaN
        return True
    log.warning(
        "%s: on a sample the fast towers lie %.2g from the library's own code, more than %.0g; "
        "the library computes them, slower",
        *(what, far, most),
    )
    return False


def _a_step_late(
    function: Callable[[T], torch.Tensor], tiles: Iterable[T]
) -> Iterator[tuple[T, Float32]]:
    """Tiles and a function of each, fetched when the next is under way: a GPU need not wait."""
    waiting: list[tuple[T, torch.Tensor]] = []
    for tile in tiles:
        waiting.append((tile, function(tile)))
        if len(waiting) > 1:
            done, vectors = waiting.pop(0)
            yield done, to_float32(vectors)
    for done, vectors in waiting:
        yield done, to_float32(vectors)


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that compute whole tiles, each with one thread of torch.

    Several threads of torch in one tile wait for each other after every layer, and for whatever
    else a core has to do, such as opening photos.
    """
    import torch

    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)  # a part of the setting is the process's


def ahead(
    pool: ThreadPoolExecutor, function: Callable[[T], U], items: Iterable[T], depth: int
) -> Iterator[U]:
    """`map` in order, never more than `depth` results ahead of the reader."""
    waiting: deque[Future[U]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Items in lists of `size`, the last one with what is left."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def filled(rows: Sequence[T], size: int) -> list[T]:
    """Rows filled up to `size` with the first."""
    return [*rows, *([rows[0]] * (size - len(rows)))]


def _sample_photos() -> list[Image.Image]:
    """Photos on which a fast tower is compared: coarse noise, in shapes of photos."""
    from PIL import Image

    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (9, 12, 3), dtype=np.uint8) for _ in range(3)]
    sizes = [(400, 300), (300, 400), (640, 360)]
    resized = Image.Resampling.BICUBIC
    return [
        Image.fromarray(pixels).resize(size, resized)
        for pixels, size in zip(noise, sizes, strict=True)
    ]


def prepare_torch(spec: ModelSpec) -> Settings:
    """Set torch to compute the same thing every time.

    Returns:
        The data type and the device of a spec.

    Raises:
        UserError: the device is not there, or cannot compute in the precision.
    """
    import torch

    # Set, it would let every torch.load run what is pickled in a file.
    os.environ.pop("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
    torch.set_num_threads(spec.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    device = spec.device
    if device == "auto":
        # float64 is for results that are the same everywhere.
        exact = spec.precision == "float64"
        device = "cpu" if exact else next(name for name, found in there.items() if found)
    if not there[device]:
        raise UserError(
            f"encoding.device: {device}, but torch finds no such GPU; set it to cpu or auto"
        )
    if device == "mps" and spec.precision == "float64":
        raise UserError("encoding.device: mps has no float64; set device to cpu or auto")
    if device == "cpu" and spec.precision == "float16":
        log.warning("float16 is for GPUs and slow on a CPU; bfloat16 is faster and as small")
    dtypes = {
        "float64": torch.float64,
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
    }
    return Settings(dtypes[spec.precision], device)


def identity(
    spec: ModelSpec, settings: Settings, model: str, weights: Iterable[Path]
) -> dict[str, str]:
    """What a backend's numbers depend on, as `Encoder.identity` wants it.

    Not on the name of a checkpoint's file, which may lie elsewhere next time.
    """
    return {
        "backend": spec.backend,
        "model": model if spec.checkpoint is None else "a checkpoint",
        "checkpoint_sha256": weights_sha256(weights),
        "precision": spec.precision,
        "device": settings.device,
        "engine": "library",
        "batch": str(spec.batch),
        "decode": spec.decode,
        "prompt": spec.prompt,
    }


def weights_sha256(files: Iterable[Path]) -> str:
    """The SHA-256 of a file; of several, that of their digests, whatever their names and order."""
    digests = sorted(sha256_of(path) for path in files)
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def probed(encoder: Encoder, spec: ModelSpec, where: str) -> int:
    """The dimension of a model's embeddings, seen on a text and a photo.

    Raises:
        UserError: they cannot be embedded, or not as one vector each, of one length; or the
            precision is float64 and the model computes a part in less.
    """
    from PIL import Image

    narrow: set[str] = set()
    try:
        text = encoder._stacked([encoder.tokenize("two ships in a harbour").ids])
        photo = encoder._stacked([encoder.preprocess(Image.new("RGB", (80, 60), "grey"))])
        with encoder._library(), _watching(narrow):
            shapes = [tuple(encoder._texts(text).shape), tuple(encoder._photos(photo).shape)]
    except Exception as error:  # a model, tokenizer and processor that do not go together
        raise UserError(
            f"{where}: cannot embed a text and a photo ({first_line(error)}); choose a model that "
            "does, with its own tokenizer and processor"
        ) from error
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"{where}: gives texts of shape {shapes[0]} and photos of shape {shapes[1]}, which "
            "cannot be compared; choose a model that embeds both in one space"
        )
    if spec.precision == "float64" and narrow:
        raise UserError(
            f"{where}: computes a part in less than float64 ({', '.join(sorted(narrow)[:3])}) "
            "whatever it is asked; set models.*.precision to float32"
        )
    return int(shapes[0][1])


@contextmanager
def _watching(narrow: set[str]) -> Iterator[None]:
    """Collect the operations that give floating point numbers of less than 64 bits."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            for item in out if isinstance(out, (tuple, list)) else (out,):
                if (
                    isinstance(item, torch.Tensor)
                    and item.is_floating_point()
                    and item.dtype != torch.float64
                ):
                    narrow.add(str(func))
            return out

    with Watch():  # type: ignore[no-untyped-call]
        yield


def to_float32(embeddings: torch.Tensor) -> Float32:
    """Embeddings as NumPy's float32."""
    # Kept in the model's precision until after normalisation would cost twice the memory for less
    # than a unit in the last place.
    array: Float32 = embeddings.float().cpu().numpy()
    return array


def first_line(error: BaseException) -> str:
    """What an exception says, in a line."""
    if isinstance(error, pickle.UnpicklingError):  # torch advises to load such a file all the same
        return "it holds other things than tensors, which may run code, or it is damaged"
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return said.split(". ")[0][:200]
