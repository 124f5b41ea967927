// Finishing a reading or the consensus: open points are listed first, and it is finished when the reader confirms them.

import { decisions } from "./ai_outline.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { takeLayer } from "./layer.js";
import { reportLooks } from "./looks.js";
import { postState, setState } from "./session.js";
import { working } from "./working.js";

/** Finishes the reading or the consensus, or reopens it. */
export function finish(session) {
  return session.layer.state === "done" ? reopen(session) : done(session);
}

function reopen(session) {
  return working(session, "Saving …", async () => {
    await postState(session, "in progress");
    return () => {
      setState(session, "in progress");
      session.say("Reopened.");
    };
  });
}

function done(session, confirmed) {
  return working(session, "Saving …", async () => {
    await reportLooks(session);
    try {
      const answer = await postState(session, "done", confirmed);
      return () => close(session, answer);
    } catch (error) {
      if (!error.body?.open) throw error;
      return () => ask(session, error.body.open);
    }
  });
}

function close(session, { layer, findings }) {
  takeLayer(session.layer, layer);
  setState(session, "done");
  session.emit("layer");
  const { hemorrhage = 0, "no hemorrhage": none = 0, unread = 0 } = findings;
  session.say(`Done: hemorrhage on ${count(hemorrhage)}, none on ${count(none)}${unread ? `, ${count(unread)} unread` : ""}.${decided(session)}`);
}

/** The decisions on AI outlines as a sentence; "" without any. */
function decided(session) {
  const { accepted, rejected } = decisions(session.layer, session.viewer.volume.n);
  const said = [accepted.length && `accepted on ${slices(accepted)}`, rejected.length && `rejected on ${slices(rejected)}`].filter(Boolean);
  return said.length ? ` AI outlines ${said.join(", ")}.` : "";
}

async function ask(session, open) {
  const { consensus, only } = { consensus: session.layer.name === "consensus", only: onlyNegative(open) };
  const points = pointsOf(open, session.viewer.volume.n);
  const content = el("div", { className: "open-points" }, points.map((one) => section(one, only)),
    decided(session) && el("p", { className: "soft" }, `Decided:${decided(session)}`));
  const finished = consensus ? "Consensus done" : "Reading done";
  const answer = openDialog(`Is ${consensus ? "the consensus" : "this reading"} done?`, content, [
    ["", consensus ? "Continue" : "Continue reading"],
    ["done", only ? [NONE, el("kbd", {}, "0")] : finished, "primary"],
  ], { focus: "", keys: new Map(only ? [["0", "done"], ["Alt+0", "done"]] : []) });
  const confirm = content.closest("dialog").querySelector("button[value=done]");
  const update = () => (confirm.disabled = Boolean(content.querySelector("input:not(:checked)")));
  content.addEventListener("change", update);
  update();
  const value = await answer;
  if (value === "done") return done(session, open);
  const first = value ? Number(value) : points.find((one) => one.slices?.length)?.slices[0];
  if (Number.isInteger(first) && !session.closed) session.goTo(first);
  return undefined;
}

const NONE = "No hemorrhage on this scan";

const onlyNegative = ({ no_hemorrhage: none, drawn_by: drawnBy, ...others }) =>
  none && !drawnBy.length && Object.values(others).every((list) => !list.length);

/** The open points as {words, slices, list, confirm}; those with `confirm` have to be confirmed. */
function pointsOf(open, n) {
  const drawnBy = open.drawn_by.length ? ` There are regions in the reading of ${open.drawn_by.join(" and ")}.` : "";
  return [
    open.not_looked_at.length && {
      words: `${open.not_looked_at.length} of ${n} slices have not been viewed: ${ranges(open.not_looked_at)}.`,
      slices: open.not_looked_at,
      confirm: "Leave these slices unread. Exports mark them as unread or leave this scan out.",
    },
    open.not_accepted.length && {
      words: `AI outlines on ${slices(open.not_accepted)} have not been changed, accepted or rejected.`,
      slices: open.not_accepted,
      confirm: "Accept these outlines as they are.",
    },
    open.undecided.length && {
      words: `A reading has regions on ${slices(open.undecided)}, where the consensus is undecided.`,
      slices: open.undecided,
      confirm: "Leave these slices without a region.",
    },
    open.contradictions.length && {
      words: "Labels and regions do not match. Exports leave this scan out until this is fixed.",
      list: open.contradictions,
    },
    open.no_hemorrhage && { words: `Nothing is drawn or labeled.${drawnBy}`, confirm: `${NONE}.` },
  ].filter(Boolean);
}

function section({ words, slices: indices, list, confirm }, only) {
  const box = el("input", { type: "checkbox" });
  const show = indices && el("button", { type: "submit", value: String(indices[0]) }, `Show slice ${indices[0] + 1}`);
  return el("section", {}, el("p", {}, words), show,
    list && el("ul", {}, list.map((one) => el("li", {}, one[0].toUpperCase() + one.slice(1)))),
    confirm && !only && el("label", {}, box, confirm));
}

const count = (n) => (n === 1 ? "1 slice" : `${n} slices`);
const slices = (indices) => `${indices.length === 1 ? "slice" : "slices"} ${ranges(indices)}`;

/** Slice numbers, from ascending indices: "1–3, 7". */
export function ranges(indices) {
  const runs = [];
  for (const k of indices) {
    if (runs.length && runs.at(-1)[1] === k - 1) runs.at(-1)[1] = k;
    else runs.push([k, k]);
  }
  return runs.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}–${to + 1}`)).join(", ");
}
