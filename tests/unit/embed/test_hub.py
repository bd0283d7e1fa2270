"""Models from Hugging Face's hub, against one on loopback that cuts off, lies and goes away."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rematch.embed.models import ModelSpec, fetch, hub, load
from rematch.errors import UserError
from rematch.storage import files
from rematch.storage.files import sha256_of
from tests.loopback import QuietHandler, Serving
from tests.unit.embed.test_models import VISION, make_hf, make_open_clip, tokenizer

import huggingface_hub  # isort: skip
import open_clip  # isort: skip
import torch  # isort: skip
import transformers  # isort: skip

ROOT = Path(__file__).parents[3]
COMMIT = "c" * 40
LARGE = (".safetensors", ".bin")


class Hub(Serving):
    """Serves folders as repositories; `asked` holds method, path and headers of every request.

    Large files are redirected to another host's name, as on the hub. `cuts`: after how many bytes
    the next answers with large files end. `hang`: seconds of silence before such an end. `silent`:
    nothing is answered. `lie`: the last byte of large files is another. `answers`: statuses of the
    next answers.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Path] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.cuts: list[int] = []
        self.answers: list[int] = []
        self.silent, self.lie, self.hang = False, False, 0.0
        outer = self

        class Handler(QuietHandler):
            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                path = self.path.partition("?")[0]
                outer.asked.append((self.command, path, dict(self.headers)))
                if outer.silent:
                    outer.closing.wait(20)
                elif outer.answers:
                    self.send(b"", outer.answers.pop(0))
                elif found := re.fullmatch(r"/cdn/(.+)/(.+?)", path):
                    self.send_large(outer.repositories[found[1]] / found[2])
                elif found := re.fullmatch(r"/(.+?)/resolve/(.+?)/(.+)", path):
                    self.send_file(found[1], found[3])
                elif found := re.fullmatch(r"/api/models/(.+?)(/revision/main)?", path):
                    self.send_list(found[1])

            def send_file(self, name, file):
                folder, headers = outer.repositories.get(name), {"X-Repo-Commit": COMMIT}
                if folder is None:
                    self.send(b"", 404, {"X-Error-Code": "RepoNotFound"})
                elif not (folder / file).is_file():
                    self.send(b"", 404, headers | {"X-Error-Code": "EntryNotFound"})
                elif Path(file).suffix in LARGE:
                    size = (folder / file).stat().st_size
                    headers |= {"X-Linked-Etag": f'"{sha256(folder / file)}"', "ETag": '"cdn"'}
                    headers |= {"X-Linked-Size": str(size), "X-Xet-Hash": "f" * 64}
                    headers |= {"X-Xet-Refresh-Route": f"{outer.url}/xet"}
                    headers |= {"Location": f"http://localhost:{outer.port}/cdn/{name}/{file}"}
                    self.send(b"", 302, headers)
                else:
                    body = (folder / file).read_bytes()
                    etag = hashlib.sha1(b"blob %d\0%s" % (len(body), body)).hexdigest()
                    self.send(body, 200, headers | {"ETag": f'"{etag}"'})

            def send_list(self, name):
                if name.endswith(f"/tree/{COMMIT}"):
                    folder = outer.repositories[name.partition("/tree/")[0]]
                    body = [
                        {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": "0"}
                        for path in sorted(folder.iterdir())
                    ]
                elif "/tree/" in name:
                    return self.send(b"", 404, {"X-Error-Code": "EntryNotFound"})
                elif name in outer.repositories:
                    body = {"id": name, "sha": COMMIT, "siblings": []}
                else:
                    return self.send(b"", 404, {"X-Error-Code": "RepoNotFound"})
                headers = {"Content-Type": "application/json"}
                return self.send(json.dumps(body).encode(), 200, headers)

            def send_large(self, path):
                body = path.read_bytes()
                if outer.lie:
                    body = body[:-1] + bytes([body[-1] ^ 1])
                start = int(self.headers.get("Range", "bytes=0-")[6:-1])
                said = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
                self.send(body[start:], 206 if start else 200, said if start else {}, outer.cuts)

            def send(self, body, status, headers=(), cuts=()):
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET" and not cuts:
                    self.wfile.write(body)
                elif self.command == "GET":
                    self.wfile.write(body[: cuts.pop(0)])
                    outer.closing.wait(outer.hang)

        super().__init__(Handler)
        self.url = f"http://127.0.0.1:{self.port}"

    def large(self) -> list[tuple[str, int]]:
        """The large files asked for, each with the byte from which on."""
        return [
            (Path(path).name, int(headers.get("Range", "bytes=0-")[6:-1]))
            for method, path, headers in self.asked
            if path.startswith("/cdn/")
        ]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """A hub, which is the library's while a test runs."""
    with Hub() as running:
        for name in list(os.environ):
            if name.startswith("HF_"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        constants = huggingface_hub.constants
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, running.url)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(fetch, "BACKOFF_S", 0.01)
        monkeypatch.setattr(hub, "AGAIN_S", 0.01)
        yield running


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Small models as they stand on the hub, by the kind of their weights."""
    folders = {}
    for kind, shards in {"one": "1GB", "sharded": "40KB"}.items():
        folders[kind] = make_hf("clip", tmp_path_factory.mktemp(kind), shards).checkpoint
    folders["older"] = Path(shutil.copytree(folders["one"], tmp_path_factory.mktemp("o") / "older"))
    (folders["older"] / "model.safetensors").unlink()
    state = transformers.CLIPModel.from_pretrained(folders["one"]).state_dict()
    torch.save(state, folders["older"] / "pytorch_model.bin")
    spec = make_open_clip("causal", tmp_path_factory.mktemp("open_clip"))
    folders["open_clip"] = tmp_path_factory.mktemp("published")
    shutil.copy(spec.checkpoint, folders["open_clip"] / "open_clip_model.safetensors")
    open_clip.add_model_config(spec.architecture)
    return folders


@pytest.fixture
def named(server, published, monkeypatch, tmp_path):
    """The specification of a model by its name, of a backend and a kind of weights."""

    def spec(kind: str) -> ModelSpec:
        server.repositories["some/tiny"] = published[kind]
        if kind != "open_clip":
            return ModelSpec("hf", name="some/tiny", cache=tmp_path / "cache")
        tags = {"random": {"hf_hub": "some/tiny/", "mean": (0.1, 0.2, 0.3)}}
        monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny-causal", tags)
        return ModelSpec("open_clip", name="tiny-causal/random", cache=tmp_path / "cache")

    return spec


def refused(spec: ModelSpec) -> str:
    with pytest.raises(UserError) as error:
        load(spec)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    return str(error.value)


def weights_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in LARGE)


KINDS = ["open_clip", "one", "sharded", "older"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_downloaded_once_and_then_needs_no_network(server, named, published, kind):
    spec, weights = named(kind), weights_of(published[kind])
    encoder = load(spec)
    assert server.large() == [(path.name, 0) for path in weights]
    digests = sorted(map(sha256, weights))
    blobs = spec.cache / "models--some--tiny" / "blobs"
    assert {path.name for path in blobs.iterdir()} >= set(digests)
    assert not list(blobs.glob("*.part")) and not list(blobs.glob("*.incomplete"))
    together = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    assert encoder.identity["checkpoint_sha256"] == (digests[0] if len(digests) == 1 else together)
    asked = len(server.asked)
    assert load(spec).identity == encoder.identity
    server.__exit__()
    assert load(spec).identity == encoder.identity
    assert len(server.asked) == asked
    # The library finds it there too.
    linked = huggingface_hub.hf_hub_download(
        "some/tiny", weights[0].name, cache_dir=spec.cache, local_files_only=True
    )
    assert Path(linked).resolve() == (blobs / sha256(weights[0])).resolve()
    if kind == "open_clip":
        assert encoder._preprocess.transforms[-1].mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize("kind", ["open_clip", "sharded"])
def test_a_cut_download_goes_on(server, named, published, kind):
    spec, size = named(kind), min(path.stat().st_size for path in weights_of(published[kind]))
    server.cuts = [size // 2, size // 4]
    load(spec)
    (file, first), (same, second), (again, third) = server.large()[:3]
    assert file == same == again
    # Up to 64 kB may be lost where it was cut, which is more than these shards have.
    assert 0 == first <= second <= size // 2 and second <= third <= second + size // 4
    assert second > 0 or size < 100_000


@pytest.mark.parametrize("kind", ["open_clip", "one", "sharded"])
def test_wrong_bytes_are_refused(server, named, published, kind):
    spec, server.lie = named(kind), True
    message = refused(spec)
    right = sha256(weights_of(published[kind])[0])
    blob = spec.cache / "models--some--tiny" / "blobs" / right
    assert "of some/tiny: what came from" in message and "is not the right file" in message
    assert f"put it at {blob}" in message and f"{server.url}/some/tiny/resolve/main/" in message
    assert not blob.exists()
    server.lie = False
    load(spec)
    assert sha256(blob) == right


@pytest.mark.parametrize("kind", ["open_clip", "sharded"])
def test_a_damaged_file_is_fetched_again(server, named, published, kind):
    spec = named(kind)
    identity = load(spec).identity
    right = sha256(weights_of(published[kind])[-1])
    blob = spec.cache / "models--some--tiny" / "blobs" / right
    body = bytearray(blob.read_bytes())
    body[-1] ^= 1
    blob.write_bytes(body)
    assert load(spec).identity == identity and sha256(blob) == right
    blob.write_bytes(body)
    server.__exit__()
    assert f"{blob} is another file, and it cannot be downloaded (" in refused(spec)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "open_clip",
            "; fetch open_clip_model.safetensors, or open_clip_pytorch_model.bin where there is "
            "none, from {page} and put it into {put}",
        ),
        ("one", "; put the files of {page} into {put}"),
    ],
)
def test_what_cannot_be_had_is_said_within_seconds(server, named, monkeypatch, kind, expected):
    spec = named(kind)
    page = f"{server.url}/some/tiny"
    monkeypatch.setattr(hub, "TIMEOUT_S", 0.2)

    def why() -> str:
        started = time.monotonic()
        found = re.fullmatch(
            r"(.+) is not in (.+), and cannot be downloaded \((.+)\)(; .+)", refused(spec)
        )
        assert time.monotonic() - started < 5
        assert found[1] == "some/tiny" and found[2] == str(spec.cache)
        assert found[4] == expected.format(page=page, put=spec.cache / "some" / "tiny")
        return found[3]

    server.silent = True
    assert why() == "timed out"
    server.silent = False
    server.answers = [503, 503]
    assert why() == "HTTP 503"
    server.answers = [400]
    assert why() == "HTTP 400"
    server.repositories.clear()
    assert why() == "there is none of that name, or it takes a HF_TOKEN to see it"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert why() == "HF_HUB_OFFLINE is set"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    server.__exit__()
    assert why() == "Connection refused"
    assert not list(spec.cache.rglob("*.part"))


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_a_person_puts_there_are_used(server, named, published, kind):
    spec = named(kind)
    server.__exit__()
    shutil.copytree(published[kind], spec.cache / "some" / "tiny")
    assert load(spec).identity["model"] == spec.name
    assert server.asked == []


def test_a_no_that_passes_is_asked_again(server, named):
    server.answers = [503]
    load(named("open_clip"))
    assert [method for method, _, _ in server.asked[:2]] == ["HEAD", "HEAD"]


def test_a_repository_without_weights(server, named, published, tmp_path):
    for kind, said in {"one": "has no weights for torch", "open_clip": "has no open_clip_"}.items():
        spec = named(kind)
        bare = shutil.copytree(published[kind], tmp_path / kind)
        for path in weights_of(bare):
            path.unlink()
        server.repositories["some/tiny"] = bare
        assert said in refused(spec)


def test_a_text_tower_and_a_tokenizer_of_the_hub_need_no_network_twice(
    server, monkeypatch, tmp_path
):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    folder = tmp_path / "bert"
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.BertConfig(vocab_size=14, hidden_size=32, **small).save_pretrained(folder)
    tokenizer("[PAD]", 16).save_pretrained(folder)
    text = {"hf_model_name": "some/bert", "hf_tokenizer_name": "some/bert", "context_length": 16}
    text |= {"hf_pooler_type": "mean_pooler", "hf_proj_type": "linear"}
    config = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": text}
    (tmp_path / "tiny-bert.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "tiny-bert.json")
    own = {**text, "hf_model_name": str(folder), "hf_model_pretrained": False}
    torch.manual_seed(1)
    model = open_clip.CustomTextCLIP(**{**config, "text_cfg": own})
    (tmp_path / "published").mkdir()
    # The first name is not there.
    torch.save(model.state_dict(), tmp_path / "published" / "open_clip_pytorch_model.bin")
    server.repositories = {"some/bert": folder, "some/tiny": tmp_path / "published"}
    tags = {"random": {"hf_hub": "some/tiny/"}}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny-bert", tags)
    spec = ModelSpec("open_clip", name="tiny-bert/random", cache=tmp_path / "cache")
    encoder = load(spec)
    line = "two ships in the harbour"
    theirs = open_clip.get_tokenizer("tiny-bert", cache_dir=str(tmp_path / "theirs"))
    assert encoder.tokenize(line).ids.tolist() == theirs([line])[0].tolist()
    want = model.eval().encode_text(theirs([line])).detach()
    torch.testing.assert_close(torch.tensor(encoder.embed_texts([theirs([line])[0]])), want)
    server.__exit__()
    asked = len(server.asked)
    assert load(spec).identity == encoder.identity
    assert len(server.asked) == asked and not (tmp_path / "elsewhere").exists()
    shutil.rmtree(tmp_path / "cache" / "models--some--bert")
    message = refused(spec)
    assert message.startswith("some/bert is not in ")
    assert f"put them into {tmp_path / 'cache' / 'some' / 'bert'}" in message
    shutil.copytree(folder, tmp_path / "cache" / "some" / "bert")
    assert load(spec).identity == encoder.identity


def test_all_weights_of_open_clip_are_on_the_hub():
    for architecture, tag in open_clip.list_pretrained():
        found = open_clip.get_pretrained_cfg(architecture, tag)["hf_hub"]
        assert re.fullmatch(r"[\w-]+/[\w.-]+/([\w-]+\.bin)?", found), (architecture, tag)


# As a process of its own, with what the environment says

RUN = """
import logging, sys
from pathlib import Path
from rematch.embed.models import hub
logging.basicConfig(level=logging.INFO, format="%(message)s")
print(hub.weights("some/tiny", ["model.safetensors"], Path(sys.argv[1]), "look elsewhere"))
"""


def elsewhere(server: Hub, cache: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(cache)],
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "HF_ENDPOINT": server.url}
        | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_mirror_and_a_token_of_the_environment(server, tmp_path, published):
    server.repositories["some/tiny"] = published["one"]
    process = elsewhere(server, tmp_path, HF_TOKEN="hf_mine")
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    weights = published["one"] / "model.safetensors"
    assert sha256(Path(out.strip())) == sha256(weights)
    assert "fetching model.safetensors of some/tiny: " in errors
    assert {path for _, path, _ in server.asked} == {
        "/some/tiny/resolve/main/model.safetensors",
        "/cdn/some/tiny/model.safetensors",
    }
    sent = {
        (path.startswith("/cdn/"), {k.lower(): v for k, v in headers.items()}.get("authorization"))
        for _, path, headers in server.asked
    }
    assert sent == {(False, "Bearer hf_mine"), (True, None)}


def test_a_killed_download_goes_on(server, tmp_path):
    (tmp_path / "tiny").mkdir()
    weights = tmp_path / "tiny" / "model.safetensors"
    weights.write_bytes(os.urandom(3_000_000))
    server.repositories["some/tiny"] = tmp_path / "tiny"
    server.cuts, server.hang = [2_000_000], 60.0
    part = (
        tmp_path
        / "cache/models--some--tiny/blobs"
        / f"{sha256(weights)}.{sha256(weights)[:12]}.part"
    )
    process = elsewhere(server, tmp_path / "cache")
    until = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size > 1_900_000):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = part.stat().st_size
    found = hub.weights("some/tiny", ["model.safetensors"], tmp_path / "cache", "")
    assert server.large() == [("model.safetensors", 0), ("model.safetensors", there)]
    assert sha256(found) == sha256(weights)


# Reading no more than needed


def test_a_file_that_stays_is_read_once(tmp_path, monkeypatch):
    path, now = tmp_path / "a", time.time_ns
    path.write_bytes(b"one")
    hits = files._sha256.cache_info().hits
    assert sha256_of(path) == sha256_of(path) == hashlib.sha256(b"one").hexdigest()
    assert files._sha256.cache_info().hits == hits  # it may change again
    monkeypatch.setattr(time, "time_ns", lambda: now() + 3_000_000_000)
    assert sha256_of(path) == sha256_of(path) == hashlib.sha256(b"one").hexdigest()
    assert files._sha256.cache_info().hits == hits + 1
    (tmp_path / "link").symlink_to(path)
    assert sha256_of(tmp_path / "link") == sha256_of(path)
    assert files._sha256.cache_info().hits == hits + 3
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert sha256_of(path) == hashlib.sha256(b"two").hexdigest()
