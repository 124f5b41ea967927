// The slices that the reader has viewed: those shown for at least LOOK_MS. The server stores them, so that
// negative and unread slices can be distinguished.

import { postJson } from "./api.js";

const LOOK_MS = 100;
const REPORT_MS = 1000;

/** Records which slices are viewed and reports them periodically. Returns a function that stops it. */
export function trackLooks(session) {
  const { layer, viewer } = session;
  const state = { timer: 0, report: 0 };
  const look = () => {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      note(session);
      if (session.newLooks.size) state.report ||= setTimeout(report, REPORT_MS);
    }, LOOK_MS);
  };
  // Views that could not be reported are sent with the next report.
  const report = () => {
    state.report = 0;
    reportLooks(session).catch(() => null);
  };
  const stop = new AbortController();
  document.addEventListener("visibilitychange", look, { signal: stop.signal });
  window.addEventListener("pagehide", report, { signal: stop.signal });
  session.listeners.push((kind) => ["slice", "arrived"].includes(kind) && !layer.looked.has(viewer.slice) && look());
  return () => {
    stop.abort();
    clearTimeout(state.timer);
    clearTimeout(state.report);
    report();
  };
}

function note(session) {
  const { layer, viewer } = session;
  if (document.visibilityState !== "visible" || !viewer.volume.arrived.has(viewer.slice) || layer.looked.has(viewer.slice)) return;
  layer.looked.add(viewer.slice);
  if (!session.readOnly) session.newLooks.add(viewer.slice);
  session.emit("looked");
}

/** Reports the slices viewed so far, including the current one. Returns when the server has all of them. */
export async function reportLooks(session) {
  note(session);
  // An earlier report can still be on its way. If it fails, its slices are sent again.
  session.looksReported = Promise.all([session.looksReported.catch(() => send(session)), send(session)]);
  await session.looksReported;
}

async function send(session) {
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
