"""Files that keep vectors: a damaged block is not there, and all others are as they were."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from rematch.embed.encoding import kept
from rematch.errors import UserError
from rematch.forms import Embeddings
from rematch.storage.embeddings import Store, Vectors, read_embeddings, write_vectors
from tests.tiny import write_embeddings
from tests.unit.match.matrices import IDENTITY, embeddings, unit

WIDTH, ROWS, BLOCKS = 8, 5, 4


def written(path: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    blocks = [
        ([f"{block}-{row}" for row in range(ROWS)], rng.random((ROWS, WIDTH), dtype=np.float32))
        for block in range(BLOCKS)
    ]
    write_vectors(Vectors(WIDTH, {"made_by": "me", "model": "a"}, blocks), path)
    return {name: row for names, rows in blocks for name, row in zip(names, rows, strict=True)}


def test_an_undamaged_file_is_whole(tmp_path: Path) -> None:
    vectors = written(tmp_path / "v.arrow")
    store = Store(tmp_path / "v.arrow")
    assert store.keys == vectors.keys() and store.damaged == 0
    assert store.take([*vectors]).tobytes() == np.stack([*vectors.values()]).tobytes()


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_damaged_no_wrong_vector_is_taken(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "v.arrow", random.Random(seed)
    vectors = written(path)
    content = bytearray(path.read_bytes())
    if seed % 5 == 0:
        del content[chance.randrange(len(content)) :]
    elif seed % 5 == 1:
        start = chance.randrange(len(content))
        content[start : start + 64] = bytes(64)
    else:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content))
    store = kept(path, "me")
    if store is not None:
        assert store.metadata == {"made_by": "me", "model": "a"} or not store.keys
        for name, vector in zip(store.keys, store.take([*store.keys]), strict=True):
            assert vector.tobytes() == vectors[name].tobytes()
        assert len(store.keys) == ROWS * (BLOCKS - store.damaged)


def test_a_damaged_block_is_lost_alone_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "v.arrow"
    vectors = written(path)
    content = path.read_bytes()
    at = content.index(vectors["2-3"].tobytes())
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    store = kept(path, "me")
    assert store is not None and store.damaged == 1
    assert store.keys == {name for name in vectors if not name.startswith("2-")}
    assert f"{path}: 1 blocks are damaged; their vectors are made anew" in caplog.text


def test_blocks_under_the_metadata_of_another_file_are_none(tmp_path: Path) -> None:
    path = tmp_path / "v.arrow"
    written(path)
    content = path.read_bytes()
    # The footer repeats the schema: both places.
    path.write_bytes(content.replace(b"\0me\0", b"\0us\0"))
    store = Store(path)
    assert store.metadata["made_by"] == "us" and not store.keys and store.damaged == BLOCKS
    with pytest.raises(UserError):
        path.write_bytes(b"")
        Store(path)


def test_embeddings_come_back_bit_for_bit_and_uncopied(tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(0), 5)
    write_embeddings(embeddings("a", vectors), tmp_path / "e.arrow")
    back = read_embeddings(tmp_path / "e.arrow")
    assert back.ids == ("a0", "a1", "a2", "a3", "a4")
    assert back.vectors.tobytes() == vectors.tobytes()
    assert back.metadata == IDENTITY
    assert not back.vectors.flags.owndata


def test_embedding_that_is_not_finite_is_refused_with_its_id(tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(0), 3)
    vectors[1, 2] = np.nan
    write_embeddings(embeddings("a", vectors), tmp_path / "e.arrow")
    with pytest.raises(UserError, match="'a1' is not finite"):
        read_embeddings(tmp_path / "e.arrow")


def test_repeated_id_is_refused(tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(0), 2)
    write_embeddings(Embeddings(("a", "a"), vectors, IDENTITY), tmp_path / "e.arrow")
    with pytest.raises(UserError, match="occurs twice"):
        read_embeddings(tmp_path / "e.arrow")
