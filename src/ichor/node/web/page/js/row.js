// One study in the list.

import { decisionWords, makeButtons } from "./decide.js";
import { el, fill } from "./dom.js";
import { patientOf } from "./patients.js";
import { readerKey } from "./reader.js";
import { age, lasting } from "./times.js";
import { millilitres } from "./words.js";

const STATES = {
  receiving: "Receiving", waiting: "Waiting", analysing: "Analyzing", delivering: "Delivering", delivered: "Delivered",
  undelivered: "Not delivered", unusable: "Cannot be screened", failed: "Failed",
};
// The sign says what the colour says.
const SIGNS = { suspected: "▲", possible: "◆", none: "○", failed: "✕", unusable: "–", pending: "…" };

/** The address of a result in the viewer. */
export const viewerOf = (result) => `/viewer/?reader=${encodeURIComponent(readerKey())}#/result/${result.viewer}`;

/** Returns {place, show(study, now), focus()}; `list` has {me, decide, details}. */
export function makeRow(list) {
  const buttons = list.me.decides ? makeButtons((decision) => list.decide(study, decision)) : null;
  const details = el("button", { type: "button", className: "more", title: "Details (D)", onclick: () => list.details(study) }, "Details");
  const cells = Object.fromEntries(["verdict", "chance", "volume", "patient", "state", "waiting", "warnings"].map((name) => [name, el("td", { className: name })]));
  const by = el("span", { className: "by" });
  const place = el("tr", {}, Object.values(cells), el("td", { className: "decision" }, el("div", { className: "decide" }, buttons?.place, details), by));
  let study = null;
  let before = "";

  function show(next, now) {
    study = next;
    place.dataset.study = study.id;
    fill(cells.waiting, lasting((new Date(now) - new Date(study.received_at)) / 1000));
    const same = JSON.stringify([study, patientOf(study.id)]);
    if (same === before) return;
    before = same;
    place.dataset.urgency = sign(study);
    fillOpen(cells.verdict, study);
    const { result } = study;
    fill(cells.chance, result && result.probability !== null && [
      el("span", { className: "likely", "aria-hidden": "true" }, el("i", { style: { width: `${100 * result.probability}%` } })), result.probability.toFixed(2)]);
    fill(cells.volume, result ? millilitres(result) : "");
    fill(cells.patient, patient(study.id));
    fill(cells.state, state(study));
    fill(cells.warnings, result?.warnings || "");
    buttons?.show(result?.decision ?? null, Boolean(result), words());
    fill(by, result?.decision ? decisionWords(result) : list.me.decides ? "" : "No decision");
  }

  const words = () => `the result of ${patientOf(study.id)?.name ?? `study ${study.id}`}`;
  return { place, show, study: () => study, focus: () => place.querySelector(".open").focus({ preventScroll: false }) };
}

function sign(study) {
  if (study.result) return study.result.verdict;
  return study.state in SIGNS ? study.state : "pending";
}

/** The link to the viewer; its element stays, so that an update does not take the focus away. */
function fillOpen(cell, study) {
  const { result } = study;
  const opens = Boolean(result && study.images_kept);
  const words = result ? result.words : study.state === "failed" ? "Analysis failed" : study.state === "unusable" ? "Cannot be screened" : "Not analyzed yet";
  const inside = [el("span", { className: "sign", "aria-hidden": "true" }, SIGNS[sign(study)] ?? "?"), words];
  const tag = opens ? "A" : "SPAN";
  let open = cell.querySelector(".open");
  if (open?.tagName !== tag) {
    const focused = open !== null && open === document.activeElement;
    open = el(tag, { className: "open", tabIndex: 0 });
    cell.replaceChildren(open, el("span", { className: "soft why" }));
    if (focused) open.focus({ preventScroll: true });
  }
  if (opens) open.href = viewerOf(result);
  fill(open, inside);
  fill(cell.querySelector(".why"), result && !study.images_kept ? "images deleted" : result ? "" : study.problem);
}

function patient(id) {
  const one = patientOf(id);
  if (!one) return el("span", { className: "soft" }, `study ${id}`);
  const person = [age(one), { M: "male", F: "female" }[one.sex]].filter(Boolean).join(", ");
  const numbers = [one.id && `ID ${one.id}`, one.accession && `Acc. ${one.accession}`].filter(Boolean).join(", ");
  return [el("b", {}, one.name ?? "No name"), person && el("span", { className: "soft" }, ` ${person}`), el("span", { className: "soft numbers" }, numbers)];
}

function state(study) {
  const words = [el("span", {}, STATES[study.state] ?? study.state)];
  const { deliveries_given_up: dead, deliveries_failing: failing } = study;
  if (dead) words.push(el("span", { className: "bad" }, `✕ ${dead} ${dead === 1 ? "delivery" : "deliveries"} given up`));
  else if (failing) words.push(el("span", { className: "bad" }, `${failing} ${failing === 1 ? "delivery fails" : "deliveries fail"}, tried again`));
  return words;
}
