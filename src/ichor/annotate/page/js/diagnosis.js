// The labels of a slice or of the scan as buttons, and a free note.

import { el, fill } from "./dom.js";
import { replaceLabels, typed, typeLabels } from "./edit.js";
import { isDrawn, labelsOf } from "./layer.js";
import { toggleNone, toggleQuality, toggleSubtype } from "./labels.js";
import { tip } from "./keys.js";

const QUALITY = ["motion", "metal", "noise", "incomplete"];

const WORDS = { IVH: "Intraventricular", IPH: "Intraparenchymal", SAH: "Subarachnoid", EDH: "Epidural", SDH: "Subdural" };

const keyOf = (session, level) => (level === "scan" ? "scan" : session.viewer.slice);

/** Toggles a label of the slice shown or of the scan: a subtype's name, "fracture", "none" or "quality:...". */
export function toggle(session, level, what) {
  if (session.readOnly || session.busy) return undefined;
  const key = keyOf(session, level);
  const labels = labelsOf(session.layer, key);
  const { slices } = session.layer;
  const { implied = [] } = labels;
  if (what === "none") {
    const any = level === "scan" ? [...slices.keys()].some((k) => isDrawn(session.layer, k)) : isDrawn(session.layer, key);
    if (noneOfScan(session, level)) return session.say("The whole scan is labeled as free of hemorrhage: change it there.");
    if ((any || implied.length) && !labels.no_hemorrhage) return session.say(level === "scan" ? "A slice has hemorrhage." : "This slice has a region.");
    return replaceLabels(session, key, toggleNone(labels));
  }
  if (what === "fracture" && labels.implied_fracture) return session.say("A slice has a fracture: change it there.");
  if (what === "fracture") return replaceLabels(session, key, { ...labels, fracture: !labels.fracture });
  if (what.startsWith("quality:")) return replaceLabels(session, key, toggleQuality(labels, what.slice(8)));
  if (implied.includes(what)) return session.say(level === "scan" ? `A slice has ${what}: remove it there first.` : `This slice has a region of ${what}: erase it first.`);
  return replaceLabels(session, key, toggleSubtype(labels, what));
}

// No hemorrhage in the scan means none on any slice.
const noneOfScan = (session, level) => level === "slice" && labelsOf(session.layer, "scan").no_hemorrhage;

/** The labels of one level, "slice" or "scan", kept up with the session. */
export function labelPanel(session, level) {
  const button = (what, words, more = {}) =>
    el("button", { type: "button", className: "chip", onclick: () => toggle(session, level, what), ...more, data: { what } },
      more.dot ? el("i", { className: "dot", style: { "--colour": more.dot } }) : null, words);
  const title = (id) => (level === "slice" ? { title: tip(id) } : {});
  const subtypes = session.me.subtypes.filter((one) => one.label <= 5).map((one) =>
    button(one.name, [el("b", {}, one.name), el("span", {}, WORDS[one.name])],
      { dot: one.colour, className: "chip subtype", ...title(`label.${one.name}`) }));
  const others = [
    button("fracture", "Fracture", title("label.fracture")),
    button("none", "No hemorrhage", title("label.none")),
  ];
  const remarks = QUALITY.map((remark) => button(`quality:${remark}`, remark, { className: "chip small" }));
  const note = el("textarea", { rows: 2, maxLength: 4000, id: `note-${level}` });
  let noted = null;
  note.addEventListener("input", () => {
    typeLabels(session, noted, { ...labelsOf(session.layer, noted), note: note.value });
  });
  note.addEventListener("blur", () => typed(session));
  const heading = el("h2", { id: `labels-${level}` });
  const update = (kind) => {
    if (!["slice", "labels", "layer", "busy"].includes(kind)) return;
    const turned = keyOf(session, level) !== noted;
    if (turned) typed(session);
    noted = keyOf(session, level);
    const labels = labelsOf(session.layer, noted);
    fill(heading, level === "scan" ? "Whole scan" : `Slice ${session.viewer.slice + 1}`);
    for (const one of [...subtypes, ...others, ...remarks]) {
      const { what } = one.dataset;
      const on = isOn(labels, what) || (what === "none" && noneOfScan(session, level));
      one.setAttribute("aria-pressed", String(on));
      one.disabled = session.readOnly || Boolean(session.busy);
    }
    if (turned || document.activeElement !== note) note.value = labels.note;
    note.disabled = session.readOnly || Boolean(session.busy);
  };
  session.listeners.push(update);
  update("labels");
  return el("section", { className: "labels", role: "group", "aria-labelledby": `labels-${level}`, data: { level } },
    heading,
    el("div", { className: "chips subtypes" }, subtypes),
    el("div", { className: "chips" }, others),
    el("div", { className: "chips", role: "group", "aria-label": "Quality" }, remarks),
    el("label", { for: `note-${level}`, className: "soft" }, level === "scan" ? "Note on the scan" : "Note on the slice"),
    note);
}

function isOn(labels, what) {
  if (what === "none") return labels.no_hemorrhage;
  if (what === "fracture") return labels.fracture;
  return what.startsWith("quality:") ? labels.quality.includes(what.slice(8)) : labels.subtypes.includes(what);
}
