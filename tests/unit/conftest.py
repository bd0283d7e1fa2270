"""Small things that several unit tests need."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """Path of a tiny CLIP in OpenAI's architecture with random weights, as a plain state dict."""
    import torch

    from rematch.openai_clip import load_clip_module

    clip = load_clip_module()
    torch.manual_seed(7)
    model = clip.model.CLIP(
        embed_dim=16,
        image_resolution=32,
        vision_layers=2,
        vision_width=64,
        vision_patch_size=16,
        context_length=77,
        vocab_size=49408,
        transformer_width=64,
        transformer_heads=1,
        transformer_layers=2,
    )
    path = tmp_path_factory.mktemp("clip") / "tiny.pt"
    torch.save({key: value.half() for key, value in model.state_dict().items()}, path)
    return path
