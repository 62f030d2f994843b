/* Draws nodes, edges and names of a view onto three canvases, one above the other. */
"use strict";
(function (root) {
  const TAU = 2 * Math.PI;

  // Viridis (Smith & van der Walt 2015), which also reads in grey; its ends are cut by theme.
  const VIRIDIS = [
    [68, 1, 84], [72, 36, 117], [65, 68, 135], [53, 95, 141], [42, 120, 142], [33, 145, 140],
    [34, 168, 132], [68, 191, 112], [122, 209, 81], [189, 223, 38], [253, 231, 37],
  ];

  function viridis(t) {
    const at = Math.max(0, Math.min(1, t)) * (VIRIDIS.length - 1), k = Math.min(VIRIDIS.length - 2, Math.floor(at));
    return VIRIDIS[k].map((v, c) => Math.round(v + (at - k) * (VIRIDIS[k + 1][c] - v)));
  }

  const STEP = 0.25, LARGEST = 9;

  /* Coverage of a dot of some radius in pixels, for each pixel of a square around its middle. */
  function stamp(radius) {
    const half = Math.ceil(radius + 0.5), cells = [];
    for (let dy = -half; dy <= half; dy++) for (let dx = -half; dx <= half; dx++) {
      const cover = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy)));
      if (cover > 0.05) cells.push(dx, dy, Math.round(255 * cover));
    }
    return { half, cells: Int32Array.from(cells) };
  }

  class Painter {
    constructor(points, canvases) {
      this.points = points;
      this.canvases = canvases;
      [this.under, this.dots, this.over] = canvases.map((c) => c.getContext("2d"));
      this.stamps = [];
      for (let r = 0; r <= LARGEST; r += STEP) this.stamps.push(stamp(r));
      this.weight = Float32Array.from(points.below, (n) => 1.5 + 1.15 * Math.log10(n));
      this.least = 2;
      this.named = [];
      this.theme();
    }

    theme() {
      const style = getComputedStyle(this.canvases[0]);
      const read = (name, other) => style.getPropertyValue(name).trim() || other;
      this.ink = read("--ink", "#1c1e21");
      this.paper = read("--paper", "#ffffff");
      this.inside = read("--inside", "#fafaf8");
      this.rim = read("--rim", "#c9ccd1");
      this.strong = read("--strong", "#b3261e");
      this.family = read("--font", "sans-serif");
      const [low, high] = read("--range", "0 0.86").split(" ").map(Number);
      const deepest = Math.max(1, this.points.deepest);
      this.colors = Array.from({ length: deepest + 1 }, (_, d) => viridis(low + (high - low) * d / deepest));
      this.packed = Uint32Array.from(this.colors, ([r, g, b]) => (b << 16) | (g << 8) | r);
    }

    resize(width, height) {
      const ratio = Math.min(2, root.devicePixelRatio || 1);
      this.width = Math.max(1, Math.round(width * ratio));
      this.height = Math.max(1, Math.round(height * ratio));
      this.ratio = ratio;
      for (const canvas of this.canvases) {
        canvas.width = this.width;
        canvas.height = this.height;
      }
      this.image = this.dots.createImageData(this.width, this.height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }

    /* Pixels from the centre to the rim at a zoom, and the centre. */
    frame(zoom) {
      this.cx = this.width / 2;
      this.cy = this.height / 2;
      this.scale = zoom * (Math.min(this.width, this.height) / 2 - 12 * this.ratio);
    }

    px(i) { return this.cx + this.scale * this.points.x[i]; }

    py(i) { return this.cy - this.scale * this.points.y[i]; }

    draw(view, zoom, marked, moving) {
      this.frame(zoom);
      this.points.project(view);
      this._disk();
      this._edges(moving ? 700 : 3000);
      this._dots(Math.sqrt(zoom));
      this._over(marked, moving);
    }

    _disk() {
      const c = this.under;
      c.clearRect(0, 0, this.width, this.height);
      c.beginPath();
      c.arc(this.cx, this.cy, this.scale, 0, TAU);
      c.fillStyle = this.inside;
      c.fill();
      c.lineWidth = this.ratio;
      c.strokeStyle = this.rim;
      c.stroke();
    }

    /* Edges that are long enough to be seen; `least` follows how many there are of them. */
    _edges(most) {
      const { parent, count, depth } = this.points, byColor = this.colors.map(() => []);
      let found = 0;
      for (let i = 1; i < count && found < most; i++) {
        const above = parent[i];
        if (above < 0) continue;
        const x = this.px(i), y = this.py(i), u = this.px(above), v = this.py(above);
        if (Math.abs(x - u) + Math.abs(y - v) < this.least * this.ratio) continue;
        if (Math.max(x, u) < 0 || Math.min(x, u) > this.width) continue;
        if (Math.max(y, v) < 0 || Math.min(y, v) > this.height) continue;
        byColor[depth[i]].push(i);
        found++;
      }
      if (found >= most) this.least *= 1.5;
      else if (found < most / 3) this.least = Math.max(2, this.least * 0.75);
      const c = this.under;
      c.globalAlpha = Math.max(0.16, Math.min(0.5, 0.9 - 0.22 * Math.log10(1 + found)));
      c.lineWidth = 0.9 * this.ratio;
      byColor.forEach((children, d) => {
        if (!children.length) return;
        c.beginPath();
        for (const i of children) this._arc(c, i, parent[i]);
        c.strokeStyle = `rgb(${this.colors[d]})`;
        c.stroke();
      });
      c.globalAlpha = 1;
    }

    /* The geodesic between two nodes: the circle through both that meets the rim at right angles. */
    _arc(c, i, j) {
      const { x, y } = this.points, cross = x[i] * y[j] - y[i] * x[j];
      c.moveTo(this.px(i), this.py(i));
      if (Math.abs(cross) < 1e-4) {
        c.lineTo(this.px(j), this.py(j));
        return;
      }
      const a = (1 + x[i] * x[i] + y[i] * y[i]) / 2, b = (1 + x[j] * x[j] + y[j] * y[j]) / 2;
      const mx = (a * y[j] - b * y[i]) / cross, my = (b * x[i] - a * x[j]) / cross;
      const from = Math.atan2(y[i] - my, x[i] - mx), to = Math.atan2(y[j] - my, x[j] - mx);
      const turn = ((to - from + 3 * Math.PI) % TAU) - Math.PI;
      const size = Math.hypot(x[i] - mx, y[i] - my);
      if (Math.abs(turn) * size * this.scale < 3 || Math.abs(turn) < 0.01) c.lineTo(this.px(j), this.py(j));
      else c.arc(this.cx + this.scale * mx, this.cy - this.scale * my, this.scale * size, -from, -(from + turn), turn > 0);
    }

    /* Dots written to pixels by hand: thousands of calls of a canvas would take many times as long. */
    _dots(zoom) {
      const { x, y, count, depth } = this.points, { pixels, packed, stamps, width, height } = this;
      pixels.fill(0);
      const grow = zoom * this.ratio, last = stamps.length - 1;
      for (let i = count - 1; i >= 0; i--) {
        const px = Math.round(this.cx + this.scale * x[i]), py = Math.round(this.cy - this.scale * y[i]);
        if (px < 0 || py < 0 || px >= width || py >= height) continue;
        const room = 1 - x[i] * x[i] - y[i] * y[i];
        const radius = grow * (0.45 + this.weight[i] * Math.min(1, 1.6 * room));
        const { cells, half } = stamps[Math.min(last, Math.max(2, Math.round(radius / STEP)))];
        const color = packed[depth[i]];
        const inside = px >= half && py >= half && px + half < width && py + half < height;
        for (let k = 0; k < cells.length; k += 3) {
          const u = px + cells[k], v = py + cells[k + 1], cover = cells[k + 2];
          if (!inside && (u < 0 || v < 0 || u >= width || v >= height)) continue;
          const at = v * width + u;
          if (cover >= 250 || pixels[at] >>> 24 < cover) pixels[at] = ((cover << 24) | color) >>> 0;
        }
      }
      this.dots.putImageData(this.image, 0, 0);
    }

    _over(marked, moving) {
      const c = this.over;
      c.clearRect(0, 0, this.width, this.height);
      for (const [node, width] of marked) this._family(c, node, width);
      if (!moving) this._choose();
      this._names(c, marked.map(([node]) => node));
    }

    /* A node with its way to the root and its children. */
    _family(c, node, width) {
      const points = this.points;
      c.lineCap = "round";
      c.strokeStyle = this.strong;
      c.beginPath();
      for (const i of points.path(node)) if (points.parent[i] >= 0) this._arc(c, i, points.parent[i]);
      c.lineWidth = width * this.ratio;
      c.stroke();
      c.globalAlpha = 0.5;
      c.beginPath();
      for (const i of points.children(node).subarray(0, 400)) this._arc(c, i, node);
      c.lineWidth = 0.5 * width * this.ratio;
      c.stroke();
      c.globalAlpha = 1;
      c.beginPath();
      c.arc(this.px(node), this.py(node), (2.5 + width) * this.ratio, 0, TAU);
      c.fillStyle = this.strong;
      c.fill();
      c.strokeStyle = this.paper;
      c.lineWidth = 1.5 * this.ratio;
      c.stroke();
    }

    /* The nodes that are named: near the centre of the view, with much below them. */
    _choose() {
      const { x, y, count, below } = this.points, found = [], margin = 20 * this.ratio;
      let bar = 0;
      for (let i = 0; i < count; i++) {
        const room = 1 - x[i] * x[i] - y[i] * y[i];
        const score = room * (0.4 + Math.log10(1 + below[i]));
        if (score <= bar || room < 0.03) continue;
        const px = this.px(i), py = this.py(i);
        if (px < margin || py < margin || px > this.width - margin || py > this.height - margin) continue;
        found.push([score, i]);
        if (found.length >= 400) {
          found.sort((a, b) => b[0] - a[0]);
          found.length = 160;
          bar = found[159][0];
        }
      }
      found.sort((a, b) => b[0] - a[0]);
      this.named = found.slice(0, 160).map(([, i]) => i);
    }

    _names(c, first) {
      const taken = [], ratio = this.ratio, names = this.points.names;
      c.lineJoin = "round";
      c.textBaseline = "middle";
      let shown = 0;
      for (const i of [...first, ...this.named]) {
        if (shown >= 45) break;
        const marked = first.includes(i), size = (marked ? 13 : 11.5) * ratio;
        c.font = `${marked ? 600 : 400} ${size}px ${this.family}`;
        const text = names[i].length > 32 ? `${names[i].slice(0, 30)}…` : names[i];
        const wide = c.measureText(text).width, px = this.px(i), py = this.py(i);
        const left = px + 7 * ratio + wide > this.width ? px - 7 * ratio - wide : px + 7 * ratio;
        const box = [left - 3 * ratio, py - size * 0.65, left + wide + 3 * ratio, py + size * 0.65];
        if (taken.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) continue;
        taken.push(box);
        shown++;
        c.lineWidth = 3.5 * ratio;
        c.strokeStyle = this.inside;
        c.globalAlpha = 0.85;
        c.strokeText(text, left, py);
        c.globalAlpha = 1;
        c.fillStyle = marked ? this.strong : this.ink;
        c.fillText(text, left, py);
      }
    }

    /* The node nearest to a place on the screen, -1 where none is within `within` pixels. */
    nearest(px, py, within) {
      let best = (within * this.ratio) ** 2, found = -1;
      const { x, y, count } = this.points;
      for (let i = 0; i < count; i++) {
        const dx = this.cx + this.scale * x[i] - px, dy = this.cy - this.scale * y[i] - py, d = dx * dx + dy * dy;
        if (d < best) { best = d; found = i; }
      }
      return found;
    }
  }

  root.hardballDisk.Painter = Painter;
})(typeof window === "undefined" ? globalThis : window);
