// Who changed what and when.

import { getJson } from "./api.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";

export async function openHistory(session) {
  let rows;
  try {
    rows = await getJson(`/api/scans/${session.scan.id}/history`);
  } catch (error) {
    session.say(error.message);
    return;
  }
  const cells = rows.map((row) => el("tr", {},
    el("td", { className: "soft" }, new Date(row.when).toLocaleString()),
    el("td", {}, row.who),
    el("td", {}, row.layer ?? ""),
    el("td", { className: "digits" }, Number.isInteger(row.slice) ? String(row.slice + 1) : ""),
    el("td", {}, row.text ?? row.kind)));
  const heads = ["When", "Who", "Layer", "Slice", "What"].map((words) => el("th", { scope: "col" }, words));
  const table = el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, cells));
  await openDialog("History of this scan", rows.length ? table : "Nothing has been changed yet.", undefined, { className: "wide" });
}
