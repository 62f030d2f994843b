"""The list of kernels: nothing of the catalogue is left out, and every family can be called."""

import ast
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hardball
from hardball.methods import registry
from speed import family, kernels, memory, timings
from speed.kernels import engines, manifolds, trees

ROOT = Path(__file__).resolve().parents[2]
KERNELS = list(kernels.kernels())
MEASURED = ("sampler", "loss", "regularizer", "objective", "manifold", "optimizer")
# A handful of each family, the smallest there is.
TINY = [
    *("samplers/uniform/1000", "samplers/pool/1000", "samplers/siblings.no_replacement/1000"),
    *("samplers/mined/1000", "samplers/neighbors/1000", "samplers/curriculum/1000"),
    *("samplers/distance_hard/1000", "samplers/tightening/1000"),
    *("losses/infonce/256x50", "losses/radius_penalty/256x50"),
    *("losses/ball_penalty/256x50", "losses/laplacian_normalized/256x50"),
    *("losses/node_classification/256x50", "losses/feature_reconstruction/256x50"),
    "losses/curvature_penalty/256x50",
    *("losses/margin_by_depth/256x50", "losses/local_contrastive/256x50"),
    *("losses/distance_preserving/256x50", "losses/adjacency/256x50"),
    *("losses/entailment_cones/256x50", "losses/angle_preserving/256x50"),
    "losses/ewc/256x50",
    *("manifolds/poincare.dist+grad/d10", "manifolds/lorentz.exp0/d10"),
    *("manifolds/tangent.transport/d10", "manifolds/euclidean.dist_matrix/d10"),
    *("optimizers/rsgd.lorentz/16384x10", "optimizers/adam.tangent/16384x10"),
    *("engines/pairs.tangent.native/1000", "engines/pairs.tangent.plain/1000"),
    *("engines/pool.tangent.native/1000", "engines/objective.pcgrad/1000"),
]
TINY_HOST = [
    *("hierarchies/index.siblings/1000", "hierarchies/index.matrix/1000"),
    *("hierarchies/split.leaf_parent/1000", "hierarchies/closure/1000", "hierarchies/words/1000"),
    "hierarchies/start.run/1000",
    *("hierarchies/from_edges/1000", "hierarchies/permutation/1000"),
    *("hierarchies/pairs.balanced/1000", "hierarchies/batches.layerwise/1000"),
    *("evaluators/rank/1000", "evaluators/figures/1000", "evaluators/links/1000"),
    *("evaluators/separation/1000", "evaluators/distortion/1000", "evaluators/depth/1000"),
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Trees of a thousand nodes, made here; what the process remembers of them lies here too."""
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path_factory.getbasetemp() / "kernels"))


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=f"{e.kind}-{e.name}") for e in registry.entries() if e.kind in MEASURED],
)
def test_every_entry_has_a_kernel_in_both_frameworks(entry):
    halves = {k.framework for k in KERNELS if k.entry == (entry.kind, entry.name)}
    assert {"jax", "torch"} <= halves


@pytest.mark.parametrize(
    "entry", [e for e in registry.entries() if not e.paired], ids=lambda e: e.name
)
def test_every_unpaired_entry_has_a_host_kernel(entry):
    assert "host" in {k.framework for k in KERNELS if k.entry == (entry.kind, entry.name)}


@pytest.mark.parametrize("entry", registry.entries("sampler"), ids=lambda e: e.name)
def test_every_samplers_arrays_are_measured_as_far_as_its_draws(entry):
    """Matrices, 4 N^2 bytes, end at 1 k nodes; lists for every node at 82 k.

    The rest goes to the 2.6 million of NCBI.
    """
    largest = dict.fromkeys(["matrix", "blend"], 1_000)
    largest |= dict.fromkeys(["neighbors", "hnsw", "nscaching", "similarity_hard"], 82_115)
    sizes = {
        kind: {k.size for k in KERNELS if k.family == kind and k.entry == ("sampler", entry.name)}
        for kind in ("samplers", "hierarchies")
    }
    assert sizes["samplers"] == sizes["hierarchies"]
    assert max(sizes["samplers"]) == largest.get(entry.name, 2_609_295)


def functions_of(entry):
    path = Path(hardball.__file__).parent / f"{entry.code('jax')[0].replace('.', '/')}.py"
    functions = [n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    return {name for name in functions if not name.startswith("_")}


def test_every_operation_of_a_manifold_is_measured():
    """What all manifolds share, but for `coordinates`, a number."""
    shared = set.intersection(*map(functions_of, registry.entries("manifold")))
    assert set(manifolds.OPERATIONS) == shared - {"coordinates"}


def test_the_compiled_step_stands_beside_plain_code_wherever_there_is_one():
    from hardball.training.native import settings

    names = {k.name for k in KERNELS if k.family == "engines"}
    for form, given in engines.FORMS.items():
        for space in registry.entries("manifold"):
            spec = engines.spec_of(space.name, given, "native", 1_000, "jax")
            assert f"{form}.{space.name}.plain" in names
            assert (f"{form}.{space.name}.native" in names) == settings.has_kernel(spec)


def test_ids_are_unique_and_one_call_does_something():
    assert len({kernel.id for kernel in KERNELS}) == len(KERNELS)
    assert all(kernel.units > 0 for kernel in KERNELS)


def test_asv_spans_every_kernel():
    classes = [c for c in vars(timings).values() if isinstance(c, type) and hasattr(c, "params")]
    assert {c.family for c in classes} == set(kernels.FAMILIES)
    for kernel in KERNELS:
        (of_family,) = [c for c in classes if c.family == kernel.family]
        names, sizes, frameworks = of_family.params
        assert kernel.name in names
        assert kernel.size in sizes
        assert kernel.framework in frameworks
    # Nearly every combination is a kernel: each that is none costs asv a process.
    spanned = sum(math.prod(map(len, c.params)) for c in classes)
    assert len(KERNELS) >= 0.85 * spanned


def test_memory_is_measured_at_the_largest_size():
    names, sizes, _ = memory.Samplers.params
    assert sizes == [trees.NCBI]
    assert "siblings" in names
    assert "matrix" not in names


def test_what_is_no_kernel_is_skipped():
    with pytest.raises(NotImplementedError, match="no kernel matrix, 82115, jax"):
        family.made("samplers", "matrix", trees.NOUNS, "jax")


def test_listing_kernels_imports_neither_framework():
    code = (
        "import sys; sys.path.insert(0, 'benchmarks')\n"
        "from speed import kernels, memory, timings\n"
        "assert list(kernels.kernels())\n"
        "assert not {'jax', 'torch', 'asv'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_a_tree_is_the_same_every_time_and_kept(tmp_path, monkeypatch):
    """Smythe & Mahmoud 1995: the mean depth is H(n) - 1 on average, here 6.49, sd 0.8."""
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path))
    one = trees.tree.__wrapped__(1_000)
    again = trees.tree.__wrapped__(1_000)
    assert one.content_sha256 == again.content_sha256
    assert one.content_sha256.startswith("7627c3f92f0533bf")
    assert one.n_nodes == 1_000
    assert one.n_edges == 999
    assert 4.5 < one.depth.mean() < 8.5
    known = trees.known.__wrapped__(1_000)
    assert known.indices.size == one.depth.sum()
    assert len(list((tmp_path / "speed").iterdir())) == 3


def test_calls_fill_a_millisecond_but_are_no_more_than_a_thousand():
    assert 2 <= family.calls(lambda: None) <= 1000
    assert family.calls(lambda: time.sleep(0.002)) == 1


# Whole loops, compiled for half a minute each: `make test` takes them in no framework, and of the
# other kernels of the handful every second in JAX and the rest in PyTorch.
SLOW = "engines/"


def of(names, framework):
    asked = {f"{name}/{framework}": place for place, name in enumerate(names)}
    return [
        pytest.param(k, id=k.id, marks=pytest.mark.full if _later(k, asked[k.id]) else ())
        for k in KERNELS
        if k.id in asked
    ]


def _later(kernel, place):
    if kernel.framework == "host":
        return False
    return kernel.id.startswith(SLOW) or ("jax", "torch")[place % 2] != kernel.framework


@pytest.mark.parametrize("kernel", [*of(TINY_HOST, "host"), *of(TINY, "jax"), *of(TINY, "torch")])
def test_a_kernel_can_be_called_again_and_again(kernel):
    call = kernel.make()
    call()


def test_the_handful_is_there():
    assert len(of(TINY, "jax")) == len(of(TINY, "torch")) == len(TINY)
    assert len(of(TINY_HOST, "host")) == len(TINY_HOST)
    assert {name.partition("/")[0] for name in TINY + TINY_HOST} == set(kernels.FAMILIES)
