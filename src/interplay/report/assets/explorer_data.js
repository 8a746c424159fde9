// The data once unpacked: columns, the filters over them, and the address that holds what is shown.
const GROUPS = ["arm", "seed", "regime", "op", "context", "mode", "outcome", "error"];
const TITLES = { arm: "Arm", seed: "Seed", regime: "Regime", op: "Operations", context: "Context", mode: "Mode", outcome: "Outcome", error: "First fault" };

async function unpack() {
  const letters = atob(byId("data").textContent.trim());
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  byId("data").remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// One code per sample and group; a group's choices are the data's, in their order.
class Samples {
  constructor(data) {
    this.data = data;
    const { samples, solutions, problems } = data;
    this.length = samples.arm.length;
    this.solution = Int32Array.from(samples.solution);
    this.problem = this.solution.map((solution) => solutions.problem[solution]);
    this.codes = {};
    for (const group of GROUPS) {
      const codes = new Uint16Array(this.length);
      for (let i = 0; i < this.length; i++) {
        codes[i] = group in samples ? samples[group][i] : group in solutions ? solutions[group][this.solution[i]] : problems[group][this.problem[i]];
      }
      this.codes[group] = codes;
    }
    this.place = new Map();
    for (let i = 0; i < this.length; i++) this.place.set(this.name(i), i);
  }

  choices(group) { return this.data.groups[group]; }
  label(group, i) { return this.choices(group)[this.codes[group][i]][1]; }
  outcome(i) { return this.choices("outcome")[this.codes.outcome[i]][0]; }

  // What to open on: a right answer with a wrong derivation, whose fault is in a step if there is one; else any wrong one.
  instructive(found) {
    const { solutions, groups } = this.data, telling = ["wrong_parent", "wrong_value", "false_equality"];
    const hacked = found.filter((i) => this.outcome(i) === "hacked");
    const inStep = hacked.filter((i) => solutions.faultStep[this.solution[i]] >= 0);
    const derived = inStep.find((i) => solutions.steps[this.solution[i]].length > 2 && telling.includes(groups.error[this.codes.error[i]][0]));
    return derived ?? inStep[0] ?? hacked[0] ?? found.find((i) => this.outcome(i) !== "strict") ?? found[0];
  }

  // What a sample is called in an address: arm/seed/problem/number.
  name(i) {
    const arm = this.choices("arm")[this.codes.arm[i]][0], seed = this.choices("seed")[this.codes.seed[i]][0];
    return `${arm}/${seed}/${this.data.problems.id[this.problem[i]]}/${this.data.samples.sample[i]}`;
  }

  // Which solutions hold the words, in their text or their problem; null when nothing is searched.
  matching(words) {
    const wanted = words.trim().toLowerCase();
    if (!wanted) return null;
    const { problems, solutions } = this.data;
    this.lower ??= {
      problems: problems.gold.map((gold, p) => [...problems.facts[p].map(([fact]) => fact), problems.question[p], gold].join("\n").toLowerCase()),
      solutions: solutions.text.map((text) => text.toLowerCase()),
    };
    const inProblem = this.lower.problems.map((text) => text.includes(wanted));
    return this.lower.solutions.map((text, s) => inProblem[solutions.problem[s]] || text.includes(wanted));
  }

  // Samples that pass every group, and for each choice how many there would be if it were chosen in its group.
  filter(chosen, words) {
    const matching = this.matching(words);
    const active = GROUPS.filter((group) => chosen[group].size);
    const allowed = active.map((group) => Uint8Array.from(this.choices(group), (_, code) => Number(chosen[group].has(code))));
    const codes = active.map((group) => this.codes[group]);
    const counts = Object.fromEntries(GROUPS.map((group) => [group, new Uint32Array(this.choices(group).length)]));
    const found = [];
    for (let i = 0; i < this.length; i++) {
      if (matching && !matching[this.solution[i]]) continue;
      let failed = -1, fails = 0;
      for (let g = 0; g < active.length && fails < 2; g++) if (!allowed[g][codes[g][i]]) { fails++; failed = g; }
      if (fails === 0) {
        found.push(i);
        for (const group of GROUPS) counts[group][this.codes[group][i]]++;
      } else if (fails === 1) counts[active[failed]][codes[failed][i]]++;
    }
    return { found, counts };
  }
}

const nothingChosen = () => Object.fromEntries(GROUPS.map((group) => [group, new Set()]));

// The address: filters by the names of their choices, the words searched, the sample and what is open beside it.
function addressOf(samples, state) {
  const address = new URLSearchParams();
  for (const group of GROUPS) {
    const names = [...state.chosen[group]].sort((a, b) => a - b).map((code) => samples.choices(group)[code][0]);
    if (names.length) address.set(group, names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(","));
  }
  if (state.words) address.set("search", state.words);
  if (state.gold) address.set("gold", "shown");
  if (!state.model) address.set("model", "hidden");
  if (state.sample >= 0) address.set("sample", samples.name(state.sample));
  return `#${address}`;
}

function stateOf(samples, hash) {
  const address = new URLSearchParams(hash.replace(/^#/, ""));
  const chosen = nothingChosen();
  for (const group of GROUPS) {
    const names = (address.get(group)?.match(/(?:\\.|[^\\,])+/gs) ?? []).map((name) => name.replace(/\\(.)/gs, "$1"));
    samples.choices(group).forEach(([name], code) => { if (names.includes(name)) chosen[group].add(code); });
  }
  const sample = samples.place.get(address.get("sample")) ?? -1;
  return { chosen, words: address.get("search") ?? "", gold: address.get("gold") === "shown", model: address.get("model") !== "hidden", sample };
}
