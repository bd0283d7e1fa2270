"""Import OpenAI's `clip`, and torchvision, beside a CPU build of torch.

The registry's torchvision is built for CUDA: beside a CPU torch its import stops with "operator
torchvision::nms does not exist". The models need only torchvision's pure-Python transforms, so the
two operators' schemas are declared first, which lets the import pass. With a torchvision that
brings its operators nothing is declared.
"""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

_declared: list[Any] = []  # a torch.library.Library lives as long as it is referenced


def load_clip_module() -> ModuleType:
    """OpenAI's `clip` module.

    Raises:
        ImportError: `clip` is not installed.
    """
    import_torchvision()
    with warnings.catch_warnings():
        # clip imports pkg_resources for one version comparison, which warns of its removal.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        return importlib.import_module("clip")


def import_torchvision() -> None:
    """Import torchvision, so that what imports it later finds it imported.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare_operators()
        importlib.import_module("torchvision")


def _declare_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        schema = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
