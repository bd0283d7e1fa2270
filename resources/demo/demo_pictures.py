"""Draws a scene as a photograph-like picture of 320 x 240 pixels.

Everything is drawn at twice the size and reduced. Only integers and the four operations on floats
are used, so the same versions of Python, numpy and Pillow give the same pixels on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from demo_world import Scene, stream

WIDTH, HEIGHT, SCALE = 320, 240, 2
QUALITY = 82
"""JPEG quality of the pictures."""

RGB = tuple[int, int, int]
Point = tuple[float, float]

COLOURS: dict[str, RGB] = {
    "": (150, 150, 150),
    "red": (200, 36, 34),
    "blue": (36, 82, 190),
    "yellow": (240, 205, 40),
    "green": (36, 140, 62),
    "white": (238, 238, 234),
    "orange": (238, 126, 28),
    "black": (34, 34, 38),
    "brown": (118, 74, 42),
    "grey": (142, 144, 148),
}
SKIN = ((228, 184, 152), (205, 155, 118), (150, 104, 74), (238, 200, 172))

SKIES: dict[tuple[str, str], tuple[RGB, RGB]] = {
    ("day", "clear"): ((58, 118, 204), (178, 212, 238)),
    ("day", "cloudy"): ((138, 152, 170), (206, 212, 218)),
    ("day", "rain"): ((96, 106, 120), (158, 166, 174)),
    ("day", "snow"): ((176, 184, 194), (222, 226, 230)),
    ("day", "fog"): ((190, 194, 198), (212, 214, 214)),
    ("evening", "clear"): ((70, 74, 146), (252, 158, 78)),
    ("evening", "cloudy"): ((92, 78, 112), (232, 142, 92)),
    ("evening", "rain"): ((74, 68, 88), (164, 116, 98)),
    ("evening", "snow"): ((132, 120, 142), (226, 176, 156)),
    ("evening", "fog"): ((158, 138, 136), (222, 176, 142)),
    ("night", "clear"): ((4, 8, 28), (24, 34, 70)),
    ("night", "cloudy"): ((14, 16, 28), (38, 42, 56)),
    ("night", "rain"): ((10, 12, 20), (32, 36, 46)),
    ("night", "snow"): ((34, 38, 56), (66, 70, 88)),
    ("night", "fog"): ((48, 52, 62), (72, 76, 84)),
}
TINTS: dict[str, tuple[float, float, float]] = {
    "": (1.0, 1.0, 1.0),
    "day": (1.0, 1.0, 1.0),
    "evening": (0.98, 0.76, 0.60),
    "night": (0.46, 0.50, 0.66),
}
DULL = {"": 1.0, "clear": 1.0, "cloudy": 0.86, "rain": 0.74, "snow": 0.94, "fog": 0.92}

Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int32]]


def bytes_of(rng: random.Random, height: int, width: int) -> Bytes:
    """Uniform random bytes, shape (height, width)."""
    return np.frombuffer(rng.randbytes(height * width), np.uint8).reshape(height, width)


def clouds(rng: random.Random, height: int, width: int, coarse: int = 4) -> Ints:
    """Cloud-like noise from 0 to 255, shape (height, width): four octaves, weights 8:4:2:1."""
    total = np.zeros((height, width), np.int32)
    for octave, weight in enumerate((8, 4, 2, 1)):
        cells = coarse << octave
        grain = Image.fromarray(bytes_of(rng, cells, cells + 1))
        wide = grain.resize((width, height), Image.Resampling.BILINEAR)
        total += weight * np.asarray(wide, np.int32)
    return total // 15


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """The colour `share` of the way from `a` to `b`."""
    red, green, blue = (int(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _disc() -> Bytes:
    across = np.arange(64, dtype=np.int32) * 2 - 63
    squared = across[:, None] ** 2 + across[None, :] ** 2
    fall = np.maximum(4096 - squared, 0)
    disc: Bytes = (fall * fall // 65793).astype(np.uint8)
    return disc


_GLOW = Image.fromarray(_disc())


class Canvas:
    """A picture being drawn: coordinates in pixels of the finished picture, colours in daylight."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rng = stream(scene.seed, "picture")
        self.dark = scene.time == "night"
        dull = DULL[scene.weather]
        self.tint = tuple(part * dull for part in TINTS[scene.time])
        self.sky = SKIES.get((scene.time, scene.weather), ((60, 60, 60), (90, 90, 90)))
        self.horizon = 120
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def lit(self, colour: RGB, alpha: int = 255, far: float = 0.0) -> tuple[int, int, int, int]:
        """`colour` in the scene's light, `far` of the way to the haze at the horizon."""
        red, green, blue = (int(x * t) for x, t in zip(colour, self.tint, strict=True))
        if self.scene.weather == "fog":
            far = far + (1 - far) * 0.25
        return *mix((red, green, blue), self.sky[1], far), alpha

    def near(self, colour: RGB, spread: int = 14) -> RGB:
        """`colour` a little changed by lot, as paint and cloth differ."""
        shift = self.rng.randint(-spread, spread)
        red, green, blue = (min(255, max(0, x + shift + self.rng.randint(-6, 6))) for x in colour)
        return red, green, blue

    def poly(
        self,
        points: Sequence[Point],
        colour: RGB,
        alpha: int = 255,
        far: float = 0.0,
        glow: bool = False,
    ) -> None:
        """A filled polygon; `glow` ignores the scene's light."""
        fill = (*colour, alpha) if glow else self.lit(colour, alpha, far)
        self.draw.polygon([(int(x * SCALE), int(y * SCALE)) for x, y in points], fill=fill)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: RGB,
        alpha: int = 255,
        far: float = 0.0,
        glow: bool = False,
    ) -> None:
        """A filled rectangle whose upper left corner is (x, y)."""
        if width > 0 and height > 0:
            fill = (*colour, alpha) if glow else self.lit(colour, alpha, far)
            left, top = int(x * SCALE), int(y * SCALE)
            right = max(left, int((x + width) * SCALE) - 1)
            bottom = max(top, int((y + height) * SCALE) - 1)
            self.draw.rectangle((left, top, right, bottom), fill=fill)

    def solid(self, x: float, y: float, w: float, h: float, colour: RGB, far: float = 0.0) -> None:
        """A rectangle shaded from its lit left edge to its dark right edge."""
        for part in range(4):
            shade = mix(colour, (0, 0, 0), 0.10 * part)
            self.box(x + w * part / 4, y, w / 4 + 0.5, h, shade, far=far)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: RGB,
        alpha: int = 255,
        far: float = 0.0,
        glow: bool = False,
    ) -> None:
        """A filled ellipse around (x, y)."""
        fill = (*colour, alpha) if glow else self.lit(colour, alpha, far)
        left, top = int((x - rx) * SCALE), int((y - ry) * SCALE)
        right, bottom = int((x + rx) * SCALE), int((y + ry) * SCALE)
        if right > left and bottom > top:
            self.draw.ellipse((left, top, right, bottom), fill=fill)

    def line(
        self, points: Sequence[Point], colour: RGB, width: float = 1.0, alpha: int = 255
    ) -> None:
        """A line through `points`."""
        self.draw.line(
            [(int(x * SCALE), int(y * SCALE)) for x, y in points],
            fill=self.lit(colour, alpha),
            width=max(1, int(width * SCALE)),
        )

    def shadow(self, x: float, y: float, rx: float) -> None:
        """What an object of half-width `rx` standing at (x, y) throws on the ground."""
        strength = 110 if self.scene.weather == "clear" and not self.dark else 60
        lean = rx * 0.35 if self.scene.weather == "clear" else 0.0
        self.oval(x + lean, y, rx * 1.15, rx * 0.16 + 1.2, (0, 0, 0), strength)

    def glow(self, x: float, y: float, radius: float, colour: RGB) -> None:
        """A halo of light around (x, y)."""
        size = max(2, int(radius * 2 * SCALE))
        halo = _GLOW.resize((size, size), Image.Resampling.BILINEAR)
        corner = (int((x - radius) * SCALE), int((y - radius) * SCALE))
        self.image.paste(colour, (*corner, corner[0] + size, corner[1] + size), halo)

    def base(
        self,
        horizon: int,
        far: RGB,
        near: RGB,
        grain: int = 40,
        wet: bool = False,
    ) -> None:
        """Sky down to `horizon`, and below it a ground seen in perspective.

        `grain` is the strength of the ground's texture; `wet` makes it mirror the sky.
        """
        self.horizon = horizon
        weather = self.scene.weather
        if weather == "snow" and not wet:
            far, near = mix(far, (228, 232, 238), 0.75), mix(near, (236, 238, 242), 0.75)
        rows = np.arange(HEIGHT, dtype=np.int32)
        picture = np.empty((HEIGHT, WIDTH, 3), np.int32)
        share = np.minimum(rows[:horizon] * 256 // max(horizon, 1), 256)
        cover = clouds(self.rng, horizon, WIDTH)
        level = {"clear": 150, "cloudy": 96, "rain": 80, "snow": 90, "fog": 130}.get(weather, 255)
        veil = np.clip((cover - level) * 5, 0, 210)
        pale = mix(self.sky[1], (255, 255, 255), 0.5 if self.scene.time == "day" else 0.08)
        if weather in ("rain", "cloudy"):
            pale = mix(pale, self.sky[0], 0.6)
        for channel in range(3):
            top, bottom = self.sky[0][channel], self.sky[1][channel]
            air = (top + (bottom - top) * share // 256)[:, None]
            shaded = pale[channel] - (cover - 128) // 6
            picture[:horizon, :, channel] = air + (shaded - air) * veil // 256
        depth = rows[: HEIGHT - horizon]
        span = max(HEIGHT - horizon, 1)
        texture = clouds(self.rng, 256, WIDTH, 14) - 128
        # Rows of the texture crowd together toward the horizon, as a plane's do.
        lines = 255 * 3 * depth // (span + 2 * depth)
        relief = texture[255 - np.clip(lines, 0, 255)] * grain // 100
        a, b = self.lit(far), self.lit(near)
        for channel in range(3):
            tone = (a[channel] + (b[channel] - a[channel]) * depth // span)[:, None]
            picture[horizon:, :, channel] = tone + relief * (2 if self.dark else 4) // 4
        small = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
        self.image.paste(small.resize(self.image.size, Image.Resampling.BILINEAR))
        if weather == "clear":
            self._lights_of_the_sky()

    def _lights_of_the_sky(self) -> None:
        x = self.rng.randint(60, 260)
        if self.scene.time == "night":
            for _ in range(50):
                star = (self.rng.randint(0, WIDTH), self.rng.randint(0, max(1, self.horizon - 12)))
                self.box(*star, 1, 1, (210, 214, 230), 200, glow=True)
            y = self.rng.randint(16, 40)
            self.glow(x, y, 24, (120, 126, 150))
            self.oval(x, y, 8, 8, (232, 232, 214), glow=True)
        elif self.scene.time == "evening":
            y = self.horizon - self.rng.randint(6, 18)
            self.glow(x, y, 60, (255, 196, 110))
            self.oval(x, y, 11, 11, (255, 232, 170), glow=True)

    def horizon_of(self, backdrop: str) -> None:
        """Draw what stands at the horizon, hazy with distance."""
        h, rng = self.horizon, self.rng
        snow = self.scene.weather == "snow"
        haze = 0.92 if self.scene.weather == "fog" else 0.35
        if backdrop == "hills":
            for layer in range(2):
                tone = mix((70, 116, 62), (235, 238, 240), 0.7 if snow else 0.0)
                top = [(0.0, float(h + 2))]
                y = h - rng.randint(14, 34) // (layer + 1)
                for x in range(0, WIDTH + 40, 40):
                    y = min(h - 4, max(h - 46, y + rng.randint(-9, 9)))
                    top.append((float(x), float(y)))
                self.poly([*top, (WIDTH, h + 2)], tone, far=haze - 0.15 * layer)
        elif backdrop == "skyline":
            x = -4
            while x < WIDTH:
                wide, high = rng.randint(12, 30), rng.randint(20, 78)
                tone = self.near((112, 116, 128), 26)
                self.box(x, h - high, wide, high + 2, tone, far=haze)
                for wy in range(h - high + 3, h - 4, 6):
                    for wx in range(x + 2, x + wide - 3, 5):
                        if self.dark:
                            if rng.random() < 0.45 and self.scene.weather != "fog":
                                self.box(wx, wy, 2.5, 3, (250, 214, 130), 220, glow=True)
                        else:
                            self.box(wx, wy, 2.5, 3, (64, 74, 92), 150, far=haze)
                x += wide + rng.randint(-1, 3)
        elif backdrop == "forest":
            self.box(0, h - 14, WIDTH, 16, (34, 62, 40), far=haze - 0.1)
            for x in range(-4, WIDTH + 8, 7):
                tone = mix(self.near((38, 74, 44), 12), (232, 236, 238), 0.5 if snow else 0.0)
                high = rng.randint(18, 42)
                self.poly(
                    [(x - 7, h + 2), (x + rng.randint(-1, 1), h - high), (x + 8, h + 2)],
                    tone,
                    far=haze - 0.1,
                )
        elif backdrop in ("houses", "church"):
            x = -rng.randint(0, 20)
            while x < WIDTH:
                wide = rng.randint(28, 42)
                wall = self.near(rng.choice(((206, 196, 176), (188, 160, 130), (176, 182, 186))))
                self.house(x + wide / 2, h + 2, wide / 36, wall, far=haze - 0.15)
                x += wide - 2
            if backdrop == "church":
                x = rng.choice((96, 160, 224))
                self.solid(x - 9, h - 66, 18, 66, (180, 170, 158), haze - 0.15)
                self.poly(
                    [(x - 11, h - 66), (x, h - 106), (x + 11, h - 66)], (72, 92, 88), far=haze - 0.2
                )
                self.oval(x, h - 54, 4, 4, (236, 232, 214), far=haze - 0.2)

    def house(
        self, x: float, y: float, s: float, wall: RGB, far: float = 0.0, roof: RGB | None = None
    ) -> None:
        """A house 36 s wide standing at (x, y)."""
        snow = self.scene.weather == "snow"
        tiles = roof or self.near(self.rng.choice(((150, 62, 44), (92, 72, 66), (112, 54, 44))))
        self.solid(x - 18 * s, y - 26 * s, 36 * s, 26 * s, wall, far)
        cap = mix(tiles, (240, 242, 246), 0.85 if snow else 0.0)
        self.poly(
            [(x - 21 * s, y - 26 * s), (x, y - 46 * s), (x + 21 * s, y - 26 * s)], cap, far=far
        )
        self.poly(
            [(x, y - 46 * s), (x + 21 * s, y - 26 * s), (x + 12 * s, y - 26 * s)],
            mix(cap, (0, 0, 0), 0.25),
            far=far,
        )
        for wx in (-12, -2, 8):
            if self.dark and self.rng.random() < 0.6:
                self.box(x + wx * s, y - 20 * s, 6 * s, 7 * s, (255, 210, 120), glow=True)
            else:
                self.box(x + wx * s, y - 20 * s, 6 * s, 7 * s, (58, 72, 92), far=far)
                self.box(x + wx * s, y - 20 * s, 2.6 * s, 3 * s, (150, 172, 190), far=far)
        self.box(x - 3 * s, y - 10 * s, 6 * s, 10 * s, (84, 58, 42), far=far)

    def person(
        self,
        x: float,
        y: float,
        s: float,
        coat: RGB,
        legs: RGB = (44, 48, 66),
        step: float = 0.0,
        arms: float = 0.0,
    ) -> None:
        """A person 40 s tall; `step` spreads the legs, `arms` raises them."""
        skin = self.rng.choice(SKIN)
        hair = self.rng.choice(((40, 30, 24), (96, 66, 40), (196, 164, 96), (120, 118, 116)))
        self.shadow(x, y, 6 * s)
        self.line([(x - 2 * s, y - 17 * s), (x - (2.5 + step) * s, y)], legs, 4 * s)
        self.line([(x + 2 * s, y - 17 * s), (x + (2.5 + step) * s, y)], legs, 4 * s)
        self.poly(
            [
                (x - 6 * s, y - 31 * s),
                (x + 6 * s, y - 31 * s),
                (x + 5 * s, y - 15 * s),
                (x - 5 * s, y - 15 * s),
            ],
            coat,
        )
        self.poly(
            [(x + 1 * s, y - 31 * s), (x + 6 * s, y - 31 * s), (x + 5 * s, y - 15 * s)],
            mix(coat, (0, 0, 0), 0.3),
        )
        hand = y - (18 + 22 * arms) * s
        for way in (-1, 1):
            self.line(
                [(x + way * 6 * s, y - 29 * s), (x + way * (8.5 + step / 2) * s, hand)],
                mix(coat, (0, 0, 0), 0.12),
                3 * s,
            )
        self.oval(x, y - 36 * s, 3.6 * s, 4.4 * s, skin)
        self.oval(x, y - 38.5 * s, 3.8 * s, 2.6 * s, hair)

    def wheel(self, x: float, y: float, r: float) -> None:
        """A wheel around (x, y)."""
        self.oval(x, y, r, r, (24, 24, 26))
        self.oval(x, y, r * 0.5, r * 0.5, (150, 152, 156))

    def car(self, x: float, y: float, s: float, paint: RGB, broken: bool = False) -> None:
        """A car 44 s long seen from the side."""
        self.shadow(x, y, 23 * s)
        low = mix(paint, (0, 0, 0), 0.35)
        self.poly(
            [
                (x - 22 * s, y - 4 * s),
                (x - 22 * s, y - 11 * s),
                (x - 12 * s, y - 13 * s),
                (x + (10 if broken else 18) * s, y - 13 * s),
                (x + (15 if broken else 22) * s, y - (8 if broken else 10) * s),
                (x + (19 if broken else 23) * s, y - 4 * s),
            ],
            paint,
        )
        self.box(x - 22 * s, y - 6 * s, (40 if broken else 44) * s, 3 * s, low)
        self.poly(
            [
                (x - 15 * s, y - 12 * s),
                (x - 9 * s, y - 20 * s),
                (x + 6 * s, y - 20 * s),
                (x + 13 * s, y - 12 * s),
            ],
            paint,
        )
        glass = (60, 76, 94)
        self.poly(
            [
                (x - 12 * s, y - 13 * s),
                (x - 8 * s, y - 18.5 * s),
                (x - 1 * s, y - 18.5 * s),
                (x - 1 * s, y - 13 * s),
            ],
            glass,
        )
        self.poly(
            [
                (x + 1 * s, y - 13 * s),
                (x + 1 * s, y - 18.5 * s),
                (x + 5 * s, y - 18.5 * s),
                (x + 10 * s, y - 13 * s),
            ],
            glass,
        )
        self.wheel(x - 13 * s, y - 3 * s, 4.6 * s)
        self.wheel(x + 13 * s, y - 3 * s, 4.6 * s)
        if self.dark and not broken:
            self.glow(x + 23 * s, y - 8 * s, 9 * s, (255, 244, 200))
        self.box(x - 22 * s, y - 10 * s, 2 * s, 3 * s, (220, 30, 30), glow=self.dark)
        if broken:
            for turn in range(9):
                self.box(
                    x + (14 + turn * 2) * s, y - self.rng.randint(0, 4) * s, 2 * s, 1.5 * s, low
                )
            for puff in range(5):
                self.oval(
                    x + (16 + self.rng.randint(-5, 5)) * s,
                    y - (16 + puff * 5) * s,
                    (4 + puff) * s,
                    (3 + puff) * s,
                    (190, 190, 190),
                    80,
                )

    def coach(
        self, x: float, y: float, s: float, paint: RGB, length: float, rail: bool = False
    ) -> None:
        """A bus, tram or railway car `length` s long."""
        half = length / 2
        self.shadow(x, y, half * s)
        self.box(x - half * s, y - 30 * s, length * s, 26 * s, paint)
        self.box(x - half * s, y - 10 * s, length * s, 6 * s, mix(paint, (0, 0, 0), 0.35))
        self.box(x - half * s, y - 31.5 * s, length * s, 3 * s, mix(paint, (70, 70, 74), 0.6))
        wx = -half + 3
        while wx < half - 7:
            if self.dark:
                self.box(x + wx * s, y - 25 * s, 8 * s, 9 * s, (255, 224, 150), glow=True)
            else:
                self.box(x + wx * s, y - 25 * s, 8 * s, 9 * s, (54, 68, 88))
                self.box(x + wx * s, y - 25 * s, 3 * s, 4 * s, (140, 162, 182))
            wx += 10.5
        wheels = 2 if length < 80 else 4
        for turn in range(wheels):
            wheel = -half + 9 + (length - 18) * turn / max(wheels - 1, 1)
            self.wheel(x + wheel * s, y - 3 * s, (3.4 if rail else 4.8) * s)

    def lorry(self, x: float, y: float, s: float, cab: RGB, load: RGB, kind: str = "box") -> None:
        """A lorry 56 s long: `kind` is "box", "fire", "tank" or "mixer"."""
        self.shadow(x, y, 29 * s)
        self.box(x - 28 * s, y - 7 * s, 56 * s, 4 * s, (48, 48, 52))
        if kind == "tank":
            self.oval(x - 8 * s, y - 15 * s, 20 * s, 8.5 * s, load)
            self.oval(x - 8 * s, y - 18 * s, 16 * s, 3 * s, mix(load, (255, 255, 255), 0.5))
        else:
            self.solid(x - 28 * s, y - 28 * s, 38 * s, 22 * s, load)
        self.box(x + 12 * s, y - 23 * s, 16 * s, 19 * s, cab)
        self.box(x + 18 * s, y - 21 * s, 9 * s, 8 * s, (56, 70, 90))
        if kind == "fire":
            self.box(x - 28 * s, y - 15 * s, 56 * s, 2.5 * s, (240, 240, 236))
            self.line([(x - 28 * s, y - 31 * s), (x + 12 * s, y - 31 * s)], (196, 198, 202), 3 * s)
            self.box(x + 17 * s, y - 27 * s, 7 * s, 4 * s, (60, 120, 255), glow=True)
            self.glow(x + 20 * s, y - 25 * s, 14 * s, (80, 140, 255))
        for wheel in (-19, -8, 19):
            self.wheel(x + wheel * s, y - 4 * s, 5 * s)

    def tree(self, x: float, y: float, s: float, far: float = 0.0) -> None:
        """A broad-leaved tree 52 s tall."""
        self.shadow(x, y, 12 * s)
        self.box(x - 2.4 * s, y - 22 * s, 4.8 * s, 22 * s, (84, 62, 44), far=far)
        snow = self.scene.weather == "snow"
        for _ in range(16):
            tone = mix(self.near((58, 108, 48), 22), (236, 240, 242), 0.6 if snow else 0.0)
            dx, dy = self.rng.randint(-11, 11), self.rng.randint(-12, 12)
            self.oval(x + dx * s, y - (34 + dy) * s, 7 * s, 6 * s, tone, 230, far)

    def fir(self, x: float, y: float, s: float) -> None:
        """A fir 56 s tall."""
        self.shadow(x, y, 12 * s)
        self.box(x - 2 * s, y - 8 * s, 4 * s, 8 * s, (74, 54, 40))
        snow = 0.55 if self.scene.weather == "snow" else 0.0
        for layer in range(4):
            wide, foot = 17 - 3.6 * layer, 6 + 12 * layer
            tone = mix(self.near((30, 84, 50), 8), (238, 242, 244), snow)
            self.poly(
                [
                    (x - wide * s, y - foot * s),
                    (x, y - (foot + 18) * s),
                    (x + wide * s, y - foot * s),
                ],
                tone,
            )
            self.poly(
                [(x, y - (foot + 18) * s), (x + wide * s, y - foot * s), (x + 2 * s, y - foot * s)],
                mix(tone, (0, 0, 0), 0.3),
            )

    def flag(self, x: float, y: float, s: float, cloth: RGB) -> None:
        """A flag on a mast 58 s tall."""
        self.line([(x, y), (x, y - 58 * s)], (196, 196, 200), 1.6 * s)
        self.poly(
            [
                (x, y - 57 * s),
                (x + 12 * s, y - 54 * s),
                (x + 26 * s, y - 57 * s),
                (x + 26 * s, y - 40 * s),
                (x + 12 * s, y - 37 * s),
                (x, y - 40 * s),
            ],
            cloth,
        )
        self.poly(
            [
                (x + 12 * s, y - 54 * s),
                (x + 19 * s, y - 55.5 * s),
                (x + 19 * s, y - 38.5 * s),
                (x + 12 * s, y - 37 * s),
            ],
            mix(cloth, (0, 0, 0), 0.28),
        )

    def flames(self, x: float, y: float, wide: float, high: float) -> None:
        """Fire `wide` across and about `high` above (x, y), with its smoke."""
        rng = self.rng
        lean = rng.choice((-1, 1))
        for puff in range(22):
            up = high * (0.6 + puff * 0.16)
            grey = rng.randint(26, 74)
            self.oval(
                x + lean * puff * 3.2 + rng.randint(-12, 12),
                y - up,
                8 + puff * 1.6,
                7 + puff * 1.2,
                (grey, grey, grey + 4),
                96,
                glow=self.dark,
            )
        self.glow(x, y - high * 0.4, wide * 1.1, (255, 140, 40))
        for _ in range(20):
            fx = x + rng.randint(-100, 100) / 200 * wide
            tall = high * rng.randint(45, 110) / 100
            tip = fx + rng.randint(-5, 5)
            for share, tone in (
                (1.0, (226, 74, 18)),
                (0.7, (250, 142, 28)),
                (0.4, (255, 226, 110)),
            ):
                half = wide * 0.085 * share
                self.poly(
                    [
                        (fx - half, y),
                        (fx - half * 0.7, y - tall * share * 0.4),
                        (tip, y - tall * share),
                        (fx + half * 0.7, y - tall * share * 0.4),
                        (fx + half, y),
                    ],
                    tone,
                    200,
                    glow=True,
                )

    def finished(self) -> Image.Image:
        """Add rain, snow or fog and the camera's grain, and reduce to the final size."""
        rng, weather = self.rng, self.scene.weather
        if weather == "rain":
            for _ in range(230):
                x, y, long = rng.randint(-10, 330), rng.randint(-10, 240), rng.randint(6, 14)
                self.draw.line(
                    (x * 2, y * 2, x * 2 - long // 2, y * 2 + long * 2),
                    fill=(214, 220, 228, 110),
                    width=2,
                )
        elif weather == "snow":
            for _ in range(260):
                r = rng.choice((0.7, 1.0, 1.0, 1.6, 2.2))
                self.oval(
                    rng.randint(0, WIDTH), rng.randint(0, HEIGHT), r, r, (250, 250, 252), 220,
                    glow=True,
                )  # fmt: skip
        pixels = np.asarray(self.image.reduce(SCALE), np.int32).copy()
        if weather == "fog":
            rows = np.arange(HEIGHT, dtype=np.int32)
            thick = np.clip(124 - np.abs(rows - self.horizon) * 90 // 110, 34, 124)[:, None, None]
            drift = clouds(rng, HEIGHT, WIDTH)[:, :, None] // 4 - 32
            veil = np.array(self.sky[1], np.int32)
            pixels += (veil - pixels) * np.clip(thick + drift, 0, 220) // 256
        # The camera: exposure and colour balance by lot, darker corners, grain.
        gains = [rng.randint(228, 282) + rng.randint(-10, 10)] * 3
        gains = [gain + rng.randint(-9, 9) for gain in gains]
        across = np.arange(WIDTH, dtype=np.int32) - WIDTH // 2
        down = np.arange(HEIGHT, dtype=np.int32) - HEIGHT // 2
        corner = (across[None, :] ** 2 + down[:, None] ** 2) * 60 // 40000
        pixels = pixels * (np.array(gains, np.int32) - corner[:, :, None]) // 256
        grain = bytes_of(rng, HEIGHT, WIDTH).astype(np.int32)
        grain = grain + bytes_of(rng, HEIGHT, WIDTH) - 255
        pixels += (grain * rng.randint(10, 24) // 256)[:, :, None]
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def spread(canvas: Canvas, count: int, left: float, right: float) -> list[float]:
    """`count` places between `left` and `right`, evenly and a little shaken."""
    width = (right - left) / count
    shake = int(width * 0.16)
    return [
        left + width * (place + 0.5) + canvas.rng.randint(-shake, shake) for place in range(count)
    ]


def area(canvas: Canvas) -> tuple[tuple[float, float], tuple[float, float]]:
    """The strips of the main and of the secondary objects (from x, to x)."""
    if canvas.scene.side == "left":
        return (132.0, 276.0), (46.0, 122.0)
    return (44.0, 188.0), (198.0, 274.0)
