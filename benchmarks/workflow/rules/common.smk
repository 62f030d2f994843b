import os
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, validate

from hardball.core import interpreter, paths
from hardball.core.errors import HardballError
from hardball.core.text import slug
from hardball.data import cards, store
from hardball.runs import client, code, plan, progress, suites

min_version("9.0")
validate(config, schema="../schemas/config.schema.yaml")

interpreter.export()
# Jobs on this machine share workers, which end when this process does; jobs of a cluster do not.
if workflow.is_main_process:
    os.environ[client.OWNER] = str(os.getpid())
elif workflow.remote_exec:
    os.environ.pop(client.OWNER, None)


def load(reference):
    """The suite; a mistake in it as Snakemake's own one-line error."""
    try:
        return suites.load(reference)
    except HardballError as error:
        raise WorkflowError(str(error)) from None


REFERENCE = ":".join(filter(None, [config["suite"], config["budget"]]))
SUITE = load(REFERENCE)
RESULTS = config["results"]
OUT = f"{RESULTS}/{SUITE.name}"
progress.name_jobs(SUITE, Path(OUT))

JOBS = {(job.config_id, job.framework): job for job in plan.jobs(SUITE)}
FIRST = list({job.framework: job for job in reversed(JOBS.values())}.values())
DATASETS = {slug(job.spec.dataset): job.spec.dataset for job in JOBS.values()}
FLOORS = {
    (job.spec.dataset, str(job.spec.task)): job.config_id
    for job in reversed(JOBS.values())
}


wildcard_constraints:
    framework="jax|torch",
    config=r"[\w.-]+",
    dataset=r"[\w.-]+",


def job_of(wildcards):
    return JOBS[wildcards.config, wildcards.framework]


def any_job_of(wildcards):
    """The job of a configuration in whichever framework the suite runs first."""
    return next(
        job for (config_id, _), job in JOBS.items() if config_id == wildcards.config
    )


def hierarchy_of(job):
    return f"{RESULTS}/hierarchies/{slug(job.spec.dataset)}.txt"


def source_of(dataset):
    """What a hierarchy is rebuilt after: its card, or the built folder of a person's own."""
    if cards.exists(dataset):
        return str(paths.datasets() / f"{dataset}.yaml")
    folder = Path(dataset) if "/" in dataset else store.built(dataset)
    return str(folder / "meta.json")


def rows():
    return [f"{OUT}/rows/{job.stem}.jsonl" for job in JOBS.values()]


def floors():
    return [f"{OUT}/floors/{config_id}.csv" for config_id in FLOORS.values()]


def together():
    """The table of a suite's ensembles; none of a suite without them."""
    return [f"{OUT}/ensembles.csv"] if SUITE.ensembles else []


def measured():
    """The speed of kernels, one file a commit; none before the first `make bench`."""
    found = Path(config["speed"]).glob("*/*.json")
    return sorted(str(path) for path in found if path.name != "machine.json")


def trends():
    return [f"{OUT}/trends"] if measured() else []


def places():
    """What collecting takes from the plan: a moved label is no reason to train again."""
    return [f"{run.spec.run_id} {run.factor} {run.label}" for run in plan.runs(SUITE)]
