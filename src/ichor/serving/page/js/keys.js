// A dialog that names keys.

import { el } from "./dom.js";

/** Shows `keys`, pairs of a key and what it does, under a title. */
export function showKeys(title, keys) {
  const close = el("button", { type: "button", autofocus: true }, "Close");
  const dialog = el("dialog", { "aria-label": title }, el("h2", {}, title),
    el("dl", {}, keys.flatMap(([key, words]) => [el("dt", {}, key), el("dd", {}, words)])),
    el("div", { className: "row" }, close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
