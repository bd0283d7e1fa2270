"""What a model says of itself when it encodes something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rematch.errors import UserError

if TYPE_CHECKING:
    pass
from rematch.embed.models.encoder import Encoder
from rematch.embed.models.settings import first_line
from rematch.embed.models.spec import ModelSpec


def probed(encoder: Encoder, spec: ModelSpec, where: str) -> int:
    """The dimension of a model's embeddings, seen on a text and a photo.

    Raises:
        UserError: they cannot be embedded, or not as one vector each, of one length; or the
            precision is float64 and the model computes a part in less.
    """
    from PIL import Image

    narrow: set[str] = set()
    try:
        text = encoder._stacked([encoder.tokenize("two ships in a harbour").ids])
        photo = encoder._stacked([encoder.preprocess(Image.new("RGB", (80, 60), "grey"))])
        with encoder._library(), _watching(narrow):
            shapes = [tuple(encoder._texts(text).shape), tuple(encoder._photos(photo).shape)]
    except Exception as error:  # a model, tokenizer and processor that do not go together
        raise UserError(
            f"{where}: cannot embed a text and a photo ({first_line(error)}); choose a model that "
            "does, with its own tokenizer and processor"
        ) from error
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"{where}: gives texts of shape {shapes[0]} and photos of shape {shapes[1]}, which "
            "cannot be compared; choose a model that embeds both in one space"
        )
    if spec.precision == "float64" and narrow:
        raise UserError(
            f"{where}: computes a part in less than float64 ({', '.join(sorted(narrow)[:3])}) "
            "whatever it is asked; set models.*.precision to float32"
        )
    return int(shapes[0][1])


@contextmanager
def _watching(narrow: set[str]) -> Iterator[None]:
    """Collect the operations that give floating point numbers of less than 64 bits."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            for item in out if isinstance(out, (tuple, list)) else (out,):
                if (
                    isinstance(item, torch.Tensor)
                    and item.is_floating_point()
                    and item.dtype != torch.float64
                ):
                    narrow.add(str(func))
            return out

    with Watch():  # type: ignore[no-untyped-call]
        yield
