# Rankings + the truth -> metrics -> tables and plots. The only rules that read qrels.parquet.


rule metrics:
    input:
        ranking="results/{corpus}/runs/{run}/ranking.parquet",
        image_ranking="results/{corpus}/runs/{run}/image_ranking.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
    output:
        metrics="results/{corpus}/runs/{run}/metrics.parquet",
        curve="results/{corpus}/runs/{run}/recall_curve.parquet",
    log:
        "results/logs/metrics/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/metrics/{corpus}.{run}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 20),
        runtime=scaled(3, 1),
    params:
        # One value: Snakemake compares sets of values, in which two may change places unseen.
        evaluation={key: EVALUATION[key] for key in ("top", "recall_at", "resamples")},
        software=inputs.packages("numpy"),
        code=inputs.code("metrics.py"),
    message:
        "evaluating {wildcards.run} of {wildcards.corpus}"
    script:
        "../scripts/metrics.py"


rule table:
    input:
        metrics=asked.of_runs("metrics.parquet"),
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
        metrics_csv=f"{asked.place}/{{corpus}}/metrics.csv",
        metrics_parquet=f"{asked.place}/{{corpus}}/metrics.parquet",
        numbers=f"{asked.place}/{{corpus}}/numbers.json",
    log:
        f"results/logs/table/{EXPERIMENT}.{{corpus}}.log",
    benchmark:
        f"results/benchmarks/table/{EXPERIMENT}.{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=asked.described_runs,
        reference=inputs.reference_contents,
        code=inputs.code("table.py"),
    message:
        "table of {wildcards.corpus}"
    script:
        "../scripts/table.py"


rule plots:
    input:
        metrics=asked.of_runs("metrics.parquet"),
        curves=asked.of_runs("recall_curve.parquet"),
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
