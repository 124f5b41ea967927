// Start-up: the reader, the view that the address names, and the keyboard shortcuts.

import { showAccount, withoutSession } from "./account.js";
import { getJson } from "./api.js";
import { el, fill } from "./dom.js";
import { openHelp } from "./help.js";
import { bindKeys } from "./keys.js";
import { openProject } from "./project.js";
import { readerKey, setReaderKey } from "./reader.js";
import { openReading } from "./reading.js";
import { openWorklist } from "./worklist.js";

const root = document.getElementById("view");
let me = null;
let view = null;
let turn = Promise.resolve();

function routeOf(hash) {
  const match = /^#\/scan\/(\d+)(\/consensus)?(?:\?slice=(\d+))?$/.exec(hash);
  if (!match) return null;
  return { id: Number(match[1]), layer: match[2] ? "consensus" : "mine", slice: match[3] ? Number(match[3]) : null };
}

// Admins cannot open scans: they see only the project.
const onProject = () => location.hash === "#/project" || me.role === "admin";

function open(route) {
  if (onProject()) return openProject(root);
  return route ? openReading(root, me, route) : openWorklist(root, me);
}

let shown = "";

async function show() {
  const leaving = view;
  view = null;
  if (leaving && !(await leaving.close())) {
    view = leaving;
    history.replaceState(null, "", shown);
    root.dataset.ready = shown;
    return;
  }
  document.getElementById("notice").hidden = true; // it belonged to the previous view
  const route = routeOf(location.hash);
  document.body.dataset.view = route ? "reading" : onProject() ? "project" : "worklist";
  try {
    // Adjudicators have no readings.
    if (route && me.role === "adjudicator") route.layer = "consensus";
    view = await open(route);
  } catch (error) {
    fill(root, el("div", { className: "failed" }, el("p", {}, error.message), el("a", { href: "#/" }, "Back to the worklist")));
  }
  fill(document.getElementById("where"), route && view?.session ? `${view.session.scan.subject} · ${view.session.scan.name}` : "");
  shown = root.dataset.ready = location.hash;
}

function turnTo() {
  delete root.dataset.ready;
  turn = turn.then(show);
}

// For leaving the page itself.
async function leaveView() {
  await turn;
  return !view || view.close();
}

async function start() {
  try {
    if (!readerKey()) {
      const [first, ...others] = await getJson("/api/sessions");
      if (others.length) return fill(root, whoReads([first, ...others]));
      setReaderKey(first.key);
    }
    me = await getJson("/api/me");
  } catch (error) {
    withoutSession(error);
    return undefined;
  }
  showAccount(me, leaveView);
  document.getElementById("help").addEventListener("click", openHelp);
  bindKeys(() => ({ ...view?.actions, help: openHelp }));
  window.addEventListener("hashchange", turnTo);
  turnTo();
  return undefined;
}

// The address has no reader's key, and several readers have a session in this browser: the page asks.
function whoReads(sessions) {
  const buttons = sessions.map(({ key, reader }) => el("button", {
    type: "button",
    onclick: () => {
      setReaderKey(key);
      location.reload();
    },
  }, reader));
  return el("div", { className: "failed" }, el("p", {}, "Several readers have a session in this browser. Who is reading?"),
    el("div", { className: "readers" }, buttons));
}

start();
