"""What is wrong with the runs and corpora that a configuration wants others compared with."""

from __future__ import annotations

from collections.abc import Iterator

from rematch.config.faults import near, short
from rematch.config.sweep import Config, banks, describe_runs, used


def comparison_faults(config: Config) -> Iterator[str]:
    """The faults of `ablation` and of `evaluation.baseline`, a line each."""
    corpora = config["sweep"]["corpus"]
    for axis, value in config.get("ablation", {}).items():
        values = used(config, axis)
        if value not in values:
            yield (
                f"ablation.{axis}: no run has {value!r}, sweep.{axis} is {short(values)}; "
                "add it there or name another"
            )
    said = config["evaluation"].get("baseline")
    if said is not None:
        runs = [each for corpus in corpora for each in describe_runs(config, corpus)]
        names = {str(name) for each in runs for name in (each["run"], each["ensemble"]) if name}
        if said not in names:
            known = sorted(names)
            yield f"evaluation.baseline: no run is called {said!r}{near(said, known)}"


def bank_faults(config: Config) -> Iterator[str]:
    """The faults of corpora whose texts are a scorer's bank, a line each."""
    for corpus in config["sweep"]["corpus"]:
        for name, bank in banks(config, corpus).items():
            if bank not in config["corpora"]:
                known = [*config["corpora"], "gallery"]
                yield f"scorers.{name}.bank: there is no corpus {bank!r}{near(bank, known)}"
            elif bank == corpus:
                yield (
                    f"scorers.{name}.bank: {bank} would be its own bank; name another corpus, or "
                    "gallery"
                )
