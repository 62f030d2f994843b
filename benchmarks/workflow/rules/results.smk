rule collect:
    input:
        rows=rows,
        floors=floors,
    output:
        runs=report(
            f"{OUT}/runs.csv",
            caption="../report/runs.rst",
            category="Runs",
        ),
        floors=f"{OUT}/floors.csv",
    log:
        f"{OUT}/logs/collect.log",
    localrule: True
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        suite=lambda wildcards: REFERENCES[wildcards.suite],
        out=lambda wildcards, output: Path(output.runs).parent,
        places=places,
    shell:
        "python -m hardball collect --suite {params.suite:q} --out {params.out:q} > {log:q} 2>&1"


rule ensembles:
    input:
        rows=rows,
    output:
        f"{OUT}/ensembles.csv",
    log:
        f"{OUT}/logs/ensembles.log",
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        suite=lambda wildcards: REFERENCES[wildcards.suite],
        out=lambda wildcards, output: Path(output[0]).parent,
        code=code.module_sha256("metrics.ensembles", "library.ensembles"),
    shell:
        "NUMBA_NUM_THREADS={threads} python -m hardball ensemble --suite {params.suite:q}"
        " --out {params.out:q} > {log:q} 2>&1"


rule tables:
    input:
        runs=f"{OUT}/runs.csv",
        floors=f"{OUT}/floors.csv",
        ensembles=together,
    output:
        report(
            directory(f"{OUT}/tables"),
            patterns=["{name}.csv"],
            caption="../report/tables.rst",
            category="Tables",
            labels={"table": "{name}"},
        ),
    log:
        f"{OUT}/logs/tables.log",
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        code=code.module_sha256("report.tables.all_tables"),
    shell:
        "python -m hardball table {input.runs:q} --out {output:q} > {log:q} 2>&1"


rule plots:
    input:
        runs=f"{OUT}/runs.csv",
        floors=f"{OUT}/floors.csv",
    output:
        report(
            directory(f"{OUT}/plots"),
            patterns=["{name}.svg"],
            caption="../report/plots.rst",
            category="Plots",
            labels={"plot": "{name}"},
        ),
    log:
        f"{OUT}/logs/plots.log",
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        code=code.module_sha256("report.plots.all_plots"),
    shell:
        "python -m hardball plot {input.runs:q} --out {output:q} > {log:q} 2>&1"


rule trends:
    input:
        measured(),
    output:
        report(
            directory(f"{OUT}/trends"),
            patterns=["{name}.svg"],
            caption="../report/trends.rst",
            category="Speed",
            labels={"kernels": "{name}"},
        ),
    log:
        f"{OUT}/logs/trends.log",
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        measured=lambda wildcards, input: Path(input[0]).parents[1],
        code=code.module_sha256("report.trends"),
    shell:
        "python -m hardball trends {params.measured:q} --out {output:q} > {log:q} 2>&1"
