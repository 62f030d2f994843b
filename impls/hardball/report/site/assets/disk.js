/* A hierarchy in the Poincaré disk: zoom, pan, search, hover, and any node moved to the centre. */
"use strict";
(function (root) {
  const { Points, View, Painter } = root.hardballDisk;

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  class Disk {
    constructor(host, data) {
      this.points = new Points(data);
      this.view = new View();
      this.zoom = 1;
      this.hovered = -1;
      this.chosen = -1;
      this.canvases = [0, 1, 2].map(() => element("canvas", { "aria-hidden": "true" }));
      this.stage = element("div", {
        class: "stage", tabindex: "0", role: "application",
        "aria-label": `${data.title} in the Poincaré disk. Arrow keys move, plus and minus zoom, `
          + "Enter moves the nearest node to the centre, P its parent, Home resets, slash searches.",
      }, ...this.canvases);
      this.tip = element("div", { class: "tip", hidden: "" });
      this.stage.append(this.tip);
      host.replaceChildren(this.stage, this._panel(data));
      this.painter = new Painter(this.points, this.canvases);
      this._legend();
      this._listen();
      this.fit();
    }

    _panel(data) {
      const list = `list-${Math.random().toString(36).slice(2)}`;
      this.search = element("input", {
        type: "search", placeholder: "Search a node", "aria-label": "Search a node", role: "combobox",
        "aria-expanded": "false", "aria-controls": list, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
      });
      this.options = element("ul", { role: "listbox", id: list, hidden: "", "aria-label": "Nodes found" });
      this.slider = element("input", { type: "range", min: "-0.2", max: "4", step: "0.01", value: "0", "aria-label": "Zoom" });
      const home = element("button", { type: "button" }, "Reset");
      home.addEventListener("click", () => this.reset());
      this.about = element("div", { class: "about", "aria-live": "polite" });
      this.legend = element("div", { class: "legend", "aria-hidden": "true" });
      return element("div", { class: "panel" },
        element("div", { class: "search" }, this.search, this.options),
        element("label", { class: "zoom" }, "Zoom", this.slider, home),
        this.about, this.legend, element("p", { class: "note" }, data.said));
    }

    _legend() {
      const colors = this.painter.colors, every = Math.ceil(colors.length / 12);
      const swatches = colors.map((color, depth) => [color, depth]).filter(([, depth]) => depth % every === 0);
      this.legend.replaceChildren(element("span", {}, "depth"), ...swatches.map(([color, depth]) => {
        const dot = element("i", {});
        dot.style.background = `rgb(${color})`;
        return element("span", {}, dot, String(depth));
      }));
    }

    // -- what a page or a test may call

    /* Polar coordinates of a node in the view, in float64: [distance to its centre, angle]. */
    polar(node) { return this.view.seen(this.points.radius[node], this.points.angle[node]); }

    /* Nodes whose names begin with a text, then those that have it elsewhere. */
    find(text, most = 12) {
      const asked = text.trim().toLowerCase(), first = [], later = [];
      if (!asked) return first;
      this.lower = this.lower || this.points.names.map((name) => name.toLowerCase());
      for (let i = 0; i < this.lower.length && first.length < most; i++) {
        const at = this.lower[i].indexOf(asked);
        if (at === 0) first.push(i);
        else if (at > 0 && later.length < most) later.push(i);
      }
      return [...first, ...later].slice(0, most);
    }

    /* Moves a node to the centre by a translation; a promise that ends when it is there. */
    recentre(node, animated = true) {
      const start = this.view.copy(), [d, angle] = this.polar(node);
      const exact = [this.points.radius[node], this.points.angle[node]];
      const still = !animated || root.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.chosen = node;
      this._tell();
      return this._animate(still ? 0 : 650, (t) => {
        this.view = start.copy().move(t * d, angle, t === 1 ? exact : undefined);
      });
    }

    reset() {
      const start = this.view.copy(), zoom = this.zoom, [d, angle] = start.seen(0, 0), turn = start.turn;
      this.chosen = -1;
      this._tell();
      return this._animate(500, (t) => {
        this.view = start.copy().move(t * d, angle, t === 1 ? [0, 0] : undefined);
        if (t === 1) this.view.reset();
        this.setZoom(Math.exp((1 - t) * Math.log(zoom)), false);
      });
    }

    setZoom(zoom, drawn = true) {
      this.zoom = Math.max(Math.exp(-0.2), Math.min(Math.exp(4), zoom));
      this.slider.value = String(Math.log(this.zoom));
      if (drawn) this.show(true);
    }

    /* Moves the picture by a part of the disk, as a drag from one place of it to another. */
    pan(fromX, fromY, toX, toY) {
      const inside = Math.max(Math.hypot(fromX, fromY), Math.hypot(toX, toY));
      if (inside >= 0.985) return;
      // The translation z -> (z + b) / (1 + conj(b) z) that takes one place to the other.
      const wx = fromX * toX - fromY * toY, wy = fromX * toY + fromY * toX;
      const dx = toX - fromX, dy = toY - fromY, size = 1 - wx * wx - wy * wy;
      const bx = (dx + dx * wx + dy * wy) / size, by = (dy + dx * wy - dy * wx) / size;
      this.view.move(2 * Math.atanh(Math.min(0.999, Math.hypot(bx, by))), Math.atan2(-by, -bx));
      this.show(true);
    }

    /* Draws now; milliseconds that it took. */
    draw(moving = false) {
      const before = performance.now(), marked = [];
      if (this.chosen >= 0) marked.push([this.chosen, 2]);
      if (this.hovered >= 0 && this.hovered !== this.chosen) marked.push([this.hovered, 1.4]);
      this.painter.draw(this.view, this.zoom, marked, moving);
      return performance.now() - before;
    }

    /* Draws at the next frame; names and short edges follow when nothing has moved for a moment. */
    show(moving = false) {
      this.moving = moving;
      if (!this.waiting) this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        this.draw(this.moving);
        clearTimeout(this.rest);
        if (this.moving) this.rest = setTimeout(() => this.show(false), 120);
      });
    }

    fit() {
      const box = this.stage.getBoundingClientRect();
      this.painter.resize(box.width, box.height);
      this.draw();
    }

    _animate(duration, step) {
      const mine = (this.animation = {});
      return new Promise((done) => {
        const begin = performance.now();
        const frame = () => {
          if (this.animation !== mine) return done(false);
          const t = duration ? Math.min(1, (performance.now() - begin) / duration) : 1;
          step(t === 1 ? 1 : t * t * (3 - 2 * t));
          this.draw(t < 1);
          if (t < 1) requestAnimationFrame(frame);
          else { this.animation = null; done(true); }
        };
        frame();
      });
    }

    // -- events

    _listen() {
      const stage = this.stage;
      new ResizeObserver(() => this.fit()).observe(stage);
      root.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        this.painter.theme();
        this._legend();
        this.draw();
      });
      stage.addEventListener("pointerdown", (event) => this._down(event));
      stage.addEventListener("pointermove", (event) => this._moved(event));
      stage.addEventListener("pointerup", (event) => this._up(event));
      stage.addEventListener("pointercancel", (event) => this.held.delete(event.pointerId));
      stage.addEventListener("pointerleave", () => this._hover(-1));
      stage.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.setZoom(this.zoom * Math.exp(-0.0015 * event.deltaY));
      }, { passive: false });
      stage.addEventListener("keydown", (event) => this._key(event));
      this.slider.addEventListener("input", () => this.setZoom(Math.exp(Number(this.slider.value))));
      this.held = new Map();
      this._searching();
    }

    _place(event) {
      const box = this.stage.getBoundingClientRect(), ratio = this.painter.ratio;
      const px = (event.clientX - box.left) * ratio, py = (event.clientY - box.top) * ratio;
      const { cx, cy, scale } = this.painter;
      return { px, py, x: (px - cx) / scale, y: (cy - py) / scale };
    }

    _down(event) {
      this.animation = null;
      this.stage.setPointerCapture(event.pointerId);
      this.held.set(event.pointerId, { ...this._place(event), moved: 0 });
      this.stage.classList.add("held");
    }

    _moved(event) {
      const before = this.held.get(event.pointerId), now = this._place(event);
      if (!before) return this._hover(this.painter.nearest(now.px, now.py, 12), event);
      before.moved += Math.hypot(now.px - before.px, now.py - before.py);
      const kept = { ...now, moved: before.moved };
      if (this.held.size === 2) {
        const other = [...this.held].find(([id]) => id !== event.pointerId)[1];
        const apart = (p) => Math.hypot(p.px - other.px, p.py - other.py) || 1;
        this.setZoom(this.zoom * apart(now) / apart(before));
      } else if (before.moved > 3 * this.painter.ratio) {
        this._hover(-1);
        this.pan(before.x, before.y, now.x, now.y);
      }
      this.held.set(event.pointerId, kept);
      return undefined;
    }

    _up(event) {
      const before = this.held.get(event.pointerId);
      this.held.delete(event.pointerId);
      this.stage.classList.remove("held");
      if (!before || before.moved > 3 * this.painter.ratio) return;
      const node = this.painter.nearest(before.px, before.py, event.pointerType === "touch" ? 22 : 12);
      if (node >= 0) this.recentre(node);
    }

    _hover(node, event) {
      if (node !== this.hovered) {
        this.hovered = node;
        this.show(false);
      }
      this.tip.hidden = node < 0;
      this.stage.classList.toggle("over", node >= 0);
      if (node < 0) return;
      const { names, depth, reach } = this.points, path = this.points.path(node);
      const above = path.slice(0, -1).reverse().slice(0, 8).map((i) => names[i]).join(" › ");
      this.tip.replaceChildren(element("b", {}, names[node]),
        element("span", {}, `depth ${depth[node]}, radius ${reach[node].toFixed(2)}`),
        ...(above ? [element("span", {}, `in ${above}${path.length > 9 ? " › …" : ""}`)] : []));
      const box = this.stage.getBoundingClientRect();
      const left = event.clientX - box.left, top = event.clientY - box.top;
      this.tip.style.left = `${Math.min(left + 14, Math.max(0, box.width - this.tip.offsetWidth - 4))}px`;
      this.tip.style.top = `${top + 18 + this.tip.offsetHeight > box.height ? top - this.tip.offsetHeight - 10 : top + 18}px`;
    }

    _key(event) {
      const step = 0.18 / this.zoom, steps = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const move = steps[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (move) this.pan(0, 0, step * move[0], step * move[1]);
      else if (event.key === "+" || event.key === "=") this.setZoom(this.zoom * 1.25);
      else if (event.key === "-") this.setZoom(this.zoom / 1.25);
      else if (event.key === "Home" || event.key === "0") this.reset();
      else if (event.key === "/") this.search.focus();
      else if (event.key === "Enter") this._centre();
      else if (event.key === "p" && this.chosen >= 0 && this.points.parent[this.chosen] >= 0) this.recentre(this.points.parent[this.chosen]);
      else return;
      event.preventDefault();
    }

    _centre() {
      const node = this.painter.nearest(this.painter.cx, this.painter.cy, Infinity);
      if (node >= 0) this.recentre(node);
    }

    _searching() {
      const { search, options } = this;
      let found = [], at = -1;
      const close = () => {
        options.hidden = true;
        search.setAttribute("aria-expanded", "false");
        search.removeAttribute("aria-activedescendant");
      };
      const mark = (place) => {
        at = place;
        [...options.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === at)));
        if (at >= 0) {
          search.setAttribute("aria-activedescendant", options.children[at].id);
          options.children[at].scrollIntoView({ block: "nearest" });
        }
      };
      const take = (node) => {
        search.value = this.points.names[node];
        close();
        this.recentre(node);
      };
      search.addEventListener("input", () => {
        found = this.find(search.value);
        options.replaceChildren(...found.map((node, k) => {
          const above = this.points.parent[node];
          const item = element("li", { role: "option", id: `${options.id}-${k}` }, this.points.names[node],
            ...(above >= 0 ? [element("small", {}, ` in ${this.points.names[above]}`)] : []));
          item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(node); });
          return item;
        }));
        if (search.value.trim() && !found.length) options.append(element("li", { class: "none" }, "no such node"));
        options.hidden = !search.value.trim();
        search.setAttribute("aria-expanded", String(!options.hidden));
        mark(found.length ? 0 : -1);
      });
      search.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" && found.length) mark((at + 1) % found.length);
        else if (event.key === "ArrowUp" && found.length) mark((at + found.length - 1) % found.length);
        else if (event.key === "Enter" && at >= 0) take(found[at]);
        else if (event.key === "Escape") close();
        else return;
        event.preventDefault();
      });
      search.addEventListener("blur", close);
    }

    /* What the panel says of the node at the centre: its way to the root, and its children. */
    _tell() {
      const node = this.chosen, { names, depth, reach, below } = this.points;
      if (node < 0) {
        this.about.replaceChildren();
        return;
      }
      const link = (i) => {
        const made = element("button", { type: "button", class: "node" }, names[i]);
        made.addEventListener("click", () => this.recentre(i));
        return made;
      };
      const children = [...this.points.children(node)].sort((a, b) => below[b] - below[a]);
      const shown = children.slice(0, 24), parts = [element("h2", {}, names[node])];
      parts.push(element("p", {}, `depth ${depth[node]}, radius ${reach[node].toFixed(2)}, ${(below[node] - 1).toLocaleString("en")} below it`));
      parts.push(element("ol", { class: "path", "aria-label": "Path from the root" },
        ...this.points.path(node).map((i) => element("li", {}, i === node ? names[i] : link(i)))));
      if (shown.length) {
        const more = children.length - shown.length;
        parts.push(element("h3", {}, children.length === 1 ? "1 child" : `${children.length.toLocaleString("en")} children`),
          element("ul", { class: "children" }, ...shown.map((i) => element("li", {}, link(i))),
            ...(more ? [element("li", {}, `and ${more.toLocaleString("en")} more`)] : [])));
      }
      this.about.replaceChildren(...parts);
    }
  }

  root.hardballDisk.mount = (host, data) => (root.hardballDisk.shown = new Disk(host, data));
})(typeof window === "undefined" ? globalThis : window);
