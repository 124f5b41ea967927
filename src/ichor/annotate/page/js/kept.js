// What survives a reload in addition to the server's data: the steps of undo and redo, and the gray window. They are kept
// as long as this tab is open.

import { revisionsOf } from "./layer.js";
import { statusOf } from "./saver.js";

const PAUSE_MS = 300;
const MOST_CHARACTERS = 1_500_000; // about a third of what a browser stores for a tab
const placeOf = ({ scan, layer }, what) => `ichor-${what}/${scan.key}/${layer.name}`;

/** Restores what was kept for this scan and layer, and keeps it from now on. Returns a function that stops this. */
export function keepSteps(session) {
  takeSteps(session);
  let timer = 0;
  const keep = () => {
    timer = 0;
    // Only with the revisions that they start from: after a crash, or a change elsewhere, they would undo the wrong thing.
    if (!session.closed && !session.working && statusOf(session.saver) === "saved") write(session);
  };
  session.listeners.push((kind) => {
    if (kind === "status" || kind === "layer") timer ||= setTimeout(keep, PAUSE_MS);
  });
  // A reload may come before the pause is over.
  const stop = new AbortController();
  window.addEventListener("pagehide", keep, { signal: stop.signal });
  return () => {
    stop.abort();
    clearTimeout(timer);
    if (statusOf(session.saver) === "saved") write(session);
  };
}

/** The level and width that were last set for this scan and layer in this tab, or null. */
export function keptWindow(session) {
  const kept = JSON.parse(sessionStorage.getItem(placeOf(session, "window")) ?? "null");
  return Number.isFinite(kept?.level) && Number.isFinite(kept?.width) ? kept : null;
}

export function keepWindow(session) {
  const { level, width } = session.viewer;
  store(placeOf(session, "window"), JSON.stringify({ level, width }));
}

function write(session) {
  const kept = { revisions: revisions(session), done: lastOf(session.done), undone: lastOf(session.undone) };
  store(placeOf(session, "undo"), JSON.stringify(kept));
}

function takeSteps(session) {
  const kept = JSON.parse(sessionStorage.getItem(placeOf(session, "undo")) ?? "null");
  if (!kept || kept.revisions !== revisions(session)) return;
  Object.assign(session, { done: kept.done, undone: kept.undone });
}

// The newest steps that fit.
function lastOf(steps) {
  const result = [];
  let room = MOST_CHARACTERS / 2;
  for (const step of steps.toReversed()) {
    room -= JSON.stringify(step).length;
    if (room < 0) break;
    result.unshift(step);
  }
  return result;
}

const revisions = ({ layer }) => JSON.stringify(Object.values(revisionsOf(layer)).map((of) =>
  Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1))));

// Steps that do not fit are not kept.
function store(place, text) {
  try {
    sessionStorage.setItem(place, text);
  } catch {
    sessionStorage.removeItem(place);
  }
}
