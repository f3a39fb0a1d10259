// Elements: made from text only, so that nothing from outside is ever read as markup; and changed only where they differ.

import { t } from "./words.js";

/** An element. A property that is a function listens, `true` sets an empty attribute, null and false set none. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function svg(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** An icon of the sprite in index.html. */
export function icon(name, classes = "i i-s") {
  return svg("svg", { class: classes, "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/** A worker's badge; 0 is the system. Past five the colours come round again and the number tells them apart. */
export function badge(worker, small = false) {
  const colour = worker === 0 ? 0 : ((worker - 1) % 5) + 1;
  const title = worker === 0 ? t("worker.system") : t("worker.title", { n: worker });
  return h("span", { class: small ? "w w-s" : "w", "data-w": colour, title }, worker === 0 ? t("worker.system_short") : String(worker));
}

/** A parameter or a kind. */
export function chip(text, kind, title) {
  return h("span", { class: kind ? `chip chip-${kind}` : "chip", title }, text);
}

/** A bar of parts; each part is [class, count]. */
export function bar(label) {
  return svg("svg", {
    class: "bar", viewBox: "0 0 1 6", preserveAspectRatio: "none",
    role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100,
  });
}

/** Draws the parts of a bar. */
export function fillBar(node, parts, total, percent) {
  const key = JSON.stringify([parts, total, percent]);
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.setAttribute("viewBox", `0 0 ${Math.max(total, 1)} 6`);
  node.setAttribute("aria-valuenow", percent);
  let x = 0;
  const rects = parts.filter(([, count]) => count > 0).map(([name, count]) => {
    const rect = svg("rect", { class: name, x, width: count, height: 6 });
    x += count;
    return rect;
  });
  node.replaceChildren(...rects);
}

const keys = new WeakMap();

/** Fills a node anew only when the key of what it shows has changed: a spinner goes on turning, a focus stays. */
export function fill(node, key, children) {
  const text = typeof key === "string" ? key : JSON.stringify(key);
  if (keys.get(node) === text) return;
  keys.set(node, text);
  node.replaceChildren(...[children()].flat(2).filter((child) => child !== null && child !== undefined && child !== false));
}

/** Sets a text where it differs. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute where it differs; null removes it. */
export function mark(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** A list with one element a key, in this order: elements stay, so that focus and animation stay too. */
export function keyed(list, items, keyOf, make, update) {
  const before = new Map([...list.children].map((node) => [node.dataset.key, node]));
  // What goes is taken out first: it would stand in the way of all that stay, which would be moved one by one.
  const wanted = new Set(items.map((item) => String(keyOf(item))));
  for (const [key, node] of before) {
    if (wanted.has(key)) continue;
    before.delete(key);
    node.remove();
  }
  let at = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let node = before.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    before.delete(key);
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
    update(node, item);
  }
  for (const node of before.values()) node.remove();
}
