rule hierarchy:
    input:
        lambda wildcards: source_of(DATASETS[wildcards.dataset]),
    output:
        f"{RESULTS}/hierarchies/{{dataset}}.txt",
    log:
        f"{RESULTS}/logs/hierarchies/{{dataset}}.log",
    retries: 1
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        name=lambda wildcards: DATASETS[wildcards.dataset],
        code=code.module_sha256("cli.data"),
    shell:
        "python -m hardball build {params.name:q} > {output:q} 2> {log:q}"


rule floors:
    input:
        lambda wildcards: hierarchy_of(any_job_of(wildcards)),
    output:
        f"{OUT}/floors/{{config}}.csv",
    log:
        f"{OUT}/logs/floors/{{config}}.log",
    conda:
        "../envs/hardball.yaml"
    threads: 1
    params:
        suite=lambda wildcards: REFERENCES[wildcards.suite],
        code=code.module_sha256("metrics.floors", "training.problem"),
    shell:
        "NUMBA_NUM_THREADS={threads} python -m hardball floors --suite {params.suite:q} --config {wildcards.config:q}"
        " --out {output:q} > {log:q} 2>&1"
