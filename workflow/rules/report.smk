# Pages that only `snakemake --report` shows, and the numbers that its captions quote.


rule rejects:
    input:
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
        rejects="results/{corpus}/corpus/rejects.parquet",
    output:
        report(
            "results/{corpus}/rejects.html",
            caption="../report/rejects.rst",
            category="{corpus}",
            labels={"result": "corpus and refused rows"},
        ),
    log:
        "results/logs/rejects/{corpus}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("rejects.py"),
    message:
        "counting what was refused of {wildcards.corpus}"
    script:
        "../scripts/rejects.py"


rule cleaning:
    input:
        changes_by_cleaning,
    output:
        report(
            "results/{corpus}/cleaning.html",
            caption="../report/cleaning.rst",
            category="{corpus}",
            labels={"result": "what cleaning changed"},
        ),
    log:
        "results/logs/cleaning/{corpus}.log",
    conda:
        "../../environment.yml"
    params:
        variants=cleaned_variants,
        code=code("cleaning.py"),
    message:
        "showing what cleaning changed in {wildcards.corpus}"
    script:
        "../scripts/cleaning.py"


# The page shows the whole configuration, so any change of it makes the page again.
rule setup:
    output:
        report(
            "results/setup.html",
            caption="../report/setup.rst",
            category="setup",
            labels={"result": "configuration and versions"},
        ),
    log:
        "results/logs/setup.log",
    conda:
        "../../environment.yml"
    params:
        config=fingerprint([CONFIG, NOTES]),
        versions=fingerprint(VERSIONS),
        code=code("setup.py"),
    message:
        "noting configuration and versions"
    script:
        "../scripts/setup.py"


# Last of all: it looks at what all the others made. It reads its earlier record, which says on which
# machine the files came about that are not made again.
rule provenance:
    input:
        products(),
    output:
        record=update("results/provenance.json"),
        crate="results/ro-crate-metadata.json",
    log:
        "results/logs/provenance.log",
    conda:
        "../../environment.yml"
    params:
        config=fingerprint(CONFIG),
        code=code("provenance.py"),
    message:
        "noting what each number rests on"
    script:
        "../scripts/provenance.py"


# For the scripts above, and for captions, which see nothing but the config.
config["notes"] = NOTES
config["versions"] = VERSIONS
config["numbers"] = caption_numbers()
