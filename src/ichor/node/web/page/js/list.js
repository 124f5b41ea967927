// The list: the most urgent study first, updated by itself without moving what the reader looks at.

import { getJson, putJson } from "./api.js";
import { banner } from "./banner.js";
import { showDetails } from "./details.js";
import { el, fill } from "./dom.js";
import { learn, matches } from "./patients.js";
import { arranged, inPlace, keep, kept } from "./place.js";
import { makeRow } from "./row.js";

const EVERY_MS = 5000;
const STEP = 100, MOST = 500;
const FILTERS = {
  open: ["To decide", { decided: false }],
  decided: ["Decided", { decided: true }],
  problems: ["Problems", { state: ["failed", "unusable", "undelivered"] }],
  all: ["All", {}],
};
const HEADS = [["Result"], ["Probability"], ["Volume", "digits"], ["Patient"], ["State"], ["Waiting"], ["Warnings", "digits"], ["Decision"]];

/** Builds the list into `root`. Returns {load, key(event)}. */
export function openList(root, me) {
  const rows = new Map(); // by the study's id, in the order in which they are shown
  const staying = new Set(); // studies that stay where they are although somebody has decided on them
  let limit = STEP;
  let timer = null;
  let asked = 0;
  const body = el("tbody");
  const empty = el("p", { className: "empty soft", hidden: true });
  const more = el("button", { type: "button", hidden: true, onclick: () => { limit = Math.min(MOST, limit + STEP); load(); } }, "Show more");
  const box = el("div", { className: "table", tabIndex: 0, role: "region", "aria-label": "Studies" },
    el("table", {}, el("thead", {}, el("tr", {}, HEADS.map(([words, className]) => el("th", { scope: "col", className }, words)))), body), empty, more);
  const search = el("input", { type: "search", placeholder: "Name, ID, accession", "aria-label": "Search by patient (/)" });
  const filters = Object.entries(FILTERS).map(([name, [words]], at) =>
    el("button", { type: "button", data: { name }, title: `${words} (${at + 1})`, onclick: () => choose(name) }, words));
  fill(root, el("div", { className: "worklist" }, el("div", { className: "bar" }, el("h1", {}, "Worklist"),
    el("span", { className: "segments", role: "group", "aria-label": "Show" }, filters), search), box));
  search.addEventListener("input", () => { keep({ search: search.value }); show(); });
  search.addEventListener("keydown", (event) => event.key === "Escape" && (search.value = "", keep({ search: "" }), show(), search.blur()));
  box.addEventListener("focusin", (event) => keep({ focus: event.target.closest("tr[data-study]")?.dataset.study ?? kept.focus }));
  box.addEventListener("scroll", () => keep({ top: box.scrollTop }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && load());

  function choose(name) {
    staying.clear();
    limit = STEP;
    keep({ filter: name, top: 0 });
    box.scrollTop = 0;
    return load();
  }

  /** Asks for the list and shows it; what went wrong is said, and tried again. */
  async function load() {
    clearTimeout(timer);
    const own = (asked += 1);
    try {
      const listed = await getJson(`/api/studies?${query()}`);
      await learn(listed.studies.map((one) => one.id)).catch(() => null);
      const lacking = [...staying, focused()].filter((id) => id && rows.has(id) && !listed.studies.some((one) => one.id === id));
      const others = await Promise.all(lacking.map((id) => getJson(`/api/studies/${id}`).catch(() => null)));
      if (own !== asked) return;
      update(listed, others.filter(Boolean));
      banner("");
    } catch (error) {
      if (error.login) return location.assign(error.login);
      banner(error.status === 0 ? "The node is not responding. The list is not up to date." : error.message);
    } finally {
      if (own === asked) timer = setTimeout(load, EVERY_MS);
    }
    return undefined;
  }

  function query() {
    const values = { limit, ...FILTERS[kept.filter][1] };
    return new URLSearchParams(Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  }

  const focused = () => document.activeElement?.closest?.("tr[data-study]")?.dataset.study ?? null;

  function update(listed, others) {
    const studies = new Map([...others, ...listed.studies].map((one) => [one.id, one]));
    const first = rows.size === 0;
    const stay = new Set([...staying, ...others.map((one) => one.id)]);
    const order = arranged([...rows.keys()], listed.studies.map((one) => one.id), stay).filter((id) => studies.has(id));
    inPlace(box, () => {
      for (const [id, row] of rows) {
        if (studies.has(id)) continue;
        row.place.remove();
        rows.delete(id);
      }
      const old = new Map(rows);
      rows.clear();
      for (const id of order) {
        const row = old.get(id) ?? makeRow({ me, decide, details });
        row.show(studies.get(id), listed.now);
        rows.set(id, row);
      }
      show();
    });
    more.hidden = listed.total <= listed.studies.length || limit >= MOST;
    for (const button of filters) button.setAttribute("aria-pressed", button.dataset.name === kept.filter);
    const shown = listed.studies.length < listed.total ? `the first ${listed.studies.length} of ${listed.total} studies` : `${listed.total} ${listed.total === 1 ? "study" : "studies"}`;
    fill(document.getElementById("where"), `${shown}, updated ${new Date(listed.now).toLocaleTimeString([])}`);
    if (first) {
      rows.get(kept.focus)?.focus();
      box.scrollTop = kept.top;
    }
  }

  /** Puts the rows in their order into the table, those that match the search. */
  function show() {
    const wanted = [...rows].filter(([id]) => !search.value || matches(id, search.value)).map(([, row]) => row.place);
    wanted.forEach((place, at) => body.children[at] !== place && body.insertBefore(place, body.children[at] ?? null));
    while (body.children.length > wanted.length) body.lastChild.remove();
    empty.hidden = wanted.length > 0;
    empty.textContent = search.value ? "No study in this list matches the search." : "No studies here.";
  }

  /** Stores a decision on a study's result, unless somebody else has decided in the meantime; returns what went wrong. */
  async function decide(study, decision, comment = null) {
    const saved = document.getElementById("saved");
    const { result } = study;
    staying.add(study.id);
    try {
      saved.dataset.status = "saving";
      saved.textContent = "Saving";
      const seen = result.decision ? (await getJson(`/api/studies/${study.id}`)).decision : null;
      if (result.decision && !isSame(seen, result)) throw new Error("Somebody else has decided in the meantime; nothing was stored.");
      await putJson(`/api/studies/${study.id}/decision`, { decision, comment, seen });
      saved.dataset.status = "saved";
      saved.textContent = "Saved";
      await load();
      return null;
    } catch (error) {
      saved.dataset.status = "failed";
      saved.textContent = "Not saved";
      await load();
      banner(error.message);
      return error.message;
    }
  }

  const details = (study) => showDetails(study, { me, decide, changed: load });

  function key(event) {
    const all = [...body.children].map((place) => rows.get(place.dataset.study));
    const at = all.findIndex((row) => row.place.contains(document.activeElement));
    const go = (to) => all.length > 0 && all[Math.min(all.length - 1, Math.max(0, to))].focus();
    const moves = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: all.length - 1 };
    const decisions = { a: "accept", r: "reject", c: "correct" };
    const study = all[at]?.study();
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (pressed in moves) go(moves[pressed]);
    else if (pressed in decisions && study?.result && me.decides) decide(study, study.result.decision === decisions[pressed] ? null : decisions[pressed]);
    else if (pressed === "d" && study) details(study);
    else if (pressed === "/") search.focus();
    else if (pressed === "u") load();
    else if ("1234".includes(pressed)) choose(Object.keys(FILTERS)[Number(pressed) - 1]);
    else return false;
    return true;
  }

  return { load, key };
}

const isSame = (decided, { decision, decided_by: who, decided_at: at }) => decided !== null && decided.decision === decision && decided.who === who && decided.when === at;
