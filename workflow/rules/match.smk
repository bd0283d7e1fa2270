# Embeddings -> similarity -> rankings -> submissions. An ensemble blends similarities. The bank of a
# scorer is the texts of another corpus.


rule similarity:
    input:
        texts="results/{corpus}/embeddings/{model}/{translation}.{cleaning}.w{words}.arrow",
        images="results/{corpus}/embeddings/{model}/images.arrow",
        bank=asked.bank,
        tuned=asked.tuned_scorer,
    output:
        "results/{corpus}/runs/{translation}.{cleaning}.w{words}.{model}.{scorer}/similarity.arrow",
    log:
        "results/logs/similarity/{corpus}.{translation}.{cleaning}.w{words}.{model}.{scorer}.log",
    benchmark:
        "results/benchmarks/similarity/{corpus}.{translation}.{cleaning}.w{words}.{model}.{scorer}.tsv"
    wildcard_constraints:
        translation="|".join(CONFIG["translations"]),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(1000, 6),
        runtime=scaled(3, 1),
    params:
        scorer=asked.entry("scorers", "scorer"),
        methods=inputs.methods_of("scorers", "scorer"),
        software=inputs.scorer_packages,
        code=inputs.code("similarity.py"),
    message:
        "scoring {output}"
    script:
        "../scripts/similarity.py"


rule ensemble:
    input:
        members=asked.members,
        tuned=asked.tuned_weights,
    output:
        "results/{corpus}/runs/{run}/similarity.arrow",
    log:
        "results/logs/ensemble/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/ensemble/{corpus}.{run}.tsv"
    wildcard_constraints:
        run="|".join(map(re.escape, asked.ensembles)) or "(?!)",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 1),
        runtime=scaled(3, 0.1),
    params:
        members=asked.member_weights,
        blend=asked.blend_entry,
        methods=inputs.blend_code,
        software=inputs.packages("numpy"),
        code=inputs.code("ensemble.py"),
    message:
        "blending {wildcards.run} of {wildcards.corpus}"
    script:
        "../scripts/ensemble.py"


rule ranking:
    input:
        similarity="results/{corpus}/runs/{run}/similarity.arrow",
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
    output:
        ranking="results/{corpus}/runs/{run}/ranking.parquet",
        image_ranking="results/{corpus}/runs/{run}/image_ranking.parquet",
    log:
        "results/logs/ranking/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/ranking/{corpus}.{run}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 1),
        runtime=scaled(3, 0.1),
    params:
        top=EVALUATION["top"],
        software=inputs.packages("numpy"),
        code=inputs.code("ranking.py"),
    message:
        "ranking {wildcards.run} of {wildcards.corpus}"
    script:
        "../scripts/ranking.py"


rule submission:
    input:
        ranking="results/{corpus}/runs/{run}/ranking.parquet",
        articles="results/{corpus}/corpus/articles.parquet",
    output:
        "results/{corpus}/runs/{run}/submission.tsv",
    log:
        "results/logs/submission/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/submission/{corpus}.{run}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(1000, 20),
        runtime=scaled(3, 1),
    params:
        ids=asked.submission_ids,
        code=inputs.code("submission.py"),
    message:
        "submission {wildcards.run} of {wildcards.corpus}"
    script:
        "../scripts/submission.py"
