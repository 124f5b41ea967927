// The name of the person who decides: as the server knows it, or else asked once per tab.

import { el } from "./dom.js";
import { source } from "./source.js";

const WHO = "ichor-who";

/** The name; null if none is given. */
export function askWho() {
  const known = source.me.name ?? sessionStorage.getItem(WHO);
  if (known) return Promise.resolve(known);
  const name = el("input", { id: "who", maxLength: 100, required: true, autocomplete: "off" });
  const form = el("form", { method: "dialog" }, el("h2", {}, "Who decides?"),
    el("p", {}, "Your name is stored with each decision, next to the result on this machine."),
    el("p", {}, el("label", { for: "who" }, "Name "), name),
    el("div", { className: "row" }, el("button", { type: "button", value: "" }, "Cancel"), el("button", { className: "primary", value: "ok" }, "Go on")));
  const dialog = el("dialog", { "aria-label": "Who decides?" }, form);
  form.querySelector("button[type=button]").addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const said = dialog.returnValue === "ok" ? name.value.trim() : "";
      if (said) sessionStorage.setItem(WHO, said);
      dialog.remove();
      resolve(said || null);
    });
  });
}
