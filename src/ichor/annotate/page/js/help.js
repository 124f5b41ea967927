// The help, generated from the table that binds the keys.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { GESTURES, SHORTCUTS, readable } from "./keys.js";

export function openHelp() {
  const groups = new Map();
  for (const { group, keys, does } of SHORTCUTS) {
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push([keys.map(readable), does]);
  }
  groups.set("Mouse", GESTURES);
  const columns = [...groups].map(([group, rows]) =>
    el("section", {}, el("h3", {}, group), el("dl", {}, rows.flatMap(([keys, does]) => [
      el("dt", {}, keys.map((key) => el("kbd", {}, key))),
      el("dd", {}, does),
    ]))));
  return openDialog("Keyboard and mouse", el("div", { className: "help" }, columns), [["close", "Close"]], { className: "wide" });
}
