"""The record of a run: what each of its numbers rests on, and whether that still holds.

It is written as `provenance.json` into the experiment's folder, and held against what is there by
`make verify`.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.engine.provenance.comparing import (
        differences as differences,
        earlier as earlier,
        elsewhere as elsewhere,
        read as read,
    )
    from rematch.engine.provenance.measuring import measure as measure
    from rematch.engine.provenance.writing import record as record
else:
    __getattr__ = handing_on(__name__)
