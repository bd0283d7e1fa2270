"""The towers' weights, from a library's model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from rematch.embed.models.layers import BlockWeights
from rematch.embed.models.towers import PhotoWeights, TextWeights


def text_weights(model: Any) -> TextWeights | None:
    """The text tower of a CLIP of `clip`, `open_clip` or `transformers`; None for other models."""
    try:
        if hasattr(model, "text_model"):
            text = model.text_model
            return TextWeights(
                blocks=_of_transformers(text.encoder.layers),
                positions=text.embeddings.position_embedding.weight,
                norm=text.final_layer_norm,
                projection=model.text_projection.weight.T,
                embedding=text.embeddings.token_embedding.weight,
            )
        text = getattr(model, "text", model)
        pool = getattr(text, "pool_type", getattr(text, "text_pool_type", "argmax"))
        if getattr(text, "attn_mask", ...) is None or pool not in ("argmax", "eos"):
            return None  # each position sees all, or the embedding is read elsewhere
        return TextWeights(
            blocks=_of_openai(text.transformer.resblocks),
            positions=text.positional_embedding,
            norm=text.ln_final,
            projection=text.text_projection,
            embedding=text.token_embedding.weight,
        )
    except AttributeError:
        return None


def photo_weights(model: Any) -> PhotoWeights | None:
    """The vision transformer of a CLIP of `clip`, `open_clip` or `transformers`; or None."""
    try:
        if hasattr(model, "vision_model"):
            vision = model.vision_model
            return PhotoWeights(
                blocks=_of_transformers(vision.encoder.layers),
                positions=vision.embeddings.position_embedding.weight,
                norm=vision.post_layernorm,
                projection=model.visual_projection.weight.T,
                patches=vision.embeddings.patch_embedding.weight,
                class_embedding=vision.embeddings.class_embedding,
                norm_before=vision.pre_layrnorm,
            )
        vision = model.visual
        return PhotoWeights(
            blocks=_of_openai(vision.transformer.resblocks),
            positions=vision.positional_embedding,
            norm=vision.ln_post,
            projection=vision.proj,
            patches=vision.conv1.weight,
            class_embedding=vision.class_embedding,
            norm_before=vision.ln_pre,
        )
    except AttributeError:
        return None


def _of_openai(blocks: Any) -> Iterator[BlockWeights]:
    """Blocks of `clip` and `open_clip`."""
    for block in blocks:
        attention, mlp = block.attn, block.mlp
        yield BlockWeights(
            norm1=block.ln_1,
            qkv=(attention.in_proj_weight, attention.in_proj_bias),
            out=(attention.out_proj.weight, attention.out_proj.bias),
            norm2=block.ln_2,
            up=(mlp.c_fc.weight, mlp.c_fc.bias),
            down=(mlp.c_proj.weight, mlp.c_proj.bias),
            heads=attention.num_heads,
            activation="quick_gelu" if type(mlp.gelu).__name__ == "QuickGELU" else "gelu",
        )
        _emptied(block)


def _of_transformers(layers: Any) -> Iterator[BlockWeights]:
    """Blocks of `transformers`."""
    for layer in layers:
        attention, mlp = layer.self_attn, layer.mlp
        parts = [attention.q_proj, attention.k_proj, attention.v_proj]
        yield BlockWeights(
            norm1=layer.layer_norm1,
            qkv=(
                torch.cat([part.weight for part in parts]),
                torch.cat([part.bias for part in parts]),
            ),
            out=(attention.out_proj.weight, attention.out_proj.bias),
            norm2=layer.layer_norm2,
            up=(mlp.fc1.weight, mlp.fc1.bias),
            down=(mlp.fc2.weight, mlp.fc2.bias),
            heads=attention.num_heads,
            activation=attention.config.hidden_act,
        )
        _emptied(layer)


def _emptied(module: nn.Module) -> None:
    """Free a block that has been packed: a large model is never in memory twice."""
    for parameter in module.parameters():
        parameter.data = parameter.data.new_empty(0)
