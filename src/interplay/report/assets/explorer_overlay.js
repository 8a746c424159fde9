// The gold graph with what one solution made of it: which quantities it derived, how, and where it went wrong.
//
// status of a quantity   right, wrong, missing (needed, not derived), extra (right, not needed), idle (a distractor),
//                        stranger (the problem has no such quantity)
// kind of an edge        kept (in both), unused (gold alone), stray (a wrong step's), extra (a right step's), idle
function overlay(data, problem, solution, model) {
  const { nodes: allNodes, asked } = data.problems, columns = allNodes[problem];
  const nodes = new Map(columns.name.map((name, key) => [key, {
    key, name, rule: columns.rule[key], needed: Boolean(columns.needed[key]), implicit: Boolean(columns.implicit[key]),
    gold: key === asked[problem] && columns.value[key] === "x" ? `x = ${data.problems.answer[problem]}` : columns.value[key],
    asked: key === asked[problem], parents: columns.parents[key], steps: [], said: [], error: -1, first: false, stranger: false,
  }]));
  const steps = model ? data.solutions.steps[solution] : [];
  const at = (reference) => {
    const key = reference === -1 ? asked[problem] : reference;
    if (!nodes.has(key)) {
      nodes.set(key, { key, name: String(key), rule: "", needed: false, implicit: false, gold: "", asked: false, parents: [], steps: [], said: [], error: -1, first: false, stranger: true });
    }
    return nodes.get(key);
  };
  const edges = goldEdges(nodes);
  claim(steps, at, edges);
  if (model) {
    const step = data.solutions.faultStep[solution], node = data.solutions.faultNode[solution];
    const first = step >= 0 ? at(steps[step][0]) : node !== -1 ? at(node) : null;
    if (first) { first.first = true; if (first.error < 0 || step < 0) first.error = data.solutions.error[solution]; }
  }
  for (const node of nodes.values()) node.status = model ? statusOf(node) : node.needed ? "gold" : "idle";
  for (const edge of edges.values()) edge.kind = kindOf(edge, nodes, model);
  return { nodes, edges: [...edges.values()], steps: steps.map((step) => at(step[0]).key) };
}

function goldEdges(nodes) {
  const edges = new Map();
  for (const node of nodes.values()) {
    for (const parent of node.parents) edges.set(`${parent}>${node.key}`, { from: parent, to: node.key, gold: true, claimed: false, wrong: false, early: false });
  }
  return edges;
}

// What each step says is laid over the gold: its quantity, its parents, its value.
function claim(steps, at, edges) {
  const defined = new Set();
  steps.forEach(([reference, , , error, parents, value], number) => {
    const node = at(reference);
    node.steps.push(number);
    if (reference === -1 && value) node.said.push(`x = ${value}`);
    else if (value && !(value === "x" && node.gold.startsWith("x = "))) node.said.push(value);
    if (error >= 0 && node.error < 0) node.error = error;
    for (const parent of reference === -1 ? [] : parents) {
      const from = at(parent).key, key = `${from}>${node.key}`;
      const edge = edges.get(key) ?? { from, to: node.key, gold: false, claimed: false, wrong: false, early: false };
      edge.claimed = true;
      edge.wrong ||= error >= 0;
      edge.early ||= !defined.has(from);
      edges.set(key, edge);
    }
    defined.add(node.key);
  });
}

function statusOf(node) {
  if (node.stranger && (node.error >= 0 || !node.steps.length)) return "stranger";
  if (node.steps.length) return node.error >= 0 ? "wrong" : node.needed ? "right" : "extra";
  return node.needed ? "missing" : "idle";
}

function kindOf(edge, nodes, model) {
  const child = nodes.get(edge.to);
  if (edge.gold) return edge.claimed || (!model && child.needed) ? "kept" : child.needed || child.steps.length ? "unused" : "idle";
  return edge.wrong ? "stray" : "extra";
}

// The layer of every quantity: below all its gold parents, and one without parents right above its first child.
function layersOf(nodes, edges) {
  const layer = new Map();
  const depth = (key) => {
    if (!layer.has(key)) {
      layer.set(key, 0);
      layer.set(key, Math.max(-1, ...nodes.get(key).parents.map(depth)) + 1);
    }
    return layer.get(key);
  };
  for (const [key, node] of nodes) if (!node.stranger) depth(key);
  for (const [key, node] of nodes) {
    if (!node.stranger) continue;
    const above = edges.filter((edge) => edge.to === key && !nodes.get(edge.from).stranger).map((edge) => layer.get(edge.from) + 1);
    const below = edges.filter((edge) => edge.from === key && !nodes.get(edge.to).stranger).map((edge) => layer.get(edge.to) - 1);
    layer.set(key, Math.max(0, above.length ? Math.max(...above) : below.length ? Math.min(...below) : 0));
  }
  for (const [key, node] of nodes) {
    if (node.parents.length || node.stranger) continue;
    const children = edges.filter((edge) => edge.from === key && edge.gold).map((edge) => layer.get(edge.to));
    if (children.length) layer.set(key, Math.max(0, Math.min(...children) - 1));
  }
  return layer;
}
