# Photos once a model, texts once a model and translation -> L2-normalised embeddings.


rule embed_images:
    input:
        images="results/{corpus}/corpus/images.parquet",
        checkpoint=checkpoint,
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
        model=entry("models", "model", "backend", "name", "checkpoint", "architecture", "precision"),
        weights=model_weights,
        encoding=encoding(*ENCODING_KEYS),
        software=model_packages,
        encoder=code("embed_images.py"),
        code=code("embed_images.py"),
    message:
        "encoding the photos of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_images.py"


# One start of the model for all word counts and cleanings. Texts that share a beginning share work.
rule encode_texts:
    input:
        queries=expand(
            "results/{{corpus}}/text/{{translation}}/{cleaning}/w{words}.parquet",
            cleaning=SWEEP["cleaning"],
            words=SWEEP["words"],
        ),
        checkpoint=checkpoint,
    output:
        update("results/{corpus}/embeddings/{model}/{translation}.vectors.arrow"),
    log:
        "results/logs/encode_texts/{corpus}.{model}.{translation}.log",
    benchmark:
        "results/benchmarks/encode_texts/{corpus}.{model}.{translation}.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG["encoding"]["threads"]
    resources:
        mem_mb=scaled(3000, 4),
        runtime=scaled(120, 1),
        gpu=int(CONFIG["encoding"]["device"] == "cuda"),
    params:
        model=entry("models", "model"),
        weights=model_weights,
        encoding=encoding(*TEXT_KEYS),
        software=model_packages,
        encoder=code("encode_texts.py"),
        code=code("encode_texts.py"),
    message:
        "encoding the {wildcards.translation} texts of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/encode_texts.py"


# Takes vectors out of what the rule above made. New ones there are no reason to take these again, so
# that file is `ancient`; what would change a vector is a parameter here too.
rule embed_texts:
    input:
        queries="results/{corpus}/text/{translation}/{cleaning}/w{words}.parquet",
        vectors=ancient("results/{corpus}/embeddings/{model}/{translation}.vectors.arrow"),
    output:
        "results/{corpus}/embeddings/{model}/{translation}.{cleaning}.w{words}.arrow",
    log:
        "results/logs/embed_texts/{corpus}.{model}.{translation}.{cleaning}.w{words}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(3000, 4),
        runtime=scaled(10, 1),
    params:
        model=entry("models", "model"),
        weights=model_weights,
        encoding=encoding(*TEXT_KEYS),
        software=model_packages,
        encoder=code("encode_texts.py"),
        code=code("embed_texts.py"),
    message:
        "embeddings of {wildcards.words} words of {wildcards.corpus} with {wildcards.model}"
    script:
        "../scripts/embed_texts.py"
