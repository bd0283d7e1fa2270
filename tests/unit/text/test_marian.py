"""Marian models with random weights, saved, loaded and translated by the real libraries."""

from __future__ import annotations

import http.server
import io
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece
import torch

from rematch.errors import UserError
from rematch.outside.openai_clip import load_clip_module
from rematch.text.memory.remembered import fill, read_records, recall
from rematch.text.translation.translating import TranslationOptions, translate
from rematch.text.translators import marian, marian_files

load_clip_module()  # makes torchvision importable, for transformers
import transformers  # noqa: E402
from transformers import MarianConfig, MarianMTModel, MarianTokenizer  # noqa: E402

ROOT = Path(__file__).parents[3]
TALE = (
    "der die das Hund Katze bellt schläft heute morgen Haus Feuer in Köln Berlin am Montag und "
    "sie er kam ging fort laut leise Brücke Hafen Zug fährt Regen Bürgermeister Stadion"
)
WORDS = TALE.split()


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def some_texts(count: int, longest: int = 12, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts[sentence(rng, rng.randint(1, longest))] = None
    return list(texts)


def save_model(
    folder: Path,
    *,
    end: float = 5.0,
    positions: int = 64,
    seed: int = 0,
    width: int = 32,
    extra: tuple[str, ...] = (),
    **config: object,
) -> Path:
    """Save a small Marian model; `end` is added to the logit of the token that ends a text."""
    folder.mkdir(parents=True)
    rng = random.Random(0)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([sentence(rng, 8) for _ in range(300)]),
        model_writer=model,
        vocab_size=120,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    own = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    tokens = ["</s>", "<unk>", *(t for t in own if t not in ("<s>", "</s>", "<unk>")), *extra]
    tokens.append("<pad>")
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    torch.manual_seed(seed)
    settings = {
        "vocab_size": len(tokens),
        "d_model": width,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 2 * width,
        "decoder_ffn_dim": 2 * width,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "max_position_embeddings": positions,
        "activation_function": "swish",
        "scale_embedding": True,
        "init_std": 0.3,
        "pad_token_id": len(tokens) - 1,
        "decoder_start_token_id": len(tokens) - 1,
        "eos_token_id": 0,
        "forced_eos_token_id": None,
    }
    network = MarianMTModel(MarianConfig(**(settings | config))).eval()
    network.final_logits_bias[0, 0] = end
    network.save_pretrained(folder)
    MarianTokenizer.from_pretrained(folder).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)  # the models are small
    return save_model(tmp_path_factory.mktemp("marian") / "opus-mt-de-en")


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def options(tmp_path, model, store):
    def make(**changes):
        settings = {"memory": tmp_path / "memory", "model": model, "cache": store, "threads": 1}
        return TranslationOptions("marian", **(settings | changes))

    return make


def opened(folder: Path, store: Path, precision: str = "int8", beam: int = 4, threads: int = 1):
    converted = marian_files.convert(folder, marian_files.model_digest(folder), store, precision)
    return marian.Marian(folder, converted, positions=64, beam=beam, threads=threads)


def readable(answers):
    """Answers as comparable values."""
    return [str(a) if isinstance(a, marian.RequestFailed) else (a,) for a in answers]


# The same as transformers


@pytest.mark.parametrize("weights", marian_files.WEIGHTS)
@pytest.mark.parametrize("beam", [1, 4])
def test_float32_gives_what_transformers_generates(model, store, tmp_path, beam, weights):
    folder = shutil.copytree(model, tmp_path / "copy")
    network = MarianMTModel.from_pretrained(folder).eval()
    if weights == "pytorch_model.bin":  # as OPUS-MT's models come
        (folder / "model.safetensors").unlink()
        torch.save(network.state_dict(), folder / weights)
    tokenizer = MarianTokenizer.from_pretrained(folder)
    texts = some_texts(60)
    ours = opened(folder, store, "float32", beam)
    # CTranslate2 forbids an empty translation by default, generate does not.
    plain = {"min_decoding_length": 0}
    targets = ours._translated([ours.tokens(text) for text in texts], plain)
    compared = set()
    for text, target in zip(texts, targets, strict=True):
        with torch.no_grad():
            (ids,) = network.generate(
                **tokenizer([text], return_tensors="pt"),
                num_beams=beam,
                early_stopping=beam > 1,
                do_sample=False,
                max_new_tokens=63,
                max_length=None,
                bad_words_ids=[[network.config.pad_token_id]],
            )
        ended = target[-1] == "</s>"
        if ended or beam == 1:  # at the limit the two choose differently among unended ones
            assert target == tokenizer.convert_ids_to_tokens(ids[1:])
            compared.add(tuple(target))
        if ended and tokenizer.decode(ids, skip_special_tokens=True):
            assert ours._text(target) == tokenizer.decode(ids, skip_special_tokens=True)
    assert len(compared) >= 9


# A text's translation depends on the text alone


@pytest.fixture(scope="session")
def wide(tmp_path_factory):
    """Wide and random enough for last bits to show."""
    return save_model(tmp_path_factory.mktemp("marian") / "wide", width=128, end=4.0, seed=3)


@pytest.mark.parametrize("precision", ["int8", "float32"])
@pytest.mark.parametrize("beam", [1, 4])
def test_company_order_and_threads_change_nothing(wide, store, precision, beam):
    texts = some_texts(60)
    one = opened(wide, store, precision, beam)
    sources = [one.tokens(text) for text in texts]
    alone = [one._translated([source], {})[0] for source in sources]
    assert len(set(map(tuple, alone))) > 30
    for seed, threads in ((1, 1), (2, 2), (3, 3)):
        order = random.Random(seed).sample(range(60), 50)
        many = opened(wide, store, precision, beam, threads)
        assert many._translated([sources[i] for i in order], {}) == [alone[i] for i in order]


def test_the_whole_translation_does_not_depend_on_the_company_either(options):
    texts = some_texts(30)
    whole = translate(texts, options())
    for i in range(0, 30, 7):
        part = translate(texts[i : i + 3], options(memory=options().memory.with_name(f"m{i}")))
        assert all(whole.targets.get(text) == part.targets.get(text) for text in texts[i : i + 3])


# The memory


def test_what_was_translated_is_not_translated_again(options):
    texts = some_texts(40)
    first = translate(texts[:25], options())
    assert first.targets
    assert first.summary.hits == 0
    again = translate(texts, options())
    assert again.summary.hits == len(first.targets)
    assert again.targets.items() >= first.targets.items()
    key = f"marian:{marian_files.model_digest(options().model)[:12]}:beam4"
    kept = recall(options().memory, "de", "en", key).translations  # and the pieces of long texts
    assert kept.items() >= again.targets.items()
    recorded = translate(list(again.targets), replace(options(), backend="memory"))
    assert recorded.targets == again.targets


def test_another_model_or_beam_takes_nothing_from_the_memory(options, tmp_path):
    texts = some_texts(10)
    translate(texts, options())
    other = save_model(tmp_path / "other", seed=9)
    assert translate(texts, options(model=other)).summary.hits == 0
    assert translate(texts, options(beam=1)).summary.hits == 0
    assert {held.backend for held in fill(options().memory)} == {
        f"marian:{marian_files.model_digest(folder)[:12]}:beam{beam}"
        for folder, beam in ((options().model, 4), (other, 4), (options().model, 1))
    }


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("config.json", "[" * 100_000, "no readable config.json"),
        ("config.json", "null", "no readable config.json"),
        ("config.json", '{"max_position_embeddings": [1]}', "no readable config.json"),
        ("vocab.json", "[" * 100_000, "vocab.json: no vocabulary"),
        ("vocab.json", "null", "vocab.json: no vocabulary"),
    ],
)
def test_a_model_s_file_that_is_built_like_none_is_one_line(model, tmp_path, file, text, said):
    copy = shutil.copytree(model, tmp_path / "elsewhere")
    (copy / file).write_text(text)
    with pytest.raises(UserError, match=said):
        marian_files.demand_marian(copy)


@pytest.mark.parametrize("file", ["source.spm", "vocab.json", "config.json", "model.safetensors"])
def test_every_file_counts_in_the_digest_and_the_folder_does_not(model, tmp_path, file):
    copy = shutil.copytree(model, tmp_path / "elsewhere")
    assert marian_files.model_digest(copy) == marian_files.model_digest(model)
    with (copy / file).open("ab") as handle:
        handle.write(b" ")
    assert marian_files.model_digest(copy) != marian_files.model_digest(model)


# Long texts and translations without an end


def test_a_long_text_is_cut_to_what_the_model_takes(options):
    text = " ".join(some_texts(30))
    tokenizer = MarianTokenizer.from_pretrained(options().model)
    assert len(tokenizer(text).input_ids) > 200
    engine = marian.build(options()).engine
    assert engine.max_chars == 64 - 12
    done = translate([text], options())
    assert done.summary.requests > 0
    pieces = {record.text for record in read_records(options().memory)}
    assert pieces
    assert all(len(tokenizer(piece).input_ids) <= 64 for piece in pieces if piece != text)


def test_tokens_beyond_the_model_are_a_failure_and_not_cut_off(model, store):
    wide_character = "\ufdfa"  # one character, eighteen after the tokenizer's NFKC
    short, long = "Der Hund bellt.", wide_character * 50
    opened_ = opened(model, store)
    assert len(opened_.tokens(long)) > 64
    answers = opened_.ask([long, short])
    assert str(answers[0]) == "over 64 tokens"
    assert readable(answers[1:]) == readable(opened_.ask([short]))


def test_a_translation_without_an_end_is_named_and_not_kept(options, tmp_path):
    endless = save_model(tmp_path / "endless", end=-1e4)
    done = translate(["Der Hund bellt."], options(model=endless))
    assert done.failures == {"Der Hund bellt.": "no end within 64 tokens"}
    assert done.targets == {}
    assert read_records(options().memory) == []
    with pytest.raises(UserError, match=r"by marian \(no end within 64 tokens 1"):
        done.demand_all()


def test_a_translation_that_goes_in_circles_is_asked_again_without(model, store):
    texts = some_texts(60)
    opened_ = opened(model, store, beam=1)
    sources = [opened_.tokens(text) for text in texts]
    plain = opened_._translated(sources, {})
    circling = [i for i, target in enumerate(plain) if target[-1] != "</s>"]
    answers = opened_.ask(texts)
    saved = [i for i in circling if isinstance(answers[i], str)]
    assert saved
    assert len(saved) < len(texts)
    for i in saved:
        tokens = opened_._tokenizer.tokenize(answers[i])
        assert len(tokens) < 63


# The model's folder


def test_conversion_happens_once_and_survives_a_race(model, tmp_path):
    store = tmp_path / "store"
    code = (
        "import sys; from pathlib import Path\n"
        "from rematch.text.translators import marian_files\n"
        "folder, store = map(Path, sys.argv[1:])\n"
        "print(marian_files.convert(folder, marian_files.model_digest(folder), store))"
    )
    command = [sys.executable, "-c", code, str(model), str(store)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].decode().split() for process in both]
    assert said[0][-1] == said[1][-1]
    (converted,) = store.iterdir()  # and nothing half made beside it
    assert str(converted) == said[0][-1]
    before = (converted / "model.bin").stat().st_mtime_ns
    digest = marian_files.model_digest(model)
    assert marian_files.convert(model, digest, store) == converted
    assert (converted / "model.bin").stat().st_mtime_ns == before
    assert ctranslate2.Translator(str(converted)).compute_type.startswith("int8")


def broken(model: Path, folder: Path, what: str) -> Path:
    shutil.copytree(model, folder)
    weights = folder / "model.safetensors"
    if what == "weights cut short":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif what == "a layer missing":
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        del tensors["model.decoder.layers.1.fc1.weight"]
        save_file(tensors, weights, metadata={"format": "pt"})
    elif what == "another type":
        (folder / "config.json").write_text('{"model_type": "t5"}')
    elif what == "no JSON":
        (folder / "config.json").write_text("model_type: marian")
    else:
        (folder / what).unlink()
    return folder


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("weights cut short", "cannot be converted .*; fetch the whole model again"),
        ("a layer missing", "lack model.decoder.layers.1.fc1.weight; fetch the whole model again"),
        ("another type", "a model of type 't5'; the backend 'marian' takes the type 'marian'"),
        ("no JSON", "no readable config.json"),
        ("config.json", "no readable config.json"),
        ("source.spm", "source.spm missing; fetch the whole model again"),
        ("model.safetensors", "model.safetensors or pytorch_model.bin missing"),
    ],
)
def test_a_folder_without_a_whole_model_is_said_in_a_line(options, tmp_path, what, message):
    folder = broken(options().model, tmp_path / "broken", what)
    with pytest.raises(UserError, match=message) as error:
        translate(["Der Hund bellt."], options(model=folder, cache=tmp_path / "store"))
    assert str(error.value).startswith(f"{folder}: ")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "store").glob("*")) == []


def test_models_that_it_would_read_wrongly_are_refused(options, tmp_path):
    several = save_model(tmp_path / "several", extra=(">>fra<<", ">>spa<<"))
    with pytest.raises(UserError, match="translates into several languages"):
        translate(["Hund"], options(model=several))
    config = json.loads((options().model / "config.json").read_text())
    two = shutil.copytree(options().model, tmp_path / "two")
    config["share_encoder_decoder_embeddings"] = False
    (two / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="two vocabularies"):
        translate(["Hund"], options(model=two))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "a name on Hugging Face such as Helsinki-NLP/opus-mt-de-en"),
        ({"model": "/no/such/folder"}, "/no/such/folder: no such folder"),
        ({"model": "opus-mt-de-en"}, "opus-mt-de-en: no such folder"),
        ({"beam": 0}, "beam is 0; it must be above zero"),
    ],
)
def test_wrong_options_are_said_in_a_line(options, changes, message):
    with pytest.raises(UserError) as error:
        translate(["Der Hund bellt."], options(**changes))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# By name


NAME = "somebody/opus-mt-de-en"


class Hub:
    """Serves a folder in Hugging Face's place, and finds the model in a process of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.asked: list[str] = []
        self.home = home
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self, body=True):
                if "/resolve/" in self.path:
                    asked.append(self.path)
                path = folder / Path(self.path).name
                found = self.path.startswith(f"/{NAME}/resolve/main/") and path.is_file()
                content = path.read_bytes() if found else b""
                self.send_response(200 if found else 404)
                if found:
                    self.send_header("ETag", f'"{marian_files.sha256_of(path)}"')
                    self.send_header("X-Repo-Commit", "0" * 40)
                elif self.path.startswith(f"/{NAME}/"):
                    self.send_header("X-Error-Code", "EntryNotFound")
                    self.send_header("X-Repo-Commit", "0" * 40)
                else:
                    self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def do_HEAD(self):
                self.do_GET(body=False)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def find(self, name: str, **environment: str) -> str:
        code = (
            "import sys\n"
            "from rematch.errors import UserError\n"
            "from rematch.text.translators import marian, marian_files\n"
            "try:\n"
            "    folder = marian_files.find_model(sys.argv[1])\n"
            "    print(marian_files.model_digest(folder))\n"
            "except UserError as error:\n"
            "    print(error)\n"
        )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")} | {
            **environment,
            "PYTHONPATH": str(ROOT / "workflow/scripts"),
            "HF_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}",
            "HF_HOME": str(self.home),
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            [sys.executable, "-c", code, name],
            env=environment,
            capture_output=True,
            timeout=100,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")


def test_a_name_is_fetched_once_and_then_found_without_a_network(model, tmp_path):
    hub = Hub(model, tmp_path / "home")
    try:
        found = hub.find(NAME)
        assert found == marian_files.model_digest(model)
        assert {Path(path).name for path in hub.asked} >= {*marian_files.FILES, "model.safetensors"}
        asked = len(hub.asked)
        assert hub.find(NAME) == found
        assert len(hub.asked) == asked
        absent = hub.find("somebody/something-else")
    finally:
        hub.close()
    assert hub.find(NAME) == found
    for message in (absent, hub.find("somebody/unreachable", HF_HUB_OFFLINE="1")):
        assert message.startswith("translation model somebody/")
        assert "no such folder, not in Hugging Face's cache" in message
        assert "put config.json, source.spm, target.spm, vocab.json" in message
        assert "\n" not in message


def test_weights_of_the_older_form_are_fetched_where_there_are_no_others(model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "older")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    hub = Hub(folder, tmp_path / "home")
    try:
        assert hub.find(NAME) == marian_files.model_digest(folder)
    finally:
        hub.close()
