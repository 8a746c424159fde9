// A solution, one step to a line, each with its verdict; what stands between the steps is there too, unchanged.
function pieces(text, steps, junk) {
  const found = [];
  let position = 0;
  const between = (end) => {
    for (const [from, to] of junk > position && junk < end ? [[position, junk], [junk, end]] : [[position, end]]) {
      if (text.slice(from, to).trim()) found.push({ text: text.slice(from, to).trim(), step: -1, junk: junk >= 0 && from >= junk });
    }
  };
  steps.forEach((step, number) => {
    between(step[1]);
    found.push({ text: text.slice(step[1], step[2]), step: number, junk: junk >= 0 && step[1] >= junk });
    position = step[2];
  });
  between(text.length);
  return found;
}

function traceOf(data, solution) {
  const { text, steps, junk, error, faultStep, faultNode, outcome, problem } = Object.fromEntries(Object.entries(data.solutions).map(([name, column]) => [name, column[solution]]));
  const meaning = (code) => `${data.groups.error[code][1]}: ${data.errors[data.groups.error[code][0]]}`;
  const right = data.groups.outcome[outcome][0] === "strict";
  let marked = faultStep >= 0 || right;
  const rows = pieces(text, steps, junk).map((piece) => {
    if (piece.step >= 0) {
      const first = piece.step === faultStep, code = steps[piece.step][3];
      return stepLine(piece, code < 0 ? "right" : "wrong", first ? `first fault · ${meaning(code === error ? code : error)}` : code < 0 ? "" : meaning(code), first);
    }
    const first = piece.junk && !marked;
    marked ||= first;
    return element("li", { class: `between${piece.junk ? " junk fault" : ""}${first ? " first" : ""}`, tabindex: piece.junk ? 0 : null },
      element("span", { class: "sign", "aria-hidden": "true" }, piece.junk ? "✕" : ""),
      element("span", { class: "said" }, written(piece.text), piece.junk && element("strong", { class: "why" }, `${first ? "first fault · " : ""}${first ? meaning(error) : "not part of a solution"}`)));
  });
  if (!marked) {
    const name = typeof faultNode === "number" && faultNode >= 0 ? data.problems.nodes[problem].name[faultNode] : "";
    const about = name && ["missing_node", "truncated"].includes(data.groups.error[error][0]) ? `, ${name} first` : "";
    rows.push(element("li", { class: "end fault first", tabindex: 0 }, element("span", { class: "sign", "aria-hidden": "true" }, "✕"),
      element("strong", { class: "why" }, `first fault · ${meaning(error)}${about}`)));
  }
  return element("ol", { class: "trace", "aria-label": "Steps of the solution" }, rows);
}

// A step is a button: it lights up its quantity. `role` rather than the element, since what it holds may fold and wrap.
function stepLine(piece, verdict, why, first) {
  return element("li", {}, element("div", { class: `step-line ${verdict}${first ? " first" : ""}${verdict === "wrong" ? " fault" : ""}`, "data-step": piece.step, tabindex: 0, role: "button", "aria-pressed": "false" },
    element("span", { class: "sign", role: "img", "aria-label": verdict }, SIGNS[verdict]),
    element("span", { class: "said" }, written(piece.text), why && element("strong", { class: "why" }, why))));
}

function goldOf(data, problem) {
  const text = data.problems.gold[problem], steps = data.problems.steps[problem];
  const rows = pieces(text, steps, -1).map((piece) => piece.step < 0
    ? element("li", { class: "between" }, element("span", { class: "said" }, written(piece.text)))
    : element("li", {}, element("div", { class: "step-line gold", "data-gold": piece.step, tabindex: 0, role: "button", "aria-pressed": "false" }, element("span", { class: "said" }, written(piece.text)))));
  return element("ol", { class: "trace", "aria-label": "Steps of the gold solution" }, rows);
}
