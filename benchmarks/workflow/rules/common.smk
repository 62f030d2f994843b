import os
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, validate

from hardball.core import interpreter, paths
from hardball.core.errors import HardballError
from hardball.core.text import slug
from hardball.data import cards, store
from hardball.report import reproduce
from hardball.runs import client, code, plan, progress, suites

min_version("9.0")
validate(config, schema="../schemas/config.schema.yaml")

interpreter.export()
# Jobs on this machine share workers, which end when this process does; jobs of a cluster do not.
if workflow.is_main_process:
    os.environ[client.OWNER] = str(os.getpid())
elif workflow.remote_exec:
    os.environ.pop(client.OWNER, None)


def references():
    """Name and reference of each suite: that of the configuration, or those of its version."""
    if not config["version"]:
        reference = ":".join(filter(None, [config["suite"], config["budget"]]))
        return {load(reference).name: reference}
    try:
        return reproduce.references(config["version"])
    except HardballError as error:
        raise WorkflowError(str(error)) from None


def load(reference):
    """The suite; a mistake in it as Snakemake's own one-line error."""
    try:
        return suites.load(reference)
    except HardballError as error:
        raise WorkflowError(str(error)) from None


RESULTS = config["results"]
# Suites by name, in the order in which they run: one, or all of a frozen version.
REFERENCES = references()
SUITES = {name: load(reference) for name, reference in REFERENCES.items()}
# A suite's folder, of the wildcard {suite}.
OUT = f"{RESULTS}/{{suite}}"
progress.name_jobs(SUITES.values(), Path(RESULTS))

JOBS = {
    (name, job.config_id, job.framework): job
    for name, suite in SUITES.items()
    for job in plan.jobs(suite)
}
FIRST = list({job.framework: job for job in reversed(JOBS.values())}.values())
DATASETS = {slug(job.spec.dataset): job.spec.dataset for job in JOBS.values()}


wildcard_constraints:
    framework="jax|torch",
    suite="|".join(map(re.escape, SUITES)),
    config=r"[\w.-]+",
    dataset=r"[\w.-]+",


def job_of(wildcards):
    return JOBS[wildcards.suite, wildcards.config, wildcards.framework]


def any_job_of(wildcards):
    """The job of a configuration in whichever framework the suite runs first."""
    return next(
        job
        for (suite, config_id, _), job in JOBS.items()
        if (suite, config_id) == (wildcards.suite, wildcards.config)
    )


def urgency(wildcards):
    """Suites one after the other; first a framework's first job, which compiles for the others."""
    later = len(SUITES) - list(SUITES).index(wildcards.suite)
    return 2 * later + int(job_of(wildcards) in FIRST)


def hierarchy_of(job):
    return f"{RESULTS}/hierarchies/{slug(job.spec.dataset)}.txt"


def source_of(dataset):
    """What a hierarchy is rebuilt after: its card, or the built folder of a person's own."""
    if cards.exists(dataset):
        return str(paths.datasets() / f"{dataset}.yaml")
    folder = Path(dataset) if "/" in dataset else store.built(dataset)
    return str(folder / "meta.json")


def rows(wildcards):
    planned = plan.jobs(SUITES[wildcards.suite])
    return [f"{RESULTS}/{wildcards.suite}/rows/{job.stem}.jsonl" for job in planned]


def floors(wildcards):
    """Floors of each data set and task of a suite, by the first configuration that has them."""
    planned = reversed(plan.jobs(SUITES[wildcards.suite]))
    found = {(job.spec.dataset, str(job.spec.task)): job.config_id for job in planned}
    return [
        f"{RESULTS}/{wildcards.suite}/floors/{config_id}.csv"
        for config_id in found.values()
    ]


def together(wildcards):
    """The table of a suite's ensembles; none of a suite without them."""
    ensembles = SUITES[wildcards.suite].ensembles
    return [f"{RESULTS}/{wildcards.suite}/ensembles.csv"] if ensembles else []


def measured():
    """The speed of kernels, one file a commit; none before the first `make bench`."""
    found = Path(config["speed"]).glob("*/*.json")
    return sorted(str(path) for path in found if path.name != "machine.json")


def finished():
    """What each suite leaves."""
    kinds = ["runs.csv", "tables", "plots", *(["trends"] if measured() else [])]
    return expand(f"{OUT}/{{kind}}", suite=SUITES, kind=kinds)


def places(wildcards):
    """What collecting takes from the plan: a moved label is no reason to train again."""
    planned = plan.runs(SUITES[wildcards.suite])
    return [f"{run.spec.run_id} {run.factor} {run.label}" for run in planned]
