"""Compiled loops of the metrics: keys, counts, nearest pairs, separation, hop distances.

All of them stand in one file, since a cached caller does not notice a callee's change elsewhere.
No fast-math and no sum across threads: results do not depend on the number of threads.
"""

import numpy as np
from numba import njit, prange

TILE = 1024
BLOCK = 16
FEW = 48


@njit(cache=True)
def fill(out, x, p, m, s, u, start):
    """Keys of u against the candidates start, start + 1, ... into out.

    key = ((p_u m_w - m_u p_w) / 2)^2 + s_u s_w |x_u - x_w|^2 / 4, in `key_one`'s order of sums.
    """
    n = out.shape[0]
    stop = start + n
    d = x.shape[0]
    whole = d - d % 4
    for i in range(n):
        out[i] = 0.0
    for j in range(0, whole, 4):
        a, b, c, e = x[j, u], x[j + 1, u], x[j + 2, u], x[j + 3, u]
        xa, xb = x[j, start:stop], x[j + 1, start:stop]
        xc, xe = x[j + 2, start:stop], x[j + 3, start:stop]
        for i in range(n):
            da, db, dc, de = a - xa[i], b - xb[i], c - xc[i], e - xe[i]
            out[i] = (((out[i] + da * da) + db * db) + dc * dc) + de * de
    for j in range(whole, d):
        a = x[j, u]
        xa = x[j, start:stop]
        for i in range(n):
            da = a - xa[i]
            out[i] = out[i] + da * da
    pu, mu, su = p[u], m[u], s[u]
    pw, mw, sw = p[start:stop], m[start:stop], s[start:stop]
    for i in range(n):
        h = (pu * mw[i] - mu * pw[i]) * 0.5
        out[i] = h * h + (su * sw[i]) * out[i] * 0.25


@njit(cache=True)
def key_one(x, p, m, s, u, w):
    """The key of one pair, bit for bit what `fill` gives."""
    q = 0.0
    for j in range(x.shape[0]):
        d = x[j, u] - x[j, w]
        q = q + d * d
    h = (p[u] * m[w] - m[u] * p[w]) * 0.5
    return h * h + (s[u] * s[w]) * q * 0.25


@njit(cache=True)
def keys_of(x, p, m, s, nodes, candidates):
    """Keys of the pairs (nodes[i], candidates[i])."""
    out = np.empty(nodes.shape[0])
    for i in range(nodes.shape[0]):
        out[i] = key_one(x, p, m, s, nodes[i], candidates[i])
    return out


@njit(cache=True)
def key_rows(x, p, m, s, nodes):
    """Keys of each node against all, one row a node."""
    out = np.empty((nodes.shape[0], x.shape[1]))
    for i in range(nodes.shape[0]):
        fill(out[i], x, p, m, s, nodes[i], 0)
    return out


@njit(cache=True)
def below(values, limit):
    """How many values are < limit, and how many are <= limit."""
    less = 0
    within = 0
    for i in range(values.shape[0]):
        less += values[i] < limit
        within += values[i] <= limit
    return less, within


@njit(cache=True)
def is_in(indices, start, stop, value):
    """Whether the ascending indices[start:stop] hold value."""
    while start < stop:
        middle = (start + stop) // 2
        if indices[middle] < value:
            start = middle + 1
        else:
            stop = middle
    return start < indices.shape[0] and indices[start] == value


@njit(cache=True)
def tally(values, start, order, keys, windows, less, equal):
    """Add one tile's counts of nearer and tied candidates to each probe of a source.

    order lists the source's probes by ascending key. Column 0 counts the tile, column 1 + r the
    part of it inside the probe's window r.
    """
    n = order.shape[0]
    if n <= FEW:
        for k in range(n - 1, -1, -1):
            j = order[k]
            lt, le = below(values, keys[j])
            if le == 0:
                break
            less[j, 0] += lt
            equal[j, 0] += le - lt
            _windows(values, start, j, keys[j], windows, less, equal)
        return
    ascending = keys[order]
    at_least = np.zeros(n + 1, np.int64)
    above = np.zeros(n + 1, np.int64)
    for i in range(values.shape[0]):
        if values[i] <= ascending[n - 1]:
            at_least[np.searchsorted(ascending, values[i], "left")] += 1
            above[np.searchsorted(ascending, values[i], "right")] += 1
    lt = 0
    le = 0
    for k in range(n):
        j = order[k]
        le += at_least[k]
        lt += above[k]
        less[j, 0] += lt
        equal[j, 0] += le - lt
        if le > 0:
            _windows(values, start, j, keys[j], windows, less, equal)


@njit(cache=True)
def _windows(values, start, j, key, windows, less, equal):
    for r in range(windows.shape[1]):
        lo = max(windows[j, r, 0] - start, 0)
        hi = min(windows[j, r, 1] - start, values.shape[0])
        if lo < hi:
            lt, le = below(values[lo:hi], key)
            less[j, 1 + r] += lt
            equal[j, 1 + r] += le - lt


@njit(cache=True)
def _settle(u, begin, end, probes, keys, masked, lo, hi, masked_keys, less, equal):
    """Leave each probe out of its own ties, and count the masked nodes into the last column."""
    last = less.shape[1] - 1
    for j in range(begin, end):
        if probes[j] != u and not is_in(masked, lo, hi, probes[j]):
            equal[j, 0] -= 1
        for e in range(hi - lo):
            if masked[lo + e] == probes[j]:
                continue
            if masked_keys[e] < keys[j]:
                less[j, last] += 1
            elif masked_keys[e] == keys[j]:
                equal[j, last] += 1


@njit(cache=True, parallel=True)
def count_points(x, p, m, s, sources, indptr, probes, windows, mask_indptr, masked):
    """Nearer and tied candidates of every probe, by keys of points.

    Sources (S,); probes[indptr[i]:indptr[i + 1]] belong to sources[i]; masked[mask_indptr[u]:...]
    and u itself are no candidates of u. Returns keys (P,), less and equal (P, 2 + windows): all
    candidates, those in each window, and last the masked nodes.
    """
    total = probes.shape[0]
    columns = 2 + windows.shape[1]
    keys = np.empty(total)
    less = np.zeros((total, columns), np.int64)
    equal = np.zeros((total, columns), np.int64)
    n = x.shape[1]
    blocks = (sources.shape[0] + BLOCK - 1) // BLOCK
    for block in prange(blocks):
        buffer = np.empty(TILE)
        cursor = np.empty(BLOCK, np.int64)
        widest = 0
        for b in range(BLOCK):
            i = block + b * blocks
            if i < sources.shape[0]:
                widest = max(widest, indptr[i + 1] - indptr[i])
        orders = np.empty((BLOCK, widest), np.int64)
        for b in range(BLOCK):
            i = block + b * blocks
            if i >= sources.shape[0]:
                continue
            u = sources[i]
            for j in range(indptr[i], indptr[i + 1]):
                keys[j] = key_one(x, p, m, s, u, probes[j])
            order = np.argsort(keys[indptr[i] : indptr[i + 1]]) + indptr[i]
            orders[b, : order.shape[0]] = order
            cursor[b] = mask_indptr[u]
        for start in range(0, n, TILE):
            stop = min(start + TILE, n)
            values = buffer[: stop - start]
            for b in range(BLOCK):
                i = block + b * blocks
                if i >= sources.shape[0] or indptr[i] == indptr[i + 1]:
                    continue
                u = sources[i]
                fill(values, x, p, m, s, u, start)
                if start <= u < stop:
                    values[u - start] = np.inf
                while cursor[b] < mask_indptr[u + 1] and masked[cursor[b]] < stop:
                    values[masked[cursor[b]] - start] = np.inf
                    cursor[b] += 1
                order = orders[b, : indptr[i + 1] - indptr[i]]
                tally(values, start, order, keys, windows, less, equal)
        for b in range(BLOCK):
            i = block + b * blocks
            if i >= sources.shape[0]:
                continue
            u = sources[i]
            lo, hi = mask_indptr[u], mask_indptr[u + 1]
            masked_keys = np.empty(hi - lo)
            for e in range(hi - lo):
                masked_keys[e] = key_one(x, p, m, s, u, masked[lo + e])
            _settle(
                u, indptr[i], indptr[i + 1], probes, keys, masked, lo, hi, masked_keys, less, equal
            )
    return keys, less, equal


@njit(cache=True, parallel=True)
def count_scores(rows, row_of, sources, indptr, probes, windows, mask_indptr, masked):
    """`count_points` with given finite scores, smaller is nearer: rows[row_of[i]] for source i."""
    total = probes.shape[0]
    columns = 2 + windows.shape[1]
    keys = np.empty(total)
    less = np.zeros((total, columns), np.int64)
    equal = np.zeros((total, columns), np.int64)
    for i in prange(sources.shape[0]):
        u = sources[i]
        begin, end = indptr[i], indptr[i + 1]
        lo, hi = mask_indptr[u], mask_indptr[u + 1]
        values = rows[row_of[i]].copy()
        masked_keys = np.empty(hi - lo)
        for j in range(begin, end):
            keys[j] = values[probes[j]]
        for e in range(hi - lo):
            masked_keys[e] = values[masked[lo + e]]
        for e in range(lo, hi):
            values[masked[e]] = np.inf
        values[u] = np.inf
        order = np.argsort(keys[begin:end]) + begin
        for start in range(0, values.shape[0], TILE):
            tile = values[start : start + TILE]
            tally(tile, start, order, keys, windows, less, equal)
        _settle(u, begin, end, probes, keys, masked, lo, hi, masked_keys, less, equal)
    return keys, less, equal


@njit(cache=True)
def _push(heap, value):
    """Replace a max-heap's root by a smaller value."""
    at = 0
    n = heap.shape[0]
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@njit(cache=True, parallel=True)
def nearest_pairs(x, p, m, s, mask_indptr, masked, top, blocks):
    """The `top` smallest keys over pairs w < u that are not masked (masked[mask_indptr[u]:...]).

    Returns (blocks, top) keys whose `top` smallest are the answer, and for each u the smallest key
    it offered, inf where it can hold none of them.
    """
    n = x.shape[1]
    heaps = np.full((blocks, top), np.inf)
    offered = np.full(n, np.inf)
    for block in prange(blocks):
        heap = heaps[block]
        buffer = np.empty(TILE)
        for u in range(block, n, blocks):
            cursor = mask_indptr[u]
            for start in range(0, u, TILE):
                stop = min(start + TILE, u)
                values = buffer[: stop - start]
                fill(values, x, p, m, s, u, start)
                while cursor < mask_indptr[u + 1] and masked[cursor] < stop:
                    values[masked[cursor] - start] = np.inf
                    cursor += 1
                _, le = below(values, heap[0])
                if le == 0:
                    continue
                for i in range(values.shape[0]):
                    if values[i] <= heap[0]:
                        offered[u] = min(offered[u], values[i])
                        if values[i] < heap[0]:
                            _push(heap, values[i])
    return heaps, offered


@njit(cache=True, parallel=True)
def count_pairs(x, p, m, s, nodes, mask_indptr, masked, limits):
    """For each node u and limit: how many unmasked pairs w < u have a key < and == the limit."""
    less = np.zeros((nodes.shape[0], limits.shape[0]), np.int64)
    equal = np.zeros((nodes.shape[0], limits.shape[0]), np.int64)
    for i in prange(nodes.shape[0]):
        u = nodes[i]
        buffer = np.empty(TILE)
        cursor = mask_indptr[u]
        for start in range(0, u, TILE):
            stop = min(start + TILE, u)
            values = buffer[: stop - start]
            fill(values, x, p, m, s, u, start)
            while cursor < mask_indptr[u + 1] and masked[cursor] < stop:
                values[masked[cursor] - start] = np.inf
                cursor += 1
            for k in range(limits.shape[0] - 1, -1, -1):
                lt, le = below(values, limits[k])
                if le == 0:
                    break
                less[i, k] += lt
                equal[i, k] += le - lt
    return less, equal


@njit(cache=True)
def to_distance(key, hyperbolic):
    """2 asinh(sqrt(key)), or sqrt(key) in R^d; in units of 1/sqrt(c)."""
    root = np.sqrt(key)
    return 2.0 * np.log(root + np.sqrt(1.0 + key)) if hyperbolic else root


@njit(cache=True, parallel=True)
def separate(x, p, m, s, hyperbolic, sources, labels, k):
    """Per source: sums and counts of distances to its own label and to others, purity of its k."""
    n = x.shape[1]
    sums = np.zeros((sources.shape[0], 2))
    counts = np.zeros((sources.shape[0], 2), np.int64)
    purity = np.zeros(sources.shape[0])
    for i in prange(sources.shape[0]):
        u = sources[i]
        values = np.empty(n)
        nearest = np.full(k, np.inf)
        fill(values, x, p, m, s, u, 0)
        for w in range(n):
            if w == u:
                continue
            side = 0 if labels[w] == labels[u] else 1
            sums[i, side] += to_distance(values[w], hyperbolic)
            counts[i, side] += 1
            if values[w] < nearest[0]:
                _push(nearest, values[w])
        limit = nearest[0]
        less = tied = same_less = same_tied = 0
        for w in range(n):
            if w == u or values[w] > limit:
                continue
            same = labels[w] == labels[u]
            if values[w] < limit:
                less += 1
                same_less += same
            else:
                tied += 1
                same_tied += same
        purity[i] = (same_less + (k - less) * same_tied / tied) / k
    return sums, counts, purity


@njit(cache=True)
def _hops(indptr, indices, source, hops, queue):
    """Breadth-first hop counts from source; -1 where there is no way."""
    hops[:] = -1
    hops[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(indptr[v], indptr[v + 1]):
            w = indices[e]
            if hops[w] < 0:
                hops[w] = hops[v] + 1
                queue[tail] = w
                tail += 1


@njit(cache=True, parallel=True)
def hop_rows(indptr, indices, sources, far):
    """Hop distances of each source to all nodes, `far` where there is no way."""
    n = indptr.shape[0] - 1
    out = np.empty((sources.shape[0], n))
    for i in prange(sources.shape[0]):
        hops = np.empty(n, np.int32)
        queue = np.empty(n, np.int32)
        _hops(indptr, indices, sources[i], hops, queue)
        for w in range(n):
            out[i, w] = hops[w] if hops[w] >= 0 else far
    return out


@njit(cache=True, parallel=True)
def stretch(x, p, m, s, hyperbolic, indptr, indices, sources, scale):
    """Per source over reachable nodes, r = distance / hops: n, sum r, sum r^2, sum |r/scale - 1|,
    min r, max r."""
    n = x.shape[1]
    out = np.zeros((sources.shape[0], 6))
    for i in prange(sources.shape[0]):
        u = sources[i]
        hops = np.empty(n, np.int32)
        queue = np.empty(n, np.int32)
        values = np.empty(n)
        _hops(indptr, indices, u, hops, queue)
        fill(values, x, p, m, s, u, 0)
        out[i, 4] = np.inf
        for w in range(n):
            if hops[w] <= 0:
                continue
            r = to_distance(values[w], hyperbolic) / hops[w]
            out[i, 0] += 1
            out[i, 1] += r
            out[i, 2] += r * r
            out[i, 3] += abs(r / scale - 1.0)
            out[i, 4] = min(out[i, 4], r)
            out[i, 5] = max(out[i, 5], r)
    return out
