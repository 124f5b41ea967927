// Dialogs and short notices.

import { el, fill } from "./dom.js";
import { nameOf } from "./keys.js";

/**
 * Opens a modal dialog; resolves with the value of the button that closed it ("" for Escape). `keys` maps keys to values;
 * the button with the value `focus` has the focus, otherwise the primary one, otherwise the first.
 */
export function openDialog(title, content, buttons = [["close", "Close"]], options = {}) {
  const { className = "", escape = true, keys = new Map(), focus = null } = options;
  return new Promise((resolve) => {
    const choices = buttons.map(([value, words, kind]) =>
      el("button", { type: "submit", value, className: kind ?? "" }, words));
    const dialog = el("dialog", { className, "aria-label": title },
      el("form", { method: "dialog" },
        el("h2", {}, title),
        el("div", { className: "content" }, content),
        el("div", { className: "buttons" }, choices)));
    dialog.addEventListener("cancel", (event) => escape || event.preventDefault());
    dialog.addEventListener("keydown", (event) => keys.has(nameOf(event)) && dialog.close(keys.get(nameOf(event))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = focus === null ? choices.find((one) => one.className === "primary") : choices.find((one) => one.value === focus);
    (first ?? choices[0]).focus();
  });
}

let timer = 0;

/** Shows one line for a few seconds. */
export function say(words) {
  const place = document.getElementById("notice");
  fill(place, words);
  place.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (place.hidden = true), 5000);
}

/** The banner at the top of the page that stays as long as something is wrong; "" removes it. */
export function banner(words) {
  const place = document.getElementById("banner");
  if (place.textContent !== words) fill(place, words);
  place.hidden = !words;
}
