# Photos once a model, texts once a model and translation -> L2-normalised embeddings.


rule embed_images:
    input:
        images="results/{corpus}/corpus/images.parquet",
        checkpoint=inputs.checkpoint,
    output:
        embeddings="results/{corpus}/embeddings/{model}/images.arrow",
        # By pixels, of this run and earlier ones: what is in it is not encoded again.
        vectors=update("results/{corpus}/embeddings/{model}/photos.vectors.arrow"),
    log:
        "results/logs/embed_images/{corpus}.{model}.log",
    benchmark:
        "results/benchmarks/embed_images/{corpus}.{model}.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG["encoding"]["threads"]
    resources:
        mem_mb=scaled(3000, 4),
        runtime=scaled(240, 0.1),
        gpu=int(CONFIG["encoding"]["device"] == "cuda"),
    params:
        # Without the prompt, which is for texts.
        model=asked.model_entry("backend", "name", "architecture", "precision", "view"),
        methods=inputs.methods_of("models", "model"),
        weights=inputs.model_weights,
        encoding=asked.encoding(*ENCODING_KEYS),
        software=inputs.model_packages,
        code=inputs.code("embed_images.py"),
    message:
        "encoding the photos of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_images.py"


# The first of a sweep's jobs that meets a new text starts the model, and encodes what is new of all
# cleanings and word counts; the others find their vectors made. Where these are kept is no output:
# it serves many runs, so that a new text would be a reason to make all of them again.
rule embed_texts:
    input:
        queries="results/{corpus}/text/{translation}/{cleaning}/w{words}.parquet",
        checkpoint=inputs.checkpoint,
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
        mem_mb=scaled(3000, 4),
        runtime=scaled(120, 1),
        gpu=int(CONFIG["encoding"]["device"] == "cuda"),
    params:
        model=asked.text_model,
        methods=inputs.methods_of("models", "model"),
        weights=inputs.model_weights,
        encoding=asked.encoding(*TEXT_KEYS),
        software=inputs.model_packages,
        code=inputs.code("embed_texts.py"),
    message:
        "encoding {wildcards.words} words of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_texts.py"
