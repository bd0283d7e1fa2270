# Rankings + the truth -> metrics -> tables and plots. The only rules that read qrels.parquet.


# Of every right pair the exact rank; it depends on no cut-off, so that all experiments share it.
rule judge:
    input:
        similarity="results/{corpus}/runs/{run}/similarity.arrow",
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
    output:
        articles="results/{corpus}/runs/{run}/per_article.parquet",
        images="results/{corpus}/runs/{run}/per_image.parquet",
    log:
        "results/logs/judge/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/judge/{corpus}.{run}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 1),
        runtime=scaled(3, 0.1),
    params:
        software=inputs.packages("numpy"),
        code=inputs.code("judge.py"),
    message:
        "judging {wildcards.run} of {wildcards.corpus}"
    script:
        "../scripts/judge.py"


rule conclude:
    input:
        per_article=asked.of_runs("per_article.parquet"),
        per_image=asked.of_runs("per_image.parquet"),
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
        columns=asked.columns,
    output:
        metrics=f"{asked.place}/{{corpus}}/metrics.parquet",
        metrics_csv=f"{asked.place}/{{corpus}}/metrics.csv",
        curves=f"{asked.place}/{{corpus}}/recall_curves.parquet",
        comparisons=f"{asked.place}/{{corpus}}/comparisons.parquet",
        hypotheses=f"{asked.place}/{{corpus}}/hypotheses.parquet",
        strata=f"{asked.place}/{{corpus}}/strata.parquet",
        conclusions=f"{asked.place}/{{corpus}}/conclusions.json",
    log:
        f"results/logs/conclude/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/conclude/{EXPERIMENT}.{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=scaled(2000, 40),
        runtime=scaled(10, 1),
    params:
        # One value: Snakemake compares sets of values, in which two may change places unseen.
        evaluation={key: EVALUATION[key] for key in ("top", "recall_at", "resamples")},
        compared=asked.compared,
        software=inputs.packages("numpy"),
        code=inputs.code("conclude.py"),
    message:
        "comparing the runs of {wildcards.corpus}"
    script:
        "../scripts/conclude.py"


# Of each run what ails it, and how alike runs are. Says nothing of which is better.
rule diagnose:
    input:
        rankings=asked.of_runs("ranking.parquet"),
        per_article=asked.of_runs("per_article.parquet"),
        embeddings=asked.text_embeddings,
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
    output:
        diagnosis=f"{asked.place}/{{corpus}}/diagnosis.parquet",
        hubs=f"{asked.place}/{{corpus}}/hubs.parquet",
        agreement=f"{asked.place}/{{corpus}}/agreement.parquet",
    log:
        f"results/logs/diagnose/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/diagnose/{EXPERIMENT}.{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 20),
        runtime=scaled(10, 1),
    params:
        runs=asked.described_runs,
        software=inputs.packages("numpy"),
        code=inputs.code("diagnose.py"),
    message:
        "diagnosing the runs of {wildcards.corpus}"
    script:
        "../scripts/diagnose.py"


rule table:
    input:
        metrics=f"{asked.place}/{{corpus}}/metrics.parquet",
        comparisons=f"{asked.place}/{{corpus}}/comparisons.parquet",
        hypotheses=f"{asked.place}/{{corpus}}/hypotheses.parquet",
        strata=f"{asked.place}/{{corpus}}/strata.parquet",
        conclusions=f"{asked.place}/{{corpus}}/conclusions.json",
        diagnosis=f"{asked.place}/{{corpus}}/diagnosis.parquet",
        reference=inputs.reference(),
        losses=f"{asked.place}/{{corpus}}/losses.csv",
    output:
        csv=f"{asked.place}/{{corpus}}/table.csv",
        markdown=f"{asked.place}/{{corpus}}/table.md",
        html=report(
            f"{asked.place}/{{corpus}}/table.html",
            caption="../report/table.rst",
            category="{corpus}",
            labels={"result": "table of runs"},
        ),
        latex=f"{asked.place}/{{corpus}}/table.tex",
        numbers=f"{asked.place}/{{corpus}}/numbers.json",
    log:
        f"results/logs/table/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/table/{EXPERIMENT}.{{corpus}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        runs=asked.described_runs,
        sort=EVALUATION["sort"],
        reference=inputs.reference_contents,
        code=inputs.code("table.py"),
    message:
        "table of {wildcards.corpus}"
    script:
        "../scripts/table.py"


rule plots:
    input:
        metrics=f"{asked.place}/{{corpus}}/metrics.parquet",
        curves=f"{asked.place}/{{corpus}}/recall_curves.parquet",
        reference=inputs.reference(),
        images="results/{corpus}/corpus/images.parquet",
    output:
        words=report(
            f"{asked.place}/{{corpus}}/plots/words.svg",
            caption="../report/words.rst",
            category="{corpus}",
            labels={"result": "metrics against word count"},
        ),
        recall=report(
            f"{asked.place}/{{corpus}}/plots/recall.svg",
            caption="../report/recall.rst",
            category="{corpus}",
            labels={"result": "recall@k for k = 1 to K"},
        ),
    log:
        f"results/logs/plots/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/plots/{EXPERIMENT}.{{corpus}}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        runs=asked.described_runs,
        reference=inputs.reference_contents,
        software=inputs.packages("matplotlib", "numpy"),
        code=inputs.code("plots.py"),
    message:
        "plots of {wildcards.corpus}"
    script:
        "../scripts/plots.py"
