"""Work in a stream: in groups, filled up, a step ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rematch.forms import Float32

if TYPE_CHECKING:
    import torch

from rematch.embed.models.checks import to_float32

T = TypeVar("T")
U = TypeVar("U")


def a_step_late(
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
def workers(threads: int) -> Iterator[ThreadPoolExecutor]:
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
