// The whole project on one page: progress of each reader, agreement of pairs, assignment of scans, export.

import { getJson } from "./api.js";
import { say } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { assignment } from "./project_assign.js";
import { exportSection } from "./project_export.js";

/** Builds the view into `root`. Returns {actions, close}. */
export async function openProject(root) {
  const tables = el("div", { className: "tables" });
  const scans = el("section");
  const agreement = el("section", { "aria-label": "Agreement" }, el("h2", {}, "Agreement"), el("p", { className: "soft" }, "Computing …"));
  const load = async () => {
    const project = await getJson("/api/project");
    fill(tables, progress(project), agreement);
    fill(scans, assignment(project, () => load().catch((error) => say(error.message))));
  };
  await load();
  const exporting = exportSection();
  fill(root, el("div", { className: "project" }, el("h1", {}, "Project"), tables, exporting.node, scans));
  getJson("/api/project/agreement").then((pairs) => fill(agreement, agreementOf(pairs)), (error) => fill(agreement, error.message));
  const close = async () => {
    exporting.close();
    return true;
  };
  return { actions: {}, close };
}

function progress({ readers, consensus }) {
  const rows = readers.map((one) => el("tr", { data: { reader: one.name } },
    el("th", { scope: "row" }, one.name),
    ...[one.assigned, one.begun].map((n) => el("td", { className: "digits" }, String(n))),
    el("td", { className: "digits" }, el("meter", { max: Math.max(1, one.assigned), value: one.done, "aria-label": `${one.name} done` }), String(one.done)),
    el("td", { className: "digits" }, hours(one.seconds))));
  return el("section", { "aria-label": "Progress" },
    el("h2", {}, "Progress"),
    table(["Reader", "Scans", "Begun", "Done", "Time, h:min"], rows),
    el("p", { className: "soft" }, `Consensus: ${consensus.done} done, ${consensus.begun - consensus.done} in progress, `
      + `of ${consensus.open} scans with two finished readings or more.`));
}

const KAPPAS = ["any_hemorrhage", "IVH", "IPH", "SAH", "EDH", "SDH", "fracture"];

function agreementOf(pairs) {
  const rows = pairs.map((one) => el("tr", {},
    el("th", { scope: "row" }, one.readers.join(" and ")),
    el("td", { className: "digits" }, String(one.n_scans)),
    el("td", { className: "digits" }, `${number(one.dice)} (${one.n_dice})`),
    el("td", { className: "digits" }, String(one.n_slices)),
    KAPPAS.map((name) => el("td", { className: "digits" }, number(one.kappa[name])))));
  const heads = ["Readers", "Scans", "Dice (n)", "Slices", ...KAPPAS.map((name) => `κ ${name.replace("any_hemorrhage", "any")}`)];
  return [
    el("h2", {}, "Agreement"),
    rows.length ? table(heads, rows) : el("p", { className: "soft" }, "No scan has two finished readings yet."),
    el("p", { className: "soft" }, "Of scans that both have finished. Dice: mean over the n scans on which either drew a region. "
      + "κ: Cohen’s kappa of the labels of all slices; – where it is not defined."),
  ];
}

function table(heads, rows) {
  const cells = heads.map((words, i) => el("th", { scope: "col", className: i ? "digits" : "" }, words));
  return el("div", { className: "wide", tabIndex: 0 }, el("table", {}, el("thead", {}, el("tr", {}, cells)), el("tbody", {}, rows)));
}

const number = (value) => (value === null ? "–" : value.toFixed(2));

function hours(seconds) {
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}
