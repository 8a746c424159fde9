// What happens when: the address, the keys, the clicks.
async function begin() {
  const samples = new Samples(await unpack());
  byId("notice").hidden = true;
  byId("panes").hidden = false;
  let state = { ...stateOf(samples, location.hash), place: -1, total: 0 };
  const list = new SampleList(samples, (sample) => go(sample));
  const facets = new Facets(samples, (group, code, on) => {
    if (on) state.chosen[group].add(code); else state.chosen[group].delete(code);
    refilter();
  });
  const detail = new Detail(samples, {
    next: () => go(list.next(1)), previous: () => go(list.next(-1)), go,
    gold: () => { state.gold = !state.gold; render("gold"); }, model: () => { state.model = !state.model; render("model"); },
    distractors: () => { detail.distractors = !detail.distractors; render("distractors"); },
    wide: () => { detail.wide = !detail.wide; render("wide"); },
    link: async (button) => { write(); await copy(location.href); button.textContent = "Copied"; },
  });

  // Browsers refuse more than a few hundred changes of the address in a short while.
  // An address that somebody else has changed meanwhile is about to be read, not to be written over.
  let writing = 0, known = location.hash;
  const write = () => {
    clearTimeout(writing);
    writing = 0;
    if (location.hash !== known) return;
    history.replaceState(null, "", addressOf(samples, state));
    known = location.hash;
  };
  const later = () => { writing ||= setTimeout(write, 150); };

  function render(focus) {
    state.place = list.placeOf(state.sample);
    state.total = list.found.length;
    if (state.sample >= 0) detail.show(state); else byId("detail").replaceChildren(element("p", { class: "notice" }, "No sample passes these filters."));
    if (focus) document.querySelector(`[data-act=${focus}]`)?.focus();
    later();
  }

  function go(sample) {
    if (sample < 0) return;
    state.sample = sample;
    list.select(sample);
    render();
    byId("detail").scrollTop = 0;
  }

  // The sample stays while it passes; then the first one found takes its place, unless an address asked for it.
  let opening = true;
  function refilter(keep = false) {
    performance.mark("filter begins");
    const { found, counts } = samples.filter(state.chosen, state.words);
    list.show(found);
    facets.show(state.chosen, counts);
    byId("count").textContent = found.length === samples.length ? plural(found.length, "sample") : `${found.length.toLocaleString("en")} of ${samples.length.toLocaleString("en")}`;
    byId("clear").hidden = !state.words && GROUPS.every((group) => !state.chosen[group].size);
    if (!(keep && state.sample >= 0) && list.placeOf(state.sample) < 0) { state.sample = (opening ? samples.instructive(found) : found[0]) ?? -1; opening = false; list.box.scrollTop = 0; }
    list.select(state.sample);
    render();
    performance.measure("filter", "filter begins");
  }

  function clear() {
    state.chosen = nothingChosen();
    state.words = byId("search").value = "";
    refilter();
  }

  function open() {
    known = location.hash;
    state = { ...state, ...stateOf(samples, location.hash) };
    byId("search").value = state.words;
    refilter(true);
  }

  byId("clear").addEventListener("click", clear);
  let searching = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(searching);
    searching = setTimeout(() => { state.words = event.target.value; refilter(); }, 120);
  });
  addEventListener("hashchange", open);
  addEventListener("pagehide", () => { if (writing) write(); });
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("detail").focus(); });
  keys({
    j: () => go(list.next(1)), k: () => go(list.next(-1)), ArrowRight: () => go(list.next(1)), ArrowLeft: () => go(list.next(-1)),
    n: () => detail.fault(1), N: () => detail.fault(-1), g: () => { state.gold = !state.gold; render(); }, m: () => { state.model = !state.model; render(); },
    x: clear, "/": () => { byId("filters").open = true; byId("search").focus(); }, "?": () => byId("help").showModal(), Escape: () => detail.pin(null),
  }, { ArrowDown: () => go(list.next(1)), ArrowUp: () => go(list.next(-1)), Home: () => go(list.found[0] ?? -1), End: () => go(list.found.at(-1) ?? -1), PageDown: () => go(list.next(10)), PageUp: () => go(list.next(-10)) });
  open();
}

// Keys act anywhere but in a field; those of the list also where nothing else is chosen.
function keys(anywhere, inList) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const field = event.target.closest?.("input");
    if (field && field.type !== "checkbox") { if (event.key === "Escape") field.blur(); return; }
    const free = [byId("list"), document.body].includes(document.activeElement);
    const act = anywhere[event.key] ?? (free ? inList[event.key] : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(element("textarea", {}));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
byId("help-open").addEventListener("click", () => byId("help").showModal());
const wide = matchMedia("(min-width: 75rem)");
const openFilters = () => { byId("filters").open = wide.matches; };
wide.addEventListener("change", openFilters);
openFilters();
begin().catch((error) => {
  byId("notice").hidden = false;
  byId("notice").textContent = `The samples cannot be shown: ${error.message}. A current Chromium, Firefox or Safari can.`;
  throw error;
});
