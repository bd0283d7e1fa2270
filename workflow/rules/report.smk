# Pages that only `snakemake --report` shows, and the numbers that its captions quote.


# Whether a query is empty does not depend on the number of words: cleaned texts are enough.
rule losses:
    input:
        articles="results/{corpus}/corpus/articles.parquet",
        counts="results/{corpus}/corpus/counts.parquet",
        rejects="results/{corpus}/corpus/rejects.parquet",
        unpaired="results/{corpus}/corpus/unpaired.parquet",
        downloads=inputs.downloads,
        untranslated=asked.untranslated_texts,
        cleaned=asked.of_cleanings("cleaned.parquet"),
    output:
        csv=f"{asked.place}/{{corpus}}/losses.csv",
        page=report(
            f"{asked.place}/{{corpus}}/losses.html",
            caption="../report/losses.rst",
            category="{corpus}",
            labels={"result": "corpus and losses"},
        ),
    log:
        f"results/logs/losses/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/losses/{EXPERIMENT}.{{corpus}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        truth=lambda wildcards: asked.has_truth(wildcards.corpus),
        languages=asked.source_languages,
        fields=asked.query_fields,
        code=inputs.code("losses.py"),
    message:
        "counting what was lost of {wildcards.corpus}"
    script:
        "../scripts/losses.py"


rule cleaning:
    input:
        asked.of_cleanings("changes.parquet"),
    output:
        report(
            f"{asked.place}/{{corpus}}/cleaning.html",
            caption="../report/cleaning.rst",
            category="{corpus}",
            labels={"result": "what cleaning changed"},
        ),
    log:
        f"results/logs/cleaning/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/cleaning/{EXPERIMENT}.{{corpus}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        variants=asked.cleaned_variants,
        code=inputs.code("cleaning.py"),
    message:
        "showing what cleaning changed in {wildcards.corpus}"
    script:
        "../scripts/cleaning.py"


# The page shows the whole configuration, so any change of it makes the page again.
rule setup:
    output:
        report(
            f"{asked.place}/setup.html",
            caption="../report/setup.rst",
            category="setup",
            labels={"result": "configuration and versions"},
        ),
    log:
        f"results/logs/setup/{EXPERIMENT}.log",
    benchmark:
        f"results/benchmarks/setup/{EXPERIMENT}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        config=fingerprint([CONFIG, NOTES]),
        versions=fingerprint(VERSIONS),
        code=inputs.code("setup.py"),
    message:
        "noting configuration and versions"
    script:
        "../scripts/setup.py"


# Last of all: it looks at what all the others made. It reads its earlier record, which says on which
# machine the files came about that are not made again.
rule provenance:
    input:
        asked.products(),
    output:
        record=update(f"{asked.place}/provenance.json"),
        crate=f"{asked.place}/ro-crate-metadata.json",
    log:
        f"results/logs/provenance/{EXPERIMENT}.log",
    benchmark:
        f"results/benchmarks/provenance/{EXPERIMENT}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        config=fingerprint(CONFIG),
        code=inputs.code("provenance.py"),
    message:
        "noting what each number rests on"
    script:
        "../scripts/provenance.py"


# For the scripts above, and for captions, which see nothing but the config.
config["notes"] = NOTES
config["versions"] = VERSIONS
config.setdefault("made_by", {})
config["results"] = RESULTS
config["numbers"] = caption_numbers(PLACE, CONFIG["sweep"]["corpus"])
