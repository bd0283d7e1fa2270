"""The translation memory: every answer once, kept for good."""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.text.memory.remembered import (
        damages as damages,
        fill as fill,
        import_tsv as import_tsv,
        read_folder as read_folder,
        recall as recall,
        warn as warn,
    )
    from rematch.text.memory.store import Store as Store
    from rematch.text.memory.tsv import read_tsv as read_tsv
else:
    __getattr__ = handing_on(__name__)
