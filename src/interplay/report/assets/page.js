// Adds to the page what works without it: values under the pointer, one arm alone, copied tables, a theme.
"use strict";
const root = document.documentElement;

// Theme: follows the system until the button is pressed.
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

// Copy buttons; a browser that refuses the clipboard to files still has execCommand.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await copy(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1200);
  });
}

// Values under the pointer: the description that a screen reader reads.
const tip = document.getElementById("tip");
document.addEventListener("pointerover", (event) => {
  const mark = event.target.closest?.("figure svg [role=graphics-symbol][aria-label]");
  tip.hidden = !mark;
  if (!mark) return;
  tip.textContent = mark.getAttribute("aria-label");
  const box = mark.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 0 ? above : box.bottom + 8}px`;
});

// One arm alone, in every figure at once.
function focus(arm) {
  for (const shape of document.querySelectorAll("figure svg [stroke*='--arm-'], figure svg [fill*='--arm-']")) {
    const paint = `${shape.getAttribute("stroke")} ${shape.getAttribute("fill")}`;
    shape.classList.toggle("faded", arm !== null && !paint.includes(`--arm-${arm})`));
  }
  for (const button of document.querySelectorAll(".legend button")) {
    button.setAttribute("aria-pressed", String(button.dataset.arm === arm));
  }
}
for (const button of document.querySelectorAll(".legend button")) {
  button.addEventListener("click", () => focus(button.getAttribute("aria-pressed") === "true" ? null : button.dataset.arm));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { focus(null); tip.hidden = true; }
});

// A printed page shows everything.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) { details.open = true; details.dataset.closed = ""; }
});
addEventListener("afterprint", () => {
  for (const details of document.querySelectorAll("details[data-closed]")) { details.open = false; delete details.dataset.closed; }
});
