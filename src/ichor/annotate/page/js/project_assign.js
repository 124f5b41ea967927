// The scans of a project with their readers; people who may assign scans tick who reads which.

import { postJson, putJson } from "./api.js";
import { say } from "./dialogs.js";
import { el } from "./dom.js";

/** The section; `changed` is called when the server has new assignments. */
export function assignment(project, changed) {
  const names = project.readers.map((one) => one.name);
  const heads = ["Subject", "Scan", "State", ...names].map((words, i) =>
    el("th", { scope: "col", className: i > 2 ? "assign" : "" }, words));
  const rows = project.scans.map((scan) => el("tr", { data: { scan: scan.id } },
    el("td", {}, scan.subject),
    el("td", {}, scan.name),
    el("td", {}, el("span", { className: "state", data: { state: scan.state } }, scan.state)),
    names.map((name) => el("td", { className: "assign" }, project.may_assign ? box(scan, name, names, changed) : null, dot(scan, name)))));
  return [
    el("h2", {}, "Scans"),
    el("p", { className: "soft" }, "A scan is read by the readers who are ticked, or by all if none is. A reader who has started it stays."),
    project.may_assign ? distribution(names, changed) : null,
    el("div", { className: "wide", tabIndex: 0 }, el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows))),
  ];
}

function dot(scan, name) {
  const state = scan.readers[name];
  return state ? el("i", { className: "dot reader-dot", title: state, role: "img", "aria-label": state, data: { state } }) : null;
}

function box(scan, name, names, changed) {
  const chosen = new Set(scan.assigned);
  const input = el("input", { type: "checkbox", checked: chosen.has(name), "aria-label": `${name} reads ${scan.subject} ${scan.name}` });
  input.addEventListener("change", async () => {
    if (input.checked) chosen.add(name);
    else chosen.delete(name);
    const readers = names.filter((one) => chosen.has(one));
    await change(() => putJson("/api/project/assignments", { scans: [scan.id], readers }), changed);
  });
  return input;
}

function distribution(names, changed) {
  const boxes = names.map((name) => el("input", { type: "checkbox", checked: true, value: name }));
  const each = el("input", { type: "number", min: 1, max: Math.max(1, names.length), value: Math.min(2, names.length), "aria-label": "Readers for each scan" });
  const share = async () => {
    const readers = boxes.filter((one) => one.checked).map((one) => one.value);
    await change(async () => {
      const { assigned } = await postJson("/api/project/distribute", { readers, each: Number(each.value) });
      say(assigned ? `${assigned} ${assigned === 1 ? "scan was" : "scans were"} assigned.` : "Every scan has already been assigned or started.");
    }, changed);
  };
  return el("div", { className: "bar", role: "group", "aria-label": "Distribute scans" },
    el("label", {}, "Readers for each scan", each), "among",
    boxes.map((one) => el("label", {}, one, one.value)),
    el("button", { type: "button", disabled: !names.length, onclick: share }, "Distribute scans that are not yet assigned"));
}

async function change(ask, changed) {
  try {
    await ask();
  } catch (error) {
    say(error.message);
  }
  changed();
}
