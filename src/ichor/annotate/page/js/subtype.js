// The subtype to draw. None is preset: the reader chooses it. The choice is kept for the scan and layer in this browser.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { paint } from "./overlay.js";

const placeOf = ({ scan, layer }) => `ichor-subtype/${scan.key}/${layer.name}`;

/** The label that was last chosen for this scan and layer, or null. */
export function keptLabel(session) {
  const kept = Number(localStorage.getItem(placeOf(session)));
  return session.me.subtypes.some(({ label }) => label === kept) ? kept : null;
}

/** Chooses the label to draw; an unfinished shape on the current slice gets it, too. */
export function chooseLabel(session, label) {
  session.label = label;
  localStorage.setItem(placeOf(session), String(label));
  session.tool.relabel?.(session, label);
  session.emit("tool");
  paint(session);
}

/** Asks for the subtype, by click or number key; resolves with the label, or null if none was chosen. */
export async function askLabel(session) {
  const { subtypes } = session.me;
  const choices = subtypes.map(({ label, name, words, colour }) => [String(label), [
    el("kbd", {}, String(label)), el("i", { className: "dot", style: { "--colour": colour } }),
    label === 6 ? "Subtype not specified" : el("b", {}, name), label === 6 ? null : words,
  ], "subtype"]);
  const keys = new Map(subtypes.flatMap(({ label }) => [[String(label), String(label)], [`Shift+${label}`, String(label)]]));
  const answer = await openDialog("Which subtype is this hemorrhage?",
    "Everything that you draw on this scan gets this subtype until you choose another (Shift + number).",
    [...choices, ["", "Cancel"]], { className: "choose-subtype", keys, focus: "" });
  if (!answer) return null;
  chooseLabel(session, Number(answer));
  return session.label;
}
