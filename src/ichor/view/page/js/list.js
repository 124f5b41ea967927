// The list of results, the most urgent first.

import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { millilitres } from "./words.js";

const HEADS = [["Scan"], ["Probability"], ["Volume", "digits"], ["Lesions", "digits"], ["Slices", "digits"], ["Warnings"], ["Decision"]];

/** Builds the list into `root`. */
export async function openList(root) {
  const rows = await source.list();
  document.getElementById("where").textContent = `${rows.length} result${rows.length === 1 ? "" : "s"}, the most urgent first`;
  const heads = HEADS.map(([words, className]) => el("th", { scope: "col", className }, words));
  fill(root, el("div", { className: "list" }, el("h1", {}, "Results"),
    el("div", { className: "table", tabIndex: 0, role: "region", "aria-label": "Results" },
      el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows.map(row))))));
  return { close() {} };
}

function row(one) {
  if (one.reason) {
    return el("tr", { className: "failed-row" }, el("td", {}, one.name), el("td", { colSpan: 6 }, `Failed: ${one.reason}`));
  }
  const link = el("a", { href: `#/result/${one.number}` }, one.name);
  const bar = el("span", { className: "likely", "aria-hidden": "true" }, el("i", { style: { width: `${100 * one.probability}%` } }));
  const warnings = [...new Set(one.checks)].join(", ") || (one.warnings ? `${one.warnings} note${one.warnings === 1 ? "" : "s"}` : "");
  return el("tr", { data: { number: one.number } },
    el("td", {}, link), el("td", {}, bar, one.probability.toFixed(2)), el("td", { className: "digits" }, millilitres(one)),
    el("td", { className: "digits" }, one.n_lesions ?? ""), el("td", { className: "digits" }, `${one.flagged} of ${one.n_slices}`),
    el("td", {}, warnings), el("td", {}, one.decision ?? ""));
}
