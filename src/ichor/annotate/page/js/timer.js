// The active time of a reader: time with the page visible and some input within the last minute.

import { postJson } from "./api.js";

const IDLE_MS = 60_000;
const REPORT_MS = 30_000;

let active = Date.now();
let counted = Date.now();
let seconds = 0;

for (const kind of ["pointerdown", "pointermove", "wheel", "keydown"]) {
  document.addEventListener(kind, () => {
    count();
    active = Date.now();
  }, { passive: true, capture: true });
}

function count() {
  const now = Date.now();
  const until = Math.min(now, active + IDLE_MS);
  if (document.visibilityState === "visible" && until > counted) seconds += (until - counted) / 1000;
  counted = now;
}

/** The active seconds since the last call. */
export function takeSeconds() {
  count();
  const taken = Math.round(seconds * 10) / 10;
  seconds = 0;
  return taken;
}

/** Reports the time spent on a scan periodically; returns a function that stops this. */
export function reportTime(scan) {
  takeSeconds();
  const report = () => {
    const taken = takeSeconds();
    if (taken > 0) postJson(`/api/scans/${scan}/seconds`, { seconds: taken }).catch(() => (seconds += taken));
  };
  const timer = setInterval(report, REPORT_MS);
  return () => {
    clearInterval(timer);
    report();
  };
}
