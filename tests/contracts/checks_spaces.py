"""What every manifold, optimiser and way to hold radii must hold; see `checks.py`."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import calls
import inputs
import numpy as np
from subject import Subject, same

from hardball.methods import registry
from hardball.methods.contract import Entry

B, M, D = 6, 4, 3
NEAR = 1e-10


def functions_of(entry: Entry) -> tuple[str, ...]:
    """The names of a manifold's functions: those that take the curvature."""
    module = registry.load(*inputs.key(entry), "torch")
    return tuple(sorted(n for n, f in vars(module).items() if _is_function(n, f)))


def _is_function(name: str, value: Any) -> bool:
    if name.startswith("_") or not callable(value) or isinstance(value, type):
        return False
    try:
        return "c" in calls.takes(value)
    except ValueError:
        return False


def curvature(entry: Entry, place: int) -> float:
    """Of a variant; R^d takes a curvature too, and does not look at it."""
    return float(inputs.variants(entry)[place % len(inputs.variants(entry))][1].get("c", 1.0))


def label(entry: Entry, place: int) -> str:
    return inputs.variants(entry)[place][0]


@functools.cache
def space_arguments(entry: Entry, name: str, place: int, where: str) -> Mapping[str, Any]:
    """Arguments of one function of a manifold.

    where: "usual"; "same", both points in one place; "origin"; "beyond", outside of the space.
    """
    space, c = registry.load(*inputs.key(entry), "torch"), curvature(entry, place)
    rng = np.random.default_rng(2)
    ends = rng.normal(size=(3, B, D))
    if where == "origin":
        ends = 0 * ends
    x, y, z = (calls.call("torch", space.exp0, {"v": end, "c": c}) for end in ends)
    y = x if where == "same" else y
    if name.endswith("dist_matrix"):
        y = y[:M]
    taken = calls.takes(getattr(space, name))
    v = (
        ends[0]
        if "x" not in taken
        else calls.call("torch", space.log_map, {"x": x, "y": z, "c": c})
    )
    x = 1e6 * x if where == "beyond" else x
    made = {"x": x, "y": y, "v": v, "g": rng.normal(size=x.shape), "c": c, "most": 1.5}
    return {key: made[key] for key in taken}


@functools.lru_cache(maxsize=20_000)
def space_outcome(
    entry: Entry, framework: str, function: Any, name: str, place: int, where: str, dtype: str
) -> Any:
    """Value and gradients of one function of a manifold."""
    given = space_arguments(entry, name, place, where)
    given = {k: a.astype(dtype) if isinstance(a, np.ndarray) else a for k, a in given.items()}
    # JAX compiles every operation: in float32 it is asked for values alone.
    asked = framework == "torch" or dtype == "float64"
    moves = tuple(k for k in given if k not in ("c", "most") and asked)
    plain = calls.call("torch", getattr(registry.load(*inputs.key(entry), "torch"), name), given)
    return calls.both(framework, function, given, moves if plain.dtype.kind == "f" else ())


WHERE = ("usual", "same", "origin")


def manifolds_agree(subject: Subject) -> None:
    """Values and gradients of every function, at two curvatures."""
    entry = subject.entry
    for name in functions_of(entry):
        for place in range(len(inputs.variants(entry))):
            beyond = ("beyond",) if name in ("project", "touches") else ()
            for where in (*(WHERE if not place else WHERE[:1]), *beyond):
                # Products of matrices leave rounding where two points are one.
                if (name, where) == ("dist_matrix", "same"):
                    continue
                found = [
                    space_outcome(
                        entry, f, getattr(subject.function(f), name), name, place, where, "float64"
                    )
                    for f in calls.FRAMEWORKS
                ]
                same(found[1], found[0], f"{name}, {label(entry, place)}, {where}", NEAR)


def manifolds_keep_the_precision(subject: Subject) -> None:
    """float32 stays so, and is finite wherever points lie."""
    entry = subject.entry
    for name in functions_of(entry):
        for where in WHERE:
            for framework in calls.FRAMEWORKS:
                function = getattr(subject.function(framework), name)
                value, gradients = space_outcome(
                    entry, framework, function, name, 0, where, "float32"
                )
                for said, array in {"value": value, **gradients}.items():
                    if array.dtype.kind == "f":
                        assert array.dtype == np.float32, f"{name}: {said}"
                        assert np.isfinite(array).all(), f"{name}, {where}: {said}"


def manifolds_are_consistent(subject: Subject) -> None:
    """Each function against the others, in PyTorch: no framework is compared with another."""
    entry = subject.entry
    for place in range(len(inputs.variants(entry))):
        c = curvature(entry, place)

        def of(name: str, c: float = c, **given: np.ndarray) -> np.ndarray:
            return calls.call("torch", getattr(subject.torch, name), {**given, "c": c})

        v, w = np.random.default_rng(2).normal(size=(2, B, D))
        x, y = of("exp0", v=v), of("exp0", v=w)
        far, way = of("dist", x=x, y=y), of("log_map", x=x, y=y)
        near = {"rtol": 1e-9, "atol": 1e-9}
        length = np.linalg.norm(v, axis=1)
        np.testing.assert_allclose(of("log0", x=x), v, **near)
        np.testing.assert_allclose(of("radius", x=x), length, **near)
        np.testing.assert_allclose(of("exp_map", x=x, v=way), y, **near)
        np.testing.assert_allclose(of("project", x=x), x, **near)
        np.testing.assert_allclose(of("transport", x=x, y=x, v=way), way, **near)
        every = of("dist_matrix", x=x, y=y)
        np.testing.assert_allclose(np.diag(every), far, rtol=1e-7, atol=1e-7)
        assert not of("touches", x=x).any()


def distances_have_slopes(subject: Subject) -> None:
    """Gradients of distances, through exp0, against differences of values."""
    entry, step = subject.entry, 1e-6
    for place in range(len(inputs.variants(entry))):
        c = curvature(entry, place)
        for name in ("dist", "dist_matrix"):

            def far(v: Any, w: Any, name: str = name, c: float = c) -> Any:
                ends = (subject.torch.exp0(each, c) for each in (v, w))
                return getattr(subject.torch, name)(*ends, c)

            v, w, along, across = np.random.default_rng(6).normal(size=(4, B, D))
            value, slopes = calls.both("torch", far, {"v": v, "w": w}, ("v", "w"))
            up, down = (
                calls.call("torch", far, {"v": v + s * along, "w": w + s * across})
                for s in (step, -step)
            )
            weights = calls.cotangent(value.shape, value.dtype)
            slope = np.sum(weights * (up - down)) / (2 * step)
            found = np.sum(slopes["v"] * along) + np.sum(slopes["w"] * across)
            np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-8, err_msg=name)


def _manifolds() -> list[Entry]:
    return registry.entries("manifold")


@functools.cache
def _rows(manifold: str, seed: int) -> np.ndarray:
    """Points, the first at the origin."""
    v = np.random.default_rng(seed).normal(size=(B, D)) * np.arange(B)[:, None]
    space = registry.load("manifold", manifold, "torch")
    return calls.call("torch", space.exp0, {"v": v, "c": 1.0})


@functools.lru_cache(maxsize=2000)
def held(
    entry: Entry, framework: str, function: Any, place: int, manifold: str, dtype: str
) -> np.ndarray:
    """Points that are put at their radius."""
    parameters = inputs.variants(entry)[place][1]
    loaded = registry.load(*inputs.key(entry), framework)
    given = {
        "manifold": registry.load("manifold", manifold, framework),
        "rows": _rows(manifold, 1).astype(dtype),
        "radius": np.linspace(0.5, 3, B).astype(dtype),
        "c": 1.0,
    }
    return calls.call(framework, function, {**given, **inputs.options(loaded, parameters)})


def radii_agree(subject: Subject) -> None:
    for space in _manifolds():
        for place in range(len(inputs.variants(subject.entry))):
            ours, theirs = (
                held(subject.entry, f, subject.function(f), place, space.name, "float64")
                for f in calls.FRAMEWORKS
            )
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(theirs, ours, rtol=NEAR, atol=NEAR, err_msg=space.name)


def points_stay_on_their_rays(subject: Subject) -> None:
    """Whatever radius a point is put at, its direction from the origin stays, as do precisions."""
    for space in _manifolds():
        module = registry.load("manifold", space.name, "torch")
        rows = _rows(space.name, 1)
        moved = held(subject.entry, "torch", subject.torch, 0, space.name, "float64")
        before, after = (
            calls.call("torch", module.log0, {"x": each, "c": 1.0}) for each in (rows, moved)
        )
        assert not after[0].any(), "a point at the origin moves"
        for vectors in (before, after):
            vectors[1:] /= np.linalg.norm(vectors[1:], axis=1, keepdims=True)
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9, err_msg=space.name)
        for framework in calls.FRAMEWORKS:
            function = subject.function(framework)
            narrow = held(subject.entry, framework, function, 0, space.name, "float32")
            assert narrow.dtype == np.float32
            np.testing.assert_allclose(narrow, moved, rtol=1e-4, atol=1e-4)


STEPS = 3


@functools.lru_cache(maxsize=2000)
def stepped(
    entry: Entry, framework: str, function: Any, place: int, manifold: str, dtype: str
) -> Mapping[str, np.ndarray]:
    """Points and what an optimiser keeps of them, after three steps from zeros."""
    parameters = inputs.variants(entry)[place][1]
    space = registry.load("manifold", manifold, framework)
    rows = _rows(manifold, 1).astype(dtype)
    sizes = {name: rows.shape[1] if size == "point" else size for name, size in entry.state}
    state = {name: np.zeros((B, size), dtype) for name, size in sizes.items()}
    for step in range(STEPS):
        grads = np.random.default_rng(step).normal(size=rows.shape).astype(dtype)
        given = {"rows": rows, "grads": grads, "state": state, "lr": np.array(0.1, dtype)}
        taken = calls.takes(registry.load(*inputs.key(entry), framework))
        chosen = {k: v for k, v in parameters.items() if k in taken}
        bound = functools.partial(function, manifold=space, c=1.0, **chosen)
        rows, state = calls.call(framework, bound, given)
    return {"rows": rows, **state}


def optimisers_agree(subject: Subject) -> None:
    """Points and all that is kept of them, after three steps on every manifold."""
    entry = subject.entry
    for space in _manifolds():
        for place in range(len(inputs.variants(entry))):
            ours, theirs = (
                stepped(entry, f, subject.function(f), place, space.name, "float64")
                for f in calls.FRAMEWORKS
            )
            assert ours.keys() == theirs.keys()
            for name, array in ours.items():
                assert array.dtype == theirs[name].dtype
                said = f"{space.name}: {name}"
                np.testing.assert_allclose(theirs[name], array, rtol=NEAR, atol=NEAR, err_msg=said)


def optimisers_keep_the_precision(subject: Subject) -> None:
    """float32 stays so; a step moves points, and leaves them where they are without gradients."""
    entry = subject.entry
    for framework in calls.FRAMEWORKS:
        function = subject.function(framework)
        for space in _manifolds():
            found = stepped(entry, framework, function, 0, space.name, "float32")
            for name, array in found.items():
                assert array.dtype == np.float32, f"{framework}, {space.name}: {name}"
                assert np.isfinite(array).all(), f"{framework}, {space.name}: {name}"


SPACES: Mapping[str, tuple[Callable[[Subject], None], ...]] = {
    "manifold": (
        manifolds_agree,
        manifolds_keep_the_precision,
        manifolds_are_consistent,
        distances_have_slopes,
    ),
    "radius": (radii_agree, points_stay_on_their_rays),
    "optimizer": (optimisers_agree, optimisers_keep_the_precision),
}
