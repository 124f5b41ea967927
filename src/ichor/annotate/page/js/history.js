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
  const cells = gathered(rows).map(({ row, times }) => el("tr", {},
    el("td", { className: "soft" }, new Date(row.when).toLocaleString()),
    el("td", {}, row.who),
    el("td", {}, row.layer ?? ""),
    el("td", { className: "digits" }, Number.isInteger(row.slice) ? String(row.slice + 1) : ""),
    el("td", {}, row.text ?? row.kind, times > 1 ? el("span", { className: "soft" }, ` (${times} times)`) : null)));
  const heads = ["When", "Who", "Layer", "Slice", "What"].map((words) => el("th", { scope: "col" }, words));
  const table = el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, cells));
  await openDialog("History of this scan", rows.length ? table : "There are no changes yet.", undefined, { className: "wide" });
}

// Repeated changes, such as a stroke or note that was saved several times while it grew, are one line with the last time.
function gathered(rows) {
  const lines = [];
  for (const row of rows) {
    const last = lines.at(-1);
    if (last && ["who", "layer", "slice", "kind", "text"].every((key) => last.row[key] === row[key])) last.times += 1;
    else lines.push({ row, times: 1 });
  }
  return lines;
}
