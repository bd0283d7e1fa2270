"""What all models have in common: texts and photos in tiles of a fixed size, to vectors."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from rematch.embed.models.view import View, unusual
from rematch.forms import Float32

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from rematch.embed.models.towers import PhotoTower, TextTower
from rematch.embed.models.checks import SAMPLE, close, sample_photos, to_float32
from rematch.embed.models.settings import Settings
from rematch.embed.models.spec import ModelSpec
from rematch.embed.models.streams import T, a_step_late, ahead, chunks, filled, workers

log = logging.getLogger(__name__)


TILE = 32
"""Texts and photos that a library's own code computes at once. A constant: another tile means
other last digits."""

ROWS = {"cpu": 512, "cuda": 16384, "mps": 4096}
"""Positions of texts that a tower computes at once, by device."""

PHOTO_ROWS = {"cpu": 400, "cuda": 51200, "mps": 6400}
"""Positions of photos, from which the number of photos follows where the batch is `auto`."""

AMPLE = 1.5
"""How much larger than what the model sees a photo is decoded at least, with `decode: fast`."""


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
            seen = self._pixels(self._stacked([self.preprocess(sample_photos()[0])]))
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
            from rematch.embed.models.trees import texts_of

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
            yield from a_step_late(embedded, chunks(ready, self.tile))

    def _computed(
        self, function: Callable[[T], torch.Tensor], tiles: Iterable[T], threads: int
    ) -> Iterator[tuple[T, Float32]]:
        """Tiles and what a function of a tower gives for each, in order."""
        if self._settings.device != "cpu":
            yield from a_step_late(function, tiles)
            return

        def computed(tile: T) -> tuple[T, Float32]:
            return tile, to_float32(function(tile))

        with workers(threads) as pool:
            yield from ahead(pool, computed, tiles, threads + 1)

    def accelerate(self, parts: Collection[str]) -> bool:
        """Compute with the fast towers what they can, and let go of the rest of the model.

        Each tower is compared with the library's own code on a sample first.

        Args:
            parts: which of `PARTS` will be encoded.

        Returns:
            Whether all went well. If not, the model is of no more use, and has to be loaded again.
        """
        from rematch.embed.models.layers import Numbers
        from rematch.embed.models.towers import PhotoTower, TextTower
        from rematch.embed.models.trees import ENDS
        from rematch.embed.models.weights import photo_weights, text_weights

        dtype, device = self._settings.dtype, self._settings.device
        tokens = [self.tokenize(text) for text in SAMPLE]
        photos = [self.preprocess(photo) for photo in sample_photos()]
        whole = self._settings
        # The comparison is with what the library computes in full precision.
        self._settings = Settings(self._held, device)
        found = True
        text = text_weights(self._model) if "texts" in parts else None
        if text is not None:
            want = np.concatenate([self.embed_texts([one.ids]) for one in tokens])
            rows = max(ROWS[device], len(text.positions) + ENDS)
            self._text_tower = TextTower(text, Numbers(dtype, device, rows))
            got = np.empty_like(want)
            for numbers, vectors in self.encode_texts(tokens):
                got[numbers] = vectors
            found &= close("texts", want, got, dtype)
        photo = photo_weights(self._model) if "photos" in parts else None
        if photo is not None:
            want = self.embed_photos(photos)
            length = len(photo.positions)
            if self._batch == "auto":
                most = TILE if device == "cpu" else PHOTO_ROWS[device]
                self.tile = max(1, min(most, PHOTO_ROWS[device] // length))
            computing = Numbers(dtype, device, self.tile * length)
            self._photo_tower = PhotoTower(photo, computing)
            got = np.concatenate(list(self.encode_photos(photos, lambda photo: photo)))
            found &= close("photos", want, got, dtype)
        self._settings = whole
        fast = {"texts": text is not None, "photos": photo is not None}
        if all(fast[part] for part in parts):
            self._model = None
        self.identity["engine"] = ", ".join(
            f"{part} by {'towers' if fast[part] else 'library'}" for part in sorted(parts)
        )
        return found
