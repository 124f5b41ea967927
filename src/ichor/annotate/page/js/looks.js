// Which slices the reader has looked at: those that stayed on the screen for a moment. The server keeps them, so that a
// slice without hemorrhage is told from one that nobody has seen.

import { postJson } from "./api.js";

const LOOK_MS = 100;
const REPORT_MS = 1000;

/** Notes what is looked at and reports it now and then. Returns what ends it. */
export function trackLooks(session) {
  const state = { timer: 0, report: 0 };
  const look = () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      note(session);
      if (session.newLooks.size) state.report ||= setTimeout(report, REPORT_MS);
    }, LOOK_MS);
  };
  // What could not be reported is, with the next.
  const report = () => {
    state.report = 0;
    reportLooks(session).catch(() => null);
  };
  const stop = new AbortController();
  document.addEventListener("visibilitychange", look, { signal: stop.signal });
  window.addEventListener("pagehide", report, { signal: stop.signal });
  session.listeners.push((kind) => kind === "slice" && look());
  return () => {
    stop.abort();
    clearTimeout(state.timer);
    clearTimeout(state.report);
    report();
  };
}

function note(session) {
  const { layer, viewer } = session;
  if (document.visibilityState !== "visible" || layer.looked.has(viewer.slice)) return;
  layer.looked.add(viewer.slice);
  if (!session.readOnly) session.newLooks.add(viewer.slice);
  session.emit("looked");
}

/** Tells the server what was looked at since it was last told, the slice that is shown too. */
export async function reportLooks(session) {
  note(session);
  const slices = [...session.newLooks];
  if (!slices.length || session.readOnly) return;
  session.newLooks.clear();
  try {
    await postJson(`/api/scans/${session.scan.id}/looks`, { layer: session.layer.name, slices }, { keepalive: true });
  } catch (error) {
    for (const k of slices) session.newLooks.add(k);
    throw error;
  }
}
