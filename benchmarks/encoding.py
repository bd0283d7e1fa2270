"""Encoding against other libraries, in the same run: ViT-B/32's architecture, random weights.

    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/encoding.py [--articles 2000]

Texts: the paper's four word counts of so many articles. Photos: JPEGs of 1000 x 700, from the file
to the embedding. Each contestant works in a process of its own, so that its peak memory is its own.
They take turns, so that what else the machine does meets them alike, and a ratio is the median of
the turns' ratios. Where a machine is shared, wall time says little: the ratio of processor time,
best with one thread, stands beside it. The run fails if our embeddings are not OpenAI's. A GPU is
used where there is one.

How memory grows with the corpus is tested in tests/soak/test_size.py.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peers import BATCH, CONTESTANTS, PEER, Given, make_models, make_photos, sweep

# torch is imported by other processes alone: the system counts as a process' peak memory at least
# what its parent had when it started.

TARGETS = {"texts": {"float32": 4.0, "bfloat16": 9.0}, "photos": {"float32": 1.8, "bfloat16": 4.5}}
"""How many times as fast as OpenAI's loop, on two cores."""
TARGETS["photos"]["bfloat16, decode fast"] = TARGETS["photos"]["bfloat16"]


class Seconds(NamedTuple):
    """Of the clock, and of all processor cores together."""

    wall: float
    processor: float


class Worker:
    """A function that a process of its own makes and calls."""

    def __init__(self, make: Callable[[], Callable[..., Any]], threads: int) -> None:
        spawned = get_context("spawn")
        self._pipe, end = spawned.Pipe()
        self._process = spawned.Process(target=_working, args=(end, make, threads), daemon=True)
        self._process.start()
        end.close()
        self.missing = self._pipe.recv()
        self.peak_mb = 0.0

    def __call__(self, *given: Any) -> tuple[Any, Seconds]:
        """The function's value, and its seconds."""
        self._pipe.send(given)
        found, seconds, self.peak_mb = self._pipe.recv()
        return found, seconds

    def end(self) -> None:
        self._pipe.close()
        self._process.join()


def _working(pipe: Any, make: Callable[[], Callable[..., Any]], threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    try:
        function = make()
    except ModuleNotFoundError as error:
        pipe.send(error.name)
        return
    pipe.send("")
    while True:
        try:
            given = pipe.recv()
        except EOFError:
            return
        wall, processor = time.perf_counter(), time.process_time()
        found = function(*given)
        seconds = Seconds(time.perf_counter() - wall, time.process_time() - processor)
        pipe.send((found, seconds, peak_mb()))


def peak_mb() -> float:
    """Peak memory of this process in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def alone(function: Callable[..., Any], *given: Any) -> Any:
    """What a function gives in a process of its own, with one thread."""
    worker = Worker(partial(partial, function, *given), 1)
    found, _ = worker()
    worker.end()
    return found


class Result(NamedTuple):
    """A contestant's seconds by turn, its peak memory, and its embeddings."""

    seconds: list[Seconds]
    peak_mb: float
    vectors: np.ndarray

    def median(self, clock: str) -> float:
        """Seconds of a turn, of a clock of `Seconds`."""
        return statistics.median(getattr(turn, clock) for turn in self.seconds)

    def times(self, other: Result, clock: str) -> float:
        """How many times as fast as another: the median of the turns."""
        pairs = zip(other.seconds, self.seconds, strict=True)
        return statistics.median(getattr(a, clock) / getattr(b, clock) for a, b in pairs)


class Machine(NamedTuple):
    """What it ran on; `peaks` are the most FLOP/s by precision."""

    device: str
    threads: int
    peaks: dict[str, float]

    def took(self, result: Result) -> float:
        """Seconds of a turn; of a CPU those that its cores worked, whatever else they did."""
        if self.device != "cpu":
            return result.median("wall")
        return result.median("processor") / self.threads


def contest(items: list[str], names: Sequence[str], given: Given, turns: int) -> dict[str, Result]:
    """All contestants in turns, each with all of the items."""
    workers: dict[str, Worker] = {}
    for name in names:
        worker = Worker(partial(CONTESTANTS[name], given), given.threads)
        if worker.missing:
            print(f"{name}: skipped: {worker.missing} is not installed")
        else:
            workers[name] = worker
            worker(items[: 2 * BATCH])  # to warm up
    seconds: dict[str, list[Seconds]] = {name: [] for name in workers}
    vectors: dict[str, np.ndarray] = {}
    for turn in range(turns):
        for name, worker in workers.items():
            vectors[name], taken = worker(items)
            seconds[name].append(taken)
            print(f"  {given.part}, turn {turn + 1}, {name}: {taken.wall:.1f} s", file=sys.stderr)
    for worker in workers.values():
        worker.end()
    return {
        name: Result(seconds[name], worker.peak_mb, vectors[name])
        for name, worker in workers.items()
    }


def report(part: str, results: dict[str, Result], flop: float, machine: Machine) -> list[str]:
    """Print a table; what is wrong with our embeddings.

    Args:
        part: "texts" or "photos".
        results: by contestant.
        flop: what our towers compute for one text or photo.
        machine: that they ran on.
    """
    theirs, wrong, on_cpu = results[PEER], [], machine.device == "cpu"
    print(f"\n| {part} | a second | times {PEER} | in processor time | target | of peak | memory |")
    print("|---|---|---|---|---|---|---|")
    for name, result in results.items():
        n, ratio = len(result.vectors), result.times(theirs, "wall")
        target = TARGETS[part].get(name) if on_cpu else None
        met = f"{target:g}: {'met' if ratio >= target else 'not met'}" if target else ""
        precision, share = name.split(",")[0], ""
        if precision in machine.peaks:
            share = f"{n * flop / machine.took(result) / machine.peaks[precision]:.0%}"
        print(
            f"| {name} | {n / result.median('wall'):.1f} | {ratio:.2f} | "
            f"{result.times(theirs, 'processor'):.2f} | {met} | {share} | {result.peak_mb:.0f} MB |"
        )
    print()
    for name, result in results.items():
        far = float(np.abs(result.vectors - theirs.vectors).max())
        products = result.vectors.astype(np.float64) * theirs.vectors
        cosine = float(products.sum(axis=1).min())
        print(f"{part}, {name}: within {far:.1e} of OpenAI's; least cosine {cosine:.6f}")
        if name == "float32" and on_cpu and far > 1e-5:
            wrong.append(f"{part}: float32 is {far:.1e} from OpenAI's")
        if name in ("float32", "float16", "bfloat16") and cosine < 0.9999:
            wrong.append(f"{part}: {name} has a cosine of {cosine:.6f} with OpenAI's")
    return wrong


def find_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def measured_peak(dtype: str, device: str) -> float:
    """The most FLOP/s that torch reaches in products of matrices: of a GPU, or of a core."""
    import torch

    peak = 0.0
    for side in (512, 1024, 2048) if device == "cpu" else (4096, 8192):
        a, b = (torch.randn(side, side).to(device, getattr(torch, dtype)) for _ in range(2))
        until = time.perf_counter() + 3
        while time.perf_counter() < until:
            wall, processor = time.perf_counter(), time.process_time()
            float((a @ b)[0, 0])  # a GPU is done when its number is here
            taken = time.perf_counter() - wall
            if device == "cpu":  # so that others on the machine do not count
                taken = time.process_time() - processor
            peak = max(peak, 2 * side**3 / taken)
    return peak


def opening_s(path: Path, photos: Sequence[str], decode: str) -> float:
    """Seconds of one core from a photo's file to the model's input."""
    from rematch.corpus import open_photo
    from rematch.embed import ModelSpec, load

    encoder = load(ModelSpec("openai", path, engine="library", decode=decode))
    seconds = []
    for photo in photos[:48]:
        started = time.process_time()
        encoder.preprocess(open_photo(Path(photo), encoder.enough))
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def photo_flop() -> float:
    """Of a photo in ViT-B/32: 50 positions in 12 blocks of width 768. A product counts as two."""
    length, width = 50, 768
    block = 2 * length * 12 * width**2 + 4 * length**2 * width
    return 12 * block + 2 * (length - 1) * 3 * 32**2 * width


def text_flop(lines: Sequence[str]) -> float:
    """Of a text in ViT-B/32 when beginnings that texts share are computed once, on average."""
    from rematch.embed import grown
    from rematch.outside import load_clip_module

    ids = load_clip_module().tokenize(list(lines), truncate=True)
    trees = grown([row[: int(row.argmax()) + 1].tolist() for row in ids])
    return 2 * 12 * 12 * 512**2 * sum(tree.rows for tree in trees) / len(lines)


def print_bounds(opening: dict[str, float], theirs: Result, machine: Machine) -> None:
    """What photos could reach at most if every product ran at the measured peak.

    Photos are opened by the cores that compute or, beside a GPU, while it computes.

    Args:
        opening: seconds of a core to open a photo, by `decode`.
        theirs: what OpenAI's loop took.
        machine: that it ran on.
    """
    took = machine.took(theirs) / len(theirs.vectors)
    for precision, peak in machine.peaks.items():
        for decode, seconds in opening.items():
            parts = (photo_flop() / peak, seconds / machine.threads)
            least = sum(parts) if machine.device == "cpu" else max(parts)
            print(
                f"photos, {precision}, decode {decode}: {parts[0] * 1000:.1f} ms at the peak and "
                f"{parts[1] * 1000:.1f} ms to open it; at most {took / least:.1f} times {PEER}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS, help="beside OpenAI's loop")
    asked = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # the libraries' own progress bars
    device = alone(find_device)
    names = asked.only or [name for name in CONTESTANTS if device == "cuda" or name != "float16"]
    names = [PEER, *(name for name in names if name != PEER)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone(make_models, folder)
        print(f"{processor()}, {os.cpu_count()} cores; {device}; {asked.threads} threads")
        print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
        print(f"load before: {os.getloadavg()[0]:.1f}")
        dtypes = ["float32", "bfloat16"] + ["float16"] * (device == "cuda")
        machine = Machine(device, asked.threads, dict.fromkeys(dtypes, 0.0))
        lines, photos = sweep(asked.articles), make_photos(folder, asked.photos)
        opening = {
            decode: alone(opening_s, folder / "vit.pt", photos, decode)
            for decode in ("exact", "fast")
        }
        flop = {"texts": alone(text_flop, lines), "photos": photo_flop()}
        wrong: list[str] = []
        for part, items in (("texts", lines), ("photos", photos)):
            given = Given(folder, device, asked.threads, part)
            known = [name for name in names if part == "photos" or "decode" not in name]
            results = contest(items, known, given, asked.turns)
            for dtype, before in machine.peaks.items():
                peak = alone(measured_peak, dtype, device)
                peak *= asked.threads if device == "cpu" else 1
                machine.peaks[dtype] = max(before, peak)
            wrong += report(part, results, flop[part], machine)
        for dtype, peak in machine.peaks.items():
            print(f"measured peak, {dtype}: {peak / 1e9:.0f} GFLOP/s")
        print_bounds(opening, results[PEER], machine)
        print(f"load after: {os.getloadavg()[0]:.1f}")
    if wrong:
        sys.exit("\n".join(wrong))


PACKAGES = ("torch", "clip-anytorch", "open_clip_torch", "transformers", "sentence-transformers")


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """The processor's name, with its family and model where Linux tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = facts.get("model name", platform.machine())
    return f"{name} (family {facts.get('cpu family')}, model {facts.get('model')})"


if __name__ == "__main__":
    main()
