"""The samplers of a run: its own, part by part, and those of its hard negatives."""

from hardball.methods.samplers.compose import Part, parts
from hardball.runs.spec import RunSpec


def samplers(spec: RunSpec) -> list[Part]:
    """What a run draws from: its own sampler, part by part, then its hard ones."""
    own = parts(spec.sampler, spec.negatives)
    hard = [parts(group.sampler, group.negatives, group.after) for group in spec.hard]
    return own + [part for group in hard for part in group]
