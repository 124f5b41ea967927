// A study's analyses and deliveries, what an operator can direct, and a decision with a comment.

import { getJson, postJson, putJson } from "./api.js";
import { decisionWords, makeButtons } from "./decide.js";
import { el, fill } from "./dom.js";
import { patientOf } from "./patients.js";
import { when } from "./words.js";

/** Opens the dialog; `list` has {me, decide, changed}. */
export async function showDetails(study, list) {
  const path = `/api/studies/${study.id}`;
  const problem = el("p", { className: "bad", role: "alert" });
  const content = el("div");
  const close = el("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const name = patientOf(study.id)?.name ?? `Study ${study.id}`;
  const dialog = el("dialog", { className: "details", "aria-label": `Details: ${name}` }, el("h2", {}, name), content, problem, el("div", { className: "row" }, close));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  /** Does something, says what went wrong, and shows the study as it is then. */
  async function act(work) {
    problem.textContent = "";
    try {
      await work();
    } catch (error) {
      problem.textContent = error.message;
    }
    await load();
    list.changed();
  }

  async function load() {
    try {
      const whole = await getJson(path);
      fill(content, facts(whole), list.me.decides && decision(whole), analyses(whole, act), deliveries(whole, act), list.me.decides && direct(whole, act));
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  function decision(whole) {
    if (!whole.result) return null;
    const comment = el("textarea", { id: "comment", rows: 2, maxLength: 1000 });
    comment.value = whole.decision?.comment ?? "";
    const buttons = makeButtons((chosen) => act(() => list.decide(whole, chosen, comment.value.trim() || null).then(refuse)));
    buttons.show(whole.result.decision, true, `the result of ${name}`);
    return el("section", {}, el("h3", {}, "Decision"), el("label", { for: "comment" }, "Comment, stored with the decision beside the result"), comment, buttons.place);
  }

  function direct(whole, run) {
    const priority = el("input", { type: "number", id: "priority", min: -1000, max: 1000, value: whole.priority });
    const set = el("button", { type: "button", onclick: () => priority.checkValidity() && run(() => putJson(`${path}/priority`, { priority: Number(priority.value) })) }, "Set");
    const again = el("button", { type: "button", onclick: () => run(() => postJson(`${path}/analyses`)) }, "Analyze again");
    return el("section", { className: "direct" }, el("label", { for: "priority" }, "Priority "), priority, set, again);
  }

  function deliveries(whole, run) {
    const rows = whole.deliveries.map((one) => el("tr", {}, el("td", {}, one.destination), el("td", {}, `result ${one.number}`),
      el("td", {}, { dead: "given up", replaced: "replaced by a later result" }[one.state] ?? one.state),
      el("td", {}, one.reason), el("td", {}, one.state === "dead" && list.me.decides &&
        el("button", { type: "button", "aria-label": `Retry the delivery to ${one.destination}`, onclick: () => run(() => postJson(`/api/deliveries/${one.id}/retry`)) }, "Retry"))));
    return rows.length > 0 && el("section", {}, el("h3", {}, "Deliveries"), table(["Destination", "Result", "State", "Reason", ""], rows));
  }

  await load();
}

/** Throws what went wrong, if anything did. */
function refuse(problem) {
  if (problem) throw new Error(problem);
}

function facts(whole) {
  const { result, decision } = whole;
  const words = [
    result ? `${result.words}, probability ${result.probability?.toFixed(2) ?? "unknown"}.` : whole.problem || "No result yet.",
    `${whole.images} images, received ${when(whole.received_at)}${whole.images_kept ? "" : "; they were deleted"}.`,
  ];
  return [el("p", {}, words.join(" ")), decision && el("p", {}, decisionWords(result), decision.comment && `: ${decision.comment}`)];
}

function analyses(whole) {
  const rows = whole.analyses.map((one) => el("tr", {}, el("td", {}, `${one.number}`), el("td", {}, one.state),
    el("td", {}, when(one.ended_at ?? one.started_at)), el("td", {}, one.reason || one.verdict || "")));
  return rows.length > 0 && el("section", {}, el("h3", {}, "Analyses"), table(["Number", "State", "When", "Outcome"], rows));
}

const table = (heads, rows) => el("table", {}, el("thead", {}, el("tr", {}, heads.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, rows));
