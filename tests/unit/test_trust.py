"""Files of somebody else: none may run code, name a file outside its folder or become HTML."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rematch.config.plain import demand_plain
from rematch.corpus import CorpusSpec, read_corpus
from rematch.embed.models import ModelSpec, load
from rematch.embed.models.openai import demand_weights
from rematch.errors import UserError
from rematch.outside.openai_clip import import_torchvision
from tests.tiny import HEADER, write_articles

import_torchvision()
import torch  # noqa: E402
import transformers  # noqa: E402

ROOT = Path(__file__).parents[2]


# Checkpoints


class Payload:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return open, (str(self.proof), "w")


def pickled(path: Path, proof: Path, zipped: bool = True) -> Path:
    torch.save({"weight": Payload(proof)}, path, _use_new_zipfile_serialization=zipped)
    return path


def scripted(path: Path, proof: Path) -> Path:
    """A TorchScript archive that makes a file of 8 bytes while it is opened."""

    class Archive(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.proof = torch.zeros(2), str(proof)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.weight

        @torch.jit.export
        def __getstate__(self) -> tuple[str, bool]:
            return self.proof, self.training

        @torch.jit.export
        def __setstate__(self, state: tuple[str, bool]) -> None:
            self.proof, self.training = state[0], state[1]
            self.weight = torch.from_file(self.proof, True, 2)

    torch.jit.script(Archive()).save(str(path))
    return path


def test_the_payloads_do_run_where_nobody_minds(tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    for zipped in (True, False):
        torch.load(pickled(tmp_path / "a.pt", proof, zipped), weights_only=False)
        assert proof.is_file()
        proof.unlink()
    torch.jit.load(str(scripted(tmp_path / "b.pt", proof)))
    assert proof.is_file()


@pytest.mark.parametrize("forced", [False, True])
def test_no_backend_runs_what_is_in_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced: bool
) -> None:
    if forced:  # torch's switch to trust every file
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    proof = tmp_path / "ran"
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    text = {"vocab_size": 49408, "width": 64, "heads": 2, "layers": 1, "context_length": 20}
    model = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    (tmp_path / "small.json").write_text(json.dumps(model))
    small = str(tmp_path / "small.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model}))
    pickled(folder / "open_clip_pytorch_model.bin", proof)
    named = tmp_path / "hf"
    transformers.CLIPConfig().save_pretrained(named)
    tokenizer_of_clip(named)
    transformers.CLIPImageProcessor().save_pretrained(named)
    pickled(named / "pytorch_model.bin", proof)
    specs = [
        ModelSpec("openai", pickled(tmp_path / "a.pt", proof)),
        ModelSpec("openai", pickled(tmp_path / "b.pt", proof, zipped=False)),
        ModelSpec("openai", scripted(tmp_path / "c.pt", proof)),
        ModelSpec("open_clip", pickled(tmp_path / "d.bin", proof), architecture=small),
        ModelSpec("open_clip", pickled(tmp_path / "e.pth", proof, False), architecture=small),
        ModelSpec("open_clip", scripted(tmp_path / "f.pt", proof), architecture=small),
        ModelSpec("open_clip", folder),
        ModelSpec("hf", named),
    ]
    proof.unlink(missing_ok=True)
    for spec in specs:
        with pytest.raises(UserError) as caught:
            load(spec)
        assert str(spec.checkpoint) in str(caught.value) and "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500
        assert not proof.exists(), spec


def asking(folder: Path, proof: Path) -> Path:
    """A folder whose configurations name Python of its own, which makes a file."""
    folder.mkdir(exist_ok=True)
    names = {"AutoTokenizer": ["own.Own", None], "AutoConfig": "own.Own", "AutoModel": "own.Own"}
    asked = {"auto_map": names, "tokenizer_class": "Own", "model_type": "own"}
    for name in ("config", "tokenizer_config"):
        (folder / f"{name}.json").write_text(json.dumps(asked))
    (folder / "own.py").write_text(f"open({str(proof)!r}, 'w')\nclass Own: pass\n")
    return folder


@pytest.mark.parametrize("where", ["the folder itself", "tower", "tokenizer", "hf"])
def test_code_that_comes_with_a_model_is_neither_run_nor_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    proof, questions = tmp_path / "ran", []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "y")
    monkeypatch.chdir(tmp_path)
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    text = {"vocab_size": 49408, "width": 64, "heads": 2, "layers": 1, "context_length": 20}
    other = asking(tmp_path / "other", proof)
    text = {
        "the folder itself": {**text, "hf_tokenizer_name": "x"},
        "tower": {"hf_model_name": str(other), "hf_tokenizer_name": str(other)},
        "tokenizer": {**text, "hf_tokenizer_name": "other"},
        "hf": text,
    }[where]
    config = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    folder = tmp_path / "folder"
    folder.mkdir()
    if where in ("the folder itself", "hf"):
        asking(folder, proof)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    model: Any = torch.nn.Linear(1, 1)
    if "width" in text:
        import open_clip

        model = open_clip.CLIP(16, vision, {k: v for k, v in text.items() if "hf" not in k})
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(UserError) as caught:
        load(ModelSpec("hf" if where == "hf" else "open_clip", folder))
    assert "\n" not in str(caught.value) and not proof.exists() and questions == []
    said = {"tokenizer": "its tokenizer other cannot be read", "hf": "contains custom code"}
    assert said.get(where, "config.json: auto_map: this model wants to") in str(caught.value)


TEXT: dict[str, Any] = {"vocab_size": 49408, "width": 64, "heads": 2, "layers": 1}


@pytest.mark.parametrize(
    "config, said",
    [
        ("[" * 100_000, "no readable model configuration"),
        ({"model_cfg": None}, "model_cfg is no mapping"),
        ({"model_cfg": [1]}, "model_cfg is no mapping"),
        ({"model_cfg": {"text_cfg": None}}, ": text_cfg of its"),
        ({"model_cfg": {"text_cfg": "x"}}, ": text_cfg of its"),
        ({"model_cfg": {"text_cfg": {"tokenizer_kwargs": [1]}}}, "text_cfg.tokenizer_kwargs of"),
        ({"model_cfg": {"text_cfg": {"hf_model_name": 3}}}, "text_cfg.hf_model_name of its"),
        ({"model_cfg": {"text_cfg": {**TEXT, "hf_tokenizer_name": ["x"]}}}, "text_cfg.hf_tok"),
    ],
)
def test_a_configuration_that_is_built_like_none_is_one_line(
    tmp_path: Path, config: Any, said: str
) -> None:
    text = config if isinstance(config, str) else json.dumps(config)
    (tmp_path / "open_clip_config.json").write_text(text)
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"\x08" + bytes(7) + b"{}      ")
    with pytest.raises(UserError, match=said) as caught:
        load(ModelSpec("open_clip", tmp_path))
    assert "\n" not in str(caught.value)


def test_an_architecture_that_is_built_like_none_is_one_line(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pt")
    path = tmp_path / "built-like-none.json"
    path.write_text(json.dumps({"embed_dim": 16, "vision_cfg": {}, "text_cfg": None}))
    with pytest.raises(UserError, match="text_cfg of its configuration cannot be read"):
        load(ModelSpec("open_clip", tmp_path / "a.pt", architecture=str(path)))


@pytest.mark.parametrize(
    "index",
    [
        "[]",
        "null",
        "[" * 100_000,
        '{"weight_map": {}}',
        '{"weight_map": {"a": ["x"]}}',
        '{"weight_map": {"a": 3}}',
        '{"weight_map": {"a": null, "b": "c"}}',
        '{"weight_map": {"a": "../model.safetensors"}}',
        '{"weight_map": {"a": "/etc/passwd"}}',
    ],
)
def test_an_index_of_weights_that_is_none_is_one_line(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(UserError, match=r"index\.json: cannot be read; fetch"):
        load(ModelSpec("hf", tmp_path))


def test_what_a_library_says_of_a_model_goes_through_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # transformers warns of the type, in its own words and with a handler of its own.
    for name in ("config", "tokenizer_config"):
        (tmp_path / f"{name}.json").write_text('{"model_type": "\\u001b[31mred"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError):
        load(ModelSpec("hf", tmp_path))
    assert "\x1b" not in "".join(capfd.readouterr())
    assert any("\x1b[31mred" in record.getMessage() for record in caplog.records)


def tokenizer_of_clip(folder: Path) -> None:
    import tokenizers

    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="[UNK]", model_max_length=77
    ).save_pretrained(folder)


def test_an_archive_of_a_published_sha256_is_let_through(tmp_path: Path) -> None:
    from rematch.storage.files import sha256_of

    archive = scripted(tmp_path / "a.pt", tmp_path / "ran")
    demand_weights(archive, {sha256_of(archive)})
    with pytest.raises(UserError, match="TorchScript archives"):
        demand_weights(archive, {"0" * 64})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_one_line(tmp_path: Path, tiny_clip: Path, share: float) -> None:
    data = tiny_clip.read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"cut\.pt: clip\.load cannot read") as caught:
        load(ModelSpec("openai", cut))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


# Configs


@pytest.mark.parametrize(
    "text",
    [
        "__use_yte__: true\nsweep: ?__import__('os').system('touch ran')\n",
        "<<: {__use_yte__: 1}\nsweep: {}\n",
        "__use_yte__: false\n",
        "sweep: !!python/object/apply:os.system ['touch ran']\n",
        "sweep: !!python/name:os.system\n",
        "sweep: [\n",
    ],
)
def test_a_config_that_is_more_than_data_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(UserError, match=r"my\.yaml: ") as caught:
        demand_plain(["my.yaml"])
    assert "\n" not in str(caught.value)
    command = [sys.executable, "-m", "rematch.config.plain", "my.yaml"]
    done = subprocess.run(
        command,
        env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and done.stderr == f"config: {caught.value}\n"
    assert not (tmp_path / "ran").exists()


def test_plain_configs_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "my.json").write_text('{\t"sweep": {"words": [10]}}')
    (tmp_path / "my.yaml").write_text("sweep: {words: [10]}\ntext: ?__import__('os')\n")
    demand_plain([*tmp_path.iterdir(), *(ROOT / "config").glob("*.yaml")])


BOMBS = {
    "lists": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{n}: &{n} [{','.join(['*' + chr(ord(n) - 1)] * 10)}]\n" for n in "bcdefghi"),
    "mappings": "a: &a {p: x, q: x}\n"
    + "".join(f"{n}: &{n} {{p: *{chr(ord(n) - 1)}, q: *{chr(ord(n) - 1)}}}\n" for n in "bcdefghij")
    + "k: &k [*j,*j,*j,*j,*j,*j,*j,*j,*j,*j]\nl: &l [*k,*k,*k,*k,*k,*k,*k,*k,*k,*k]\n"
    + "m: &m [*l,*l,*l,*l,*l,*l,*l,*l,*l,*l]\nn: [*m,*m,*m,*m,*m,*m,*m,*m,*m,*m]\n",
    "itself": "sweep: &a {corpus: [*a]}\n",
    "deep": "sweep: " + "[" * 30_000 + "]" * 30_000,
    "deep json": '{"sweep": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "long": "sweep: {words: [" + "10, " * 300_000 + "]}",
    "number": "sweep: " + "9" * 9_999,
    "key": '"a\\x1b[2Jb": 1\n',
    "value": 'models: {m: {prompt: "a\\e]0;x\\a {}"}}\n',
    "value in json": '{"corpora": {"c": {"pairs": "a\\u001bb"}}}',
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_config_of_few_bytes_and_much_work_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "my.yaml").write_text(BOMBS[name], "utf-8")
    start = time.monotonic()
    with pytest.raises(UserError, match=r"my\.yaml") as caught:
        demand_plain([tmp_path / "my.yaml"])
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))
    assert time.monotonic() - start < 5


def test_aliases_of_an_ordinary_config_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(
        "models: {a: &m {backend: openai, prompt: 'two\n\nlines {}'}, b: {<<: *m}, c: *m}\n"
    )
    demand_plain([tmp_path / "my.yaml"])


def test_a_config_that_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        with pytest.raises(UserError, match="is no file"):
            demand_plain([path])


# Photos' names


def test_links_out_of_the_folder_are_refused_and_links_within_are_photos(tmp_path: Path) -> None:
    inside, outside = tmp_path / "store" / "photos", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
    Image.new("RGB", (9, 9), "red").save(outside / "secret.png")
    Image.new("RGB", (9, 9), "blue").save(inside / "own.png")
    (inside / "within.png").symlink_to("own.png")
    (inside / "out.png").symlink_to(outside / "secret.png")
    (inside / "up.png").symlink_to("../../outside/secret.png")
    (inside / "twice.png").symlink_to("out.png")
    (inside / "gone.png").symlink_to("nowhere.png")
    (inside / "folder.png").symlink_to(outside)
    (inside / "itself.png").symlink_to("itself.png")
    (inside / "endless.png").symlink_to("/proc/self/pagemap")
    # The folder itself may be a link: that is its owner's doing.
    (tmp_path / "photos").symlink_to(inside)
    names = ["own", "within", "out", "up", "twice", "gone", "folder", "itself", "endless"]
    rows = [
        dict.fromkeys(HEADER, "")
        | {"article": f"a{n}", "iid": name, "imgFile": f"{name}.png", "title": "T"}
        for n, name in enumerate(names)
    ]
    write_articles(tmp_path / "pairs.tsv", rows)
    spec = CorpusSpec(pairs=(tmp_path / "pairs.tsv",), photos=tmp_path / "photos")
    corpus = read_corpus(spec, threads=1)
    assert sorted(corpus.images["image_id"].to_pylist()) == ["own", "within"]
    reasons = {row["id"]: row["reason"] for row in corpus.rejects.to_pylist()}
    assert set(reasons) == set(names) - {"own", "within"}
    for name in ("out", "up", "twice", "folder", "endless"):
        assert reasons[name] == f"unsafe photo name: '{name}.png' is a link out of the folder"
    assert reasons["gone"].startswith("photo missing")
    assert reasons["itself"] == "photo missing: no file 'itself.png'"


@pytest.mark.parametrize("mark", ["\n", "\r", "\0", "\x1b[2J", "\x7f", "\x85"])
def test_control_characters_reach_neither_the_disk_nor_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mark: str
) -> None:
    (tmp_path / "photos").mkdir()
    if mark != "\0":
        Image.new("RGB", (9, 9)).save(tmp_path / "photos" / f"a{mark}b.png")
    (tmp_path / "pairs.csv").write_bytes(
        f'id,title,photo,file\n1,T,p,"a{mark}b.png"\n2,T,"q{mark}",c.png\n'.encode()
    )
    columns = {"article_id": "id", "title": "title", "image_id": "photo", "photo": "file"}
    spec = CorpusSpec.from_config(
        {"pairs": str(tmp_path / "pairs.csv"), "photos": str(tmp_path / "photos")}
        | {"layout": "generic", "columns": columns}
    )
    with caplog.at_level("INFO"):
        corpus = read_corpus(spec, threads=1)
    assert corpus.images.num_rows == 0
    reasons = [row["reason"] for row in corpus.rejects.to_pylist() if row["kind"] == "image"]
    assert sorted(reason.split(": ")[0] for reason in reasons) == [
        "control character in id",
        "unsafe photo name",
    ]
    assert not any(mark in line for line in [*reasons, *caplog.messages])
