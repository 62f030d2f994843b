# A job trains every seed of a configuration in one framework, in a worker that has the framework
# imported, or in a process of its own, see hardball.runs.client. Embeddings are no declared output,
# since a diverged run has none. XLA and numba do not heed OMP_NUM_THREADS. The two malloc settings
# keep glibc from returning a step's memory only to fault it in again, PyTorch's main cost.
rule train:
    input:
        lambda wildcards: hierarchy_of(job_of(wildcards)),
    output:
        rows=f"{OUT}/rows/{{config}}-{{framework}}.jsonl",
        curves=f"{OUT}/curves/{{config}}-{{framework}}.parquet",
    log:
        f"{OUT}/logs/train/{{config}}-{{framework}}.log",
    priority: urgency
    conda:
        "../envs/hardball.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: int(job_of(wildcards).spec.device == "gpu"),
    params:
        suite=lambda wildcards: REFERENCES[wildcards.suite],
        out=lambda wildcards, output: Path(output.rows).parents[1],
        seeds=lambda wildcards: [run.spec.seed for run in job_of(wildcards).runs],
        code=lambda wildcards: code.code_sha256(job_of(wildcards).spec),
    shell:
        "NPROC={threads} NUMBA_NUM_THREADS={threads}"
        " MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824"
        " python -m hardball.runs.client {params.out:q}/workers {wildcards.framework}"
        " train --suite {params.suite:q} --config {wildcards.config:q}"
        " --framework {wildcards.framework:q} --out {params.out:q} > {log:q} 2>&1"
