// The scans of a validation: those on which the model and the truth differ come first.

import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { KINDS } from "./truth.js";
import { millilitres } from "./words.js";

const HEADS = [["Scan"], [""], ["Table"], ["Adjudicated"], ["Model"], ["Probability"], ["Volume", "digits"], ["Input checks"]];
const CALLS = { possible: "possible or suspected", suspected: "suspected" };
const ORDER = ["missed", "false alarm", null];

/** Builds the list into `root`. */
export async function openTruths(root) {
  const [rows, summary] = await Promise.all([source.list(), source.validation()]);
  document.getElementById("where").textContent = `${summary.model}: the model and the truth differ on ${summary.differ} of ${rows.length} scans, ${summary.ruled} of them adjudicated`;
  const heads = HEADS.map(([words, className]) => el("th", { scope: "col", className }, words));
  fill(root, el("div", { className: "list" }, el("h1", {}, "Where the model and the truth differ"), figures(summary),
    el("div", { className: "table", tabIndex: 0, role: "region", "aria-label": "Scans" },
      el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, sorted(rows).map(row))))));
  return { close() {} };
}

/** Missed scans, the least probable first; false alarms, the most probable first; then all others. */
function sorted(rows) {
  const place = (one) => ORDER.indexOf(one.reason ? null : one.truth.kind);
  const chance = (one) => (one.reason ? 2 : one.probability * (one.truth.kind === "missed" ? 1 : -1));
  return [...rows].sort((a, b) => place(a) - place(b) || chance(a) - chance(b) || a.number - b.number);
}

/** Both figures: with the truth of the table, and as adjudicated. */
function figures({ table, adjudicated }) {
  const columns = [["Truth in the table", table], ...(adjudicated ? [["As adjudicated", adjudicated]] : [])];
  const rates = Object.entries(CALLS).flatMap(([call, words]) => ["sensitivity", "specificity"].map((rate) => [call, rate, `${rate}, ${words}`]));
  return el("table", { className: "figures" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, ""), columns.map(([words]) => el("th", { scope: "col" }, words)))),
    el("tbody", {}, rates.map(([call, rate, words]) => el("tr", {}, el("th", { scope: "row" }, words), columns.map(([, of]) => el("td", {}, percent(of[call][rate])))))));
}

function percent({ value, ci95, count, n }) {
  if (value === null) return "no such scan";
  const [low, high] = ci95.map((one) => (100 * one).toFixed(1));
  return `${(100 * value).toFixed(1)} % (${low} to ${high}; ${count} of ${n})`;
}

function row(one) {
  const { truth } = one;
  if (one.reason) {
    return el("tr", { className: "failed-row" }, el("td", {}, one.name), el("td", {}, ""), el("td", {}, truth.table), el("td", { colSpan: 5 }, `Failed: ${one.reason}`));
  }
  const kind = truth.kind && el("span", { className: `kind ${truth.kind.split(" ")[0]}` }, KINDS[truth.kind]);
  return el("tr", { data: { number: one.number } }, el("td", {}, el("a", { href: `#/result/${one.number}` }, one.name)), el("td", {}, kind),
    el("td", {}, truth.table), el("td", {}, truth.ruled?.words ?? ""), el("td", {}, one.verdict), el("td", {}, one.probability.toFixed(3)),
    el("td", { className: "digits" }, millilitres(one)), el("td", {}, [...new Set(one.checks)].join(", ")));
}
