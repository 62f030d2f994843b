"""Trains a table and its encoder to tell whole Markov blankets from broken ones."""

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
from hardball.methods.losses.infonce import infonce
from hardball.methods.samplers.blanket import broken
from hardball.studies.encoders import blankets
from hardball.studies.encoders.blankets import TABLE, Distances, Settings, Task
from hardball.studies.encoders.descent import Trained, chunks
from hardball.studies.encoders.descent_jax import descend, indices


def train(task: Task, seed: int, how: Settings) -> Trained:
    """Takes `how.steps` steps of Adam from `blankets.start`; words are named by (seed, step).

    An anchor is the row of a node, its positive the encoding of the node's blanket, which does not
    hold the node; negatives are encodings of that blanket without one member (`how.drop`) and, if
    `how.others`, the blankets of the batch's other nodes, equal blankets masked:
        loss = mean_B log(1 + sum_k w_k e^((d(x, E(MB)) - d(x, E_k)) / T)).
    Raises HardballError on an unknown manifold.
    Source: van den Oord, Li & Vinyals 2018, Eq. 4; Kingma & Ba 2015; hardball.
    """
    with _precision(how):
        params = _params(how, blankets.start(task, seed, how))
        drawn = (blankets.step_words(seed, how, *chunk) for chunk in chunks(how.steps))
        params, measured = descend(partial(_loss, how), params, _data(task), drawn, how.lr)
        arrays = {TABLE: np.asarray(params[TABLE]), **to_arrays(params["encoder"])}
        return Trained(arrays, *measured)


def distances(
    task: Task,
    how: Settings,
    arrays: Mapping[str, np.ndarray],
    anchors: np.ndarray,
    owners: np.ndarray,
    words: np.ndarray,
) -> Distances:
    """From the rows of `anchors` to the blankets of `owners`, whole and broken.

    anchors, owners int (n,), words uint32 (n, 1): which member of the kind `how.drop` is lost;
    the broken distance is NaN where there is none.
    """
    with _precision(how):
        whole, lost, valid = _measured(
            how, _params(how, arrays), _data(task), *map(indices, (anchors, owners, words))
        )
        return Distances(np.asarray(whole), np.where(valid, lost, np.nan))


def _precision(how: Settings) -> AbstractContextManager:
    return jax.enable_x64(how.dtype == "float64")


def _module(how: Settings) -> Any:
    sizes = {"heads": how.heads, "hidden": how.hidden, "layers": how.layers}
    hgat = registry.load("encoder", "hgat", "jax")
    return hgat(how.dim, **sizes, manifold=how.manifold, c=how.c)


def _params(how: Settings, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    encoder = from_arrays(_module(how), blankets.encoder_arrays(arrays), how.dtype)
    return {TABLE: jnp.asarray(arrays[TABLE], how.dtype), "encoder": encoder}


def _data(task: Task) -> dict[str, Array]:
    members, kinds, mask, _ = task.blankets
    trained = ~np.isin(np.arange(len(members)), task.unbroken)
    arrays = {"members": members, "kinds": kinds, "mask": mask, "alike": task.alike}
    arrays |= {"anchors": task.anchors, "broken": trained}
    return {name: indices(array) for name, array in arrays.items()}


def _loss(how: Settings, params: Any, data: dict[str, Array], words: Array, lost: Array) -> Array:
    anchors = data["anchors"][mulhi(words, data["anchors"].shape[0])]
    own, views, valid = _views(params, how, data, anchors, anchors, lost)
    space = registry.load("manifold", how.manifold, "jax")
    d = space.dist(own[:, None], views, how.c)
    d_neg, weight = d[:, 1:], valid & data["broken"][anchors][:, None]
    if how.others:
        alike = data["alike"][anchors]
        d_neg = jnp.concatenate([d_neg, space.dist_matrix(own, views[:, 0], how.c)], axis=1)
        weight = jnp.concatenate([weight, alike[:, None] != alike], axis=1)
    return infonce(xp, d[:, 0], d_neg, weight.astype(d.dtype), temperature=how.temperature).mean()


def _views(
    params: Any, how: Settings, data: dict[str, Array], anchors: Array, owners: Array, words: Array
) -> tuple[Array, Array, Array]:
    """The anchors' points (B,D); whole and broken blankets' (B,1+K,D); valid (B,K)."""
    space = registry.load("manifold", how.manifold, "jax")
    table, kinds, mask = params[TABLE], data["kinds"][owners], data["mask"][owners]
    masks, valid = broken(xp, kinds, mask, words, drop=how.drop)
    own, members = (
        space.project(space.exp0(table[nodes], how.c), how.c)
        for nodes in (anchors, data["members"][owners])
    )
    masks = jnp.concatenate([mask[:, None], masks], axis=1)
    views = encode(_module(how), params["encoder"], members[:, None], kinds[:, None], masks)
    return own, views, valid


@partial(jax.jit, static_argnums=0)
def _measured(
    how: Settings, params: Any, data: dict[str, Array], anchors: Array, owners: Array, words: Array
) -> tuple[Array, Array, Array]:
    own, views, valid = _views(params, how, data, anchors, owners, words)
    d = registry.load("manifold", how.manifold, "jax").dist(own[:, None], views, how.c)
    return d[:, 0], d[:, 1], valid[:, 0]
