// Changes to a layer: each can be undone and redone, without limit.

import { changedOrigin, originsAfter } from "./origins.js";
import { deriveLabels } from "./labels.js";
import { labelsOf, mapOf, sliceOf } from "./layer.js";
import { decode, encode } from "./runs.js";
import { touch } from "./saver.js";

/** Remembers the slice shown before a tool writes on its map, and other slices that it will write on. */
export function begin(session, others = []) {
  session.before = { ...snapshot(session, session.viewer.slice), others: others.map((k) => snapshot(session, k)) };
  return mapOf(session.layer, session.viewer.slice);
}

/** Shows and saves what a tool has drawn so far. */
export function progress(session) {
  for (const { k } of [session.before, ...session.before.others]) {
    const slice = sliceOf(session.layer, k);
    // Provisional: any region may be written on; `commit` finds out which ones were.
    for (const label of Object.keys(slice.origins)) slice.origins[label] = changedOrigin(slice.origins[label], "drawn");
    touch(session.saver, `slice/${k}`);
  }
  session.painted = null;
}

/** Ends what `begin` began: one step of undo; `how` is the origin of what was drawn. Returns whether anything changed. */
export function commit(session, how = "drawn") {
  const { others, ...before } = session.before;
  session.before = null;
  return record(session, [before, ...others], how);
}

/** Puts the slices back as they were at `begin`. */
export function giveUp(session) {
  const { before } = session;
  session.before = null;
  if (before) for (const one of [before, ...before.others]) restore(session, one);
}

/** The regions and labels of a slice, for `recordStep`. */
export const begun = (session, k) => ({ regions: snapshot(session, k), labels: { labelsOf: k, labels: labelsOf(session.layer, k) } });

/** Ends a change of a slice's regions, its labels, or both, in one step of undo; `labels` gives the new labels of the old. */
export function recordStep(session, before, { regions, labels }) {
  const { k } = before.regions;
  if (regions) {
    deriveLabels(session.layer, k, session.me.subtypes);
    touch(session.saver, `slice/${k}`);
  }
  if (labels) setLabels(session, k, labels(labelsOf(session.layer, k)));
  session.undone = [];
  session.done.push([...(regions ? [before.regions] : []), ...(labels ? [before.labels] : [])]);
  session.painted = null;
  session.emit("layer");
}

/** Replaces label maps, [[k, map], ...], in one step of undo; `how` is the origin of what is new. */
export function replaceMaps(session, maps, how = "drawn") {
  const before = maps.map(([k]) => snapshot(session, k));
  for (const [k, map] of maps) sliceOf(session.layer, k).map = map;
  return record(session, before, how);
}

/** Takes over a layer fetched from the server: one step of undo, nothing to send. */
export function adopt(session, fresh) {
  const before = [...fresh.slices.keys()].map((k) => snapshot(session, k));
  const changed = before.filter(({ k, runs }) => String(runs) !== String(encode(mapOf(fresh, k))));
  for (const [k, slice] of fresh.slices) session.layer.slices.set(k, slice);
  for (const [key, labels] of fresh.labels) session.layer.labels.set(key, labels);
  if (changed.length) {
    session.undone = [];
    session.done.push(changed);
  }
  session.painted = null;
  session.emit("layer");
}

/** Replaces labels of a slice or of the scan, in one step of undo. */
export function replaceLabels(session, key, labels) {
  const before = { labelsOf: key, labels: labelsOf(session.layer, key) };
  setLabels(session, key, labels);
  session.undone = [];
  session.done.push([before]);
  session.emit("layer");
}

/** Replaces labels while they are typed; until `typed`, all of it is one step of undo. */
export function typeLabels(session, key, labels) {
  if (session.typing !== key) {
    session.typing = key;
    session.undone = [];
    session.done.push([{ labelsOf: key, labels: labelsOf(session.layer, key) }]);
  }
  setLabels(session, key, labels, true);
  session.emit("labels");
}

export const typed = (session) => (session.typing = null);

export const undo = (session) => step(session, session.done, session.undone);
export const redo = (session) => step(session, session.undone, session.done);

function step(session, from, to) {
  const changes = from.pop();
  if (!changes) return;
  to.push(changes.map((change) => now(session, change)));
  for (const change of changes) restore(session, change);
  const k = changes[0].k ?? changes[0].labelsOf;
  if (Number.isInteger(k) && !changes.some((one) => one.k === session.viewer.slice)) session.goTo(k);
}

function snapshot(session, k) {
  const slice = sliceOf(session.layer, k);
  return { k, runs: encode(mapOf(session.layer, k)), origins: { ...slice.origins }, labels: labelsOf(session.layer, k) };
}

const now = (session, change) =>
  "k" in change
    ? snapshot(session, change.k)
    : { labelsOf: change.labelsOf, labels: labelsOf(session.layer, change.labelsOf) };

// Origins are derived from the state before the change; `progress` may have changed them provisionally.
function record(session, before, how) {
  const changed = before.filter(({ k, runs }) => String(runs) !== String(encode(mapOf(session.layer, k))));
  for (const { k, origins } of before) {
    const slice = sliceOf(session.layer, k);
    if (JSON.stringify(slice.origins) !== JSON.stringify(origins)) touch(session.saver, `slice/${k}`);
    slice.origins = { ...origins };
  }
  for (const { k, runs, origins } of changed) {
    const slice = sliceOf(session.layer, k);
    slice.origins = originsAfter(decode(runs, session.layer.size), origins, slice.map, how);
    deriveLabels(session.layer, k, session.me.subtypes);
    touch(session.saver, `slice/${k}`);
  }
  if (changed.length) {
    session.undone = [];
    session.done.push(changed);
  }
  session.painted = null;
  session.emit("layer");
  return changed.length > 0;
}

// Labels that are implied by regions are restored with them; the server derives them from the label map.
function restore(session, change) {
  if ("k" in change) {
    const slice = sliceOf(session.layer, change.k);
    slice.map = decode(change.runs, session.layer.size);
    slice.origins = { ...change.origins };
    session.layer.labels.set(change.k, withRevision(session, change.k, change.labels));
    deriveLabels(session.layer, change.k, session.me.subtypes);
    touch(session.saver, `slice/${change.k}`);
  } else {
    setLabels(session, change.labelsOf, change.labels);
  }
  session.painted = null;
  session.emit("layer");
}

// The revision is always the newest known: only the content is restored.
const withRevision = (session, key, labels) => ({ ...labels, revision: labelsOf(session.layer, key).revision });

function setLabels(session, key, labels, typing = false) {
  session.layer.labels.set(key, withRevision(session, key, labels));
  deriveLabels(session.layer, key, session.me.subtypes);
  touch(session.saver, `labels/${key}`, typing);
}
