// A layered drawing: parents above children, few crossings, straight where it can be. Pure arithmetic, no page.
// nodes: [{ key, width, layer }]; edges: [{ from, to }] by key, each from a smaller layer to a larger one.
// Gives every node its x, every edge its bends (one for each layer it passes), and the width of all.
const SPACE = 22, BEND = 14, SWEEPS = 16;

function layered(nodes, edges) {
  const items = nodes.map((node) => ({ ...node, up: [], down: [] }));
  const byKey = new Map(items.map((item) => [item.key, item]));
  const bends = edges.map((edge) => {
    const chain = [byKey.get(edge.from)];
    for (let layer = chain[0].layer + 1; layer < byKey.get(edge.to).layer; layer++) {
      const bend = { key: null, width: BEND, layer, up: [], down: [] };
      items.push(bend);
      chain.push(bend);
    }
    chain.push(byKey.get(edge.to));
    for (let i = 1; i < chain.length; i++) { chain[i - 1].down.push(chain[i]); chain[i].up.push(chain[i - 1]); }
    return chain.slice(1, -1);
  });
  const layers = [];
  for (const item of items) (layers[item.layer] ??= []).push(item);
  for (let i = 0; i < layers.length; i++) layers[i] ??= [];
  untangle(layers);
  straighten(layers);
  unbend(layers);
  const left = Math.min(0, ...items.map((item) => item.x - item.width / 2));
  for (const item of items) item.x -= left;
  return {
    x: new Map(items.filter((item) => item.key !== null).map((item) => [item.key, item.x])),
    bends: bends.map((chain) => chain.map((bend) => ({ x: bend.x, layer: bend.layer }))),
    width: Math.max(0, ...items.map((item) => item.x + item.width / 2)),
    height: layers.length,
  };
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const number = (layer) => layer.forEach((item, place) => { item.place = place; });

// Each layer in turn is sorted by the mean place of its neighbours; the order with the fewest crossings is kept.
function untangle(layers) {
  layers.forEach(number);
  let best = layers.map((layer) => [...layer]), fewest = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
    const down = sweep % 2 === 0;
    const order = down ? layers.keys() : [...layers.keys()].reverse();
    for (const i of order) {
      const wish = new Map(layers[i].map((item) => {
        const neighbours = down ? item.up : item.down;
        return [item, neighbours.length ? mean(neighbours.map((other) => other.place)) : item.place];
      }));
      layers[i].sort((a, b) => wish.get(a) - wish.get(b) || a.place - b.place);
      number(layers[i]);
    }
    const now = crossings(layers);
    if (now < fewest) { fewest = now; best = layers.map((layer) => [...layer]); }
  }
  best.forEach((layer, i) => { layers[i] = layer; number(layer); });
}

function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const lines = layer.flatMap((item) => item.down.map((other) => [item.place, other.place]));
    for (let i = 0; i < lines.length; i++) {
      for (let j = 0; j < i; j++) if ((lines[i][0] - lines[j][0]) * (lines[i][1] - lines[j][1]) < 0) count++;
    }
  }
  return count;
}

// Every item wants to stand where its neighbours are; its layer gives way without changing the order.
function straighten(layers) {
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) { item.x = x + item.width / 2; x += item.width + SPACE; }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const order = down ? layers.keys() : [...layers.keys()].reverse();
    for (const i of order) {
      settle(layers[i], layers[i].map((item) => {
        const neighbours = down ? [...item.up, ...item.up, ...item.down] : [...item.down, ...item.down, ...item.up];
        return neighbours.length ? mean(neighbours.map((other) => other.x)) : item.x;
      }));
    }
  }
}

function settle(layer, wishes) {
  const apart = (i) => (layer[i].width + layer[i - 1].width) / 2 + SPACE;
  const fromLeft = [...wishes], fromRight = [...wishes];
  for (let i = 1; i < layer.length; i++) fromLeft[i] = Math.max(fromLeft[i], fromLeft[i - 1] + apart(i));
  for (let i = layer.length - 2; i >= 0; i--) fromRight[i] = Math.min(fromRight[i], fromRight[i + 1] - apart(i + 1));
  layer.forEach((item, i) => { item.x = (fromLeft[i] + fromRight[i]) / 2; });
}

// A long line goes straight down wherever its neighbours leave room.
function unbend(layers) {
  for (let sweep = 0; sweep < 6; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      layer.forEach((item, i) => {
        const [other] = down ? item.up : item.down;
        if (item.key !== null || !other || (other.key !== null && sweep > 1)) return;
        const low = i ? layer[i - 1].x + (layer[i - 1].width + item.width) / 2 + SPACE : -Infinity;
        const high = i + 1 < layer.length ? layer[i + 1].x - (layer[i + 1].width + item.width) / 2 - SPACE : Infinity;
        item.x = Math.min(high, Math.max(low, other.x));
      });
    }
  }
}
