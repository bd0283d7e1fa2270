# Photos once a model, texts once a word count -> L2-normalised embeddings.


rule embed_images:
    input:
        images="results/{corpus}/corpus/images.parquet",
        checkpoint=checkpoint,
    output:
        "results/{corpus}/embeddings/{model}/images.arrow",
    log:
        "results/logs/embed_images/{corpus}.{model}.log",
    benchmark:
        "results/benchmarks/embed_images/{corpus}.{model}.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG["encoding"]["threads"]
    resources:
        gpu=int(CONFIG["encoding"]["device"] == "cuda"),
    params:
        # Without the prompt, which is for texts.
        model=entry("models", "model", "backend", "name", "checkpoint", "architecture", "precision"),
        weights=model_weights,
        device=CONFIG["encoding"]["device"],
        threads=CONFIG["encoding"]["threads"],
        code=code("embed_images.py"),
    message:
        "encoding the photos of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_images.py"


rule embed_texts:
    input:
        queries="results/{corpus}/text/{translation}/{cleaning}/w{words}.parquet",
        checkpoint=checkpoint,
    output:
        "results/{corpus}/embeddings/{model}/{translation}.{cleaning}.w{words}.arrow",
    log:
        "results/logs/embed_texts/{corpus}.{model}.{translation}.{cleaning}.w{words}.log",
    benchmark:
        "results/benchmarks/embed_texts/{corpus}.{model}.{translation}.{cleaning}.w{words}.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG["encoding"]["threads"]
    resources:
        gpu=int(CONFIG["encoding"]["device"] == "cuda"),
    params:
        model=entry("models", "model"),
        weights=model_weights,
        device=CONFIG["encoding"]["device"],
        threads=CONFIG["encoding"]["threads"],
        code=code("embed_texts.py"),
    message:
        "encoding {wildcards.words} words of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_texts.py"
