"""Why a photo cannot be used: the classes of reasons."""

MISSING = "photo missing"
EMPTY = "photo empty"
TOO_LARGE = "photo too large"
UNREADABLE = "photo unreadable"
