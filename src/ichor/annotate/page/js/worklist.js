// The worklist: every scan with its state, readers and time; filter, search, and sorting by AI uncertainty.

import { getJson } from "./api.js";
import { say } from "./dialogs.js";
import { el, fill } from "./dom.js";

const STATES = ["all", "new", "in progress", "disagreement", "done"];
const AGAIN_MS = 2000;
const kept = { state: "all", search: "", uncertain: false };

/** Builds the view into `root`. Returns {actions, close}. */
export async function openWorklist(root, me) {
  const search = el("input", { type: "search", placeholder: "Search subject or scan", "aria-label": "Search subject or scan", value: kept.search });
  const list = el("div", { className: "worklist" });
  const body = el("tbody");
  const filters = el("div", { className: "segments", role: "group", "aria-label": "State" });
  const empty = el("p", { className: "soft empty" });
  const order = el("input", { type: "checkbox", id: "uncertain", checked: kept.uncertain, disabled: !me.machine });
  let scans = [];
  const show = () => {
    list.classList.toggle("ordered", kept.uncertain);
    fill(filters, STATES.map((state) => filterButton(state, scans, () => {
      kept.state = state;
      show();
    })));
    const rows = scans.filter(matches);
    fill(body, rows.map((scan) => row(scan)));
    fill(empty, rows.length ? "" : scans.length ? "No matching scans." : "No scans yet: add some with ichor annotate PROJECT --add PATH");
  };
  let timer = 0;
  const load = async () => {
    clearTimeout(timer);
    scans = await getJson(kept.uncertain ? "/api/scans?order=uncertainty" : "/api/scans");
    show();
    // The model is still analyzing scans whose uncertainty is not known yet.
    if (kept.uncertain && scans.some(unread)) timer = setTimeout(() => load().catch((error) => say(error.message)), AGAIN_MS);
  };
  search.addEventListener("input", () => {
    kept.search = search.value;
    show();
  });
  order.addEventListener("change", async () => {
    kept.uncertain = order.checked;
    body.classList.add("waiting");
    await load().catch((error) => say(error.message));
    body.classList.remove("waiting");
  });
  const heads = ["Subject", "Scan", "Slices", "State", me.role === "adjudicator" ? "Consensus" : "My reading", "Readers", "Time", "Added", "AI uncertainty", ""].map((words) =>
    el("th", { scope: "col" }, words));
  fill(list,
    el("div", { className: "bar" }, el("h1", {}, "Worklist"), filters, search,
      el("label", { className: "switch", title: me.machine ? "" : "No model is installed on this server." }, order,
        "Sort by AI uncertainty")),
    el("div", { className: "table" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), body), empty));
  fill(root, list);
  await load();
  const close = async () => {
    clearTimeout(timer);
    return true;
  };
  return { actions: { search: () => search.focus() }, close };
}

function filterButton(state, scans, choose) {
  const n = state === "all" ? scans.length : scans.filter((scan) => scan.state === state).length;
  return el("button", { type: "button", "aria-pressed": String(kept.state === state), onclick: choose },
    state[0].toUpperCase() + state.slice(1), el("span", { className: "count" }, String(n)));
}

const unread = (scan) => scan.uncertainty === null || scan.uncertainty === undefined;

function matches(scan) {
  const words = kept.search.toLowerCase();
  const named = `${scan.subject} ${scan.name}`.toLowerCase().includes(words);
  return named && (kept.state === "all" || scan.state === kept.state);
}

function row(scan) {
  const path = `#/scan/${scan.id}`;
  const state = (words) => el("span", { className: "state", data: { state: words } }, words);
  const link = el("a", { href: path }, scan.name);
  const tr = el("tr", { data: { scan: scan.id } },
    el("td", {}, scan.subject),
    el("td", {}, link),
    el("td", { className: "digits" }, String(scan.n_slices)),
    el("td", {}, state(scan.state)),
    el("td", {}, `${scan.mine.state}${scan.mine.slices_drawn ? `, ${scan.mine.slices_drawn} ${scan.mine.slices_drawn === 1 ? "slice" : "slices"} drawn` : ""}`),
    el("td", {}, scan.readers.map((reader) => el("span", { className: "reader", title: reader.state },
      el("i", { className: "dot", data: { state: reader.state } }), reader.name))),
    el("td", { className: "digits" }, time(scan.mine.seconds)),
    el("td", { className: "soft" }, String(scan.added_at).slice(0, 10)),
    el("td", { className: "digits" }, unread(scan) ? "…" : scan.uncertainty.toFixed(3)),
    el("td", {}, scan.open_consensus ? el("a", { className: "button", href: `${path}/consensus` }, "Consensus") : null));
  tr.addEventListener("click", (event) => {
    if (!event.target.closest("a")) location.hash = path;
  });
  return tr;
}

/** Seconds as "3:07" (minutes:seconds), or "–" before any were spent. */
function time(seconds) {
  const all = Math.round(seconds);
  return all ? `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}` : "–";
}
