// The graph as a picture: every state has a sign, a line and a word of its own, so that colour only repeats them.
const NODE_HEIGHT = 58, FLAG = 19, LAYER_GAP = 54, MARGIN = 14, LOOP = 46;
const STATUS = {
  gold: { sign: "", word: "needed" },
  right: { sign: "✓", word: "right" },
  wrong: { sign: "✕", word: "wrong" },
  missing: { sign: "", word: "missing" },
  extra: { sign: "+", word: "right, not needed" },
  idle: { sign: "", word: "distractor" },
  stranger: { sign: "?", word: "not in the problem" },
};
const pen = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

// A name in two lines, broken before its place where it has one.
function nameLines(name) {
  const text = plain(name);
  const at = text.lastIndexOf(" in ");
  if (at > 0) return [shorter(text.slice(0, at), 26), shorter(text.slice(at + 1), 26)];
  if (text.length <= 16) return [text, ""];
  const blanks = [...text.matchAll(/ /g)].map((match) => match.index);
  const middle = blanks.reduce((best, blank) => Math.abs(blank - text.length / 2) < Math.abs(best - text.length / 2) ? blank : best, text.length);
  return [shorter(text.slice(0, middle), 26), shorter(text.slice(middle + 1), 26)];
}

// What stands under the name: the value, and beside it what the solution says instead.
function valueLine(node) {
  const other = node.said.find((value) => value !== node.gold);
  if (node.status === "missing") return node.gold ? `missing · ${node.gold}` : "missing";
  if (node.status === "stranger") return node.said.length ? `says ${node.said[0]}` : "not in the problem";
  if (node.steps.length && !node.gold) return `= ${node.said[0] ?? "?"}`;
  if (other !== undefined) return `says ${other}, is ${node.gold}`;
  return node.gold.startsWith("x = ") ? node.gold : `= ${node.gold}`;
}

function described(node, data) {
  const parts = [node.name, STATUS[node.status].word];
  if (node.gold) parts.push(`gold value ${node.gold}`);
  if (node.rule) parts.push(`${node.implicit ? "implicit total" : "rule"}: ${node.rule}`);
  if (node.said.length) parts.push(`the solution says ${node.said.join(", then ")}`);
  if (node.error >= 0 && node.status !== "right") parts.push(`${node.first ? "first fault" : "fault"}: ${data.groups.error[node.error][1]}`);
  if (node.asked) parts.push("this is asked");
  return parts.join("; ");
}

function placed(drawn, data) {
  const layer = layersOf(drawn.nodes, drawn.edges);
  for (const node of drawn.nodes.values()) {
    node.lines = nameLines(node.name);
    node.value = shorter(plain(valueLine(node)), 30);
    node.flag = node.first ? `⚑ ${data.groups.error[node.error][1]}` : "";
    const widths = [textWidth(node.flag, "700 11px") - 8, ...node.lines.map((line) => textWidth(line, "12px")), textWidth(node.value, "600 12px") + (node.asked ? 12 : 0)];
    node.width = Math.max(76, Math.ceil(Math.max(...widths)) + 26);
  }
  const joined = new Set(drawn.edges.flatMap((edge) => [edge.from, edge.to]));
  const [order, alone] = [true, false].map((wanted) => [...drawn.nodes.values()].filter((node) => joined.has(node.key) === wanted));
  order.sort((a, b) => (a.status === "idle") - (b.status === "idle"));
  const routed = drawn.edges.filter((edge) => layer.get(edge.from) < layer.get(edge.to));
  const layout = layered(order.map(({ key, width }) => ({ key, width, layer: layer.get(key) })), routed);
  routed.forEach((edge, i) => { edge.bends = layout.bends[i]; });
  for (const node of order) { node.x = layout.x.get(node.key) + MARGIN; node.y = MARGIN + layer.get(node.key) * (NODE_HEIGHT + LAYER_GAP); }
  const lowest = (nodes) => Math.max(0, ...nodes.map((node) => node.y + NODE_HEIGHT + (node.first ? FLAG : 0)));
  const width = Math.max(layout.width, rows(alone, Math.max(layout.width, 340), lowest(order) + LAYER_GAP / 2));
  const loops = drawn.edges.some((edge) => layer.get(edge.from) >= layer.get(edge.to)) ? LOOP : 0;
  return { width: width + 2 * MARGIN + loops, height: lowest([...drawn.nodes.values()]) + MARGIN };
}

// Quantities that nothing joins stand below the others, side by side.
function rows(nodes, width, top) {
  let x = MARGIN, y = top, widest = 0;
  for (const node of nodes) {
    if (x > MARGIN && x + node.width > width + MARGIN) { x = MARGIN; y += NODE_HEIGHT + LAYER_GAP / 2; }
    node.x = x + node.width / 2;
    node.y = y;
    x += node.width + SPACE;
    widest = Math.max(widest, x - SPACE - MARGIN);
  }
  return widest;
}

const bottom = (node) => node.y + NODE_HEIGHT + (node.first ? FLAG : 0);
const curve = (x1, y1, x2, y2) => `C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`;

// A line from a parent to its child, and where its middle is.
function route(edge, nodes) {
  const from = nodes.get(edge.from), to = nodes.get(edge.to);
  if (from.y >= to.y) {
    const x1 = from.x + from.width / 2, x2 = to.x + to.width / 2, self = from === to;
    const y1 = from.y + NODE_HEIGHT * (self ? 0.7 : 0.5), y2 = to.y + NODE_HEIGHT * (self ? 0.3 : 0.5);
    const out = Math.max(x1, x2) + LOOP * 0.8;
    return { line: `M${x1} ${y1}C${out} ${y1} ${out} ${y2} ${x2 + 7} ${y2}`, head: `M${x2} ${y2}l9 -4.5v9Z`, x: (x1 + x2) / 8 + out * 0.75, y: (y1 + y2) / 2 };
  }
  const end = to.x + (edge.port ?? 0);
  const stops = [...(edge.bends ?? []).map((bend) => ({ x: bend.x + MARGIN, y: MARGIN + bend.layer * (NODE_HEIGHT + LAYER_GAP) })), { x: end, y: to.y - 7, last: true }];
  let x = from.x, y = bottom(from), line = `M${x} ${y}`;
  for (const stop of stops) {
    line += curve(x, y, stop.x, stop.y);
    if (!stop.last) line += `V${stop.y + NODE_HEIGHT}`;
    [x, y] = [stop.x, stop.last ? stop.y : stop.y + NODE_HEIGHT];
  }
  return { line, head: `M${end} ${to.y}l-4.5 -9h9Z`, x: (from.x + stops[0].x) / 2, y: (bottom(from) + stops[0].y) / 2 - 2 };
}

// The lines that enter a quantity from above keep apart, in the order of where they come from.
function ports(drawn) {
  for (const node of drawn.nodes.values()) {
    const entering = drawn.edges.filter((edge) => edge.to === node.key && drawn.nodes.get(edge.from).y < node.y);
    const source = (edge) => (edge.bends?.length ? edge.bends.at(-1).x + MARGIN : drawn.nodes.get(edge.from).x);
    entering.sort((a, b) => source(a) - source(b));
    const step = Math.min(18, (node.width - 24) / Math.max(1, entering.length - 1));
    entering.forEach((edge, i) => { edge.port = (i - (entering.length - 1) / 2) * step; });
  }
}

function drawEdge(edge, drawn) {
  const { line, head, x, y } = route(edge, drawn.nodes), early = edge.early && edge.wrong;
  const words = { kept: "", unused: "left out by the solution", stray: early ? "used before it is defined" : "not a parent in the gold graph", extra: "of a step that is right but not needed", idle: "" };
  const group = shape("g", { class: `edge ${edge.kind}${early ? " early" : ""}`, "data-from": edge.from, "data-to": edge.to },
    shape("path", { class: "line", d: line }), shape("path", { class: "head", d: head }));
  if (early || edge.kind === "stray") group.append(shape("circle", { class: "mark", cx: x, cy: y, r: 7.5 }), shape("text", { class: "sign", x, y: y + 4 }, "✕"));
  const says = `${drawn.nodes.get(edge.from).name} → ${drawn.nodes.get(edge.to).name}${words[edge.kind] ? `: ${words[edge.kind]}` : early ? ": used before it is defined" : ""}`;
  group.append(shape("title", {}, plain(says)));
  return group;
}

function drawNode(node, data) {
  const { width, status } = node, left = node.x - width / 2, height = NODE_HEIGHT + (node.first ? FLAG : 0);
  const group = shape("g", {
    class: `node ${status}${node.first ? " first" : ""}${node.asked ? " sought" : ""}`, tabindex: 0, role: "button", "aria-pressed": "false",
    "data-node": node.key, "aria-label": plain(described(node, data)), transform: `translate(${left} ${node.y})`,
  });
  const round = status === "stranger" ? 20 : 8;
  group.append(shape("rect", { class: "box", width, height, rx: round }));
  if (node.asked) group.append(shape("rect", { class: "ring", x: -4, y: -4, width: width + 8, height: height + 8, rx: round + 3 }));
  node.lines.forEach((line, i) => group.append(shape("text", { class: "name", x: width / 2, y: node.lines[1] ? 17 + 15 * i : 24 }, line)));
  group.append(shape("text", { class: "value", x: width / 2, y: 49 }, `${node.value}${node.asked ? " ◂" : ""}`));
  const sign = STATUS[status].sign;
  if (sign) group.append(shape("circle", { class: "disc", cx: width, cy: 0, r: 9 }), shape("text", { class: "sign", x: width, y: 4.5 }, sign));
  if (node.first) {
    group.append(shape("path", { class: "flag", d: `M0 ${NODE_HEIGHT}h${width}v${FLAG - 8}a8 8 0 0 1 -8 8h${16 - width}a8 8 0 0 1 -8 -8Z` }));
    group.append(shape("text", { class: "fault", x: width / 2, y: NODE_HEIGHT + 13.5 }, node.flag));
  }
  group.append(shape("title", {}, plain(described(node, data)).replaceAll("; ", "\n")));
  return group;
}

function drawGraph(drawn, data, label) {
  const { width, height } = placed(drawn, data);
  ports(drawn);
  const picture = shape("svg", { class: "graph", viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, style: `--natural:${Math.ceil(width)}px`, role: "group", "aria-label": label });
  const rank = { idle: 0, unused: 1, kept: 2, extra: 3, stray: 4 };
  for (const edge of [...drawn.edges].sort((a, b) => rank[a.kind] - rank[b.kind])) picture.append(drawEdge(edge, drawn));
  for (const node of drawn.nodes.values()) picture.append(drawNode(node, data));
  return picture;
}

// What the signs of this picture mean; only those that are in it.
function legendOf(drawn) {
  const met = new Set([...drawn.nodes.values()].map((node) => node.status)), lines = new Set(drawn.edges.map((edge) => edge.kind));
  const node = (status) => shape("svg", { viewBox: "-2 -2 30 20", class: `key node ${status}` }, shape("rect", { class: "box", width: 26, height: 16, rx: status === "stranger" ? 8 : 4 }), STATUS[status].sign && shape("text", { class: "within", x: 13, y: 12.5 }, STATUS[status].sign));
  const line = (kind) => shape("svg", { viewBox: "0 0 30 20", class: `key edge ${kind}` }, shape("path", { class: "line", d: "M1 10H22" }), shape("path", { class: "head", d: "M30 10l-9 -4.5v9Z" }));
  const words = { unused: "left out", stray: "wrong parent", extra: "not needed" };
  const early = drawn.edges.some((edge) => edge.early && edge.wrong && edge.kind !== "stray");
  return element("p", { class: "legend-line" },
    Object.keys(STATUS).filter((status) => met.has(status)).map((status) => element("span", {}, node(status), STATUS[status].word)),
    Object.keys(words).filter((kind) => lines.has(kind)).map((kind) => element("span", {}, line(kind), words[kind])),
    early && element("span", {}, line("early"), "used before it is defined"), element("span", {}, "◂ asked"), [...drawn.nodes.values()].some((found) => found.first) && element("span", {}, "⚑ first fault"));
}
