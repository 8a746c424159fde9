// Elements made from parts. What is text only ever becomes a text node, so nothing that a model wrote can become an
// element, an attribute that acts, or an address.
const byId = (id) => document.getElementById(id);

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, action] of Object.entries(value)) made.addEventListener(event, action);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false).map((child) => child instanceof Node ? child : String(child)));
  return made;
}

const element = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Characters that nobody sees, or that turn the order of the others around, are spelled out.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

function shown(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(element("span", { class: "unseen", title: "a character that is not seen" }, `U+${code}`));
    from = match.index + match[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

// For labels, where there is no room to spell anything.
const plain = (text) => text.replace(UNSEEN, "\ufffd");
const shorter = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

// A very long text opens on demand.
const FOLD = 4000;

function written(text, className = "text") {
  const box = element("span", { class: className, dir: "ltr" }, shown(text.slice(0, FOLD)));
  if (text.length > FOLD) {
    const rest = text.slice(FOLD);
    const more = element("button", { type: "button", class: "more" }, `… and ${rest.length.toLocaleString("en")} more characters`);
    more.addEventListener("click", (event) => { event.stopPropagation(); more.replaceWith(...shown(rest)); });
    return [box, more];
  }
  return [box];
}

// Of steps, and of what became of a solution: ≈ is a right answer that is not strictly right.
const SIGNS = { right: "✓", wrong: "✕", strict: "✓", shortened: "≈", folded: "≈", hacked: "≠", unreadable: "≈", truncated: "✕", no_answer: "✕", wrong_answer: "✕", not_judged: "✕" };
const GOOD = ["strict", "shortened"];
const swatch = (arm) => byId("swatches").querySelectorAll("svg")[arm]?.cloneNode(true);
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
