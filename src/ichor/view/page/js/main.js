// The page: the list of results or a single one, depending on the address.

import { fill, el } from "./dom.js";
import { showHelp } from "./help.js";
import { openList } from "./list.js";
import { openResult } from "./result.js";
import { home, source } from "./source.js";
import { openTruths } from "./truths.js";

const root = document.getElementById("view");
let open = null;

async function show() {
  open?.close();
  open = null;
  const found = /^#\/result\/(\d+)$/.exec(location.hash);
  const number = source.only ?? (found && Number(found[1]));
  if (number === null && source.me.home !== null) return location.assign(home());
  delete root.dataset.ready;
  fill(root, el("p", { className: "wait", role: "status" }, number === null ? "Loading the results" : "Reading the scan"));
  const asked = location.hash;
  try {
    const view = number === null ? await (source.me.rules ? openTruths : openList)(root) : await openResult(root, number);
    if (asked !== location.hash) view.close();
    else open = view;
    root.dataset.ready = "";
  } catch (error) {
    fill(root, el("div", { className: "failed" }, el("p", {}, error.message),
      source.only === undefined && number !== null && el("a", { className: "button", href: home() }, "Back to the list")));
  }
}

window.addEventListener("hashchange", show);
document.getElementById("help").addEventListener("click", showHelp);
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") showHelp();
  else if (open?.key?.(event)) event.preventDefault();
});
if (source.readOnly) {
  document.getElementById("saved").textContent = "Read-only copy";
  document.querySelector(".mark").removeAttribute("href");
}
const begun = () => {
  if (!source.readOnly) document.querySelector(".mark").href = home();
  return show();
};
source.begin().then(begun, (error) => error.login ? location.assign(error.login) : fill(root, el("div", { className: "failed" }, el("p", {}, error.message))));
