// The reading view of one scan: a reader's own layer, or the consensus.

import { attachStage } from "./stage.js";
import { actionsOf } from "./actions.js";
import { outlineBar } from "./ai_outline.js";
import { consensusPanel } from "./consensus.js";
import { settle } from "./conflict.js";
import { labelPanel } from "./diagnosis.js";
import { sessionEnded } from "./account.js";
import { banner, say } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { hud } from "./hud.js";
import { keepSteps, keepWindow } from "./kept.js";
import { tip } from "./keys.js";
import { loadingBar } from "./loading.js";
import { trackLooks } from "./looks.js";
import { paint } from "./overlay.js";
import { personForm } from "./person.js";
import { attachPlanes } from "./planes_beside.js";
import { closePrevious } from "./previous.js";
import { regionTable } from "./region_table.js";
import { flush, statusOf } from "./saver.js";
import { openSession } from "./session.js";
import { attachThumbnails } from "./thumbnails.js";
import { reportTime } from "./timer.js";
import { settingsBar, toolColumn, toolSettings } from "./toolbar.js";
import { polygon } from "./tools/outline.js";
import { setWindow } from "./viewer.js";

const PLACE_MS = 300;
const SAID = {
  saved: "All changes saved",
  saving: "Saving …",
  conflict: "Also changed elsewhere",
  offline: "Not saved: no connection to the server",
  failed: "Not saved: saving failed",
  refused: "Not saved",
};

/** Builds the view into `root`. Returns {actions, close}. */
export async function openReading(root, me, { id, layer, slice }) {
  const picture = el("canvas", { className: "picture" });
  const overlay = el("canvas", { className: "overlay", tabIndex: -1, "aria-label": "Axial slice" });
  const stage = el("div", { className: "stage" }, picture, overlay);
  fill(root, el("div", { className: "reading loading" }, el("p", { className: "wait" }, "Loading the scan …", el("progress")), stage));
  const session = await openSession(me, id, layer, { picture, overlay }, slice === null ? null : slice - 1);
  session.say = say;
  session.setWindow = (change) => {
    const { level, width } = { ...session.viewer, ...change };
    setWindow(session.viewer, level, width);
    session.emit("window");
  };
  let settling = Promise.resolve();
  session.conflict = (key, body) => (settling = settling.then(() => settle(session, key, body)));
  const pane = el("div", { className: "stage previous", hidden: true });
  session.pane = pane;
  const planes = el("div", { className: "planes", hidden: true });
  const consensus = layer === "consensus" ? await consensusPanel(session) : null;
  const actions = actionsOf(session);
  const thumbs = el("div", { className: "thumbs", role: "navigation", "aria-label": "Slices" });
  stage.append(...hud(session), outlineBar(session, actions), ...loadingBar(session), toolSettings(session));
  fill(root, el("div", { className: "reading" },
    toolColumn(session, actions), thumbs,
    el("section", { className: "middle", "aria-label": "Picture" },
      settingsBar(session, actions), el("div", { className: "stages" }, stage, pane, planes)),
    sidePanel(session, actions, consensus)));
  const ends = [attachStage(session), attachThumbnails(session, thumbs), reportTime(id), saveState(session), keepSteps(session),
    keepPlace(session), trackLooks(session), attachPlanes(session, planes)];
  session.listeners.push((kind) => {
    if (kind === "window") keepWindow(session);
    if (kind === "layer" || kind === "tool") paint(session); // everything else that changes the picture has already painted
  });
  session.waiting = polygon;
  if (polygon.resume(session) && !session.readOnly) {
    actions["tool.polygon"]();
    session.goTo(polygon.k);
    say("Your unfinished outline was restored: Enter closes it, Esc discards it.");
  }
  session.emit("slice");
  return {
    actions,
    session,
    /** Leaves the scan, unless something is not saved yet. Returns whether it did. */
    async close() {
      if (session.working) session.tool.up?.(session);
      await flush(session.saver);
      if (session.saver.dirty.size) {
        say("Some changes are not saved yet, so this scan stays open.");
        return false;
      }
      session.closed = true;
      session.loader.close();
      ends.forEach((end) => end());
      if (session.previous) closePrevious(session, pane);
      session.viewer.close();
      return true;
    },
  };
}

function sidePanel(session, actions, consensus) {
  const { scan } = session;
  const machine = consensus ? null : el("button", { type: "button", title: tip("machine"), onclick: () => actions.machine() }, "AI outlines …");
  const done = el("button", { type: "button", className: "primary done", title: tip("done"), onclick: () => actions.done() });
  const update = (kind) => {
    if (!["labels", "busy"].includes(kind)) return;
    const isDone = session.layer.state === "done";
    const what = consensus ? "consensus" : "reading";
    fill(done, isDone ? `Reopen the ${what}` : consensus ? "Consensus done" : "Reading done");
    done.classList.toggle("primary", !isDone);
    done.disabled = Boolean(session.busy);
    if (machine) machine.disabled = !session.me.machine || session.readOnly || Boolean(session.busy);
  };
  session.listeners.push(update);
  update("labels");
  return el("aside", { className: "panel", "aria-label": "Diagnosis" },
    consensus,
    labelPanel(session, "slice"),
    labelPanel(session, "scan"),
    regionTable(session),
    personForm(session),
    scan.warnings.length ? el("details", { className: "warnings" }, el("summary", {}, `Warnings from reading the file (${scan.warnings.length})`),
      el("ul", {}, scan.warnings.map((words) => el("li", {}, words)))) : null,
    el("div", { className: "actions" },
      machine,
      el("button", { type: "button", title: tip("history"), onclick: () => actions.history() }, "History"),
      done));
}

// The slice in the address, for a reload; not at each step, because browsers limit how often it may change.
function keepPlace(session) {
  const path = `#/scan/${session.scan.id}${session.layer.name === "consensus" ? "/consensus" : ""}`;
  let timer = 0;
  session.listeners.push((kind) => {
    if (kind !== "slice") return;
    timer ||= setTimeout(() => {
      timer = 0;
      // If the reader is going to another view, the address has already changed; this must not change it back.
      if (location.hash.split("?")[0] === path) history.replaceState(null, "", `${path}?slice=${session.viewer.slice + 1}`);
    }, PLACE_MS);
  });
  return () => clearTimeout(timer);
}

// The words at the top, the banner while something is wrong, and a question before unsaved work is left.
function saveState(session) {
  const place = document.getElementById("saved");
  const update = (kind) => {
    if (kind !== "status") return;
    const status = statusOf(session.saver);
    place.dataset.status = session.busy ? "saving" : status;
    const words = session.busy ?? SAID[status];
    if (place.textContent !== words) fill(place, words);
    const { problem } = session.saver;
    if (status === "offline") banner("The server is not responding. Your changes are kept here and sent as soon as it responds. Keep this page open.");
    else if (status === "failed") banner(`Saving failed: ${problem.message}. Your changes are kept here and saving is retried. Keep this page open.`);
    else if (status === "refused") banner(refusal(problem));
    else banner("");
  };
  const stop = new AbortController();
  window.addEventListener("beforeunload", (event) => {
    if (statusOf(session.saver) !== "saved") event.preventDefault();
  }, { signal: stop.signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && session.saver.dirty.size) flush(session.saver);
  }, { signal: stop.signal });
  session.listeners.push(update);
  update("status");
  return () => {
    stop.abort();
    fill(place);
    delete place.dataset.status;
    banner("");
  };
}

const refusal = (problem) =>
  problem.status === 401
    ? sessionEnded(problem)
    : `The server refused a change: ${problem.message}`;
