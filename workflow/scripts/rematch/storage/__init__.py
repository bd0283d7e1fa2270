"""Files on this machine: written whole or not at all, read and held to their form.

Knows no article, photo or run, only tables, vectors, bytes and digests of them.

Whole or not at all. `storage.files` writes beside, to the disk, and renames. A translation is in
the memory, on disk, before the next one is asked for, and a text that another job asks for is
waited for (`text.translation.claims`: a lock of the kernel's, which ends with its process). After
kill -9, what Snakemake marked as incomplete is made again (`rerun-incomplete` in the profile), what
lies beside the next job's outputs is removed (`jobs.start`), and so is the dead run's lock: a
living run holds a lock of the kernel's on `.snakemake/alive`, so the next one can tell
(`engine.locks`). `make soak` kills the demo fifty times.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.storage import tables as tables
    from rematch.storage.contents import KEPT as KEPT, Contents as Contents, sealed as sealed
    from rematch.storage.digests import (
        PHOTO_BYTES as PHOTO_BYTES,
        UNREAD as UNREAD,
        digest_of as digest_of,
    )
    from rematch.storage.embeddings import (
        Store as Store,
        Vectors as Vectors,
        gathered as gathered,
        metadata_of as metadata_of,
        read_embeddings as read_embeddings,
        write_vectors as write_vectors,
    )
    from rematch.storage.files import (
        alone as alone,
        read_json as read_json,
        refusal as refusal,
        remove as remove,
        remove_leftovers as remove_leftovers,
        replacing as replacing,
        replacing_all as replacing_all,
        sha256_of as sha256_of,
        to_disk as to_disk,
        write_text as write_text,
    )
    from rematch.storage.progress_bar import progress as progress
    from rematch.storage.sharing import (
        is_full as is_full,
        make_folder as make_folder,
        open_shared as open_shared,
        unusable as unusable,
    )
    from rematch.storage.similarities import (
        Similarity as Similarity,
        write_similarity as write_similarity,
    )
    from rematch.storage.trec import (
        read_trec_qrels as read_trec_qrels,
        read_trec_run as read_trec_run,
    )
else:
    __getattr__ = handing_on(__name__)
