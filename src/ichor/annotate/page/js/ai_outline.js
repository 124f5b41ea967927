// The reader's decision on the AI outline of a slice: accepted as it is, or rejected. The server stores acceptance as the
// regions' origin, and rejection as a label of the slice.

import { el, fill } from "./dom.js";
import { begun, recordStep } from "./edit.js";
import { isDrawn, labelsOf, mapOf, sliceOf } from "./layer.js";
import { tip } from "./keys.js";
import { accepted, undecided, untouched } from "./origins.js";

const WORDS = {
  open: "AI outlines, neither changed nor accepted yet",
  mixed: "Some of these outlines are the AI’s, not accepted yet",
  accepted: "AI outlines, accepted as they are",
  rejected: "AI outline rejected",
};

/** Accepts the AI outlines of the slice as they are. */
export function acceptOutline(session) {
  const k = session.viewer.slice;
  if (!undecided(session.layer.slices.get(k))) return session.say("This slice has no AI outline to accept.");
  const before = begun(session, k);
  const slice = sliceOf(session.layer, k);
  slice.origins = Object.fromEntries(Object.entries(slice.origins).map(([label, origin]) =>
    [label, origin === "ai" ? "ai accepted" : origin]));
  return recordStep(session, before, { regions: true, labels: false });
}

/** Removes the unchanged AI outlines of the slice. A slice without any other region becomes a confirmed negative. */
export function rejectOutline(session) {
  const k = session.viewer.slice;
  const labels = labelsOf(session.layer, k);
  if (labels.ai_rejected) return setRejected(session, k, false);
  const slice = session.layer.slices.get(k);
  const own = Object.entries(slice?.origins ?? {}).filter(([, origin]) => origin.startsWith("ai"));
  if (!own.length) return session.say("This slice has no AI outline to reject.");
  const gone = own.filter(([, origin]) => origin !== "ai edited").map(([label]) => Number(label));
  if (!gone.length) return session.say("You have changed this AI outline: erase what is wrong.");
  return setRejected(session, k, true, gone);
}

function setRejected(session, k, rejected, gone = []) {
  const { layer } = session;
  const before = begun(session, k);
  const slice = sliceOf(layer, k);
  if (gone.length) {
    slice.map = mapOf(layer, k).map((label) => (gone.includes(label) ? 0 : label));
    slice.origins = Object.fromEntries(Object.entries(slice.origins).filter(([label]) => !gone.includes(Number(label))));
  }
  return recordStep(session, before, {
    regions: gone.length > 0,
    labels: (labels) => ({ ...labels, ai_rejected: rejected, no_hemorrhage: rejected && !isDrawn(layer, k) && !labels.subtypes.length }),
  });
}

/** What has been decided on a slice: "open", "mixed" (open, next to the reader's own regions), "accepted", "rejected" or null. */
export function decisionOn(layer, k) {
  const slice = layer.slices.get(k);
  if (isDrawn(layer, k) && undecided(slice)) return untouched(slice) ? "open" : "mixed";
  if (labelsOf(layer, k).ai_rejected) return "rejected";
  return isDrawn(layer, k) && accepted(slice) ? "accepted" : null;
}

/** The slices with a decision, {accepted: [k], rejected: [k]}, lowest first. */
export function decisions(layer, n) {
  const found = { accepted: [], rejected: [] };
  for (let k = 0; k < n; k++) found[decisionOn(layer, k)]?.push(k);
  return found;
}

/** The line over the picture that says so, with the buttons to accept and reject. */
export function outlineBar(session, actions) {
  const button = (id, words) => el("button", { type: "button", title: tip(id), data: { action: id }, onclick: () => actions[id]() }, words);
  const [accept, reject] = [button("ai.accept", "Accept"), button("ai.reject", "Reject")];
  const words = el("span");
  const place = el("div", { className: "hud machine", role: "group", "aria-label": "AI outlines of this slice", hidden: true }, words, accept, reject);
  const update = (kind) => {
    if (!["slice", "layer", "labels", "busy"].includes(kind)) return;
    const found = decisionOn(session.layer, session.viewer.slice);
    place.hidden = found === null;
    if (found === null) return;
    fill(words, WORDS[found]);
    accept.hidden = !["open", "mixed"].includes(found);
    fill(reject, found === "rejected" ? "Withdraw" : "Reject");
    for (const one of [accept, reject]) one.disabled = session.readOnly || Boolean(session.busy);
  };
  session.listeners.push(update);
  update("slice");
  return place;
}
