// The drift page: results by week against the scans that the model was tested on.

import { getJson } from "./api.js";
import { el, fill } from "./dom.js";
import { readerKey, setReaderKey } from "./reader.js";

const root = document.getElementById("view");
const HEADS = ["Week (UTC)", "Scans", "Hemorrhage suspected", "Mean probability", "With warnings", "Rejected or corrected", "p, positive", "p, probability", ""];

const percent = { value: (share) => `${Math.round(100 * share)} %`, end: (share) => String(Math.round(100 * share)) };
const decimal = { value: (mean) => mean.toFixed(2), end: (mean) => mean.toFixed(2) };
const pValue = (p) => (p === null ? "–" : p < 0.0001 ? "< 0.0001" : p.toPrecision(2));

/** A figure as words and as a bar from 0 to 1: its interval, and as a band that of the reference. */
function shown(figure, words, reference = null) {
  if (figure.value === null) return "–";
  const [low, high] = figure.ci95 ?? [figure.value, figure.value];
  const across = ([from, to]) => ({ left: `${100 * from}%`, width: `${100 * (to - from)}%` });
  return el("span", {},
    el("span", { className: "interval", "aria-hidden": "true" },
      reference?.ci95 && el("span", { className: "band", style: across(reference.ci95) }),
      el("span", { className: "range", style: across([low, high]) }),
      el("span", { className: "at", style: { left: `${100 * figure.value}%` } })),
    figure.ci95 ? `${words.value(figure.value)} (${words.end(low)} to ${words.end(high)})` : words.value(figure.value));
}

function row(one, reference, className = "") {
  return el("tr", { className },
    el("th", { scope: "row" }, one.week || "All weeks"),
    el("td", { className: "digits" }, String(one.n)),
    el("td", {}, shown(one.positives, percent, reference?.positives)),
    el("td", {}, shown(one.mean_probability, decimal, reference?.mean_probability)),
    el("td", {}, shown(one.warned, percent)),
    el("td", {}, one.rejected.n ? [shown(one.rejected, percent), ` of ${one.rejected.n}`] : "–"),
    el("td", { className: "digits" }, pValue(one.p_positives)),
    el("td", { className: "digits" }, pValue(one.p_probabilities)),
    el("td", { className: "differs" }, one.differs ? "differs" : ""));
}

function table(report) {
  const { reference } = report;
  const rows = [...report.weeks.map((one) => row(one, reference)), row(report.whole, reference, "whole")];
  if (reference) {
    rows.push(el("tr", { className: "reference" },
      el("th", { scope: "row" }, "Reference"),
      el("td", { className: "digits" }, String(reference.n)),
      el("td", {}, shown(reference.positives, percent)),
      el("td", {}, shown(reference.mean_probability, decimal)),
      el("td", { colSpan: 5 })));
  }
  return el("table", {}, el("thead", {}, el("tr", {}, HEADS.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, rows));
}

async function begin() {
  if (!readerKey()) {
    const [session] = await getJson("/api/sessions");
    setReaderKey(session.key);
  }
  document.querySelector(".mark").href = `/?reader=${encodeURIComponent(readerKey())}`;
  const report = await getJson("/api/drift");
  fill(root, el("div", { className: "drift" },
    el("h1", {}, "Drift"),
    el("p", { className: "soft" }, `Results of ${report.model} in the last 26 weeks, with 95 % intervals. ${report.reference ? `Bands show the reference: ${report.reference.what}. ` : ""}p, positive: Fisher's exact test on the share with hemorrhage suspected. p, probability: two-sample Kolmogorov-Smirnov test.`),
    table(report),
    el("ul", {}, report.statements.map((words) => el("li", {}, words)))));
  root.dataset.ready = "";
}

begin().catch((error) => {
  if (error.login) location.assign(error.login);
  else fill(root, el("div", { className: "failed" }, el("p", {}, error.message)));
});
