// The labels of a slice or of the scan as buttons, and a free note.

import { el, fill } from "./dom.js";
import { replaceLabels } from "./edit.js";
import { isDrawn, labelsOf } from "./layer.js";
import { drawnSubtypes, toggleNone, toggleQuality, toggleSubtype } from "./labels.js";
import { tip } from "./keys.js";

const QUALITY = ["motion", "metal", "noise", "incomplete"];
const NOTE_PAUSE_MS = 400;

const WORDS = { IVH: "Intraventricular", IPH: "Intraparenchymal", SAH: "Subarachnoid", EDH: "Epidural", SDH: "Subdural" };

const keyOf = (session, level) => (level === "scan" ? "scan" : session.viewer.slice);

/** Toggles a label of the slice shown or of the scan: a subtype's name, "fracture", "none" or "quality:...". */
export function toggle(session, level, what) {
  if (session.readOnly) return;
  const key = keyOf(session, level);
  const labels = labelsOf(session.layer, key);
  const { slices } = session.layer;
  const implied = labels.implied ?? [];
  const drawn = level === "scan" ? [] : drawnSubtypes(slices.get(key)?.map, session.me.subtypes);
  const where = level === "scan" ? "on a slice" : "drawn here";
  if (what === "none") {
    const any = level === "scan" ? [...slices.keys()].some((k) => isDrawn(session.layer, k)) : isDrawn(session.layer, key);
    if ((any || implied.length) && !labels.no_hemorrhage) return session.say(`Hemorrhage is ${where}.`);
    return replaceLabels(session, key, toggleNone(labels));
  }
  if (what === "fracture" && labels.implied_fracture) return session.say("A fracture is on a slice.");
  if (what === "fracture") return replaceLabels(session, key, { ...labels, fracture: !labels.fracture });
  if (what.startsWith("quality:")) return replaceLabels(session, key, toggleQuality(labels, what.slice(8)));
  if (drawn.includes(what) || implied.includes(what)) return session.say(`${what} is ${where}: take it away there first.`);
  return replaceLabels(session, key, toggleSubtype(labels, what));
}

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
  let timer = 0;
  let noted = "scan";
  const keep = () => {
    clearTimeout(timer);
    timer = 0;
    const labels = labelsOf(session.layer, noted);
    if (note.value !== labels.note) replaceLabels(session, noted, { ...labels, note: note.value });
  };
  note.addEventListener("input", () => {
    timer ||= setTimeout(keep, NOTE_PAUSE_MS);
  });
  note.addEventListener("blur", keep);
  const heading = el("h2", { id: `labels-${level}` });
  const update = (kind) => {
    if (!["slice", "labels", "layer"].includes(kind)) return;
    if (timer && keyOf(session, level) !== noted) keep();
    noted = keyOf(session, level);
    const labels = labelsOf(session.layer, noted);
    fill(heading, level === "scan" ? "Whole scan" : `Slice ${session.viewer.slice + 1}`);
    for (const one of [...subtypes, ...others, ...remarks]) {
      one.setAttribute("aria-pressed", String(isOn(labels, one.dataset.what)));
      one.disabled = session.readOnly;
    }
    if (!timer && document.activeElement !== note) note.value = labels.note;
    note.disabled = session.readOnly;
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
