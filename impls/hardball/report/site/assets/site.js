/* Tables that sort and filter, lists that filter, commands that can be copied. Without it, all is shown. */
"use strict";
(function () {
  const FIRST = 30;

  function button(words, done, name) {
    const made = document.createElement("button");
    made.type = "button";
    if (name) made.className = name;
    made.textContent = words;
    made.addEventListener("click", done);
    return made;
  }

  /* What a row is sorted by: numbers before text, what is missing always last. */
  function compare(a, b, numeric, sign) {
    if (numeric) {
      const x = a === "" ? NaN : Number(a), y = b === "" ? NaN : Number(b);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return sign * (x - y);
    }
    if (!a || !b) return !a - !b;
    return sign * a.localeCompare(b, "en", { numeric: true });
  }

  class Table {
    constructor(section) {
      this.table = section.querySelector("table");
      this.body = this.table.tBodies[0];
      this.rows = [...this.body.rows];
      this.filters = section.querySelector(".filters");
      this.more = section.querySelector(".more");
      this.all = false;
      this.search = this.filters.querySelector("input");
      this.choices = [...this.filters.querySelectorAll("select")];
      this.output = this.filters.querySelector("output");
      this.filters.hidden = this.rows.length < 6;
      for (const kind of ["input", "change"]) this.filters.addEventListener(kind, () => this.show());
      this.filters.addEventListener("submit", (event) => event.preventDefault());
      this.more.addEventListener("click", () => { this.all = !this.all; this.show(); });
      this.heads = [...this.table.tHead.rows[0].cells].filter((cell) => !cell.classList.contains("again"));
      this.heads.forEach((cell, place) => {
        const made = button("", () => this.sort(place));
        made.append(...cell.childNodes);
        cell.append(made);
      });
      this.show();
    }

    value(row, place) {
      const cell = row.cells[place];
      return cell.dataset.k !== undefined ? cell.dataset.k : this.numeric(place) ? this.leading(cell) : cell.textContent.trim();
    }

    numeric(place) { return this.heads[place].classList.contains("n"); }

    /* The number that a cell begins with, such as seeds `5 (1 diverged)`. */
    leading(cell) { return (cell.textContent.trim().match(/^-?[\d.]+/) || [""])[0]; }

    /* By a column: the better end first where it has one, the other way round when asked again. */
    sort(place) {
      const head = this.heads[place], arrow = head.querySelector(".arrow");
      const first = arrow && arrow.textContent === "↑" ? "descending" : "ascending";
      const now = head.getAttribute("aria-sort");
      const next = !now ? first : now === "ascending" ? "descending" : "ascending";
      this.heads.forEach((cell) => cell.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1, numeric = this.numeric(place);
      const keyed = this.rows.map((row) => [this.value(row, place), row]);
      keyed.sort((a, b) => compare(a[0], b[0], numeric, sign));
      this.rows = keyed.map(([, row]) => row);
      this.body.append(...this.rows);
      this.show();
    }

    fits(row) {
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const text = row.textContent.toLowerCase();
      return words.every((word) => text.includes(word))
        && this.choices.every((choice) => !choice.value || row.cells[choice.dataset.column].textContent.trim() === choice.value);
    }

    show() {
      const fitting = this.rows.filter((row) => this.fits(row)), kept = new Set(this.all ? fitting : fitting.slice(0, FIRST));
      for (const row of this.rows) row.hidden = !kept.has(row);
      const total = this.rows.length;
      this.output.textContent = fitting.length === total ? `${total} rows` : `${fitting.length} of ${total} rows`;
      this.more.hidden = fitting.length <= FIRST;
      this.more.textContent = this.all ? `Show the first ${FIRST}` : `Show all ${fitting.length} rows`;
    }
  }

  function listed(filters) {
    const items = [...document.querySelectorAll(".configuration")], search = filters.querySelector("input");
    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const item of items) {
        const text = item.querySelector("summary").textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        count += !item.hidden;
      }
      filters.querySelector("output").textContent = `${count} of ${items.length} configurations`;
    };
    filters.hidden = false;
    filters.addEventListener("input", show);
    filters.addEventListener("submit", (event) => event.preventDefault());
    show();
  }

  function opened() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const around = target && target.closest("details");
    if (!around) return;
    around.open = true;
    around.scrollIntoView();
  }

  document.querySelectorAll("section.table").forEach((section) => new Table(section));
  document.querySelectorAll(".filters.list").forEach(listed);
  if (navigator.clipboard) document.querySelectorAll(".copy").forEach((place) => {
    const made = button("Copy", () => navigator.clipboard.writeText(place.querySelector("pre").textContent)
      .then(() => { made.textContent = "Copied"; }, () => { made.textContent = "Select and copy"; }));
    place.append(made);
  });
  addEventListener("hashchange", opened);
  opened();
})();
