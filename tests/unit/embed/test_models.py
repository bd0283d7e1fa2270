"""The backends open_clip and hf against their own libraries, on small random models."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from rematch import forms
from rematch.embed.encoding import encode_photos, encode_texts
from rematch.embed.models import ModelSpec, load
from rematch.embed.models.encoder import TILE
from rematch.errors import UserError
from rematch.outside.openai_clip import import_torchvision
from tests.tiny import make_photos

import_torchvision()
import open_clip  # noqa: E402
import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

WORDS = ["fire", "harbour", "stadium", "night", "two", "ships", "rain", "mayor", "a", "photo", "of"]
VISION = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16}
TEXT = {"vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}
OPEN_CLIP = {
    "causal": {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": {**TEXT, "context_length": 20}},
    # As SigLIP: every position sees every other, and the last one is read.
    "unmasked": {
        "embed_dim": 16,
        "custom_text": True,
        "vision_cfg": VISION,
        "text_cfg": {**TEXT, "context_length": 20, "no_causal_mask": True, "pool_type": "last"},
    },
}
KINDS = ["causal", "unmasked", "folder", "clip", "siglip"]
CONTEXT = {"causal": 20, "unmasked": 20, "folder": 12, "clip": 16, "siglip": 16}


def tokenizer(pad, limit, names=("input_ids", "attention_mask")):
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[END]", *WORDS])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A [END]", special_tokens=[("[END]", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=pad,
        unk_token="[UNK]",
        eos_token="[END]",
        model_max_length=limit,
        model_input_names=list(names),
        padding_side="right",
    )


def make_open_clip(kind, folder, seed=3):
    torch.manual_seed(seed)
    if kind == "folder":
        text = {**TEXT, "vocab_size": 14, "context_length": 12, "hf_tokenizer_name": "own"}
        text |= {"pool_type": "last", "no_causal_mask": True}
        config = {**OPEN_CLIP["unmasked"], "text_cfg": text}
        tokenizer("[PAD]", 12).save_pretrained(folder)
        (folder / "open_clip_config.json").write_text(
            json.dumps({"model_cfg": config, "preprocess_cfg": {"mean": [0.5, 0.4, 0.3]}})
        )
        weights = folder / "open_clip_model.safetensors"
    else:
        config, weights = OPEN_CLIP[kind], folder / f"{kind}.safetensors"
        (folder / f"tiny-{kind}.json").write_text(json.dumps(config))
    own = {key: value for key, value in config.items() if key != "custom_text"}
    model = (open_clip.CustomTextCLIP if "custom_text" in config else open_clip.CLIP)(**own)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, weights)
    if kind == "folder":
        return ModelSpec("open_clip", folder)
    return ModelSpec("open_clip", weights, architecture=str(folder / f"tiny-{kind}.json"))


def make_hf(kind, folder, shards="1GB"):
    torch.manual_seed(5)
    text = {"vocab_size": 14, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 16}
    text |= {"eos_token_id": 2, "pad_token_id": 0, "bos_token_id": 1}
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 2, "image_size": 32, "patch_size": 16}
    if kind == "clip":
        config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)
        model = transformers.CLIPModel(config)
        tokenizer("[PAD]", 99).save_pretrained(folder)
        size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
        processor = transformers.CLIPImageProcessor(**size)
    else:
        config = transformers.SiglipConfig(text_config=text, vision_config=vision)
        model = transformers.SiglipModel(config)
        tokenizer("[END]", 16, ["input_ids"]).save_pretrained(folder)
        processor = transformers.SiglipImageProcessor(size={"height": 32, "width": 32})
    model.save_pretrained(folder, max_shard_size=shards)
    processor.save_pretrained(folder)
    return ModelSpec("hf", folder)


def make(kind, folder):
    return (make_hf if kind in ("clip", "siglip") else make_open_clip)(kind, folder)


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    return {kind: make(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def encoders(specs):
    return {kind: load(spec) for kind, spec in specs.items()}


def texts(n):
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 24))) for _ in range(n)]


def queries(lines):
    return forms.from_rows(
        [{"article_id": f"a{i}", "query": text} for i, text in enumerate(lines)], forms.QUERIES
    )


def peer(spec, lines, files):
    """Vectors of length 1 as each library's own documentation computes them."""
    opened = [Image.open(file).convert("RGB") for file in files]
    with torch.no_grad():
        if spec.backend == "open_clip":
            name, pretrained = f"local-dir:{spec.checkpoint}", None
            if spec.architecture:
                open_clip.add_model_config(spec.architecture)
                name = spec.architecture.rpartition("/")[2].removesuffix(".json")
                pretrained = str(spec.checkpoint)
            model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained)
            model.eval()
            text = model.encode_text(open_clip.get_tokenizer(name)(lines))
            photo = model.encode_image(torch.stack([preprocess(image) for image in opened]))
        else:
            model = transformers.AutoModel.from_pretrained(spec.checkpoint).eval()
            words = transformers.AutoTokenizer.from_pretrained(spec.checkpoint)
            read = words(
                lines, padding="max_length", max_length=16, truncation=True, return_tensors="pt"
            )
            images = transformers.AutoImageProcessor.from_pretrained(spec.checkpoint, backend="pil")
            seen = images(opened, return_tensors="pt")
            both = model(**read, **seen)
            text, photo = both.text_embeds, both.image_embeds
    return [(v / v.norm(dim=1, keepdim=True)).numpy() for v in (text, photo)]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_equal_the_librarys_own(specs, tmp_path, kind, precision):
    lines, rows = texts(TILE + 5), make_photos(tmp_path, 7)
    text, photo = peer(specs[kind], lines, [row["file"] for row in rows])
    encoder = load(ModelSpec(**{**vars(specs[kind]), "precision": precision}))
    ours = encode_texts(queries(lines), encoder)
    np.testing.assert_allclose(ours.vectors, text, atol=1e-5)
    assert ours.metadata["precision"] == precision
    ours = encode_photos(forms.from_rows(rows, forms.IMAGES), encoder, threads=2)
    np.testing.assert_allclose(ours.vectors, photo, atol=1e-5)
    assert len({vector.tobytes() for vector in ours.vectors}) == len(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_do_not_depend_on_company_or_order(encoders, tmp_path, kind):
    lines, rows = texts(TILE + 9), make_photos(tmp_path, 5)
    everything = encode_texts(queries(lines), encoders[kind])
    backwards = encode_texts(queries(lines[::-1]), encoders[kind])
    alone = encode_texts(queries(lines[3:4]), encoders[kind])
    assert backwards.vectors[::-1].tobytes() == everything.vectors.tobytes()
    assert alone.vectors[0].tobytes() == everything.vectors[3].tobytes()
    everything = encode_photos(forms.from_rows(rows, forms.IMAGES), encoders[kind])
    backwards = encode_photos(forms.from_rows(rows[::-1], forms.IMAGES), encoders[kind], 3)
    assert backwards.vectors[::-1].tobytes() == everything.vectors.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_cut_texts_are_counted(encoders, kind):
    # SimpleTokenizer adds a token before and one behind, the others one behind.
    room = CONTEXT[kind] - (2 if kind in ("causal", "unmasked") else 1)
    for n in (0, 1, room - 1, room, room + 1, room + 2, 60):
        assert encoders[kind].tokenize(" ".join(["rain"] * n)).cut == (n > room), n


@pytest.mark.parametrize("kind", KINDS)
def test_the_prompt_is_what_the_model_reads(specs, encoders, kind):
    prompted = load(ModelSpec(**{**vars(specs[kind]), "prompt": "a photo of {} night"}))
    ours = encode_texts(queries(["two ships"]), prompted)
    plain = encode_texts(queries(["a photo of two ships night", "two ships"]), encoders[kind])
    assert ours.vectors[0].tobytes() == plain.vectors[0].tobytes() != plain.vectors[1].tobytes()
    assert ours.metadata["prompt"] == "a photo of {} night"
    assert plain.metadata["prompt"] == "{}"


def test_openai_reads_the_prompt_too(tiny_clip):
    prompted = load(ModelSpec("openai", tiny_clip, prompt="a photo of {}"))
    ours = encode_texts(queries(["rain"]), prompted).vectors
    plain = encode_texts(queries(["a photo of rain"]), load(ModelSpec("openai", tiny_clip)))
    assert ours.tobytes() == plain.vectors.tobytes()


@pytest.mark.parametrize("kind", ["causal", "folder", "siglip"])
def test_identity_is_the_sha256_of_the_weights(kind, tmp_path):
    spec = make(kind, tmp_path)
    (weights,) = tmp_path.glob("*.safetensors")
    before = load(spec).identity["checkpoint_sha256"]
    assert before == hashlib.sha256(weights.read_bytes()).hexdigest()
    changed = load_file(weights)
    name = next(key for key, value in changed.items() if value.ndim == 2)
    changed[name][0, 0] += 1
    save_file(changed, weights, {"format": "pt"})
    after = load(spec).identity["checkpoint_sha256"]
    assert after == hashlib.sha256(weights.read_bytes()).hexdigest() != before


def test_shards_count_all_whatever_their_names(tmp_path):
    spec = make_hf("clip", tmp_path, shards="20KB")
    parts = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(parts) > 2
    digests = sorted(hashlib.sha256(part.read_bytes()).hexdigest() for part in parts)
    expected = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    assert load(spec).identity["checkpoint_sha256"] == expected
    parts[1].unlink()
    with pytest.raises(UserError, match=r"model-00002-of-\d+\.safetensors is missing"):
        load(spec)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"architecture": "ViT-B-33"}, r"no architecture 'ViT-B-33' .*ViT-B-32"),
        ({"architecture": None}, r"causal\.safetensors: open_clip needs to know"),
        ({"architecture": "ViT-B-32"}, r"causal\.safetensors: open_clip cannot load it as ViT-B-"),
        ({"architecture": "none.json"}, r"none\.json: no readable model configuration"),
        ({"checkpoint": None, "name": "ViT-B-33/openai"}, r"no architecture 'ViT-B-33' .*ViT-B-32"),
        ({"checkpoint": None, "name": "ViT-B-32/laion"}, "no weights 'laion' .*laion2b_s34b_b79k"),
        ({"checkpoint": None, "name": "ViT-B-32/openai"}, "take ViT-B-32-quickgelu/openai"),
    ],
)
def test_what_open_clip_cannot_load_is_one_line(specs, changes, expected):
    spec = ModelSpec(**{**vars(specs["causal"]), **changes})
    with pytest.raises(UserError, match=expected) as caught:
        load(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "name", "expected"),
    [
        ("open_clip", "ViT-B-32/laion2b_s34b_b79k", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("hf", "google/siglip-base-patch16-224", "huggingface.co/google/siglip-base-patch16-224"),
    ],
)
def test_without_the_network_it_says_what_to_fetch(tmp_path, backend, name, expected):
    from huggingface_hub import constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(UserError, match="cannot be downloaded") as caught:
            load(ModelSpec(backend, name=name, cache=tmp_path))
    assert expected in str(caught.value) and f"into {tmp_path}/" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_was_fetched_before_needs_no_network(specs, encoders, tmp_path):
    from huggingface_hub import constants

    home = tmp_path / "models--some--siglip"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("1" * 40)
    shutil.copytree(specs["siglip"].checkpoint, home / "snapshots" / ("1" * 40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        encoder = load(ModelSpec("hf", name="some/siglip", cache=tmp_path))
    assert encoder.identity == encoders["siglip"].identity | {"model": "some/siglip"}


def test_folders_that_hold_no_such_model_are_one_line(tmp_path):
    with pytest.raises(UserError, match="no such folder; backend hf takes"):
        load(ModelSpec("hf", tmp_path / "none"))
    with pytest.raises(UserError, match=r"has neither model\.safetensors nor pytorch_model\.bin"):
        load(ModelSpec("hf", tmp_path))
    with pytest.raises(UserError, match=r"open_clip_config\.json: no readable model configuration"):
        load(ModelSpec("open_clip", tmp_path))


def test_weights_that_are_not_all_there_are_refused(tmp_path):
    spec = make_hf("clip", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["text_projection.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"the weights lack text_projection\.weight"):
        load(spec)


def test_code_that_comes_with_a_model_is_not_run(tmp_path):
    spec = make_hf("clip", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(UserError, match="transformers cannot load it"):
        load(spec)
    assert not (tmp_path / "ran").exists()


def test_a_model_of_texts_alone_is_refused(tmp_path):
    make_hf("clip", tmp_path)
    for file in tmp_path.glob("model*"):
        file.unlink()
    config = transformers.BertConfig(
        vocab_size=14, hidden_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="BertModel has no get_text_features"):
        load(ModelSpec("hf", tmp_path))


def test_a_tokenizer_that_does_not_fit_is_one_line(tmp_path):
    spec = make_hf("clip", tmp_path)
    tokenizer("[PAD]", 16, ["input_ids"]).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "tokenizer.json").read_text())
    settings["model"]["vocab"]["ships"] = 999
    (tmp_path / "tokenizer.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match=r"cannot embed a text and a photo \(index out of range"):
        load(spec)


def test_a_part_in_float32_is_noticed(tmp_path):
    """SigLIP 2 of variable sizes resizes its positions in float32 on a CPU."""
    torch.manual_seed(0)
    text = {"vocab_size": 14, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 16}
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "num_patches": 16, "patch_size": 16}
    config = transformers.Siglip2Config(text_config=text, vision_config=vision)
    transformers.Siglip2Model(config).save_pretrained(tmp_path)
    tokenizer("[PAD]", 16, ["input_ids"]).save_pretrained(tmp_path)
    transformers.Siglip2ImageProcessor(max_num_patches=16).save_pretrained(tmp_path)
    assert load(ModelSpec("hf", tmp_path)).dimension == 32
    with pytest.raises(UserError, match="computes a part in less than float64"):
        load(ModelSpec("hf", tmp_path, precision="float64"))
