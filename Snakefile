# Suite -> hierarchies -> runs -> tables, plots and a report.
#   snakemake -c all                                 the quick suite
#   snakemake -c all --config suite=mammals          another one
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
        f"{OUT}/runs.csv",
        f"{OUT}/tables",
        f"{OUT}/plots",
        trends(),


# What did run is collected and tabled, apart from what a whole run leaves.
onerror:
    shell(
        "python -m hardball collect --suite {REFERENCE:q} --out {OUT:q} --partial"
        " && python -m hardball table {OUT:q}/partial"
    )
