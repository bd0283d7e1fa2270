"""What the demo's scenes can hold: kinds, objects, colours, light and weather, and how one is drawn
by lot.

A scene is nothing but its attributes (`Scene`) and a seed for the small things that no text
mentions. `demo_pictures` turns it into a photograph-like picture, `demo_texts` into a German news
snippet and its English.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import astuple, dataclass

PAINT = ("red", "blue", "yellow", "green", "white", "orange")
WEAR = ("red", "blue", "yellow", "green", "white", "black")
WALLS = ("white", "yellow", "red", "grey", "blue", "green")
HIDES = ("brown", "black", "white")
FLEECE = ("white", "black", "brown")
NONE = ("",)

TIMES = ("day", "day", "day", "evening", "evening", "night", "night")
WEATHERS = ("clear", "clear", "cloudy", "cloudy", "rain", "snow", "fog")


@dataclass(frozen=True)
class Kind:
    """One kind of scene.

    Attributes:
        mains: main object -> (largest count, its colours).
        seconds: secondary object -> (largest count, its colours).
        backdrops: what stands at the horizon.
        times, weathers: those that the kind can have ("" where it has none, as indoors).
    """

    mains: dict[str, tuple[int, tuple[str, ...]]]
    seconds: dict[str, tuple[int, tuple[str, ...]]]
    backdrops: tuple[str, ...]
    times: tuple[str, ...] = TIMES
    weathers: tuple[str, ...] = WEATHERS


KINDS: dict[str, Kind] = {
    "harbour": Kind(
        {
            "container_ship": (2, PAINT),
            "sailing_boat": (5, PAINT),
            "ferry": (2, PAINT),
            "fishing_boat": (3, PAINT),
        },
        {"harbour_crane": (3, PAINT), "lighthouse": (1, ("red", "white", "yellow", "blue"))},
        ("skyline", "hills", "open"),
    ),
    "fire": Kind(
        {
            "burning_warehouse": (1, WALLS),
            "burning_house": (3, WALLS),
            "burning_forest": (1, NONE),
            "burning_truck": (2, PAINT),
        },
        {"fire_engine": (3, ("red", "yellow", "white")), "firefighter": (4, ("yellow", "blue"))},
        ("hills", "forest", "skyline"),
        weathers=("clear", "cloudy", "cloudy", "rain", "fog"),
    ),
    "flood": Kind(
        {"flooded_house": (4, WALLS), "flooded_car": (4, PAINT)},
        {"dinghy": (2, PAINT), "helper": (3, WEAR)},
        ("hills", "forest", "houses"),
        times=("day", "day", "evening", "night"),
        weathers=("clear", "cloudy", "rain", "rain", "fog"),
    ),
    "stadium": Kind(
        {"player": (6, WEAR), "goalkeeper": (1, PAINT), "runner": (5, WEAR)},
        {"flag": (4, PAINT), "referee": (1, ("black", "yellow"))},
        ("full_stand", "empty_stand"),
        times=("day", "evening", "night"),
        weathers=("clear", "cloudy", "rain", "snow"),
    ),
    "concert": Kind(
        {"singer": (3, WEAR), "guitarist": (4, WEAR), "drummer": (1, WEAR)},
        {"spotlight": (4, PAINT), "balloon": (5, PAINT)},
        ("curtain", "screen"),
        times=("",),
        weathers=("",),
    ),
    "market": Kind(
        {"fruit_stall": (4, PAINT), "flower_stall": (4, PAINT), "christmas_stall": (4, PAINT)},
        {"van": (2, PAINT), "fir": (3, NONE), "parasol": (3, PAINT)},
        ("houses", "church"),
    ),
    "construction": Kind(
        {"tower_crane": (4, PAINT), "excavator": (3, PAINT), "shell": (2, ("grey", "red"))},
        {"container": (3, PAINT), "worker": (4, ("orange", "yellow", "blue"))},
        ("skyline", "houses", "forest"),
    ),
    "mountain": Kind(
        {"skier": (5, WEAR), "gondola": (3, PAINT), "hut": (3, ("brown", "red", "white"))},
        {"fir": (5, NONE), "hiker": (3, WEAR), "flag": (2, PAINT)},
        ("peaks",),
        weathers=("clear", "clear", "cloudy", "snow", "fog"),
    ),
    "railway": Kind(
        {"train": (2, PAINT), "freight_train": (1, PAINT), "tram": (2, PAINT)},
        {"passenger": (5, WEAR), "signal": (2, NONE), "house": (2, WALLS)},
        ("houses", "hills", "forest", "skyline"),
    ),
    "airport": Kind(
        {"plane": (3, PAINT), "flying_plane": (2, PAINT), "helicopter": (2, PAINT)},
        {"tanker": (2, PAINT), "control_tower": (1, ("white", "grey")), "bus": (2, PAINT)},
        ("open", "skyline", "forest"),
    ),
    "press": Kind(
        {"politician": (4, WEAR), "spokeswoman": (3, WEAR), "judge": (3, ("red", "black"))},
        {"flag": (4, PAINT), "camera": (3, NONE), "banner": (1, PAINT)},
        ("blue_wall", "wood_wall", "grey_wall", "windows"),
        times=("",),
        weathers=("",),
    ),
    "street": Kind(
        {"car": (5, PAINT), "bus": (2, PAINT), "cyclist": (4, WEAR), "crashed_car": (2, PAINT)},
        {"police_car": (2, ("blue", "green")), "lamp": (3, NONE), "tree": (3, NONE)},
        ("houses", "skyline", "church"),
    ),
    "farm": Kind(
        {
            "tractor": (3, PAINT),
            "cow": (5, HIDES),
            "sheep": (6, FLEECE),
            "turbine": (5, ("white",)),
            "bale": (5, ("yellow",)),
        },
        {"barn": (1, WALLS), "tree": (3, NONE), "farmer": (2, WEAR)},
        ("hills", "forest", "open"),
    ),
    "beach": Kind(
        {"beach_parasol": (5, PAINT), "bather": (5, WEAR), "surfer": (3, PAINT)},
        {"tower": (1, PAINT), "beached_boat": (2, PAINT), "palm": (3, NONE)},
        ("open", "hills"),
        weathers=("clear", "clear", "cloudy", "rain", "fog"),
    ),
}


@dataclass(frozen=True)
class Scene:
    """The attributes of one scene; an empty string is "has none". `seed` draws what is left."""

    seed: int
    kind: str
    main: str
    colour: str
    count: int
    second: str
    second_colour: str
    second_count: int
    side: str
    backdrop: str
    time: str
    weather: str

    @property
    def attributes(self) -> tuple[object, ...]:
        """All that a text can mention, without the seed."""
        return astuple(self)[1:]


def number(*parts: object) -> int:
    """A number below 2**64 that depends on `parts` alone, the same on every machine."""
    key = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


def stream(seed: int, purpose: str) -> random.Random:
    """A random stream of a scene's own for one purpose: pictures, words and attributes do not
    disturb each other."""
    return random.Random(number(seed, purpose))


def draw_scene(seed: int) -> Scene:
    """The scene of `seed`, whatever the other scenes are."""
    rng = stream(seed, "scene")
    name = rng.choice(sorted(KINDS))
    kind = KINDS[name]
    main = rng.choice(sorted(kind.mains))
    most, colours = kind.mains[main]
    second = rng.choice(sorted(kind.seconds))
    second_most, second_colours = kind.seconds[second]
    return Scene(
        seed=seed,
        kind=name,
        main=main,
        colour=rng.choice(colours),
        count=rng.randint(1, most),
        second=second,
        second_colour=rng.choice(second_colours),
        second_count=rng.randint(1, second_most),
        side=rng.choice(("left", "right")),
        backdrop=rng.choice(kind.backdrops),
        time=rng.choice(kind.times),
        weather=rng.choice(kind.weathers),
    )


SPLITS = {"test": 0, "train": 1_000_000}
"""The first seed of each split."""

TEST_SHARE = 6
"""One combination of attributes in so many belongs to the test split, by a hash of it."""


def draw_split(split: str, size: int) -> list[Scene]:
    """The first `size` scenes of a split, by seed.

    The splits share no seed and, for any two sizes, no combination of attributes: a hash of the
    combination says which split it belongs to. Within a split no combination comes twice.

    Raises:
        ValueError: an unknown split, or a size below 1 or too large for the range of seeds.
    """
    if split not in SPLITS or size < 1:
        raise ValueError(f"no split {split!r} of {size} scenes; splits are {sorted(SPLITS)}")
    start = SPLITS[split]
    seen: set[tuple[object, ...]] = set()
    scenes: list[Scene] = []
    for seed in range(start, start + 1_000_000):
        scene = draw_scene(seed)
        is_test = number("split", *scene.attributes) % TEST_SHARE == 0
        if is_test == (split == "test") and scene.attributes not in seen:
            seen.add(scene.attributes)
            scenes.append(scene)
            if len(scenes) == size:
                return scenes
    raise ValueError(f"the {split} split has no {size} scenes")
