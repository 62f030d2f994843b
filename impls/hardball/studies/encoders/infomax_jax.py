"""Trains an encoder of blankets to tell true features from shuffled ones."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from hardball.arrays import on_jax as xp
from hardball.arrays.on_jax.attention import encode, from_arrays, to_arrays
from hardball.arrays.on_jax.integers import mulhi
from hardball.methods import registry
from hardball.methods.pretexts.infomax import infomax as cross_entropy
from hardball.methods.pretexts.infomax import logits, readout
from hardball.studies.encoders import infomax
from hardball.studies.encoders.descent import Trained, chunks
from hardball.studies.encoders.descent_jax import descend, indices
from hardball.studies.encoders.infomax import BILINEAR, Settings, Task


def train(task: Task, seed: int, how: Settings) -> Trained:
    """Takes `how.steps` steps of Adam from `infomax.start`; words are named by (seed, step).

    A step draws B nodes and a shuffle p of all nodes. h_i = log0 E(X_MB(i)) encodes the features of
    node i's blanket, h'_i = log0 E(X_p(MB(i))) the same blanket with the features of others, and
        loss = (sum_i softplus(-z_i) + sum_i softplus(z'_i)) / 2B,  z_i = h_i^T W s,
    z' with h', where s = sigmoid(mean_i h_i) sums up the batch.
    Raises HardballError on an unknown manifold.
    Source: Veličković et al. 2019, Deep Graph Infomax, sections 3.4 and 4.2; Kingma & Ba 2015.
    """
    with _precision(how):
        params = _params(how, infomax.start(seed, how))
        nodes = len(task.inputs)
        drawn = (infomax.step_words(seed, how, nodes, *chunk) for chunk in chunks(how.steps))
        params, measured = descend(partial(_loss, how), params, _data(task, how), drawn, how.lr)
        arrays = {BILINEAR: np.asarray(params[BILINEAR]), **to_arrays(params["encoder"])}
        return Trained(arrays, *measured)


def encodings(
    task: Task, how: Settings, arrays: Mapping[str, np.ndarray], order: np.ndarray
) -> np.ndarray:
    """log0 of the encoding of each node's blanket, node j with the features of order[j]; (N, D)."""
    with _precision(how):
        found = _encoded(how, _params(how, arrays), _data(task, how), indices(order))
        return np.asarray(found)


def verdicts(
    task: Task, how: Settings, arrays: Mapping[str, np.ndarray], order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of being true (N,), of all nodes: with their features, and shuffled by `order`.

    The summary is that of all true encodings.
    """
    with _precision(how):
        params, data = _params(how, arrays), _data(task, how)
        true, shuffled = (
            _encoded(how, params, data, indices(o)) for o in (np.arange(len(order)), order)
        )
        summary = readout(xp, true, jnp.ones(len(true), true.dtype))
        z, z_shuffled = (logits(xp, h, summary, params[BILINEAR]) for h in (true, shuffled))
        return np.asarray(z), np.asarray(z_shuffled)


def _precision(how: Settings) -> AbstractContextManager:
    return jax.enable_x64(how.dtype == "float64")


def _module(how: Settings) -> Any:
    sizes = {"heads": how.heads, "hidden": how.hidden, "layers": how.layers}
    hgat = registry.load("encoder", "hgat", "jax")
    return hgat(how.dim, **sizes, manifold=how.manifold, c=how.c)


def _params(how: Settings, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    encoder = from_arrays(_module(how), infomax.encoder_arrays(arrays), how.dtype)
    return {BILINEAR: jnp.asarray(arrays[BILINEAR], how.dtype), "encoder": encoder}


def _data(task: Task, how: Settings) -> dict[str, Array]:
    members, kinds, mask, _ = task.blankets
    space = registry.load("manifold", how.manifold, "jax")
    inputs = jnp.asarray(task.inputs, how.dtype)
    points = space.project(space.exp0(inputs, how.c), how.c)
    arrays = {"members": members, "kinds": kinds, "mask": mask}
    return {"points": points, **{name: indices(array) for name, array in arrays.items()}}


def _loss(how: Settings, params: Any, data: dict[str, Array], words: Array, order: Array) -> Array:
    nodes = mulhi(words, order.shape[0])
    members = data["members"][nodes]
    both = jnp.stack([members, order[members]], axis=1)
    views = _views(how, params, data, nodes, both)
    ones = jnp.ones(len(nodes), views.dtype)
    z = logits(xp, views, readout(xp, views[:, 0], ones), params[BILINEAR])
    return cross_entropy(xp, z[:, 0], z[:, 1], ones, ones)


def _views(how: Settings, params: Any, data: dict[str, Array], nodes: Array, given: Array) -> Array:
    """log0 of the nodes' encodings (B, V, D), their members with features of `given` (B, V, W)."""
    kinds, mask = (
        jnp.broadcast_to(data[name][nodes][:, None], given.shape) for name in ("kinds", "mask")
    )
    ends = encode(_module(how), params["encoder"], data["points"][given], kinds, mask)
    return registry.load("manifold", how.manifold, "jax").log0(ends, how.c)


@partial(jax.jit, static_argnums=0)
def _encoded(how: Settings, params: Any, data: dict[str, Array], order: Array) -> Array:
    given = order[data["members"]][:, None]
    return _views(how, params, data, jnp.arange(len(order)), given)[:, 0]
