# Rankings + the truth -> metrics -> tables and plots. The only rules that read qrels.parquet: `judge`
# and `conclude` of the corpus that is judged, `tune` and `weigh` of the one that is chosen on.


rule tune:
    input:
        texts="results/{corpus}/embeddings/{model}/{translation}.{cleaning}.w{words}.arrow",
        gallery="results/{corpus}/embeddings/{model}/images.arrow",
        bank=asked.bank,
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
    output:
        chosen="results/{corpus}/tuned/{translation}.{cleaning}.w{words}.{model}.{scorer}/chosen.json",
        curve="results/{corpus}/tuned/{translation}.{cleaning}.w{words}.{model}.{scorer}/curve.csv",
    log:
        "results/logs/tune/{corpus}.{translation}.{cleaning}.w{words}.{model}.{scorer}.log",
    benchmark:
        "results/benchmarks/tune/{corpus}.{translation}.{cleaning}.w{words}.{model}.{scorer}.tsv"
    wildcard_constraints:
        translation="|".join(CONFIG["translations"]),
        scorer="|".join(map(re.escape, CONFIG["tuned"])) or "(?!)",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 8),
        runtime=scaled(20, 4),
    params:
        scorer=asked.entry("scorers", "scorer"),
        tuned=asked.tuned_entry,
        methods=inputs.methods_of("scorers", "scorer"),
        software=inputs.scorer_packages,
        code=inputs.code("tune.py"),
    message:
        "choosing {wildcards.scorer} on {wildcards.corpus}"
    script:
        "../scripts/tune.py"


rule weigh:
    input:
        members=asked.members,
        articles="results/{corpus}/corpus/articles.parquet",
        images="results/{corpus}/corpus/images.parquet",
        qrels="results/{corpus}/corpus/qrels.parquet",
    output:
        chosen="results/{corpus}/tuned/{run}/chosen.json",
        curve="results/{corpus}/tuned/{run}/curve.csv",
    log:
        "results/logs/weigh/{corpus}.{run}.log",
    benchmark:
        "results/benchmarks/weigh/{corpus}.{run}.tsv"
    wildcard_constraints:
        run="|".join(re.escape(n) for n, e in asked.ensembles.items() if e.name in CONFIG["tuned"])
        or "(?!)",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=scaled(2000, 4),
        runtime=scaled(30, 2),
    params:
        members=asked.member_weights,
        blend=asked.blend_entry,
        tuned=asked.tuned_entry,
        methods=inputs.blend_code,
        software=inputs.packages("numpy"),
        code=inputs.code("weigh.py"),
    message:
        "choosing the weights of {wildcards.run} on {wildcards.corpus}"
    script:
        "../scripts/weigh.py"


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
        chosen=asked.chosen,
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
