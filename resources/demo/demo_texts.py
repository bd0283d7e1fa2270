# ruff: noqa: E501 -- a German sentence and its English stand on one line, to be read together
"""Writes a scene's news snippet: German, and the English made by the same grammar.

A sentence is a pair of templates, German and English, whose chunks (parted by " | ") match one to
one, so that a text cut at a chunk is cut at the same place in both. In a template `{Mn}`, `{Ma}`,
`{Md}` are the main object with colour and number in the nominative, accusative and dative, `{Mb}`
its bare noun as headlines use it; `{Sn}` and so on the secondary object; `{P}`, `{Q}` the side on
which each stands; `{city}` a made-up town; `[a/b]` chooses by the main object's number and `<a/b>`
by the secondary one's.

The first words say what happens to what; colours, numbers, weather and places come later, among
sentences that a picture cannot show.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from demo_world import KINDS, Scene, stream

Pair = tuple[str, str]

MAX_CHARS = 256
"""Length at which the German text is cut, as in the data set that this layout comes from."""
WORDS = (40, 60)
"""Fewest and most words of a German title and text together."""


@dataclass(frozen=True)
class Noun:
    """A noun in both languages; German dative plural and singular articles follow from these."""

    gender: str
    one: str
    many: str
    en_one: str
    en_many: str
    verb: str = "stehen"


VERBS: dict[str, tuple[Pair, Pair]] = {
    "stehen": (("steht", "stands"), ("stehen", "stand")),
    "liegen": (("liegt", "lies"), ("liegen", "lie")),
    "fahren": (("fährt", "drives"), ("fahren", "drive")),
    "brennen": (("brennt", "is burning"), ("brennen", "are burning")),
    "warten": (("wartet", "waits"), ("warten", "wait")),
    "schweben": (("schwebt", "hovers"), ("schweben", "hover")),
    "leuchten": (("leuchtet", "shines"), ("leuchten", "shine")),
}

NOUNS: dict[str, Noun] = {
    "container_ship": Noun(
        "n", "Containerschiff", "Containerschiffe", "container ship", "container ships", "liegen"
    ),
    "sailing_boat": Noun("n", "Segelboot", "Segelboote", "sailing boat", "sailing boats", "liegen"),
    "ferry": Noun("f", "Fähre", "Fähren", "ferry", "ferries", "liegen"),
    "fishing_boat": Noun(
        "m", "Fischkutter", "Fischkutter", "fishing boat", "fishing boats", "liegen"
    ),
    "harbour_crane": Noun("m", "Hafenkran", "Hafenkräne", "harbour crane", "harbour cranes"),
    "lighthouse": Noun("m", "Leuchtturm", "Leuchttürme", "lighthouse", "lighthouses"),
    "burning_warehouse": Noun(
        "f", "Lagerhalle", "Lagerhallen", "warehouse", "warehouses", "brennen"
    ),
    "burning_house": Noun("n", "Wohnhaus", "Wohnhäuser", "house", "houses", "brennen"),
    "burning_forest": Noun("m", "Wald", "Wälder", "forest", "forests", "brennen"),
    "burning_truck": Noun("m", "Lastwagen", "Lastwagen", "truck", "trucks", "brennen"),
    "fire_engine": Noun(
        "n", "Feuerwehrauto", "Feuerwehrautos", "fire engine", "fire engines", "warten"
    ),
    "firefighter": Noun("m", "Feuerwehrmann", "Feuerwehrleute", "firefighter", "firefighters"),
    "flooded_house": Noun("n", "Haus", "Häuser", "house", "houses"),
    "flooded_car": Noun("n", "Auto", "Autos", "car", "cars"),
    "dinghy": Noun(
        "n", "Schlauchboot", "Schlauchboote", "rubber dinghy", "rubber dinghies", "liegen"
    ),
    "helper": Noun("m", "Helfer", "Helfer", "helper", "helpers"),
    "player": Noun("m", "Spieler", "Spieler", "player", "players"),
    "goalkeeper": Noun("m", "Torwart", "Torwarte", "goalkeeper", "goalkeepers"),
    "runner": Noun("m", "Läufer", "Läufer", "runner", "runners"),
    "flag": Noun("f", "Fahne", "Fahnen", "flag", "flags"),
    "referee": Noun("m", "Schiedsrichter", "Schiedsrichter", "referee", "referees"),
    "singer": Noun("m", "Sänger", "Sänger", "singer", "singers"),
    "guitarist": Noun("m", "Gitarrist", "Gitarristen", "guitarist", "guitarists"),
    "drummer": Noun("m", "Schlagzeuger", "Schlagzeuger", "drummer", "drummers"),
    "spotlight": Noun("m", "Scheinwerfer", "Scheinwerfer", "spotlight", "spotlights", "leuchten"),
    "balloon": Noun("m", "Luftballon", "Luftballons", "balloon", "balloons", "schweben"),
    "fruit_stall": Noun("m", "Obststand", "Obststände", "fruit stall", "fruit stalls"),
    "flower_stall": Noun("m", "Blumenstand", "Blumenstände", "flower stall", "flower stalls"),
    "christmas_stall": Noun(
        "f", "Weihnachtsbude", "Weihnachtsbuden", "Christmas stall", "Christmas stalls"
    ),
    "van": Noun("m", "Lieferwagen", "Lieferwagen", "van", "vans", "warten"),
    "fir": Noun("f", "Tanne", "Tannen", "fir tree", "fir trees"),
    "parasol": Noun("m", "Schirm", "Schirme", "parasol", "parasols"),
    "tower_crane": Noun("m", "Baukran", "Baukräne", "tower crane", "tower cranes"),
    "excavator": Noun("m", "Bagger", "Bagger", "excavator", "excavators"),
    "shell": Noun("m", "Rohbau", "Rohbauten", "building shell", "building shells"),
    "container": Noun("m", "Container", "Container", "container", "containers"),
    "worker": Noun("m", "Arbeiter", "Arbeiter", "worker", "workers"),
    "skier": Noun("m", "Skifahrer", "Skifahrer", "skier", "skiers"),
    "gondola": Noun("f", "Gondel", "Gondeln", "cable car", "cable cars", "schweben"),
    "hut": Noun("f", "Berghütte", "Berghütten", "mountain hut", "mountain huts"),
    "hiker": Noun("m", "Wanderer", "Wanderer", "hiker", "hikers"),
    "train": Noun("m", "Zug", "Züge", "train", "trains"),
    "freight_train": Noun("m", "Güterzug", "Güterzüge", "freight train", "freight trains"),
    "tram": Noun("f", "Straßenbahn", "Straßenbahnen", "tram", "trams"),
    "passenger": Noun("m", "Fahrgast", "Fahrgäste", "passenger", "passengers", "warten"),
    "signal": Noun("n", "Signal", "Signale", "signal", "signals", "leuchten"),
    "house": Noun("n", "Haus", "Häuser", "house", "houses"),
    "plane": Noun("n", "Flugzeug", "Flugzeuge", "plane", "planes"),
    "flying_plane": Noun(
        "f", "Passagiermaschine", "Passagiermaschinen", "airliner", "airliners", "schweben"
    ),
    "helicopter": Noun(
        "m", "Hubschrauber", "Hubschrauber", "helicopter", "helicopters", "schweben"
    ),
    "tanker": Noun("m", "Tankwagen", "Tankwagen", "tanker", "tankers", "warten"),
    "control_tower": Noun("m", "Kontrollturm", "Kontrolltürme", "control tower", "control towers"),
    "bus": Noun("m", "Bus", "Busse", "bus", "buses", "fahren"),
    "politician": Noun("m", "Politiker", "Politiker", "politician", "politicians"),
    "spokeswoman": Noun("f", "Sprecherin", "Sprecherinnen", "spokeswoman", "spokeswomen"),
    "judge": Noun("m", "Richter", "Richter", "judge", "judges"),
    "camera": Noun("f", "Kamera", "Kameras", "camera", "cameras"),
    "banner": Noun("n", "Plakat", "Plakate", "banner", "banners"),
    "car": Noun("n", "Auto", "Autos", "car", "cars", "fahren"),
    "cyclist": Noun("m", "Radfahrer", "Radfahrer", "cyclist", "cyclists", "fahren"),
    "crashed_car": Noun("m", "Unfallwagen", "Unfallwagen", "wrecked car", "wrecked cars"),
    "police_car": Noun(
        "m", "Streifenwagen", "Streifenwagen", "police car", "police cars", "warten"
    ),
    "lamp": Noun("f", "Laterne", "Laternen", "street lamp", "street lamps"),
    "tree": Noun("m", "Baum", "Bäume", "tree", "trees"),
    "tractor": Noun("m", "Traktor", "Traktoren", "tractor", "tractors", "fahren"),
    "cow": Noun("f", "Kuh", "Kühe", "cow", "cows"),
    "sheep": Noun("n", "Schaf", "Schafe", "sheep", "sheep"),
    "turbine": Noun("n", "Windrad", "Windräder", "wind turbine", "wind turbines"),
    "bale": Noun("m", "Strohballen", "Strohballen", "straw bale", "straw bales", "liegen"),
    "barn": Noun("f", "Scheune", "Scheunen", "barn", "barns"),
    "farmer": Noun("m", "Landwirt", "Landwirte", "farmer", "farmers"),
    "beach_parasol": Noun(
        "m", "Sonnenschirm", "Sonnenschirme", "beach umbrella", "beach umbrellas"
    ),
    "bather": Noun("m", "Badegast", "Badegäste", "bather", "bathers"),
    "surfer": Noun("m", "Surfer", "Surfer", "surfer", "surfers"),
    "tower": Noun("m", "Rettungsturm", "Rettungstürme", "lifeguard tower", "lifeguard towers"),
    "beached_boat": Noun("n", "Ruderboot", "Ruderboote", "rowing boat", "rowing boats", "liegen"),
    "palm": Noun("f", "Palme", "Palmen", "palm tree", "palm trees"),
}

WEARERS = {
    "player": ("Trikot", "a {} jersey", "{} jerseys"),
    "goalkeeper": ("Trikot", "a {} jersey", "{} jerseys"),
    "runner": ("Trikot", "a {} jersey", "{} jerseys"),
    "surfer": ("Brett", "a {} board", "{} boards"),
    "bather": ("Badekleidung", "{} swimwear", "{} swimwear"),
    "judge": ("Robe", "a {} robe", "{} robes"),
    "politician": ("Jackett", "a {} jacket", "{} jackets"),
    "fruit_stall": ("Markise", "a {} awning", "{} awnings"),
    "flower_stall": ("Markise", "a {} awning", "{} awnings"),
    "christmas_stall": ("Dach", "a {} roof", "{} roofs"),
    "sailing_boat": ("Segel", "{} sails", "{} sails"),
} | {
    name: ("Jacke", "a {} jacket", "{} jackets")
    for name in (
        "firefighter", "helper", "referee", "singer", "guitarist", "drummer", "worker", "skier",
        "hiker", "passenger", "spokeswoman", "cyclist", "farmer",
    )
}  # fmt: skip
"""Objects whose colour is that of something they have on: German noun, English one and many."""
WORN = {
    "Trikot": ("n", "Trikots"), "Brett": ("n", "Brettern"), "Robe": ("f", "Roben"),
    "Badekleidung": ("f", ""), "Jackett": ("n", "Jacketts"), "Markise": ("f", "Markisen"),
    "Dach": ("n", "Dächern"), "Segel": ("pl", "Segeln"), "Jacke": ("f", "Jacken"),
}  # fmt: skip

COLOURS = {
    "red": "rot", "blue": "blau", "yellow": "gelb", "green": "grün", "white": "weiß",
    "orange": "orangefarben", "black": "schwarz", "brown": "braun", "grey": "grau",
}  # fmt: skip
NUMBERS_DE = ("", "ein", "zwei", "drei", "vier", "fünf", "sechs")
NUMBERS_EN = ("", "a", "two", "three", "four", "five", "six")
ARTICLES = {
    ("m", "n"): ("ein", "er"), ("f", "n"): ("eine", "e"), ("n", "n"): ("ein", "es"),
    ("m", "a"): ("einen", "en"), ("f", "a"): ("eine", "e"), ("n", "a"): ("ein", "es"),
    ("m", "d"): ("einem", "en"), ("f", "d"): ("einer", "en"), ("n", "d"): ("einem", "en"),
}  # fmt: skip
WEAK = {"Gitarrist": "Gitarristen"}
"""Nouns with another form in the accusative and dative singular."""


def _with(worn: str, colour: str, count: int) -> str:
    gender, many = WORN[worn]
    if gender == "pl" or (count > 1 and many):
        return f"mit {COLOURS[colour]}en {many}"
    if worn == "Badekleidung":
        return f"mit {COLOURS[colour]}er {worn}"
    article, ending = ARTICLES[gender, "d"]
    return f"mit {article} {COLOURS[colour]}{ending} {worn}"


def phrase(name: str, colour: str, count: int, case: str) -> Pair:
    """German and English noun phrase of `count` objects; `case` is "n", "a", "d" or "b" (bare)."""
    noun = NOUNS[name]
    if case == "b":
        if count == 1:
            return noun.one, noun.en_one
        if noun.one == noun.many:  # the German headline alone must tell one from many
            return f"mehrere {noun.many}", f"several {noun.en_many}"
        return noun.many, noun.en_many
    worn = WEARERS.get(name) if colour else None
    tint = "" if worn else colour
    if count == 1:
        article, ending = ARTICLES[noun.gender, case]
        word = noun.one if case == "n" else WEAK.get(noun.one, noun.one)
        german = " ".join(part for part in (article, tint and COLOURS[tint] + ending, word) if part)
        first = tint or noun.en_one
        english = f"{'an' if first[0] in 'aeio' else 'a'} {tint + ' ' if tint else ''}{noun.en_one}"
    else:
        word = noun.many
        if case == "d" and word[-1] not in "ns":
            word += "n"
        tail = "en" if case == "d" else "e"
        german = " ".join(
            part for part in (NUMBERS_DE[count], tint and COLOURS[tint] + tail, word) if part
        )
        english = f"{NUMBERS_EN[count]} {tint + ' ' if tint else ''}{noun.en_many}"
    if worn:
        german += " " + _with(worn[0], colour, count)
        english += " with " + worn[1 if count == 1 else 2].format(colour)
        english = english.replace(" a orange", " an orange")
    return german, english


CITIES: tuple[Pair, ...] = tuple(
    (name, name)
    for name in (
        "Altenfeld", "Brunnstadt", "Dornbach", "Eichenau", "Falkenrode", "Grünwerder", "Hagenow",
        "Immenstein", "Kaltenbrunn", "Lindenburg", "Marienthal", "Neuhofen", "Oberweiler",
        "Petersberg", "Rabenstein", "Seebruck", "Tannenwald", "Ulmenau", "Vogelsang", "Wiesental",
    )
)  # fmt: skip

TITLES: dict[str, tuple[Pair, ...]] = {
    "harbour": (
        ("{Mb} im Hafen von {city}: Saison beginnt früher", "{Mb} in {city} harbour: season starts early"),
        ("Hafen {city}: {Mb} [sorgt/sorgen] für Aufsehen", "{city} harbour: {Mb} [causes/cause] a stir"),
        ("{Mb} im Hafen: {city} wartet auf die Reederei", "{Mb} in the harbour: {city} waits for the shipping company"),
    ),
    "fire": (
        ("Großbrand in {city}: {Mb} [steht/stehen] in Flammen", "Major fire in {city}: {Mb} in flames"),
        ("Feuer in {city}: {Mb} [brennt/brennen] lichterloh", "Fire in {city}: {Mb} burning fiercely"),
        ("Flammen schlagen hoch: {Mb} bei {city} in Brand", "Flames shoot up: {Mb} near {city} on fire"),
    ),
    "flood": (
        ("Hochwasser in {city}: {Mb} [steht/stehen] unter Wasser", "Flood in {city}: {Mb} under water"),
        ("Nach der Flut: {Mb} in {city} von Wasser umschlossen", "After the flood: {Mb} in {city} surrounded by water"),
        ("Fluss tritt über die Ufer: {Mb} in {city} überflutet", "River bursts its banks: {Mb} in {city} flooded"),
    ),
    "stadium": (
        ("Stadion {city}: {Mb} im Mittelpunkt", "{city} stadium: {Mb} in the spotlight"),
        ("SV {city}: {Mb} [überrascht/überraschen] im Stadion alle", "SV {city}: {Mb} [surprises/surprise] everyone in the stadium"),
        ("{Mb} im Stadion: {city} hofft auf den Sieg", "{Mb} in the stadium: {city} hopes for victory"),
    ),
    "concert": (
        ("Konzert in {city}: {Mb} [begeistert/begeistern] das Publikum", "Concert in {city}: {Mb} [delights/delight] the audience"),
        ("{Mb} auf der Bühne: {city} feiert die ganze Nacht", "{Mb} on stage: {city} parties all night"),
        ("Festival in {city}: {Mb} [wird/werden] auf der Bühne gefeiert", "Festival in {city}: {Mb} [is/are] celebrated on stage"),
    ),
    "market": (
        ("Markt in {city}: {Mb} auf dem Platz", "Market in {city}: {Mb} on the square"),
        ("{Mb} auf dem Markt: {city} freut sich auf Besucher", "{Mb} at the market: {city} looks forward to visitors"),
        ("Wochenende in {city}: {Mb} [lockt/locken] auf den Marktplatz", "Weekend in {city}: {Mb} [draws/draw] people to the market square"),
    ),
    "construction": (
        ("Baustelle in {city}: {Mb} [prägt/prägen] das Bild", "Construction site in {city}: {Mb} [dominates/dominate] the scene"),
        ("Neubau in {city}: {Mb} auf der Baustelle", "New building in {city}: {Mb} on the construction site"),
        ("{Mb} in {city}: Auf der Baustelle geht es voran", "{Mb} in {city}: construction site makes progress"),
    ),
    "mountain": (
        ("Winter in den Bergen: {Mb} bei {city}", "Winter in the mountains: {Mb} near {city}"),
        ("{Mb} im Gebirge: {city} startet in die Saison", "{Mb} in the mountains: {city} starts the season"),
        ("Schnee am Gipfel: {Mb} oberhalb von {city}", "Snow on the summit: {Mb} above {city}"),
    ),
    "railway": (
        ("Bahnhof {city}: {Mb} [hält/halten] zu spät", "{city} station: {Mb} [stops/stop] too late"),
        ("{Mb} auf dem Gleis: Bahn baut in {city} um", "{Mb} on the track: railway rebuilds in {city}"),
        ("Bahnverkehr in {city}: {Mb} [fährt/fahren] wieder", "Rail traffic in {city}: {Mb} running again"),
    ),
    "airport": (
        ("Flughafen {city}: {Mb} [sorgt/sorgen] für Verspätung", "{city} airport: {Mb} [causes/cause] delay"),
        ("{Mb} am Flughafen: {city} meldet mehr Reisende", "{Mb} at the airport: {city} reports more travellers"),
        ("Luftverkehr: {Mb} am Flughafen {city}", "Air traffic: {Mb} at {city} airport"),
    ),
    "press": (
        ("{Mb} vor der Presse: {city} streitet über Haushalt", "{Mb} facing the press: {city} argues about the budget"),
        ("Pressekonferenz in {city}: {Mb} [weist/weisen] Vorwürfe zurück", "Press conference in {city}: {Mb} [rejects/reject] accusations"),
        ("Nach der Sitzung: {Mb} [tritt/treten] vor die Presse", "After the meeting: {Mb} [faces/face] the press"),
    ),
    "street": (
        ("Verkehr in {city}: {Mb} auf der Hauptstraße", "Traffic in {city}: {Mb} on the main road"),
        ("{Mb} auf der Straße: {city} plant neue Regeln", "{Mb} on the road: {city} plans new rules"),
        ("Straße in {city} gesperrt: {Mb} [kommt/kommen] nicht weiter", "Road in {city} closed: {Mb} can't move on"),
    ),
    "farm": (
        ("{Mb} auf dem Feld: Bauern bei {city} klagen", "{Mb} in the field: farmers near {city} complain"),
        ("Landwirtschaft bei {city}: {Mb} auf dem Acker", "Farming near {city}: {Mb} in the field"),
        ("Streit um Land bei {city}: {Mb} [bleibt/bleiben] auf dem Hof", "Dispute over land near {city}: {Mb} [stays/stay] on the farm"),
    ),
    "beach": (
        ("Strand von {city}: {Mb} trotz früher Saison", "{city} beach: {Mb} despite early season"),
        ("{Mb} am Strand: {city} zählt mehr Gäste", "{Mb} on the beach: {city} counts more guests"),
        ("Urlaub am Meer: {Mb} am Strand bei {city}", "Holiday by the sea: {Mb} on the beach near {city}"),
    ),
}  # fmt: skip

KIND_TITLES: dict[str, Pair] = {
    "harbour": ("Hafen {city}: Die Saison beginnt früher als geplant", "{city} harbour: season starts earlier than planned"),
    "fire": ("Feuer in {city}: Rauch zieht über die Dächer", "Fire in {city}: smoke drifts over the roofs"),
    "flood": ("Hochwasser in {city}: Der Pegel steigt weiter", "Flood in {city}: water level keeps rising"),
    "stadium": ("Stadion in {city}: Ein Abend voller Spannung", "Stadium in {city}: an evening full of suspense"),
    "concert": ("Konzert in {city}: Tausende feiern auf dem Festival", "Concert in {city}: thousands celebrate at the festival"),
    "market": ("Markt in {city}: Händler hoffen auf viele Besucher", "Market in {city}: traders hope for many visitors"),
    "construction": ("Baustelle in {city}: Die Arbeiten gehen zügig voran", "Construction site in {city}: work is progressing quickly"),
    "mountain": ("Winter in den Bergen bei {city}: Gäste bleiben länger", "Winter in the mountains near {city}: guests stay longer"),
    "railway": ("Bahn in {city}: Reisende müssen Geduld haben", "Railway in {city}: travellers need patience"),
    "airport": ("Flughafen {city}: Mehr Reisende als im Vorjahr", "{city} airport: more travellers than last year"),
    "press": ("Streit um Haushalt: {city} lädt zur Pressekonferenz", "Dispute over budget: {city} invites to press conference"),
    "street": ("Verkehr in {city}: Neue Regeln auf der Straße", "Traffic in {city}: new rules on the road"),
    "farm": ("Landwirtschaft bei {city}: Bauern klagen über Preise", "Farming near {city}: farmers complain about prices"),
    "beach": ("Urlaub am Strand: {city} zählt mehr Gäste", "Holiday on the beach: {city} counts more guests"),
}  # fmt: skip
VAGUE_TITLES: tuple[Pair, ...] = (
    ("{city} diskutiert: Was sich jetzt ändern soll", "{city} debates: what's supposed to change now"),
    ("Kommentar: Warum {city} mehr Mut braucht", "Commentary: why {city} needs more courage"),
    ("„So kann es nicht weitergehen“: Unmut in {city}", "\"It can't go on like this\": resentment in {city}"),
    ("Ein Tag in {city}: Was bleibt und was kommt", "A day in {city}: what remains and what comes"),
    ("Überraschung in {city}: Damit rechnete hier niemand", "Surprise in {city}: nobody here expected that"),
)  # fmt: skip
"""Headlines that name the kind of scene alone, and such that do not even name that."""

MAIN: tuple[Pair, ...] = (
    ("Das Bild zeigt | {Ma} | {P}.", "The picture shows | {Mn} | {P}."),
    ("{P} | {Mv} | {Mn}.", "{P} | {Mv} | {Mn}."),
    ("Zeugen berichten von | {Md} | {P}.", "Witnesses report | {Mn} | {P}."),
    ("Unser Fotograf sah | {Ma} | {P}.", "Our photographer saw | {Mn} | {P}."),
    ("Wer vorbeikommt, sieht | {Ma} | {P}.", "Anyone who passes by sees | {Mn} | {P}."),
    ("Dort gibt es | {Ma} | {P}.", "There['s/ are] | {Mn} | {P} there."),
    ("Im Mittelpunkt: | {Mn} | {P}.", "At the centre: | {Mn} | {P}."),
)
SECOND: tuple[Pair, ...] = (
    ("{Q} | {Sv} | {Sn}.", "{Q} | {Sv} | {Sn}."),
    ("Dazu <kommt/kommen> | {Sn} | {Q}.", "Added to this <is/are> | {Sn} | {Q}."),
    ("Man erkennt auch | {Sa} | {Q}.", "You can also make out | {Sn} | {Q}."),
    ("Daneben <ist/sind> | {Sn} | zu sehen.", "Next to it <there's/there are> | {Sn} | to be seen."),
    ("Mit dabei <ist/sind> | {Sn} | {Q}.", "Also there <is/are> | {Sn} | {Q}."),
)  # fmt: skip
SIDES: dict[str, tuple[Pair, ...]] = {
    "left": (
        ("auf der linken Seite", "on the left-hand side"),
        ("ganz links", "on the far left"),
        ("im linken Teil", "in the left part"),
        ("links", "on the left"),
    ),
    "right": (
        ("auf der rechten Seite", "on the right-hand side"),
        ("ganz rechts", "on the far right"),
        ("im rechten Teil", "in the right part"),
        ("rechts", "on the right"),
    ),
}
TIMES: dict[str, tuple[Pair, ...]] = {
    "day": (
        ("Es war gegen 14 Uhr | und taghell.", "It was around two in the afternoon | and broad daylight."),
        ("Das geschah am hellen Mittag.", "It happened in bright midday light."),
        ("Tagsüber | ist hier viel los.", "During the day | there's a lot going on here."),
    ),
    "evening": (
        ("Die Sonne ging | gerade unter.", "The sun was | just setting."),
        ("Im warmen Abendlicht | wirkt alles ruhig.", "In the warm evening light | everything seems calm."),
        ("Gegen Abend | färbte sich der Himmel orange.", "Towards evening | the sky turned orange."),
    ),
    "night": (
        ("Es war längst dunkel.", "It had long been dark."),
        ("Mitten in der Nacht | war kaum jemand unterwegs.", "In the middle of the night | hardly anyone was out and about."),
        ("Gegen 23 Uhr | lag alles im Dunkeln.", "At around eleven at night | everything lay in darkness."),
    ),
}  # fmt: skip
WEATHERS: dict[str, tuple[Pair, ...]] = {
    "clear": (
        ("Der Himmel war klar, | keine Wolke zu sehen.", "The sky was clear, | not a cloud to be seen."),
        ("Das Wetter spielte mit: | klarer Himmel.", "The weather played along: | clear sky."),
    ),
    "cloudy": (
        ("Dichte Wolken | hingen über dem Ort.", "Thick clouds | hung over the place."),
        ("Der Himmel | blieb grau und bewölkt.", "The sky | remained grey and cloudy."),
    ),
    "rain": (
        ("Es regnete | in Strömen.", "It was pouring | with rain."),
        ("Starker Regen | machte allen zu schaffen.", "Heavy rain | troubled everyone."),
    ),
    "snow": (
        ("Dicke Flocken fielen, | alles war weiß.", "Thick snowflakes fell, | everything was white."),
        ("Bei dichtem Schneefall | wurde der Boden weiß.", "In heavy snowfall | the ground turned white."),
    ),
    "fog": (
        ("Dichter Nebel | nahm die Sicht.", "Dense fog | blocked the view."),
        ("Im Nebel | war kaum etwas zu erkennen.", "In the fog | hardly anything could be made out."),
    ),
}  # fmt: skip
BACKDROPS: dict[str, tuple[Pair, ...]] = {
    "skyline": (("Dahinter ragen | Hochhäuser auf.", "Behind it | high-rises tower up."),),
    "hills": (("Dahinter liegen | sanfte Hügel.", "Behind it lie | gentle hills."),),
    "open": (("Dahinter ist | nur der weite Horizont.", "Behind it there's | only the wide horizon."),),
    "forest": (("Gleich dahinter | beginnt der Wald.", "Right behind it | the woods begin."),),
    "houses": (("Dahinter stehen | alte Häuser.", "Behind it stand | old houses."),),
    "church": (("Dahinter ragt | ein Kirchturm auf.", "Behind it | a church tower rises."),),
    "peaks": (("Dahinter leuchten | die Gipfel.", "Behind it | the peaks gleam."),),
    "full_stand": (("Die Tribüne ist | voll besetzt.", "The stand is | full of spectators."),),
    "empty_stand": (("Die Tribüne | bleibt leer.", "The stand | stays empty."),),
    "curtain": (("Dahinter hängt | ein roter Vorhang.", "Behind it hangs | a red curtain."),),
    "screen": (("Dahinter flimmert | eine große Leinwand.", "Behind it flickers | a large screen."),),
    "blue_wall": (("Die Wand dahinter | ist blau.", "The wall behind it | is blue."),),
    "wood_wall": (("Die Wand dahinter | ist aus Holz.", "The wall behind it | is made of wood."),),
    "grey_wall": (("Die Wand dahinter | ist grau.", "The wall behind it | is grey."),),
    "windows": (("Durch hohe Fenster | fällt Licht.", "Through tall windows | light falls in."),),
}  # fmt: skip
LEADS: tuple[Pair, ...] = (
    ("In {city} | ist das am Montag | Thema gewesen.", "In {city} | this was | the talk of the town on Monday."),
    ("Am Dienstag | war in {city} | viel zu besprechen.", "On Tuesday | there was a lot to discuss | in {city}."),
    ("Die Stadt {city} | kommt nicht zur Ruhe.", "The town of {city} | isn't coming to rest."),
    ("Seit Mittwoch | wird darüber in {city} | gesprochen.", "Since Wednesday | people in {city} | have been talking about it."),
    ("Die Polizei in {city} | bestätigte am Freitag | den Bericht.", "The police in {city} | confirmed the report | on Friday."),
    ("Für viele Bürger | in {city} | war es ein besonderer Tag.", "For many citizens | in {city} | it was a special day."),
    ("Seit Wochen | wird in {city} | darüber gestritten.", "For weeks | people in {city} | have argued about it."),
)  # fmt: skip
FILLERS: tuple[Pair, ...] = (
    ("Verletzt wurde | nach ersten Angaben | niemand.", "According to initial reports, | nobody | was hurt."),
    ("Das sagte ein Sprecher | dieser Zeitung.", "That's what a spokesman told | this newspaper."),
    ("Die Kosten | liegen bei zwei Millionen Euro.", "The costs | amount to two million euros."),
    ("„Das haben wir so | noch nicht erlebt“, | sagt er.", "\"We haven't experienced | anything like this\", | he says."),
    ("Wie es weitergeht, | ist offen.", "How things will continue | isn't clear."),
    ("Er ist | seit acht Jahren | dabei.", "He's been | with them | for eight years."),
    ("Eine Entscheidung | fällt im Herbst.", "A decision | will be made in autumn."),
    ("Die Zahlen | sind besser als im Vorjahr.", "The figures | are better than last year."),
    ("Mehr will die Verwaltung | dazu nicht sagen.", "The administration doesn't want | to say more about it."),
    ("Der Rat | berät am Donnerstag.", "The council | will meet on Thursday."),
    ("„Wir sind sehr zufrieden“, | hieß es.", "\"We're very satisfied\", | they said."),
    ("Damit hatte | niemand gerechnet.", "Nobody | had expected that."),
)  # fmt: skip
ASIDES: tuple[Pair, ...] = (
    ("Im Vorjahr | gab es hier ein Hochwasser.", "Last year | there was a flood here."),
    ("Am Abend zuvor | hatte es im Stadion gebrannt.", "The evening before | there'd been a fire in the stadium."),
    ("Früher | war hier ein Bahnhof.", "In the past | there was a railway station here."),
    ("Nebenan | soll ein Flughafen entstehen.", "Next door | an airport is to be built."),
    ("Am Sonntag | gibt es dort ein Konzert.", "On Sunday | there's a concert there."),
    ("Bis zum Hafen | sind es zehn Kilometer.", "It's ten kilometres | to the harbour."),
    ("Der Markt | fällt deshalb aus.", "The market | is therefore cancelled."),
    ("Im Sommer | fahren viele an den Strand.", "In summer | many go to the beach."),
)  # fmt: skip
ELSEWHERE: tuple[Pair, ...] = (
    ("Ein Foto vom Vorjahr zeigt dort | {Xa}.", "A photo from last year shows | {Xn} there."),
    ("Früher gab es hier | {Xa}.", "There used to be | {Xn} here."),
    ("Geplant fürs Frühjahr: | {Xn}.", "Planned for spring: | {Xn}."),
    ("{other} hatte zuletzt | {Xa}.", "{other} recently had | {Xn}."),
    ("Von {other} kennt man | {Xa}.", "{other} is known for | {Xn}."),
)  # fmt: skip
"""Sentences that name what the picture does not show, as the background of a news item does."""

TITLE_SHARES = (8, 2, 1)
"""Of headlines that name the main object, the kind of scene alone, and neither."""
COLOURED = 0.8
"""Share of the headlines naming the main object that tell its colour and number too."""
LEAD_SHARE = 0.1
ASIDE_SHARE = 0.6
AROUND = 2
"""How many sentences of time, weather and horizon."""
ABSENT = 2
"""How many sentences on objects that are not in the picture."""

_BY_MAIN = re.compile(r"\[([^/\]]*)/([^\]]*)\]")
_BY_SECOND = re.compile(r"<([^/>]*)/([^>]*)>")

Chunks = list[Pair]


class _Writer:
    """Fills templates for one scene."""

    def __init__(self, scene: Scene, rng: random.Random) -> None:
        self.scene, self.rng = scene, rng
        self.city = rng.choice(CITIES)

    def slots(self) -> dict[str, Pair]:
        s = self.scene
        other = "right" if s.side == "left" else "left"
        slots = {"city": self.city, "other": self.rng.choice(CITIES)}
        kinds = sorted(KINDS)
        kinds.remove(s.kind)
        mains = KINDS[self.rng.choice(kinds)].mains
        absent = self.rng.choice(sorted(mains))
        most, colours = mains[absent]
        slots["P"] = self.rng.choice(SIDES[other])
        slots["Q"] = self.rng.choice(SIDES[s.side])
        for letter, name, colour, count in (
            ("M", s.main, s.colour, s.count),
            ("S", s.second, s.second_colour, s.second_count),
            ("X", absent, self.rng.choice(colours), self.rng.randint(1, most)),
        ):
            for case in "nadb":
                slots[letter + case] = phrase(name, colour, count, case)
            one, many = VERBS[NOUNS[name].verb]
            slots[letter + "v"] = one if count == 1 else many
        return slots

    def fill(self, pair: Pair) -> Chunks:
        slots = self.slots()
        sides: list[list[str]] = []
        for language, template in enumerate(pair):
            text = template
            for pattern, count in (
                (_BY_MAIN, self.scene.count),
                (_BY_SECOND, self.scene.second_count),
            ):
                text = pattern.sub(r"\1" if count == 1 else r"\2", text)
            for name, phrases in slots.items():
                text = text.replace("{" + name + "}", phrases[language])
            sides.append([_capital(text)] if " | " not in text else _capital(text).split(" | "))
        return list(zip(*sides, strict=True))


def _capital(text: str) -> str:
    for place, letter in enumerate(text):
        if letter.isalpha():
            return text[:place] + letter.upper() + text[place + 1 :]
    return text


def _coloured(headline: Pair) -> Pair:
    """A headline that also tells the main object's colour and number."""
    return headline[0].replace("{Mb}", "{Mn}"), headline[1].replace("{Mb}", "{Mn}")


def _flaws(chunks: list[Chunks], rng: random.Random) -> list[Chunks]:
    """The blemishes of real snippets, in the German alone: NBSP before a unit, soft hyphens,
    typewriter's quotation marks."""
    straight = rng.random() < 0.2
    out = []
    for chunk_list in chunks:
        new = []
        for german, english in chunk_list:
            german = german.replace(" Uhr", "\u00a0Uhr")
            for word, at in (("Schlauchboot", 8), ("Feuerwehrauto", 9), ("Hochhäuser", 4)):
                if word in german and rng.random() < 0.3:
                    german = german.replace(word, word[:at] + "\u00ad" + word[at:])
            if straight:
                german = german.translate({ord("„"): '"', ord("“"): '"'})
            new.append((german, english))
        out.append(new)
    return out


@dataclass(frozen=True)
class Snippet:
    """A scene's texts."""

    title: str
    text: str
    title_en: str
    text_en: str


def _attempt(scene: Scene, rng: random.Random) -> Snippet:
    writer = _Writer(scene, rng)
    titles = rng.choices(
        (TITLES[scene.kind], (KIND_TITLES[scene.kind],), VAGUE_TITLES), TITLE_SHARES
    )[0]
    headline = rng.choice(titles)
    told = "{Mb}" in headline[0] and rng.random() < COLOURED
    if told:
        headline = _coloured(headline)
    title, title_en = writer.fill(headline)[0]
    facts: list[tuple[float, Pair]] = [(0.3, rng.choice(SECOND))]
    if not told or rng.random() < 0.3:
        facts.append((0.0, rng.choice(MAIN)))
    around = [rng.choice(BACKDROPS[scene.backdrop])]
    if scene.time:
        around += [rng.choice(TIMES[scene.time]), rng.choice(WEATHERS[scene.weather])]
    facts += [(0.5, pair) for pair in rng.sample(around, min(AROUND, len(around)))]
    facts += [(1.0, pair) for pair in rng.sample(FILLERS, 2)]
    facts += [(1.1, pair) for pair in rng.sample(ELSEWHERE, ABSENT)]
    if rng.random() < ASIDE_SHARE:
        facts.append((1.2, rng.choice(ASIDES)))
    # The important comes first, as in news; but each text has its own order.
    facts = [(weight + rng.random(), pair) for weight, pair in facts]
    order = [pair for _, pair in sorted(facts)]
    if rng.random() < LEAD_SHARE:
        order.insert(0, rng.choice(LEADS))
    order += [filler for filler in FILLERS if filler not in order][:2]
    sentences = _flaws([writer.fill(pair) for pair in order], rng)
    german = english = ""
    for number, sentence in enumerate(sentences):
        # Now and then a paragraph's end is lost: "hatte.Die".
        gap = "" if number == 0 or rng.random() < 0.12 else " "
        for place, (de, en) in enumerate(sentence):
            longer = german + (gap if place == 0 else " ") + de
            if len(longer) > MAX_CHARS:
                return Snippet(title, german, title_en, english)
            german = longer
            english += (" " if english else "") + en
    return Snippet(title, german, title_en, english)


def write(scene: Scene) -> Snippet:
    """The scene's snippet: 40 to 60 German words, the text at most 256 characters."""
    for attempt in range(1000):
        snippet = _attempt(scene, stream(scene.seed, f"words {attempt}"))
        count = len(snippet.title.split()) + len(snippet.text.split())
        if WORDS[0] <= count <= WORDS[1]:
            return snippet
    raise RuntimeError(f"the grammar finds no snippet of {WORDS} words for scene {scene.seed}")


def caption(scene: Scene, number: int) -> str:
    """The `number`-th English caption of a scene: what its picture shows, in any order.

    Captions share the snippets' sentences on the picture, but none of the background that news
    adds: a model that learns from them meets that for the first time in the snippets, as CLIP,
    which learns from captions, does.
    """
    rng = stream(scene.seed, f"caption {number}")
    writer = _Writer(scene, rng)
    pairs = [rng.choice(MAIN), rng.choice(SECOND), rng.choice(BACKDROPS[scene.backdrop])]
    if scene.time:
        pairs += [rng.choice(TIMES[scene.time]), rng.choice(WEATHERS[scene.weather])]
    rng.shuffle(pairs)
    if rng.random() < 0.6:
        headline = rng.choice(TITLES[scene.kind])
        pairs.insert(0, _coloured(headline) if rng.random() < COLOURED else headline)
    elif rng.random() < 0.6:
        pairs.insert(0, KIND_TITLES[scene.kind])
    return " ".join(english for pair in pairs for _, english in writer.fill(pair))
