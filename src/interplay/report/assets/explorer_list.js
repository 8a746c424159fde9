// The samples found, of which only the rows in view exist, and the filters with what each choice would leave.
const ROW = 46, AROUND = 6;

class SampleList {
  constructor(samples, pick) {
    this.samples = samples;
    this.found = [];
    this.current = -1;
    this.box = byId("list");
    this.rows = byId("rows");
    this.box.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) pick(Number(row.dataset.sample));
    });
  }

  show(found) {
    this.found = found;
    this.rows.style.height = `${found.length * ROW}px`;
    this.draw();
  }

  // Marks the current sample and brings it into view; it need not be among those found.
  select(sample, into = true) {
    this.current = sample;
    const place = this.placeOf(sample);
    if (into && place >= 0) {
      const top = place * ROW, { scrollTop, clientHeight } = this.box;
      if (top < scrollTop) this.box.scrollTop = top;
      else if (top + ROW > scrollTop + clientHeight) this.box.scrollTop = top + ROW - clientHeight;
    }
    this.draw();
  }

  // `found` is in the order of the samples.
  placeOf(sample) {
    let low = 0, high = this.found.length;
    while (low < high) { const middle = (low + high) >> 1; if (this.found[middle] < sample) low = middle + 1; else high = middle; }
    return this.found[low] === sample ? low : -1;
  }

  next(by) {
    if (!this.found.length) return -1;
    const place = this.placeOf(this.current);
    if (place >= 0) return this.found[Math.min(this.found.length - 1, Math.max(0, place + by))];
    const after = this.found.findIndex((sample) => sample > this.current);
    return this.found[by > 0 ? (after < 0 ? this.found.length - 1 : after) : Math.max(0, (after < 0 ? this.found.length : after) - 1)];
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - AROUND);
    const last = Math.min(this.found.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + AROUND);
    const rows = [];
    for (let place = first; place < last; place++) rows.push(this.row(place));
    this.rows.replaceChildren(...rows);
    const shown = rows.some((row) => row.id === `sample-${this.current}`);
    if (shown) this.box.setAttribute("aria-activedescendant", `sample-${this.current}`); else this.box.removeAttribute("aria-activedescendant");
  }

  row(place) {
    const i = this.found[place], { samples } = this, outcome = samples.outcome(i);
    const begins = place === 0 || samples.problem[this.found[place - 1]] !== samples.problem[i];
    const fault = samples.choices("error")[samples.codes.error[i]];
    const about = ["regime", "context"].map((group) => samples.label(group, i));
    const several = samples.choices("seed").length > 1 ? ` · seed ${samples.label("seed", i)}` : "";
    return element("div", {
      role: "option", id: `sample-${i}`, class: `row ${outcome}${begins ? " begins" : ""}`, "data-sample": i, "aria-selected": String(i === this.current),
      "aria-setsize": this.found.length, "aria-posinset": place + 1, style: `top:${place * ROW}px`,
    },
    element("span", { class: "sign", role: "img", "aria-label": samples.label("outcome", i) }, SIGNS[outcome]),
    element("b", {}, outcome === "strict" ? "right" : fault[1]), swatch(samples.codes.arm[i]),
    element("small", {}, element("span", { class: "about-it" }, `op ${samples.label("op", i)} · ${about.join(" · ")}`), element("span", {}, `${samples.label("arm", i)}${several}`)));
  }
}

class Facets {
  constructor(samples, changed) {
    this.samples = samples;
    this.inputs = {};
    const groups = GROUPS.filter((group) => samples.choices(group).length > 1);
    byId("facets").append(...groups.map((group) => this.group(group, changed)));
  }

  group(group, changed) {
    const choices = this.samples.choices(group);
    this.inputs[group] = choices.map(([name, label], code) => {
      const input = element("input", { type: "checkbox", name: group, value: name, on: { change: () => changed(group, code, input.checked) } });
      const count = element("span", { class: "many" });
      const sign = group === "outcome" ? element("span", { class: `sign ${name}`, "aria-hidden": "true" }, SIGNS[name]) : group === "arm" ? swatch(code) : null;
      const line = element("label", { class: "choice" }, input, element("span", { class: "word" }, sign, label), count);
      return { input, count, line };
    });
    return element("fieldset", { class: `facet of-${group}` }, element("legend", {}, TITLES[group]), this.inputs[group].map(({ line }) => line));
  }

  show(chosen, counts) {
    for (const [group, inputs] of Object.entries(this.inputs)) {
      inputs.forEach(({ input, count, line }, code) => {
        input.checked = chosen[group].has(code);
        count.textContent = counts[group][code].toLocaleString("en");
        line.classList.toggle("none", counts[group][code] === 0);
      });
    }
    const active = GROUPS.reduce((sum, group) => sum + chosen[group].size, 0);
    byId("active").textContent = active ? `(${active})` : "";
  }
}
