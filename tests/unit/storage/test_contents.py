"""Digests of contents: what changes them, what is read again, and what a lost file costs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from rematch.storage import contents, digests, files
from rematch.storage.contents import Contents
from rematch.storage.files import sha256_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(name.encode())
        os.utime(folder / name, (1_600_000_000, 1_600_000_000))
    return folder


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are as good as old."""
    monkeypatch.setattr(files, "SETTLED_NS", -1)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read."""
    names: list[str] = []
    read = digests.sha256_of

    def noting(path: str) -> str:
        names.append(Path(path).name)
        return read(path)

    monkeypatch.setattr(digests, "sha256_of", noting)
    return names


def test_a_file_has_the_digest_of_its_bytes(folder: Path, tmp_path: Path) -> None:
    kept = Contents(tmp_path / "kept.json")
    assert kept.of(folder / "a.jpg") == hashlib.sha256(b"a.jpg").hexdigest()
    assert kept.files(folder) == {
        name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jpg", "b.jpg", "c.jpg")
    }
    assert kept.of(tmp_path / "nowhere") is None


def write_over(folder: Path) -> None:
    before = (folder / "b.jpg").stat()
    (folder / "b.jpg").write_bytes(b"x.jpg")
    os.utime(folder / "b.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(folder: Path) -> None:
    (folder / "a.jpg").rename(folder / "z")
    (folder / "b.jpg").rename(folder / "a.jpg")
    (folder / "z").rename(folder / "b.jpg")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("edit", "same", "read"),
    [
        (lambda folder: None, True, []),
        (lambda folder: os.utime(folder / "b.jpg"), True, ["b.jpg"]),
        (lambda folder: os.utime(folder), True, []),
        (write_over, False, ["b.jpg"]),
        (swap, False, ["a.jpg", "b.jpg"]),
        (lambda folder: (folder / "b.jpg").rename(folder / "d.jpg"), False, ["d.jpg"]),
        (lambda folder: (folder / "b.jpg").unlink(), False, []),
        (lambda folder: shutil.copy(folder / "b.jpg", folder / "d.jpg"), False, ["d.jpg"]),
        (lambda folder: (folder / ".hidden").write_bytes(b""), True, []),
        (lambda folder: (folder / "below").mkdir(), True, []),
    ],
    ids=["-", "touch", "touch-", "write", "swap", "rename", "delete", "add", "hidden", "below"],
)
def test_a_folder_changes_with_names_and_bytes_alone(
    folder: Path, tmp_path: Path, reads: list[str], edit, same, read
) -> None:
    before = Contents(tmp_path / "kept.json").of(folder)
    reads.clear()
    edit(folder)
    assert (Contents(tmp_path / "kept.json").of(folder) == before) is same
    assert sorted(reads) == read


def test_what_changed_a_moment_ago_is_read_again(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    # Its change time is now, though its modification time was set back.
    Contents(tmp_path / "kept.json").of(folder)
    Contents(tmp_path / "kept.json").of(folder / "a.jpg")
    assert sorted(reads) == ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.usefixtures("settled")
def test_nothing_is_written_where_nothing_is_new(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "results/kept.json"
    first = Contents(kept)
    first.of(folder), first.of(folder / "a.jpg"), first.result("r", [folder], lambda: "value")
    written = kept.stat()
    second = Contents(kept)
    second.of(folder), second.of(folder / "a.jpg"), second.result("r", [folder], lambda: "other")
    assert kept.stat() == written
    assert [path.name for path in kept.parent.iterdir()] == ["kept.json"]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", ["gone", "empty", "torn", "other", "unwritable"])
def test_a_lost_or_unwritable_file_costs_reading_only(
    folder: Path, tmp_path: Path, damage: str
) -> None:
    kept = tmp_path / "kept.json"
    expected = Contents(kept).of(folder)
    if damage == "gone":
        kept.unlink()
    elif damage == "unwritable":  # also for root, whom no mode keeps out
        kept.unlink()
        kept.mkdir()
    else:
        text = kept.read_text("utf-8")
        new = {"empty": "", "torn": text[: len(text) // 2], "other": '{"folders": [1]}'}[damage]
        kept.write_text(new, "utf-8")
    assert Contents(kept).of(folder) == expected
    if damage != "unwritable":
        assert str(folder) in contents.sealed(kept.read_bytes())["folders"]


@pytest.mark.usefixtures("settled")
def test_chosen_files_count_hidden_or_not_and_no_others(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    kept = tmp_path / "kept.json"
    (folder / ".h.jpg").write_bytes(b"h")
    (folder / "sub.jpg").mkdir()

    def chosen() -> dict[str, str]:
        wanted = {"a.jpg", ".h.jpg", "sub.jpg", "gone.jpg"}
        return Contents(kept).chosen(folder, lambda names: wanted & names)

    found = chosen()
    assert found.keys() == {"a.jpg", ".h.jpg"} and sorted(reads) == [".h.jpg", "a.jpg"]
    (folder / "Thumbs.db").write_bytes(b"")
    (folder / "b.jpg").write_bytes(b"other")
    assert chosen() == found and len(reads) == 2
    (folder / ".h.jpg").write_bytes(b"i")
    assert chosen()[".h.jpg"] == hashlib.sha256(b"i").hexdigest()
    Contents(kept).of(folder / "b.jpg")
    (folder / "a.jpg").unlink()
    assert chosen().keys() == {".h.jpg"}
    shutil.rmtree(folder)
    assert chosen().keys() == {".h.jpg"}


def test_a_file_dated_in_the_future_is_read_once(
    folder: Path, tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(folder / "a.jpg", (4_000_000_000, 4_000_000_000))
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(files.time, "time_ns", lambda: later)
    kept = tmp_path / "kept.json"
    Contents(kept).of(folder / "a.jpg"), Contents(kept).of(folder / "a.jpg")
    assert reads == ["a.jpg"]


def test_what_a_job_wrote_is_noted_and_not_read(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    kept = tmp_path / "kept.json"
    contents_ = Contents(kept)
    contents_.note(folder / "a.jpg", "as the job says")
    assert contents_.of(folder / "a.jpg") == "as the job says" and not reads
    assert not kept.exists()
    contents_.flush()
    assert Contents(kept).of(folder / "a.jpg") == "as the job says" and not reads
    # What is kept wrongly does no harm.
    assert Contents(kept).holds(folder / "a.jpg", hashlib.sha256(b"a.jpg").hexdigest())
    assert not Contents(kept).holds(folder / "b.jpg", hashlib.sha256(b"a.jpg").hexdigest())


def test_what_changed_after_a_job_hashed_it_is_not_noted(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    """On a cluster a job may be over for a minute before it is noticed."""
    contents_ = Contents(tmp_path / "kept.json")
    changed = (folder / "a.jpg").stat().st_ctime
    contents_.note(folder / "a.jpg", "as the job says", read=changed - 5)
    assert contents_.of(folder / "a.jpg") == hashlib.sha256(b"a.jpg").hexdigest() and reads
    contents_.note(folder / "b.jpg", "as the job says", read=changed + 5)
    assert contents_.of(folder / "b.jpg") == "as the job says"


def test_what_is_kept_is_sealed(folder: Path, tmp_path: Path, reads: list[str]) -> None:
    kept = tmp_path / "kept.json"
    Contents(kept).of(folder)
    content = bytearray(kept.read_bytes())
    for at in range(0, len(content), 7):
        damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        with pytest.raises(ValueError):
            contents.sealed(bytes(damaged))
    assert json.loads(content)["kept"] == contents.sealed(bytes(content))


def test_of_what_is_gone_the_last_digest_holds(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    file, whole = Contents(kept).of(folder / "a.jpg"), Contents(kept).of(folder)
    shutil.rmtree(folder)
    assert Contents(kept).of(folder / "a.jpg") == file
    assert Contents(kept).of(folder) == whole


def test_a_result_is_computed_again_only_when_its_files_change(
    folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    assert Contents(kept).result("r", [folder / "a.jpg"], lambda: "first") == "first"
    (folder / "b.jpg").write_bytes(b"other")
    os.utime(folder / "a.jpg")
    assert Contents(kept).result("r", [folder / "a.jpg"], lambda: "second") == "first"
    assert Contents(kept).result("s", [folder / "a.jpg"], lambda: "second") == "second"
    (folder / "a.jpg").write_bytes(b"other")
    assert Contents(kept).result("r", [folder / "a.jpg"], lambda: "third") == "third"


def test_of_photos_only_files_of_a_size_within_their_folder_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "outside").write_bytes(b"o")
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "link.jpg").symlink_to("a.jpg")
    (folder / "out.jpg").symlink_to("../outside")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "endless.jpg").symlink_to("/proc/self/pagemap")
    os.mkfifo(folder / "pipe.jpg")
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(40 * 10**9)
    read: list[str] = []

    def counted(path: object) -> str:
        read.append(Path(str(path)).name)
        return sha256_of(str(path))

    monkeypatch.setattr("rematch.storage.digests.sha256_of", counted)
    contents = Contents(tmp_path / "kept.json")
    assert set(contents.files(folder, 10**6)) == {"a.jpg", "link.jpg"}
    first = contents.of(folder, 10**6)
    assert set(read) == {"a.jpg", "link.jpg"}
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(9)
    assert contents.of(folder, 10**6) != first and "sparse.jpg" in read
    second = contents.of(folder, 10**6)
    (folder / "out.jpg").unlink()
    assert contents.of(folder, 10**6) != second
