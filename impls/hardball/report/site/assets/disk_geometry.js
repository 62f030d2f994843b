/* Points of the hyperbolic plane, and views of it.
 *
 * Points are held as polar coordinates of the hyperbolic plane, (distance to the origin, angle),
 * never as coordinates of the ball, which round to 1 far out. A view is an isometry, held as the
 * point that it moves to the centre, in the same coordinates, and a turn about it.
 */
"use strict";
(function (root) {
  const TAU = 2 * Math.PI;

  /* Polar coordinates of (r, angle) after the translation that moves (R, phi) to the centre.
   *
   * cosh(d) and the direction follow from the laws of the hyperbolic triangle, in sums of terms
   * that do not cancel: sinh^2(d/2) = sinh^2((r-R)/2) + sinh r sinh R sin^2(gap/2).
   */
  function translated(r, angle, R, phi) {
    const gap = angle - phi, half = Math.sin(gap / 2), square = half * half;
    const between = Math.sinh((r - R) / 2);
    const key = between * between + Math.sinh(r) * Math.sinh(R) * square;
    const along = Math.sinh(r - R) - 2 * Math.cosh(R) * Math.sinh(r) * square;
    const across = Math.sinh(r) * Math.sin(gap);
    return [2 * Math.asinh(Math.sqrt(key)), phi + Math.atan2(across, along)];
  }

  /* Distance of two points in polar coordinates, by the same formula. */
  function distance(a, b) {
    return translated(a[0], a[1], b[0], b[1])[0];
  }

  class View {
    constructor() { this.reset(); }

    reset() { this.radius = 0; this.angle = 0; this.turn = 0; }

    copy() { return Object.assign(new View(), this); }

    /* Where a point of the hierarchy's own coordinates lies in the view. */
    seen(r, angle) {
      const [d, a] = translated(r, angle, this.radius, this.angle);
      return [d, a + this.turn];
    }

    /* The point of the hierarchy's own coordinates that lies at (d, angle) in the view. */
    own(d, angle) {
      return translated(d, angle - this.turn, this.radius, this.angle + Math.PI);
    }

    /* Moves what lies at (d, angle) in the view to its centre, along the geodesic between them.
     * exact: the point's own coordinates, where they are known. */
    move(d, angle, exact) {
      if (!(d > 0)) return this;
      const [radius, own] = exact || this.own(d, angle);
      const back = translated(this.radius, this.angle, radius, own)[1];
      this.turn = (angle + Math.PI - back) % TAU;
      this.radius = radius;
      this.angle = own % TAU;
      return this;
    }
  }

  function decoded(text, Type) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new Type(bytes.buffer);
  }

  class Points {
    constructor(data) {
      this.names = data.names.split("\n");
      this.parent = decoded(data.parent, Int32Array);
      this.radius = decoded(data.radius, Float32Array);
      this.angle = decoded(data.angle, Float64Array);
      this.reach = data.reach ? decoded(data.reach, Float32Array) : this.radius;
      const n = this.count = this.parent.length;
      this.depth = new Uint16Array(n);
      this.below = new Int32Array(n).fill(1);
      this.deepest = 0;
      for (let i = 0; i < n; i++) {
        const above = this.parent[i];
        this.depth[i] = above < 0 ? 0 : this.depth[above] + 1;
        this.deepest = Math.max(this.deepest, this.depth[i]);
      }
      for (let i = n - 1; i > 0; i--) if (this.parent[i] >= 0) this.below[this.parent[i]] += this.below[i];
      this._children();
      this._constants();
      this.x = new Float64Array(n);
      this.y = new Float64Array(n);
    }

    _children() {
      const n = this.count, starts = new Int32Array(n + 1);
      for (let i = 0; i < n; i++) if (this.parent[i] >= 0) starts[this.parent[i] + 1]++;
      for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
      const next = starts.slice(), list = new Int32Array(starts[n]);
      for (let i = 0; i < n; i++) if (this.parent[i] >= 0) list[next[this.parent[i]]++] = i;
      this.starts = starts;
      this.list = list;
    }

    children(i) { return this.list.subarray(this.starts[i], this.starts[i + 1]); }

    path(i) {
      const found = [];
      for (let at = i; at >= 0; at = this.parent[at]) found.push(at);
      return found.reverse();
    }

    /* What a frame needs of each node, so that it takes no sine and no exponential. */
    _constants() {
      const n = this.count;
      for (const name of ["grown", "up", "down", "sine", "cosine"]) this[name] = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const r = this.radius[i];
        this.grown[i] = Math.sinh(r);
        this.up[i] = Math.exp(r / 2);
        this.down[i] = Math.exp(-r / 2);
        this.sine[i] = Math.sin(this.angle[i] / 2);
        this.cosine[i] = Math.cos(this.angle[i] / 2);
      }
    }

    /* Disk coordinates of all nodes in a view: `translated`, then tanh(d/2) along the direction. */
    project(view) {
      const R = view.radius, phi = view.angle, sinR = Math.sinh(R), cosR = Math.cosh(R);
      const upR = Math.exp(R / 2), downR = Math.exp(-R / 2);
      const s0 = Math.sin(phi / 2), c0 = Math.cos(phi / 2);
      const ct = Math.cos(phi + view.turn), st = Math.sin(phi + view.turn);
      const { grown, up, down, sine, cosine, x, y } = this;
      for (let i = 0; i < this.count; i++) {
        const s = sine[i] * c0 - cosine[i] * s0, c = cosine[i] * c0 + sine[i] * s0;
        const square = s * s, far = up[i] * downR, near = down[i] * upR;
        const between = (far - near) / 2;
        const key = between * between + grown[i] * sinR * square;
        const along = (far * far - near * near) / 2 - 2 * cosR * grown[i] * square;
        const across = 2 * grown[i] * s * c, scale = 0.5 / (1 + key);
        x[i] = (along * ct - across * st) * scale;
        y[i] = (along * st + across * ct) * scale;
      }
    }
  }

  root.hardballDisk = { translated, distance, View, Points };
})(typeof window === "undefined" ? globalThis : window);
