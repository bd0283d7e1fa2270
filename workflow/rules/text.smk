# Articles -> translated -> cleaned -> the first N words.


rule word_statistics:
    output:
        # Files, which are compared by their contents, and not their folder, which is not.
        inputs.statistics,
    log:
        "results/logs/word_statistics.log",
    benchmark:
        "results/benchmarks/word_statistics.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        source=inputs.statistics_source,
        software=inputs.packages("wordfreq", "ekphrasis"),
        code=inputs.code("word_statistics.py"),
    message:
        "word statistics from {params.source[0]}"
    script:
        "../scripts/word_statistics.py"


rule translate:
    input:
        articles="results/{corpus}/corpus/articles.parquet",
        memory=inputs.translation_memory,
    output:
        translated="results/{corpus}/text/{translation}/translated.parquet",
        untranslated="results/{corpus}/text/{translation}/untranslated.parquet",
    log:
        "results/logs/translate/{corpus}.{translation}.log",
    benchmark:
        "results/benchmarks/translate/{corpus}.{translation}.tsv"
    # The services are asked from where Snakemake runs: a cluster's nodes often have no network.
    localrule: all(CONFIG["translations"][t]["backend"] != "marian" for t in used(CONFIG, "translation"))
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(4000, 20),
        runtime=scaled(60, 60),
    params:
        translation=asked.translation_entry,
        methods=inputs.methods_of("translations", "translation"),
        needed=inputs.needed_translations,
        weights=inputs.translator_weights,
        software=inputs.translator_packages,
        code=inputs.code("translate.py"),
    message:
        "translating {wildcards.corpus} ({wildcards.translation})"
    script:
        "../scripts/translate.py"


rule clean:
    input:
        texts="results/{corpus}/text/{translation}/translated.parquet",
        statistics=inputs.needs_statistics,
    output:
        cleaned="results/{corpus}/text/{translation}/{cleaning}/cleaned.parquet",
        changes="results/{corpus}/text/{translation}/{cleaning}/changes.parquet",
    log:
        "results/logs/clean/{corpus}.{translation}.{cleaning}.log",
    benchmark:
        "results/benchmarks/clean/{corpus}.{translation}.{cleaning}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 50),
        runtime=scaled(30, 15),
    params:
        cleaning=asked.entry("cleanings", "cleaning", "steps", "guard"),
        methods=inputs.methods_of("cleanings", "cleaning"),
        language=asked.language,
        statistics=inputs.statistics_used,
        software=inputs.packages("ftfy", "contractions", "ekphrasis"),
        code=inputs.code("clean.py"),
    message:
        "cleaning {wildcards.corpus} ({wildcards.translation}, {wildcards.cleaning})"
    script:
        "../scripts/clean.py"


rule words:
    input:
        "results/{corpus}/text/{translation}/{cleaning}/cleaned.parquet",
    output:
        "results/{corpus}/text/{translation}/{cleaning}/w{words}.parquet",
    log:
        "results/logs/words/{corpus}.{translation}.{cleaning}.w{words}.log",
    benchmark:
        "results/benchmarks/words/{corpus}.{translation}.{cleaning}.w{words}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(1000, 20),
        runtime=scaled(2, 1),
    params:
        cleaning=asked.entry("cleanings", "cleaning", "fields"),
        code=inputs.code("words.py"),
    message:
        "first {wildcards.words} words of {wildcards.corpus}"
    script:
        "../scripts/words.py"
