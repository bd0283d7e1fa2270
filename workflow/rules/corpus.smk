# A corpus as published -> articles, photos, the truth, and what was refused.


rule demo_corpus:
    output:
        articles=f"{DEMO}/articles.tsv",
        memory=f"{DEMO}/translations.tsv",
        photos=directory(f"{DEMO}/images"),
    log:
        "results/logs/demo_corpus.log",
    conda:
        "../../environment.yml"
    params:
        code=code("demo_corpus.py"),
    message:
        "drawing the demo corpus"
    script:
        "../scripts/demo_corpus.py"


# The folder of photos is no output: it outlives results/, and a run adds to it what is missing.
rule download:
    input:
        unpack(corpus_files),
    output:
        "results/{corpus}/corpus/downloads.parquet",
    log:
        "results/logs/download/{corpus}.log",
    conda:
        "../../environment.yml"
    resources:
        downloads=1,
    params:
        files=entry(
            "corpora", "corpus", "pairs", "articles", "images", "photos", "layout", "columns"
        ),
        download=download_limits,
        code=code("download.py"),
    message:
        "fetching the photos of {wildcards.corpus}"
    script:
        "../scripts/download.py"


rule corpus:
    input:
        unpack(corpus_inputs),
    output:
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
        rejects="results/{corpus}/corpus/rejects.parquet",
    log:
        "results/logs/corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    params:
        files=entry("corpora", "corpus"),
        photos=photo_listing,
        code=code("corpus.py"),
    message:
        "reading corpus {wildcards.corpus}"
    script:
        "../scripts/corpus.py"
