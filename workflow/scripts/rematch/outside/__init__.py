"""What is not ours and needs care: servers, and other people's libraries.

HTTP that ends in time, whole and readable (`wire`); manners towards servers that threads, processes
and machines share (`polite`); libraries that have to be imported, or kept from talking, in a way of
their own (`openai_clip`, `library_logs`). Nothing here knows what is fetched or what for: what an
answer means is for the room that asked (`corpus.downloading`, text.translators, embed.models).
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.outside import wire as wire
    from rematch.outside.library_logs import log_as_we_do as log_as_we_do
    from rematch.outside.openai_clip import (
        import_torchvision as import_torchvision,
        load_clip_module as load_clip_module,
    )
    from rematch.outside.polite import (
        LONGEST_PAUSE_S as LONGEST_PAUSE_S,
        Gate as Gate,
        backoff as backoff,
        innermost as innermost,
        passing as passing,
        retry_after_s as retry_after_s,
        said as said,
        short as short,
    )
else:
    __getattr__ = handing_on(__name__)
