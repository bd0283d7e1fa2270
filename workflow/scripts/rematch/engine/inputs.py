"""What rules read, and what of it counts: files by their contents, code and packages by theirs.

Everything here is a value that a rule carries as a parameter, so that a job runs again when it has
changed, whatever the times of files say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rematch.config import TABLE_KEYS, Asked, as_list, fingerprint
from rematch.corpus import photo_files
from rematch.engine.codehash import code_hash, method_code
from rematch.errors import UserError
from rematch.methods import FAMILIES, methods
from rematch.storage import PHOTO_BYTES, Contents


class Inputs:
    """What the rules of one configuration read.

    Args:
        asked: the configuration, as rules ask of it.
        contents: digests of files, kept from one start to the next.
        root: the project's folder.
        made: files that a rule makes: the demo's.
        versions: of packages.
        statistics: files of word statistics.
        marks: Snakemake's, of an input whose time says nothing (`ancient`), and of a file that
            stays where it is if the results are moved (`local`).
        results: the folder of results.
    """

    def __init__(
        self,
        asked: Asked,
        contents: Contents,
        root: Path,
        made: Sequence[str],
        versions: Mapping[str, str],
        statistics: list[str],
        marks: tuple[Callable[[Any], Any], Callable[[Any], Any]],
        results: str = "results",
    ) -> None:
        self._asked, self._config, self._contents = asked, asked.config, contents
        self._scripts = root / "workflow/scripts"
        self._roots = (self._scripts, root / "resources/demo")
        self._made, self._versions, self._results = made, versions, results
        self._ancient, self._stays = marks
        self.statistics = [self._stays(path) for path in statistics]

    def code(self, script: str) -> str:
        """What a rule's results owe to its script and the modules that it imports."""
        return code_hash(self._scripts / script, self._roots, self._contents.result)

    def methods_of(self, section: str, axis: str) -> Callable[[Any], Any]:
        """The code of the methods that an entry names, each of its own; see `rematch.methods`."""

        def chosen(wildcards: Any) -> Any:
            named = self._config[section][wildcards[axis]].get(FAMILIES[section].key)
            return method_code(section, named, self._roots, self._contents.result)

        return chosen

    def blend_code(self, wildcards: Any) -> Any:
        """The code of an ensemble's blend."""
        named = self._asked.blend_entry(wildcards)["kind"]
        return method_code("blends", named, self._roots, self._contents.result)

    def corpus_files(self, wildcards: Any) -> dict[str, list[Any]]:
        """The corpus' tables by role, as the config gives them."""
        corpus = self._config["corpora"][wildcards.corpus]
        roles = ("pairs", "articles", "images", "truth")
        return {
            role: [self.by_content(path) for path in as_list(corpus[role])]
            for role in roles
            if role in corpus
        }

    def corpus_inputs(self, wildcards: Any) -> dict[str, Any]:
        """The corpus' tables, and its photos or the list of those that came by URL."""
        corpus = self._config["corpora"][wildcards.corpus]
        files = self.corpus_files(wildcards)
        if "download" in corpus:
            files["downloads"] = self.downloads(wildcards)
        elif "photos" in corpus:
            files["photos"] = self.by_content(corpus["photos"])
        return files

    def downloads(self, wildcards: Any) -> Any:
        """The list of a corpus' photos that came by URL, if they do."""
        fetched = "download" in self._config["corpora"][wildcards.corpus]
        return f"results/{wildcards.corpus}/corpus/downloads.parquet" if fetched else []

    def by_content(self, path: str) -> Any:
        """Somebody's file or folder: its content is a parameter, and its time says nothing.

        Not so of a file that some job writes: its `ancient` readers would miss that job's reasons.
        """
        return self._stays(path if path in self._made else self._ancient(path))

    def table_contents(self, wildcards: Any) -> str:
        """What the corpus' tables hold, whatever their times say."""
        files = [path for paths in self.corpus_files(wildcards).values() for path in paths]
        return fingerprint([self._contents.of(path) for path in files])

    def photo_contents(self, wildcards: Any) -> str | None:
        """What the files hold of the photos that the corpus' tables name; no others are opened."""
        folder = self._config["corpora"][wildcards.corpus].get("photos")
        if folder is None:
            return None
        files = self._asked.entry("corpora", "corpus", *TABLE_KEYS)(wildcards)

        def names() -> str:
            from rematch.corpus import CorpusSpec, photo_names  # heavy, and seldom needed

            try:
                return json.dumps(photo_names(CorpusSpec.from_config(files)))
            except (UserError, OSError):
                return "[]"  # the job will say it

        tables = [path for paths in self.corpus_files(wildcards).values() for path in paths]
        layouts = self.methods_of("corpora", "corpus")(wildcards)
        name = f"photos {wildcards.corpus} {fingerprint([files, layouts])} {self.code('corpus.py')}"
        known = json.loads(self._contents.result(name, tables, names))
        found = self._contents.chosen(folder, lambda files: photo_files(known, files), PHOTO_BYTES)
        return fingerprint(found)

    def translation_memory(self, wildcards: Any) -> Any:
        """The memory as an input where it is a file that somebody keeps; a store grows."""
        translation = self._config["translations"][wildcards.translation]
        # The demo's too: the job that makes it makes the articles, which are reason enough.
        if translation["backend"] != "memory":
            return []
        return self._stays(self._ancient(translation["memory"]))

    def needed_translations(self, wildcards: Any) -> str | None:
        """A kept memory's translations of the corpus' texts: what else it holds may change."""
        translation = self._config["translations"][wildcards.translation]
        if translation["backend"] != "memory":
            return None
        articles = f"{self._results}/{wildcards.corpus}/corpus/articles.parquet"
        memory, source, target = (translation[key] for key in ("memory", "source", "target"))

        def digest() -> str:
            from rematch import forms  # heavy, and seldom needed
            from rematch.storage import tables
            from rematch.text import recall

            try:
                held = recall(memory, source, target).translations
                table = tables.read(articles, forms.ARTICLES)
            except (UserError, OSError) as error:
                return str(error)  # the job will say it where it belongs
            texts = {text for name in ("title", "text") for text in table[name].to_pylist()}
            return fingerprint({text: held[text] for text in texts if text in held})

        name = f"{wildcards.corpus} {wildcards.translation} {source} {target}"
        return self._contents.result(name, [articles, memory], digest)

    def translator_weights(self, wildcards: Any) -> Any:
        """Of a translator that runs on this machine."""
        model = self._config["translations"][wildcards.translation].get("model")
        return model and self._contents.of(model)

    def translator_packages(self, wildcards: Any) -> dict[str, str] | None:
        """Those that compute a translation on this machine; a service's answers depend on none."""
        backend = self._config["translations"][wildcards.translation]["backend"]
        own = methods("translations")[backend].method.packages
        return self.packages(*own) if own else None

    def needs_statistics(self, wildcards: Any) -> list[str]:
        steps = self._config["cleanings"][wildcards.cleaning]["steps"]
        known = methods("cleanings")
        reads = any("statistics" in known[step].method.traits for step in steps)
        needed = self._asked.language(wildcards) == "en" and reads
        return self.statistics if needed else []

    def statistics_source(self, wildcards: Any = None) -> list[Any]:
        """Where word statistics come from, and what it holds if it is somebody's file or folder."""
        source = self._config["word_statistics"]
        return [source, None if source in ("wordfreq", "ekphrasis") else self._contents.of(source)]

    def statistics_used(self, wildcards: Any) -> list[Any] | None:
        """All that the word statistics of a cleaning depend on."""
        if not self.needs_statistics(wildcards):
            return None
        return [
            *self.statistics_source(),
            self.code("word_statistics.py"),
            self.packages("wordfreq", "ekphrasis"),
        ]

    def checkpoint(self, wildcards: Any) -> list[Any]:
        """The files that a model is loaded from, where the config names them."""
        model = self._config["models"][wildcards.model]
        described = model.get("architecture", "")
        files = [model["checkpoint"]] if "checkpoint" in model else []
        files += [described] if described.endswith(".json") else []
        return [self.by_content(path) for path in files]

    def model_weights(self, wildcards: Any) -> list[Any]:
        """What a model's files hold."""
        return [self._contents.of(path) for path in self.checkpoint(wildcards)]

    def model_packages(self, wildcards: Any) -> dict[str, str]:
        """Those that load a model and compute with it."""
        backend = self._config["models"][wildcards.model]["backend"]
        own = methods("models")[backend].method.packages
        return self.packages("torch", "torchvision", "numpy", "pillow", *own)

    def scorer_packages(self, wildcards: Any) -> dict[str, str]:
        """Those that compute scores."""
        kind = self._config["scorers"][wildcards.scorer]["kind"]
        return self.packages("numpy", *methods("scorers")[kind].method.packages)

    def reference(self) -> Any:
        """The table of published figures, if there is one."""
        reference = self._config["evaluation"].get("reference")
        return self.by_content(reference) if reference else []

    def reference_contents(self, wildcards: Any) -> Any:
        """What the table of published figures holds."""
        reference = self._config["evaluation"].get("reference")
        return reference and self._contents.of(reference)

    def packages(self, *names: str) -> dict[str, str]:
        """Versions of packages that a rule's numbers depend on."""
        return {name: self._versions[name] for name in names}
