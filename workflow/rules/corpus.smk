# A corpus as published -> articles, photos, the truth, and what was refused.


rule demo_corpus:
    output:
        articles=local(f"{DEMO}/articles.tsv"),
        memory=local(f"{DEMO}/translations.tsv"),
        photos=local(directory(f"{DEMO}/images")),
    log:
        "results/logs/demo_corpus.log",
    benchmark:
        "results/benchmarks/demo_corpus.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 0),
        runtime=scaled(30, 0),
    params:
        code=inputs.code("demo_corpus.py"),
    message:
        "drawing the demo corpus"
    script:
        "../scripts/demo_corpus.py"


# The folder of photos is no output: it outlives results/, and a run adds to it what is missing.
rule download:
    input:
        unpack(inputs.corpus_files),
    output:
        "results/{corpus}/corpus/downloads.parquet",
    log:
        "results/logs/download/{corpus}.log",
    benchmark:
        "results/benchmarks/download/{corpus}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        downloads=1,
    params:
        files=asked.entry("corpora", "corpus", *TABLE_KEYS, "photos"),
        contents=inputs.table_contents,
        download=asked.download_limits,
        code=inputs.code("download.py"),
        methods=inputs.methods_of("corpora", "corpus"),
    message:
        "fetching the photos of {wildcards.corpus}"
    script:
        "../scripts/download.py"


# Apart from the photos, so that another photo is no reason to translate and clean again.
rule articles:
    input:
        unpack(inputs.corpus_files),
    output:
        "results/{corpus}/corpus/articles.parquet",
    log:
        "results/logs/articles/{corpus}.log",
    benchmark:
        "results/benchmarks/articles/{corpus}.tsv"
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        files=asked.entry("corpora", "corpus", *TABLE_KEYS),
        contents=inputs.table_contents,
        code=inputs.code("articles.py"),
        methods=inputs.methods_of("corpora", "corpus"),
    message:
        "reading the articles of {wildcards.corpus}"
    script:
        "../scripts/articles.py"


rule columns:
    input:
        unpack(inputs.corpus_files),
    output:
        f"{asked.place}/{{corpus}}/columns.parquet",
    log:
        f"results/logs/columns/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/columns/{EXPERIMENT}.{{corpus}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        files=asked.entry("corpora", "corpus", *TABLE_KEYS, "strata"),
        contents=inputs.table_contents,
        code=inputs.code("columns.py"),
        methods=inputs.methods_of("corpora", "corpus"),
    message:
        "reading columns of {wildcards.corpus}"
    script:
        "../scripts/columns.py"


rule corpus:
    input:
        unpack(inputs.corpus_inputs),
    output:
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
        rejects="results/{corpus}/corpus/rejects.parquet",
        unpaired="results/{corpus}/corpus/unpaired.parquet",
        counts="results/{corpus}/corpus/counts.parquet",
        # Kept for the next reading, which opens new photos only.
        photos=update("results/{corpus}/corpus/photos.parquet"),
    log:
        "results/logs/corpus/{corpus}.log",
    benchmark:
        "results/benchmarks/corpus/{corpus}.tsv"
    priority: 1  # what is wrong with a corpus is said before anything else is done
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=scaled(2000, 20),
        runtime=scaled(60, 4),
    params:
        files=asked.entry("corpora", "corpus", *TABLE_KEYS, "photos"),
        contents=inputs.table_contents,
        photos=inputs.photo_contents,
        software=inputs.packages("pillow"),
        code=inputs.code("corpus.py"),
        methods=inputs.methods_of("corpora", "corpus"),
    message:
        "reading corpus {wildcards.corpus}"
    script:
        "../scripts/corpus.py"
