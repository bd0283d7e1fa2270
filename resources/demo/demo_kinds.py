"""One painter for each kind of scene, and `picture`, which calls the right one."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from demo_pictures import COLOURS, HEIGHT, RGB, WIDTH, Canvas, area, mix, spread
from demo_world import Scene

GRASS = ((106, 134, 74), (64, 104, 44))
ASPHALT = ((120, 120, 122), (74, 74, 78))
WATER = ((104, 138, 160), (34, 72, 104))
MUD = ((150, 128, 96), (104, 80, 54))
SAND = ((222, 204, 158), (206, 178, 124))
SNOW = ((224, 230, 240), (240, 243, 248))


def size_for(count: int) -> float:
    """Many objects are drawn smaller than one."""
    return {1: 1.35, 2: 1.15, 3: 0.95, 4: 0.82, 5: 0.74}.get(count, 0.66)


def harbour(c: Canvas, s: Scene) -> None:
    """Ships on the water, a quay in front."""
    c.base(c.rng.randint(96, 116), *WATER, grain=70, wet=True)
    c.horizon_of(s.backdrop)
    mains, others = area(c)
    paint = c.near(COLOURS[s.second_colour])
    for x in spread(c, s.second_count, *others):
        if s.second == "harbour_crane":
            foot = c.horizon + 44
            for leg in (-12, 12):
                c.line([(x + leg, foot), (x + leg * 0.5, foot - 60)], paint, 3.4)
            c.line([(x - 12, foot - 30), (x + 12, foot - 30)], paint, 2.4)
            c.box(x - 10, foot - 70, 20, 12, paint)
            c.line([(x, foot - 70), (x - 26, foot - 112)], paint, 3.4)
            c.line([(x - 26, foot - 112), (x - 26, foot - 80)], (40, 40, 40), 1)
            c.box(x - 16, foot - 1, 32, 4, (96, 94, 90))
        else:
            foot = c.horizon + 30
            c.oval(x, foot + 2, 22, 7, (98, 90, 80))
            for ring in range(5):
                tone = paint if ring % 2 == 0 else (240, 240, 236)
                if s.second_colour == "white":
                    tone = paint if ring % 2 == 0 else (60, 60, 64)
                wide = 9 - ring * 0.9
                c.solid(x - wide, foot - 14 * (ring + 1), 2 * wide, 14.5, tone)
            c.box(x - 5, foot - 80, 10, 11, (255, 236, 150), glow=c.dark)
            c.poly([(x - 7, foot - 80), (x, foot - 90), (x + 7, foot - 80)], paint)
            if c.dark:
                c.glow(x, foot - 75, 22, (255, 240, 170))
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        y = c.horizon + c.rng.randint(34, 58)
        paint = c.near(COLOURS[s.colour])
        shade = mix(paint, (0, 0, 0), 0.3)
        c.oval(x, y + 3, 40 * z, 5 * z, (10, 20, 34), 110)
        if s.main == "container_ship":
            c.poly(
                [
                    (x - 50 * z, y - 18 * z),
                    (x + 54 * z, y - 18 * z),
                    (x + 44 * z, y),
                    (x - 44 * z, y),
                ],
                paint,
            )
            c.box(x - 46 * z, y - 4 * z, 91 * z, 4 * z, shade)
            for row in range(3):
                for col in range(6 - row):
                    tone = c.near(c.rng.choice(((150, 88, 70), (90, 110, 130), (150, 150, 120))))
                    c.box(x + (-24 + col * 11) * z, y - (27 + row * 9) * z, 10 * z, 8.4 * z, tone)
            c.solid(x - 44 * z, y - 50 * z, 15 * z, 33 * z, (232, 232, 230))
            c.box(x - 43 * z, y - 47 * z, 13 * z, 4 * z, (50, 64, 80))
        elif s.main == "sailing_boat":
            c.poly(
                [
                    (x - 16 * z, y - 7 * z),
                    (x + 18 * z, y - 7 * z),
                    (x + 11 * z, y),
                    (x - 12 * z, y),
                ],
                (236, 232, 222),
            )
            c.line([(x, y - 6 * z), (x, y - 62 * z)], (120, 96, 70), 1.6 * z)
            c.poly([(x + 1.5, y - 60 * z), (x + 22 * z, y - 11 * z), (x + 1.5, y - 11 * z)], paint)
            c.poly([(x - 1.5, y - 54 * z), (x - 15 * z, y - 11 * z), (x - 1.5, y - 11 * z)], shade)
            c.poly([(x, y + 2), (x + 14 * z, y + 2), (x + 2, y + 26 * z)], paint, 80)
        elif s.main == "ferry":
            c.poly(
                [
                    (x - 48 * z, y - 14 * z),
                    (x + 52 * z, y - 14 * z),
                    (x + 42 * z, y),
                    (x - 42 * z, y),
                ],
                paint,
            )
            for deck in range(3):
                wide = 76 - 16 * deck
                c.box(x - wide / 2 * z, y - (24 + 10 * deck) * z, wide * z, 10 * z, (240, 240, 238))
                for port in range(int(wide // 8)):
                    c.box(
                        x + (-wide / 2 + 3 + port * 8) * z,
                        y - (21 + 10 * deck) * z,
                        4 * z,
                        4 * z,
                        (255, 220, 130) if c.dark else (52, 70, 96),
                        glow=c.dark,
                    )
            c.box(x - 8 * z, y - 60 * z, 14 * z, 17 * z, paint)
        else:
            c.poly(
                [
                    (x - 24 * z, y - 14 * z),
                    (x + 28 * z, y - 18 * z),
                    (x + 19 * z, y),
                    (x - 20 * z, y),
                ],
                paint,
            )
            c.box(x - 21 * z, y - 3 * z, 40 * z, 3 * z, shade)
            c.solid(x - 17 * z, y - 32 * z, 15 * z, 19 * z, (236, 234, 226))
            c.box(x - 15 * z, y - 29 * z, 11 * z, 5 * z, (48, 62, 78))
            c.line([(x + 5 * z, y - 14 * z), (x + 5 * z, y - 54 * z)], (90, 70, 50), 2 * z)
            c.line([(x + 5 * z, y - 52 * z), (x + 24 * z, y - 20 * z)], (70, 66, 60), 1)
            c.line([(x + 5 * z, y - 52 * z), (x - 19 * z, y - 14 * z)], (70, 66, 60), 1)
    c.poly([(0, 226), (WIDTH, 214), (WIDTH, HEIGHT), (0, HEIGHT)], (104, 100, 94))
    for x in (58, 150, 242):
        c.solid(x - 4, 208, 8, 14, (58, 54, 52))


def fire(c: Canvas, s: Scene) -> None:
    """Something burns; engines or firefighters stand by."""
    ground = GRASS if s.main == "burning_forest" else ASPHALT
    c.base(c.rng.randint(112, 130), *ground, grain=34)
    c.horizon_of(s.backdrop)
    mains, others = area(c)
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        y = c.horizon + c.rng.randint(26, 44)
        wall = c.near(COLOURS[s.colour])
        if s.main == "burning_warehouse":
            c.flames(x, y - 34, 120, 62)
            c.solid(x - 66, y - 46, 132, 46, wall)
            c.poly([(x - 70, y - 46), (x, y - 62), (x + 70, y - 46)], (86, 88, 92))
            for gate in range(4):
                c.box(x - 56 + gate * 30, y - 28, 20, 28, (60, 58, 56))
                c.box(x - 54 + gate * 30, y - 26, 16, 12, (255, 150, 40), 220, glow=True)
            c.flames(x + c.rng.randint(-30, 30), y - 46, 60, 44)
        elif s.main == "burning_house":
            c.flames(x, y - 34 * z, 44 * z, 50 * z)
            c.house(x, y, 1.25 * z, wall)
            c.flames(x + c.rng.randint(-8, 8), y - 44 * z, 34 * z, 40 * z)
        elif s.main == "burning_forest":
            for _ in range(9):
                c.fir(x + c.rng.randint(-70, 70), y + c.rng.randint(-14, 8), 1.1)
            for _ in range(4):
                c.flames(x + c.rng.randint(-60, 60), y + c.rng.randint(-4, 10), 40, 46)
        else:
            c.flames(x - 8 * z, y - 16 * z, 46 * z, 52 * z)
            c.lorry(x, y + 8, 1.15 * z, c.near(COLOURS[s.colour]), wall)
            c.flames(x - 10 * z, y - 12 * z, 34 * z, 30 * z)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        y = c.horizon + 76 + c.rng.randint(-4, 14)
        if s.second == "fire_engine":
            c.lorry(x, y, 1.2 * z, mix(paint, (255, 255, 255), 0.1), paint, "fire")
        else:
            c.person(x, y, 1.5 * z, paint, (36, 36, 48), 1.5)
            c.oval(x, y - 60 * z, 7 * z, 4 * z, (236, 232, 190))
            c.line([(x + 8 * z, y - 34 * z), (x + 30 * z, y - 60 * z)], (200, 220, 236), 1.4, 190)


def flood(c: Canvas, s: Scene) -> None:
    """Brown water in the streets; houses and cars stand in it."""
    c.base(c.rng.randint(92, 110), *MUD, grain=74, wet=True)
    c.horizon_of(s.backdrop)
    mains, others = area(c)
    z = size_for(s.count)
    water = c.lit(mix(MUD[0], MUD[1], 0.45))[:3]
    for x in spread(c, s.count, *mains):
        y = c.horizon + c.rng.randint(34, 56)
        paint = c.near(COLOURS[s.colour])
        if s.main == "flooded_house":
            c.house(x, y + 6 * z, 1.5 * z, paint)
            c.box(x - 34 * z, y - 5 * z, 68 * z, 15 * z, water, 238, glow=True)
            c.poly(
                [
                    (x - 27 * z, y),
                    (x + 27 * z, y),
                    (x + 16 * z, y + 34 * z),
                    (x - 18 * z, y + 34 * z),
                ],
                paint,
                66,
            )
        else:
            y += 14
            c.car(x, y + 6 * z, 1.25 * z, paint)
            c.box(x - 34 * z, y - 3 * z, 68 * z, 16 * z, water, 240, glow=True)
            c.oval(x, y - 2 * z, 31 * z, 2 * z, (210, 204, 190), 120)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        y = c.horizon + 88 + c.rng.randint(-6, 14)
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "dinghy":
            c.oval(x, y + 3, 32 * z, 5 * z, (30, 24, 18), 120)
            for who in (-11, 10):
                c.person(x + who * z, y + 4 * z, 0.85 * z, c.near((70, 74, 84)))
            c.oval(x, y - 3 * z, 31 * z, 8 * z, paint)
            c.oval(x, y - 7 * z, 24 * z, 4 * z, mix(paint, (0, 0, 0), 0.45))
        else:
            c.person(x, y + 16 * z, 1.45 * z, paint)
            c.box(x - 13 * z, y - 4 * z, 26 * z, 22 * z, water, 235, glow=True)
    for post in (c.rng.randint(20, 60), c.rng.randint(250, 300)):
        c.line([(post, c.horizon + 8), (post, c.horizon + 44)], (90, 80, 70), 2)


def stadium(c: Canvas, s: Scene) -> None:
    """A pitch or a track before the stands."""
    x: float
    c.base(92, (92, 160, 70), (46, 120, 46), grain=16)
    if s.weather != "snow":
        for stripe in range(0, 8, 2):
            top, low = 92 + stripe * stripe * 2.2, 92 + (stripe + 1) * (stripe + 1) * 2.2
            c.box(0, top, WIDTH, low - top, (150, 200, 110), 40)
    rng = c.rng
    c.box(0, 34, WIDTH, 58, (104, 108, 116))
    c.poly([(0, 20), (WIDTH, 20), (WIDTH, 38), (0, 34)], (66, 70, 80))
    for row in range(8):
        for col in range(64):
            x, y = col * 5 + (row % 2) * 2, 38 + row * 6
            if s.backdrop == "full_stand":
                tone = rng.choice(((196, 70, 60), (220, 220, 214), (60, 80, 140), (226, 190, 90)))
                c.box(x, y, 3.6, 5, c.near(tone, 20))
                c.oval(x + 1.8, y - 1, 1.5, 1.5, (222, 180, 150))
            else:
                c.box(x, y, 4, 3.6, c.near((58, 92, 150), 8))
    c.box(0, 86, WIDTH, 9, (230, 230, 226))
    for sign in range(0, WIDTH, 46):
        c.box(sign, 87, 40, 7, c.near(rng.choice(((40, 70, 120), (120, 50, 50), (60, 60, 60)))))
    if s.time != "day":
        for x in (24, 160, 296):
            c.glow(x, 18, 34, (255, 252, 230))
            c.box(x - 9, 12, 18, 8, (255, 255, 244), glow=True)
    white = (240, 244, 240)
    mains, others = area(c)
    if s.main == "runner":
        c.poly([(0, 128), (WIDTH, 128), (WIDTH, HEIGHT), (0, HEIGHT)], (176, 84, 58))
        for lane in (136, 152, 174, 204):
            c.line([(0, lane), (WIDTH, lane)], white, 1)
    else:
        c.line([(0, 112), (WIDTH, 112)], white, 1.4)
        c.line([(30, 112), (-20, 210)], white, 1.4)
        c.line([(290, 112), (340, 210)], white, 1.4)
    if s.main == "goalkeeper":
        left, right = mains[0] + 6, mains[1] - 6
        for x in range(int(left), int(right), 6):
            c.line([(x, 92), (x, 160)], (226, 228, 230), 0.5, 120)
        for y in range(94, 160, 6):
            c.line([(left, y), (right, y)], (226, 228, 230), 0.5, 120)
        c.line([(left, 164), (left, 90), (right, 90), (right, 164)], (250, 250, 250), 3)
    z = size_for(s.count) * 1.05
    for x in spread(c, s.count, *mains):
        shirt = c.near(COLOURS[s.colour], 8)
        y = rng.randint(168, 196)
        c.person(x, y, 1.5 * z, shirt, (236, 236, 232), rng.randint(2, 5), rng.choice((0, 0.4, 1)))
    if s.main == "player":
        c.oval((mains[0] + mains[1]) / 2, 208, 5, 5, (246, 246, 246))
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour], 8)
        if s.second == "flag":
            c.flag(x - 8, 150, 1.15 * z + 0.2, paint)
        else:
            c.person(x, 176, 1.6, paint, (26, 26, 28), 2, 0.7)
            c.box(x + 12, 106, 6, 9, (250, 214, 40))


def concert(c: Canvas, s: Scene) -> None:
    """A stage in coloured light, heads of the crowd before it."""
    x: float
    y: float
    rng = c.rng
    light = COLOURS[s.second_colour] if s.second == "spotlight" else (150, 120, 170)
    c.base(150, (60, 54, 58), (30, 26, 30), grain=10)
    c.box(0, 0, WIDTH, 150, (18, 16, 26))
    if s.backdrop == "curtain":
        for x in range(0, WIDTH, 16):
            c.box(x, 0, 8, 150, (84, 22, 34))
            c.box(x + 8, 0, 8, 150, (56, 12, 22))
    else:
        c.box(56, 18, 208, 104, (28, 44, 82), glow=True)
        for _ in range(40):
            x, y = rng.randint(60, 240), rng.randint(22, 104)
            c.box(x, y, rng.randint(4, 20), rng.randint(2, 14), c.near((70, 120, 170), 40), 120)
    mains, others = area(c)
    for x in (10, 296):
        c.solid(x - 14, 70, 30, 84, (26, 26, 30))
        for y in (86, 112, 138):
            c.oval(x, y, 9, 9, (60, 60, 66))
    c.poly([(0, 150), (WIDTH, 150), (WIDTH, 186), (0, 186)], (74, 56, 44))
    if s.second == "spotlight":
        for x in spread(c, s.second_count, *others):
            foot = x + rng.randint(-24, 24)
            for share in (1.0, 0.6, 0.3):
                c.poly(
                    [(x - 3, 8), (x + 3, 8), (foot + 20 * share, 178), (foot - 20 * share, 178)],
                    light,
                    90,
                    glow=True,
                )
            c.glow(x, 9, 16, mix(light, (255, 255, 255), 0.4))
    else:
        for x in spread(c, s.second_count, *others):
            y = rng.randint(44, 104)
            c.line([(x, y + 14), (x + 3, y + 44)], (210, 210, 210), 0.6)
            c.oval(
                x, y, 11, 14, c.near(light if s.second_colour == "" else COLOURS[s.second_colour])
            )
            c.oval(x - 4, y - 5, 3, 4, (255, 255, 255), 110)
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        coat = c.near(mix(COLOURS[s.colour], (90, 90, 96), 0.08 if s.colour != "black" else 0.0), 8)
        c.glow(x, 120, 46 * z, (104, 92, 110))
        if s.main == "drummer":
            c.person(x, 166, 1.6, coat, arms=0.8)
            for drum, r in ((-30, 13), (-12, 15), (14, 15), (32, 13)):
                c.oval(x + drum, 158, r, 10, (150, 34, 40))
                c.oval(x + drum, 154, r, 5, (228, 224, 214))
            for plate in (-42, 42):
                c.line([(x + plate, 168), (x + plate, 118)], (170, 170, 170), 1)
                c.oval(x + plate, 118, 15, 3, (222, 190, 90))
        else:
            c.person(x, 174, 1.75 * z, coat, step=1.5, arms=0.45)
            if s.main == "singer":
                c.line([(x + 9 * z, 174), (x + 9 * z, 174 - 56 * z)], (190, 190, 196), 1.4)
                c.oval(x + 8 * z, 174 - 57 * z, 3 * z, 3 * z, (30, 30, 32))
            else:
                y = 174 - 34 * z
                c.line([(x - 6 * z, y + 3 * z), (x + 24 * z, y - 13 * z)], (90, 60, 36), 3 * z)
                c.oval(x - 6 * z, y + 4 * z, 10 * z, 8 * z, (196, 122, 44))
                c.oval(x - 4 * z, y + 3 * z, 3 * z, 3 * z, (40, 24, 16))
    for x in range(-6, WIDTH, 15):
        y = rng.randint(198, 214)
        c.oval(x, y, 8, 10, (16, 14, 20))
        c.box(x - 11, y + 8, 22, 40, (16, 14, 20))
        if rng.random() < 0.4:
            c.line([(x + 8, y + 12), (x + 13, y - 18)], (18, 15, 22), 4)


def market(c: Canvas, s: Scene) -> None:
    """Stalls on a square."""
    c.base(c.rng.randint(108, 122), (172, 162, 148), (128, 120, 110), grain=46)
    c.horizon_of(s.backdrop)
    rng = c.rng
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        y = c.horizon + rng.randint(44, 60)
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "van":
            c.coach(x, y, 1.05 * z, paint, 50)
        elif s.second == "fir":
            c.fir(x, y + 10, 1.5 * z)
            for _ in range(12):
                wide = rng.randint(-8, 8)
                c.oval(x + wide * z, y - rng.randint(4, 50) * z, 2, 2, (255, 220, 110), glow=True)
        else:
            c.line([(x, y), (x, y - 56 * z)], (120, 100, 80), 2)
            for part in range(6):
                tone = paint if part % 2 == 0 else mix(paint, (255, 255, 255), 0.7)
                left = -28 + part * 28 / 3
                c.poly(
                    [
                        (x, y - 68 * z),
                        (x + left * z, y - 48 * z),
                        (x + (left + 28 / 3) * z, y - 48 * z),
                    ],
                    tone,
                )
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        y = c.horizon + rng.randint(58, 76)
        paint = c.near(COLOURS[s.colour], 8)
        pale = mix(paint, (255, 255, 255), 0.82) if s.colour != "white" else (150, 150, 150)
        c.shadow(x, y, 30 * z)
        if s.main == "christmas_stall":
            c.solid(x - 30 * z, y - 46 * z, 60 * z, 46 * z, (120, 80, 48))
            c.box(x - 24 * z, y - 38 * z, 48 * z, 20 * z, (255, 214, 130), glow=True)
            c.person(x, y - 4 * z, 0.85 * z, c.near((120, 60, 60)))
            c.box(x - 30 * z, y - 18 * z, 60 * z, 18 * z, (104, 68, 40))
            c.poly([(x - 36 * z, y - 44 * z), (x, y - 70 * z), (x + 36 * z, y - 44 * z)], paint)
            c.poly([(x - 36 * z, y - 46 * z), (x, y - 71 * z), (x, y - 66 * z)], (244, 246, 250))
            for lamp in range(9):
                c.oval(x + (-32 + lamp * 8) * z, y - 43 * z, 2, 2, (255, 236, 150), glow=True)
        else:
            for post in (-28, 28):
                c.line([(x + post * z, y), (x + post * z, y - 50 * z)], (150, 140, 130), 1.6)
            c.box(x - 28 * z, y - 44 * z, 56 * z, 28 * z, (92, 84, 80))
            c.person(x + rng.randint(-10, 10) * z, y - 4 * z, 0.95 * z, c.near((90, 100, 120)))
            c.box(x - 30 * z, y - 17 * z, 60 * z, 17 * z, (146, 112, 74))
            goods = (
                ((214, 50, 40), (238, 170, 40), (110, 160, 50))
                if s.main == "fruit_stall"
                else ((230, 90, 150), (246, 220, 90), (150, 80, 180))
            )
            for _ in range(46):
                gx, gy = rng.randint(-28, 28), rng.randint(13, 22)
                c.oval(x + gx * z, y - gy * z, 2.6 * z, 2.4 * z, c.near(rng.choice(goods)))
            for part in range(8):
                left = -34 + part * 8.5
                c.poly(
                    [
                        (x + left * 0.8 * z, y - 64 * z),
                        (x + (left + 8.5) * 0.8 * z, y - 64 * z),
                        (x + (left + 8.5) * z, y - 46 * z),
                        (x + left * z, y - 46 * z),
                    ],
                    paint if part % 2 == 0 else pale,
                )
    for _ in range(rng.randint(1, 3)):
        c.person(rng.randint(60, 260), rng.randint(206, 232), 1.15, c.near((96, 92, 98), 30))


def construction(c: Canvas, s: Scene) -> None:
    """A building site."""
    c.base(c.rng.randint(118, 134), (160, 138, 108), (126, 100, 70), grain=80)
    c.horizon_of(s.backdrop)
    rng = c.rng
    mains, others = area(c)
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        y = c.horizon + rng.randint(22, 40)
        paint = c.near(COLOURS[s.colour])
        if s.main == "tower_crane":
            top = 24 + rng.randint(0, 26)
            for side in (-4, 4):
                c.line([(x + side * z, y), (x + side * z, top)], paint, 2)
            for step in range(int((y - top) // 9)):
                low = y - step * 9
                c.line([(x - 4 * z, low), (x + 4 * z, low - 9)], paint, 1)
            c.box(x - 26 * z, top, 96 * z, 3.6, paint)
            c.line([(x, top - 16), (x + 66 * z, top)], paint, 1)
            c.line([(x, top - 16), (x - 24 * z, top)], paint, 1)
            c.line([(x, top), (x, top - 16)], paint, 2.6)
            c.box(x - 27 * z, top, 12 * z, 11 * z, (110, 110, 112))
            c.box(x - 6 * z, top + 3, 9 * z, 9 * z, paint)
            c.line([(x + 50 * z, top), (x + 50 * z, top + 46)], (40, 40, 40), 0.8)
            c.box(x + 44 * z, top + 46, 12 * z, 7 * z, (140, 96, 60))
        elif s.main == "excavator":
            y += 30
            c.shadow(x, y, 30 * z)
            c.box(x - 24 * z, y - 9 * z, 46 * z, 9 * z, (40, 40, 42))
            for wheel in range(5):
                c.oval(x + (-19 + wheel * 9) * z, y - 4.5 * z, 3.6 * z, 3.6 * z, (92, 92, 94))
            c.solid(x - 24 * z, y - 26 * z, 28 * z, 17 * z, paint)
            c.box(x - 6 * z, y - 40 * z, 17 * z, 31 * z, paint)
            c.box(x - 3 * z, y - 37 * z, 11 * z, 13 * z, (60, 76, 92))
            c.line([(x + 9 * z, y - 18 * z), (x + 28 * z, y - 50 * z)], paint, 5 * z)
            c.line([(x + 28 * z, y - 50 * z), (x + 46 * z, y - 24 * z)], paint, 4 * z)
            c.poly(
                [(x + 38 * z, y - 26 * z), (x + 52 * z, y - 22 * z), (x + 44 * z, y - 8 * z)],
                (66, 66, 68),
            )
        else:
            for floor in range(4):
                foot = y - floor * 24 * z
                c.box(x - 44 * z, foot - 24 * z, 88 * z, 24 * z, (44, 44, 48))
                c.box(x - 46 * z, foot - 25 * z, 92 * z, 5 * z, paint)
                for post in range(5):
                    c.solid(x + (-44 + post * 20.6) * z, foot - 24 * z, 6 * z, 24 * z, paint)
            for rod in range(9):
                c.line(
                    [
                        (x + (-40 + rod * 10) * z, y - 96 * z),
                        (x + (-40 + rod * 10) * z, y - 106 * z),
                    ],
                    (110, 70, 50),
                    1,
                )
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        y = c.horizon + 70 + rng.randint(-4, 14)
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "container":
            c.shadow(x, y, 28 * z)
            c.solid(x - 28 * z, y - 27 * z, 56 * z, 27 * z, paint)
            for rib in range(10):
                c.box(
                    x + (-26 + rib * 5.4) * z, y - 25 * z, 1.4, 23 * z, mix(paint, (0, 0, 0), 0.3)
                )
        else:
            c.person(x, y, 1.45 * z, paint, (60, 70, 100), 1)
            c.oval(x, y - 57 * z, 6.4 * z, 4.6 * z, (250, 220, 60))
    for _ in range(3):
        x = rng.randint(10, 310)
        c.poly([(x - 26, 236), (x, 222), (x + 28, 236)], c.near((116, 92, 66)))


def mountain(c: Canvas, s: Scene) -> None:
    """Snow-covered slopes."""
    x: float
    y: float
    c.base(c.rng.randint(116, 132), *SNOW, grain=22)
    rng, h = c.rng, c.horizon
    haze = 0.85 if s.weather == "fog" else 0.22
    for layer in range(2):
        for _ in range(3):
            x, high = rng.randint(10, 310), rng.randint(52, 96) - 26 * layer
            wide = high * 1.2
            rock = c.near((98, 100, 112) if layer == 0 else (74, 80, 92))
            c.poly([(x - wide, h + 2), (x, h - high), (x + wide, h + 2)], rock, far=haze)
            c.poly(
                [
                    (x - wide * 0.5, h - high * 0.5),
                    (x, h - high),
                    (x + wide * 0.5, h - high * 0.5),
                    (x + wide * 0.2, h - high * 0.62),
                    (x, h - high * 0.44),
                    (x - wide * 0.22, h - high * 0.64),
                ],
                (240, 243, 250),
                far=haze * 0.6,
            )
            c.poly([(x, h - high), (x + wide, h + 2), (x + wide * 0.35, h + 2)], (40, 44, 70), 70)
    c.poly([(0, h + 34), (WIDTH, h - 6), (WIDTH, h + 40), (0, h + 60)], (226, 232, 244), 200)
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        y = h + rng.randint(48, 74)
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "fir":
            c.fir(x, y, 1.35 * z)
        elif s.second == "hiker":
            c.person(x, y, 1.4 * z, paint, (70, 62, 50), 2)
            c.box(x - 10 * z, y - 44 * z, 5 * z, 17 * z, (90, 70, 50))
        else:
            c.flag(x - 6, y, 1.1 * z, paint)
    z = size_for(s.count)
    if s.main == "gondola":
        c.line([(0, 40), (WIDTH, 66)], (50, 50, 54), 1)
    for x in spread(c, s.count, *mains):
        paint = c.near(COLOURS[s.colour])
        if s.main == "skier":
            y = h + rng.randint(52, 84)
            c.person(x, y, 1.45 * z, paint, (40, 44, 60), 3, 0.2)
            c.line([(x - 26 * z, y + 5 * z), (x + 24 * z, y - 3 * z)], (200, 60, 60), 2)
            c.line([(x - 20 * z, y + 8 * z), (x + 30 * z, y)], (200, 60, 60), 2)
            c.line([(x + 14 * z, y - 28 * z), (x + 22 * z, y + 4 * z)], (60, 60, 60), 1)
            c.oval(x, y - 54 * z, 6 * z, 5 * z, mix(paint, (0, 0, 0), 0.3))
        elif s.main == "gondola":
            y = 40 + x * 26 / WIDTH
            c.line([(x, y), (x, y + 18)], (60, 60, 64), 1.6)
            c.solid(x - 20 * z, y + 16, 40 * z, 32 * z, paint)
            c.box(x - 17 * z, y + 20, 34 * z, 13 * z, (60, 80, 104))
        else:
            c.house(x, h + rng.randint(54, 70), 1.5 * z, paint, roof=(96, 66, 46))


def railway(c: Canvas, s: Scene) -> None:
    """Tracks, a train and who waits for it."""
    c.base(c.rng.randint(104, 120), (140, 136, 128), (104, 98, 92), grain=80)
    c.horizon_of(s.backdrop)
    mains, others = area(c)
    foot = c.horizon + 52
    c.poly([(0, foot - 6), (WIDTH, foot - 6), (WIDTH, foot + 14), (0, foot + 14)], (94, 84, 74))
    for sleeper in range(0, WIDTH, 12):
        c.box(sleeper, foot, 7, 10, (70, 58, 48))
    for rail in (foot + 1, foot + 8):
        c.line([(0, rail), (WIDTH, rail)], (176, 176, 182), 1.4)
    c.line([(0, c.horizon - 26), (WIDTH, c.horizon - 20)], (40, 40, 44), 0.8)
    for mast in (40, 150, 262):
        c.line([(mast, foot - 6), (mast, c.horizon - 34)], (96, 98, 102), 2)
    z = 1.5 if s.count == 1 else 0.8
    for x in spread(c, s.count, *mains):
        paint = c.near(COLOURS[s.colour])
        if s.main == "train":
            c.coach(x - 6 * z, foot + 4, 1.1 * z, paint, 86, rail=True)
            nose = x + 41 * z
            c.poly(
                [
                    (nose, foot - 29 * z),
                    (nose + 9 * z, foot - 22 * z),
                    (nose + 15 * z, foot),
                    (nose, foot),
                ],
                paint,
            )
            c.poly(
                [
                    (nose + 2, foot - 26 * z),
                    (nose + 8 * z, foot - 20 * z),
                    (nose + 10 * z, foot - 14 * z),
                    (nose + 2, foot - 14 * z),
                ],
                (44, 56, 72),
            )
        elif s.main == "tram":
            for part in (-22, 22):
                c.coach(x + part * z, foot + 4, 1.0 * z, paint, 42, rail=True)
            c.box(x - 2 * z, foot - 25 * z, 4 * z, 20 * z, (40, 40, 42))
            c.line([(x - 8 * z, foot - 28 * z), (x, foot - 44 * z)], (50, 50, 54), 1.4)
            c.line([(x, foot - 44 * z), (x + 8 * z, foot - 28 * z)], (50, 50, 54), 1.4)
        else:
            for car in range(3):
                left = x + (-62 + car * 36) * z * 0.9
                c.shadow(left + 15, foot + 5, 17 * z)
                c.solid(left, foot - 22 * z, 31 * z, 22 * z, (122, 96, 72))
                for rib in range(5):
                    c.box(left + rib * 6.4 * z, foot - 22 * z, 1, 22 * z, (70, 54, 42))
                for wheel in (6, 25):
                    c.wheel(left + wheel * z, foot + 2, 3.4 * z)
            c.solid(x + 36 * z, foot - 30 * z, 34 * z, 30 * z, paint)
            c.box(x + 56 * z, foot - 26 * z, 11 * z, 9 * z, (50, 64, 82))
            for wheel in (42, 62):
                c.wheel(x + wheel * z, foot + 2, 4 * z)
    c.poly([(0, foot + 34), (WIDTH, foot + 26), (WIDTH, HEIGHT), (0, HEIGHT)], (150, 148, 146))
    c.line([(0, foot + 40), (WIDTH, foot + 32)], (236, 236, 230), 2)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "passenger":
            c.person(x, 222, 1.6 * z, paint)
            c.solid(x + 8 * z, 222 - 14 * z, 9 * z, 14 * z, (74, 58, 50))
        elif s.second == "signal":
            c.line([(x, 216), (x, 116)], (90, 92, 96), 3)
            c.box(x - 8, 104, 16, 36, (22, 22, 24))
            c.oval(x, 113, 5, 5, (255, 50, 40), glow=True)
            c.glow(x, 113, 13, (255, 70, 50))
            c.oval(x, 129, 5, 5, (30, 60, 36))
        else:
            c.house(x, c.horizon + 42, 1.3 * z, paint)


def airport(c: Canvas, s: Scene) -> None:
    """The apron and what flies."""
    c.base(c.rng.randint(122, 138), (140, 146, 132), (104, 104, 104), grain=30)
    c.horizon_of(s.backdrop)
    rng, h = c.rng, c.horizon
    c.poly([(110, h + 6), (210, h + 6), (330, HEIGHT), (-10, HEIGHT)], (92, 92, 96))
    for dash in range(5):
        y = h + 10 + dash * dash * 4
        c.box(159 - dash * 0.6, y, 2 + dash * 1.4, 3 + dash * 2, (226, 226, 222))
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        y = h + 66 + rng.randint(-4, 14)
        if s.second == "tanker":
            c.lorry(x, y, 1.05 * z, paint, paint, "tank")
        elif s.second == "bus":
            c.coach(x, y, 1.1 * z, paint, 60)
        else:
            y = h + 8
            c.solid(x - 7, y - 70, 14, 70, paint)
            c.poly(
                [(x - 17, y - 88), (x + 17, y - 88), (x + 12, y - 70), (x - 12, y - 70)],
                (54, 76, 98),
            )
            c.box(x - 18, y - 93, 36, 6, paint)
            c.line([(x, y - 93), (x, y - 108)], (120, 120, 124), 1)
    z = size_for(s.count) * (0.95 if s.count < 3 else 0.85)
    for x in spread(c, s.count, *mains):
        paint = c.near(COLOURS[s.colour])
        body = (236, 238, 242)
        if s.main == "helicopter":
            y = rng.randint(48, 84)
            c.line([(x - 14 * z, y), (x - 52 * z, y - 8 * z)], paint, 5 * z)
            c.oval(x, y, 25 * z, 14 * z, paint)
            c.poly(
                [(x + 6 * z, y - 11 * z), (x + 22 * z, y - 3 * z), (x + 8 * z, y + 2 * z)],
                (60, 80, 104),
            )
            c.line([(x - 48 * z, y - 18 * z), (x - 54 * z, y + 4 * z)], paint, 3 * z)
            c.line([(x - 52 * z, y - 20 * z), (x + 52 * z, y - 16 * z)], (60, 60, 64), 1.6)
            c.line([(x, y - 12 * z), (x, y - 19 * z)], (60, 60, 64), 2.4)
            c.line([(x - 16 * z, y + 20 * z), (x + 20 * z, y + 20 * z)], (60, 60, 64), 2)
            for leg in (-8, 10):
                c.line([(x + leg * z, y + 11 * z), (x + leg * z, y + 20 * z)], (60, 60, 64), 1.6)
            continue
        flying = s.main == "flying_plane"
        y = rng.randint(46, 76) if flying else h + rng.randint(20, 40)
        tilt = 0.16 if flying else 0.0

        def at(
            dx: float, dy: float, x: float = x, y: float = y, tilt: float = tilt, z: float = z
        ) -> tuple[float, float]:
            return x + dx * z, y + (dy - dx * tilt) * z

        if not flying:
            c.shadow(x, y + 14 * z, 58 * z)
            for wheel in (-8, 34):
                c.wheel(x + wheel * z, y + 12 * z, 3.4 * z)
        c.poly([at(-6, -4), at(-24, -18), at(-16, -18), at(10, -4)], (176, 180, 188))
        c.poly(
            [at(-56, -8), at(-50, 4), at(-30, 8), at(40, 8), at(56, 3), at(50, -4), at(40, -8)],
            body,
        )
        c.poly([at(-56, -8), at(-50, 2), at(44, 2), at(55, 3), at(40, 8), at(-30, 8)], paint)
        c.poly([at(-58, -30), at(-48, -30), at(-34, -8), at(-56, -8)], paint)
        c.poly([at(-60, -8), at(-66, -13), at(-56, -12), at(-44, -7)], paint)
        for port in range(11):
            spot = at(-32 + port * 6.4, -4)
            c.box(*spot, 2.4 * z, 2.4 * z, (44, 60, 84))
        c.poly([at(6, 2), at(-26, 20), at(-16, 21), at(24, 3)], (196, 200, 206))
        c.oval(*at(-4, 13), 8 * z, 4 * z, (120, 124, 132))


def press(c: Canvas, s: Scene) -> None:
    """Speakers at their lecterns, indoors."""
    x: float
    walls: dict[str, RGB] = {
        "blue_wall": (44, 86, 150),
        "wood_wall": (150, 106, 66),
        "grey_wall": (160, 162, 166),
        "windows": (206, 200, 188),
    }
    rng = c.rng
    c.base(172, (120, 92, 72), (88, 64, 48), grain=16)
    wall = walls[s.backdrop]
    for x in range(0, WIDTH, 8):
        share = abs(x - 150) / 400
        c.box(x, 0, 8, 172, mix(wall, (0, 0, 0), share))
    if s.backdrop == "wood_wall":
        for x in range(0, WIDTH, 26):
            c.box(x, 0, 1.5, 172, (86, 56, 32))
    elif s.backdrop == "windows":
        for x in (20, 118, 216):
            c.box(x, 20, 80, 108, (90, 84, 76))
            c.box(x + 4, 24, 34, 100, (204, 222, 240))
            c.box(x + 42, 24, 34, 100, (204, 222, 240))
    else:
        for y in range(20, 160, 36):
            for x in range(24 + (y // 36 % 2) * 30, WIDTH, 62):
                c.oval(x, y, 6, 6, mix(wall, (255, 255, 255), 0.3))
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour], 8)
        if s.second == "flag":
            c.flag(x - 8, 196, 1.75 * z + 0.3, paint)
        elif s.second == "camera":
            for leg in (-10, 0, 10):
                c.line([(x, 188), (x + leg, 236)], (34, 34, 36), 2)
            c.solid(x - 15 * z, 166, 28 * z, 22 * z, (30, 30, 34))
            c.oval(x - 16 * z, 177, 8 * z, 8 * z, (52, 60, 80))
            c.oval(x + 9 * z, 170, 2, 2, (255, 40, 30), glow=True)
        else:
            c.box(x - 32, 48, 64, 88, paint)
            for row in range(4):
                ink = (60, 60, 60) if s.second_colour in ("white", "yellow") else (240, 240, 240)
                c.box(x - 22, 62 + row * 16, rng.randint(24, 44), 6, ink)
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        coat = c.near(COLOURS[s.colour], 8)
        y = 214
        if s.main == "judge":
            c.poly(
                [
                    (x - 12 * z, y - 62 * z),
                    (x + 12 * z, y - 62 * z),
                    (x + 22 * z, y),
                    (x - 22 * z, y),
                ],
                coat,
            )
        c.person(x, y, 2.05 * z, coat, arms=0.1)
        if s.main == "spokeswoman":
            for side in (-7, 7):
                c.oval(x + side * z, y - 70 * z, 3.4 * z, 9 * z, (110, 70, 40))
            c.oval(x, y - 82 * z, 8 * z, 4 * z, (110, 70, 40))
        elif s.main == "politician":
            c.poly(
                [(x - 3 * z, y - 64 * z), (x + 3 * z, y - 64 * z), (x, y - 46 * z)],
                (246, 246, 246),
            )
            c.line([(x, y - 62 * z), (x, y - 48 * z)], (150, 24, 30), 1.8 * z)
        else:
            c.poly(
                [(x - 4 * z, y - 64 * z), (x + 4 * z, y - 64 * z), (x, y - 50 * z)],
                (246, 246, 246),
            )
        desk = (128, 90, 56) if s.main != "judge" else (92, 58, 36)
        c.solid(x - 17 * z, y - 38 * z, 34 * z, 46 * z, desk)
        c.box(x - 20 * z, y - 40 * z, 40 * z, 4 * z, mix(desk, (255, 255, 255), 0.2))
        for mic in (-7, 0, 7):
            c.line([(x + mic * z, y - 39 * z), (x + mic * 0.5 * z, y - 50 * z)], (30, 30, 30), 1.2)
            c.oval(x + mic * 0.5 * z, y - 51 * z, 2 * z, 2 * z, (24, 24, 24))


def street(c: Canvas, s: Scene) -> None:
    """Traffic between pavements."""
    c.base(c.rng.randint(102, 116), *ASPHALT, grain=26)
    c.horizon_of(s.backdrop)
    rng, h = c.rng, c.horizon
    c.box(0, h, WIDTH, 17, (150, 146, 140))
    c.box(0, h + 17, WIDTH, 2.4, (190, 188, 182))
    for dash in range(-20, WIDTH, 52):
        c.poly(
            [(dash, h + 66), (dash + 26, h + 66), (dash + 24, h + 70), (dash - 3, h + 70)],
            (230, 230, 224),
        )
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "police_car":
            y = h + rng.randint(46, 58)
            c.car(x, y, 1.25 * z, (234, 236, 238))
            c.box(x - 27 * z, y - 15 * z, 55 * z, 5 * z, paint)
            c.box(x - 8 * z, y - 29 * z, 12 * z, 4 * z, (60, 110, 255), glow=True)
            c.glow(x - 2 * z, y - 28 * z, 15 * z, (70, 120, 255))
        elif s.second == "lamp":
            y = h + 14
            c.line([(x, y), (x, y - 74), (x + 15, y - 80)], (60, 62, 66), 2.4)
            c.oval(x + 16, y - 79, 5, 3, (255, 240, 190), glow=True)
            if c.dark or s.time == "evening":
                c.glow(x + 16, y - 77, 24, (255, 226, 150))
        else:
            c.tree(x, h + 16, 1.25 * z + 0.2)
    z = size_for(s.count)
    for place, x in enumerate(spread(c, s.count, *mains)):
        y = h + rng.randint(48, 60) + (28 if place % 2 and s.count > 2 else 0)
        paint = c.near(COLOURS[s.colour])
        if s.main == "bus":
            c.coach(x, y + 4, 1.25 * z, paint, 78)
        elif s.main == "cyclist":
            y += 18
            c.shadow(x, y, 20 * z)
            for wheel in (-13, 13):
                for ring, tone in ((9, (26, 26, 28)), (7, (124, 124, 126))):
                    c.oval(x + wheel * z, y - 9 * z, ring * z, ring * z, tone)
            c.line([(x - 13 * z, y - 9 * z), (x + 4 * z, y - 26 * z)], (170, 40, 40), 2)
            c.line([(x + 13 * z, y - 9 * z), (x + 8 * z, y - 30 * z)], (170, 40, 40), 2)
            c.person(x - 2 * z, y - 6 * z, 1.15 * z, paint, step=2, arms=0.3)
        else:
            c.car(x, y + 6, 1.35 * z, paint, broken=s.main == "crashed_car")


def farm(c: Canvas, s: Scene) -> None:
    """Fields and meadows."""
    field = GRASS if s.main in ("cow", "sheep", "turbine") else ((176, 160, 92), (150, 122, 62))
    c.base(c.rng.randint(96, 116), *field, grain=60)
    c.horizon_of(s.backdrop)
    rng, h = c.rng, c.horizon
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        if s.second == "barn":
            y = h + 34
            c.solid(x - 34, y - 34, 68, 34, paint)
            c.poly(
                [(x - 38, y - 34), (x - 26, y - 56), (x + 26, y - 56), (x + 38, y - 34)],
                (84, 64, 56),
            )
            c.box(x - 13, y - 24, 26, 24, (70, 48, 36))
            c.line([(x - 13, y - 24), (x + 13, y)], (200, 190, 176), 1.4)
            c.line([(x + 13, y - 24), (x - 13, y)], (200, 190, 176), 1.4)
        elif s.second == "tree":
            c.tree(x, h + rng.randint(22, 40), 1.3 * z + 0.1)
        else:
            c.person(x, h + 84, 1.5 * z, paint, (70, 60, 44))
            c.oval(x, h + 84 - 59 * z, 9 * z, 2.6 * z, (196, 170, 110))
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        y = h + rng.randint(50, 84)
        paint = c.near(COLOURS[s.colour], 10)
        if s.main == "tractor":
            c.shadow(x, y, 30 * z)
            c.box(x - 6 * z, y - 24 * z, 34 * z, 14 * z, paint)
            c.box(x - 20 * z, y - 42 * z, 20 * z, 30 * z, paint)
            c.box(x - 17 * z, y - 39 * z, 14 * z, 14 * z, (120, 150, 172))
            c.line([(x + 16 * z, y - 24 * z), (x + 16 * z, y - 38 * z)], (50, 50, 50), 2)
            c.oval(x - 13 * z, y - 12 * z, 15 * z, 15 * z, (28, 28, 30))
            c.oval(x - 13 * z, y - 12 * z, 7 * z, 7 * z, (226, 196, 70))
            c.oval(x + 21 * z, y - 8 * z, 9 * z, 9 * z, (28, 28, 30))
            c.oval(x + 21 * z, y - 8 * z, 4 * z, 4 * z, (226, 196, 70))
        elif s.main in ("cow", "sheep"):
            wool = s.main == "sheep"
            q = z * (0.85 if wool else 1.15)
            c.shadow(x, y, 20 * q)
            leg = (50, 44, 40) if wool else mix(paint, (0, 0, 0), 0.25)
            for foot in (-13, -8, 8, 13):
                c.box(x + foot * q, y - 13 * q, 3.4 * q, 13 * q, leg)
            if wool:
                for _ in range(22):
                    wx, wy = rng.randint(-14, 14), rng.randint(14, 27)
                    c.oval(x + wx * q, y - wy * q, 5 * q, 5 * q, c.near(paint, 10))
                c.oval(x + 20 * q, y - 25 * q, 5 * q, 6 * q, (54, 48, 46))
            else:
                c.oval(x, y - 20 * q, 20 * q, 10 * q, paint)
                for _ in range(3):
                    spot = mix(paint, (255, 255, 255) if s.colour != "white" else (90, 84, 80), 0.7)
                    sx, sy = rng.randint(-12, 12), rng.randint(16, 25)
                    c.oval(x + sx * q, y - sy * q, 4 * q, 3 * q, spot)
                c.poly(
                    [
                        (x + 15 * q, y - 27 * q),
                        (x + 25 * q, y - 36 * q),
                        (x + 33 * q, y - 27 * q),
                        (x + 26 * q, y - 22 * q),
                    ],
                    paint,
                )
                c.line([(x - 20 * q, y - 22 * q), (x - 24 * q, y - 8 * q)], leg, 1.4)
        elif s.main == "turbine":
            foot, top = h + rng.randint(10, 30), rng.randint(26, 48)
            c.poly([(x - 3, foot), (x - 1.2, top), (x + 1.2, top), (x + 3, foot)], (236, 238, 240))
            for dx, dy in rng.choice(
                (((0, -30), (26, 15), (-26, 15)), ((15, -26), (15, 26), (-30, 0)))
            ):
                c.poly(
                    [(x - 1.4, top), (x + dx * z, top + dy * z), (x + 1.8, top + 1.4)],
                    (244, 246, 248),
                )
            c.oval(x, top, 2.6, 2.6, (226, 228, 230))
        else:
            c.shadow(x, y, 20 * z)
            c.solid(x - 18 * z, y - 30 * z, 30 * z, 30 * z, paint)
            c.oval(x + 12 * z, y - 15 * z, 10 * z, 15.4 * z, (214, 184, 96))
            for ring in (11, 7, 3):
                c.oval(
                    x + 12 * z, y - 15 * z, ring * 0.62 * z, ring * z, c.near((186, 152, 66), 20)
                )


def beach(c: Canvas, s: Scene) -> None:
    """Sand before the sea."""
    x: float
    c.base(c.rng.randint(78, 92), (88, 150, 178), (62, 130, 162), grain=60, wet=True)
    c.horizon_of(s.backdrop)
    rng, h = c.rng, c.horizon
    line = h + rng.randint(40, 52)
    edge: list[tuple[float, float]] = []
    for x in range(0, WIDTH + 20, 20):
        edge.append((float(x), line + float(rng.randint(-3, 3))))
    c.poly([(x, y - 4) for x, y in edge] + [(WIDTH, HEIGHT), (0, HEIGHT)], (240, 244, 244))
    c.poly([*edge, (WIDTH, HEIGHT), (0, HEIGHT)], SAND[0])
    for _ in range(150):
        x, y = rng.randint(0, WIDTH), rng.randint(line + 6, HEIGHT)
        c.oval(x, y, rng.randint(2, 8), 1.2, c.near(SAND[1], 20), 130)
    mains, others = area(c)
    z = size_for(s.second_count)
    for x in spread(c, s.second_count, *others):
        paint = c.near(COLOURS[s.second_colour])
        y = line + rng.randint(34, 60)
        if s.second == "tower":
            for leg in (-14, 14):
                c.line([(x + leg, y), (x + leg * 0.7, y - 46)], (150, 118, 82), 3)
            c.line([(x - 13, y - 14), (x + 13, y - 34)], (150, 118, 82), 2)
            c.solid(x - 18, y - 74, 36, 30, paint)
            c.box(x - 12, y - 68, 24, 12, (70, 90, 110))
            c.poly([(x - 22, y - 74), (x, y - 88), (x + 22, y - 74)], mix(paint, (0, 0, 0), 0.3))
        elif s.second == "beached_boat":
            c.shadow(x, y, 28 * z)
            c.poly(
                [
                    (x - 32 * z, y - 16 * z),
                    (x + 34 * z, y - 18 * z),
                    (x + 22 * z, y),
                    (x - 22 * z, y),
                ],
                paint,
            )
            c.poly(
                [
                    (x - 28 * z, y - 15 * z),
                    (x + 28 * z, y - 16 * z),
                    (x + 18 * z, y - 11 * z),
                    (x - 20 * z, y - 11 * z),
                ],
                (90, 66, 46),
            )
        else:
            lean = rng.randint(-8, 8)
            c.shadow(x, y, 12 * z)
            c.line([(x, y), (x + lean * 0.4, y - 36 * z), (x + lean, y - 66 * z)], (128, 94, 60), 4)
            for dx, dy in ((-30, -4), (-24, -18), (-8, -22), (12, -20), (26, -14), (30, 2)):
                top = (x + lean, y - 66 * z)
                c.poly(
                    [
                        top,
                        (top[0] + dx * 0.6 * z, top[1] + (dy - 8) * z),
                        (top[0] + dx * z, top[1] + (dy + 10) * z),
                    ],
                    c.near((44, 110, 50)),
                )
    z = size_for(s.count)
    for x in spread(c, s.count, *mains):
        paint = c.near(COLOURS[s.colour], 8)
        y = line + rng.randint(42, 72)
        if s.main == "beach_parasol":
            c.shadow(x, y, 26 * z)
            c.line([(x, y), (x, y - 52 * z)], (230, 226, 216), 2)
            pale = mix(paint, (255, 255, 255), 0.75) if s.colour != "white" else (170, 170, 176)
            for part in range(6):
                left = -30 + part * 10
                c.poly(
                    [
                        (x, y - 64 * z),
                        (x + left * z, y - 42 * z),
                        (x + (left + 10) * z, y - 42 * z),
                    ],
                    paint if part % 2 == 0 else pale,
                )
            c.poly(
                [
                    (x + 6 * z, y - 3 * z),
                    (x + 30 * z, y - 3 * z),
                    (x + 34 * z, y + 4 * z),
                    (x + 4 * z, y + 4 * z),
                ],
                c.near((120, 150, 180)),
            )
        elif s.main == "bather":
            skin = (222, 174, 138)
            c.person(x, y, 1.4 * z, skin, skin, 2, rng.choice((0.0, 1.0)))
            c.box(x - 7 * z, y - 27 * z, 14 * z, 12 * z, paint)
        else:
            c.person(x, y, 1.4 * z, (40, 44, 54), (40, 44, 54), 1)
            c.oval(x + 15 * z, y - 36 * z, 7.5 * z, 37 * z, paint)
            c.line([(x + 15 * z, y - 70 * z), (x + 15 * z, y - 2 * z)], (250, 250, 250), 1)


PAINTERS: dict[str, Callable[[Canvas, Scene], None]] = {
    "harbour": harbour,
    "fire": fire,
    "flood": flood,
    "stadium": stadium,
    "concert": concert,
    "market": market,
    "construction": construction,
    "mountain": mountain,
    "railway": railway,
    "airport": airport,
    "press": press,
    "street": street,
    "farm": farm,
    "beach": beach,
}


def picture(scene: Scene) -> Image.Image:
    """The scene's picture, RGB, 320 x 240: a function of the scene alone."""
    canvas = Canvas(scene)
    PAINTERS[scene.kind](canvas, scene)
    return canvas.finished()
