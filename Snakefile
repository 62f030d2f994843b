# Suite -> hierarchies -> runs -> tables, plots and a report.
#   snakemake -c all                                 the quick suite
#   snakemake -c all --config suite=mammals          another one
#   snakemake -c all --config version=v0.2           all suites of a frozen version
#   snakemake -n                                     what would run
#   snakemake --report results/work/quick/report.html


configfile: workflow.source_path("config/config.yaml")


include: "benchmarks/workflow/rules/common.smk"
include: "benchmarks/workflow/rules/data.smk"
include: "benchmarks/workflow/rules/train.smk"
include: "benchmarks/workflow/rules/results.smk"


report: "benchmarks/workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        finished(),


# What did run is collected and tabled, apart from what a whole run leaves.
onerror:
    for name, reference in REFERENCES.items():
        if any(Path(RESULTS, name, "rows").glob("*.jsonl")):
            shell(
                "python -m hardball collect --suite {reference:q} --out {RESULTS:q}/{name:q} --partial"
                " && python -m hardball table {RESULTS:q}/{name:q}/partial"
            )
