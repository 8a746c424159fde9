// One sample: who wrote it, the problem, the graph, the steps, and the same problem under every arm.
class Detail {
  constructor(samples, acts) {
    this.samples = samples;
    this.data = samples.data;
    this.acts = acts;
    this.pinned = null;
    this.distractors = true;
    this.wide = false;
    this.box = byId("detail");
    for (const [event, on] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
      this.box.addEventListener(event, (happened) => this.hover(happened.target, on));
    }
    this.box.addEventListener("click", (event) => this.press(event.target));
    this.box.addEventListener("keydown", (event) => {
      if (["Enter", " "].includes(event.key) && event.target.matches("[role=button]")) { event.preventDefault(); this.press(event.target); }
    });
  }

  show(state) {
    const { samples, data } = this, i = state.sample, solution = samples.solution[i], problem = samples.problem[i];
    this.pinned = null;
    this.drawn = overlay(data, problem, solution, state.model);
    if (!this.distractors) this.hideIdle();
    const names = data.problems.nodes[problem];
    const label = `Dependency graph, ${plural([...this.drawn.nodes.values()].filter((node) => node.needed).length, "needed quantity").replace("quantitys", "quantities")}`;
    const idle = names.needed.some((needed) => !needed), picture = drawGraph(this.drawn, data, label), large = picture.viewBox.baseVal.width > 480;
    this.box.replaceChildren(
      this.heading(i, solution, state),
      element("div", { class: "asking" }, this.problem(problem), this.arms(i, problem)),
      element("div", { class: `work${state.gold ? " with-gold" : ""}${this.wide && large ? " wide" : ""}` },
        element("section", { class: "drawing", "aria-label": "Graph" },
          element("h3", {}, state.model ? "Its graph over the gold one" : "Gold graph", element("span", { class: "switches" },
            this.toggle("Model", state.model, "model", "m"), idle && this.toggle("Distractors", this.distractors, "distractors"), large && this.toggle("Wide", this.wide, "wide"))),
          element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Graph, can be scrolled" }, picture), legendOf(this.drawn)),
        element("section", { class: "writing", "aria-label": "Solution" }, element("h3", {}, "Solution", element("span", { class: "switches" }, this.toggle("Gold beside it", state.gold, "gold", "g"))),
          traceOf(data, solution), this.answer(solution, problem)),
        state.gold && element("section", { class: "golden", "aria-label": "Gold solution" }, element("h3", {}, "Gold solution"), goldOf(data, problem))));
    this.links(problem, solution, state);
    this.centre(picture);
  }

  // A graph wider than its place shows its first fault, or what is asked.
  centre(picture) {
    const box = picture.parentElement, node = picture.querySelector(".node.first") ?? picture.querySelector(".node.sought");
    if (box.scrollWidth <= box.clientWidth || !node) return;
    const place = node.getBoundingClientRect(), frame = box.getBoundingClientRect();
    box.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
  }

  hideIdle() {
    for (const [key, node] of this.drawn.nodes) if (node.status === "idle") this.drawn.nodes.delete(key);
    this.drawn.edges = this.drawn.edges.filter((edge) => this.drawn.nodes.has(edge.from) && this.drawn.nodes.has(edge.to));
  }

  toggle(words, on, act, key) {
    return element("button", { type: "button", class: "switch", "data-act": act, "aria-pressed": String(on), "aria-keyshortcuts": key }, words);
  }

  heading(i, solution, state) {
    const { samples, data } = this, { rules, accuracy, error } = data.solutions, outcome = samples.outcome(i);
    const words = outcome === "strict" ? "strictly right" : `${samples.label("outcome", i)} · ${data.groups.error[error[solution]][1]}`;
    const marks = data.rules.map((rule, r) => element("span", { class: rules[solution][r] ? "yes" : "no" }, `${rules[solution][r] ? "✓" : "✕"} ${rule}`));
    const about = [`seed ${samples.label("seed", i)}`, samples.label("regime", i), `op ${samples.label("op", i)}`, samples.label("context", i), samples.label("mode", i), `sample ${data.samples.sample[i]}`];
    const place = state.place < 0 ? "not among those found" : `${(state.place + 1).toLocaleString("en")} of ${state.total.toLocaleString("en")}`;
    return element("header", { class: "who" },
      element("h2", {}, swatch(samples.codes.arm[i]), samples.label("arm", i)),
      element("p", { class: "about" }, about.join(" · ")),
      element("p", { class: `badge ${GOOD.includes(outcome) ? "good" : "bad"}` }, `${SIGNS[outcome]} ${words}`),
      element("p", { class: "marks" }, marks, element("span", { title: "share of the needed quantities that are right" }, `process ${Math.round(accuracy[solution] * 100)} %`)),
      element("p", { class: "steps-through" }, element("button", { type: "button", "data-act": "previous", "aria-label": "Previous sample", "aria-keyshortcuts": "k" }, "‹"), element("span", {}, place),
        element("button", { type: "button", "data-act": "next", "aria-label": "Next sample", "aria-keyshortcuts": "j" }, "›"), element("button", { type: "button", "data-act": "link" }, "Copy link")));
  }

  problem(problem) {
    const { facts, question, nodes } = this.data.problems;
    return element("section", { class: "problem", "aria-label": "Problem" }, element("h3", {}, "Problem"),
      element("ul", {}, facts[problem].map(([fact, node]) => element("li", { class: node >= 0 && !nodes[problem].needed[node] ? "idle" : "", "data-fact": node }, shown(fact)))),
      element("p", { class: "asked" }, shown(question[problem])));
  }

  answer(solution, problem) {
    const answer = this.data.solutions.answer[solution];
    return element("p", { class: "answer" }, "Answer read: ", element("b", {}, answer === null ? "none" : shown(shorter(answer, 80))), " · gold: ", element("b", {}, this.data.problems.answer[problem]));
  }

  // Every sample of this problem, an arm (and seed) to a line.
  arms(current, problem) {
    const { samples } = this, lines = new Map();
    let from = current, to = current;
    while (from > 0 && samples.problem[from - 1] === problem) from--;
    while (to + 1 < samples.length && samples.problem[to + 1] === problem) to++;
    for (let i = from; i <= to; i++) {
      const key = `${samples.codes.arm[i]} ${samples.codes.seed[i]}`;
      lines.set(key, [...(lines.get(key) ?? []), i]);
    }
    const several = samples.choices("seed").length > 1;
    const dot = (i) => element("button", { type: "button", class: `dot ${samples.outcome(i)}`, "data-go": i, "aria-current": i === current ? "true" : null, title: `${samples.label("outcome", i)}${samples.outcome(i) === "strict" ? "" : `: ${samples.label("error", i)}`}`, "aria-label": `${samples.label("arm", i)}, sample ${this.data.samples.sample[i]}: ${samples.label("outcome", i)}` }, SIGNS[samples.outcome(i)]);
    return element("section", { class: "arms", "aria-label": "The same problem under every arm" }, element("h3", {}, "This problem under every arm"),
      element("div", { class: "lines" }, [...lines.values()].map((found) => element("p", {}, element("span", { class: "arm" }, swatch(samples.codes.arm[found[0]]), samples.label("arm", found[0]), several && element("small", {}, ` seed ${samples.label("seed", found[0])}`)), element("span", { class: "dots" }, found.map(dot))))));
  }

  // Which quantity each step, fact and gold step is about.
  links(problem, solution, state) {
    this.about = new Map();
    const put = (made, key) => { if (this.drawn.nodes.has(key)) this.about.set(made, key); };
    const asked = this.data.problems.asked[problem];
    for (const made of this.box.querySelectorAll("[data-step]")) { const [name] = this.data.solutions.steps[solution][made.dataset.step]; put(made, name === -1 ? asked : name); }
    for (const made of this.box.querySelectorAll("[data-gold]")) { const [name] = this.data.problems.steps[problem][made.dataset.gold]; put(made, name === -1 ? asked : name); }
    for (const made of this.box.querySelectorAll("[data-fact]")) put(made, Number(made.dataset.fact));
    const byName = new Map([...this.drawn.nodes.keys()].map((key) => [String(key), key]));
    for (const made of this.box.querySelectorAll("svg.graph .node")) put(made, byName.get(made.dataset.node));
  }

  light(key) {
    for (const [made, about] of this.about ?? []) made.classList.toggle("lit", key !== null && about === key);
    for (const made of this.box.querySelectorAll("svg.graph .edge")) made.classList.toggle("lit", key !== null && (made.dataset.from === String(key) || made.dataset.to === String(key)));
    this.box.classList.toggle("lighting", key !== null);
  }

  linked(target) { return target.closest?.("[data-step], [data-gold], [data-fact], svg.graph .node"); }

  hover(target, on) {
    const made = this.linked(target);
    if (made) this.light((on ? this.about?.get(made) : null) ?? this.pinned);
  }

  press(target) {
    const button = target.closest?.("button");
    if (button?.dataset.act) return this.acts[button.dataset.act](button);
    if (button?.dataset.go) return this.acts.go(Number(button.dataset.go));
    const made = this.linked(target);
    if (made && !button) { const key = this.about.get(made) ?? null; this.pin(key === this.pinned ? null : key); }
  }

  pin(key) {
    this.pinned = key;
    for (const [made, about] of this.about ?? []) if (made.hasAttribute("aria-pressed")) made.setAttribute("aria-pressed", String(key !== null && about === key));
    this.light(key);
  }

  // The next fault of the trace, or the one before it, round and round.
  fault(by) {
    const faults = [...this.box.querySelectorAll(".writing .fault")];
    if (!faults.length) return;
    const at = faults.indexOf(document.activeElement);
    const next = faults[at < 0 ? (by > 0 ? 0 : faults.length - 1) : (at + by + faults.length) % faults.length];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    this.pin(this.about.get(next) ?? null);
  }
}
