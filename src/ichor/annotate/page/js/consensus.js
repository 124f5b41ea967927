// The consensus of all readers who have finished: their outlines, differences and agreement, and what to apply.

import { getJson, postJson } from "./api.js";
import { differingSlices } from "./differences.js";
import { el, fill } from "./dom.js";
import { adopt } from "./edit.js";
import { fetchLayer, revisionsOf } from "./layer.js";
import { paint } from "./overlay.js";
import { dashOf, lineKey } from "./reader_lines.js";
import { working } from "./working.js";

const NAMES = { union: "Union", intersection: "Intersection", majority: "Majority", staple: "STAPLE" };

/** Loads the readers' layers into the session and returns the panel. */
export async function consensusPanel(session) {
  const { scan } = session;
  const answer = await getJson(`/api/scans/${scan.id}/consensus`);
  const layers = await Promise.all(answer.readers.map((name) => fetchLayer(scan.id, name, session.layer.size)));
  session.references = layers.map((layer, i) => ({ layer, shown: true, dash: dashOf(i), painted: null }));
  session.differing = new Set(differingSlices(layers));
  const { unfinished } = answer;
  return el("section", { className: "consensus" },
    el("h2", {}, "Consensus"),
    legend(session),
    unfinished.length
      ? el("p", { className: "soft" }, `Not counted because not finished: ${unfinished.join(", ")}.`) : null,
    agreementOf(session, answer),
    takeRow(session, answer.readers, false),
    takeRow(session, answer.readers, true),
    el("p", { className: "soft" }, "You can also draw: regions drawn here belong to the consensus."));
}

// The agreement of two readers; with more than two, the pair can be chosen.
function agreementOf(session, answer) {
  let { agreement } = answer;
  const table = el("tbody");
  const list = el("dl", { className: "kappas", "aria-label": "Cohen's kappa of the slice labels" });
  const update = (kind) => kind === "slice" && fill(table, figures(session, agreement));
  const show = () => {
    update("slice");
    fill(list, kappas(agreement));
  };
  const choose = async (pair) => {
    try {
      const query = pair.map((name) => `of=${encodeURIComponent(name)}`).join("&");
      ({ agreement } = await getJson(`/api/scans/${session.scan.id}/consensus?${query}`));
      if (!session.closed) show();
    } catch (error) {
      session.say(error.message);
    }
  };
  session.listeners.push(update);
  show();
  return [
    answer.readers.length > 2 ? pairChoice(answer.readers, choose) : null,
    el("table", { className: "figures" },
      el("thead", {}, el("tr", {}, ["Agreement", "Scan", "Slice"].map((words) => el("th", { scope: "col" }, words)))), table),
    list,
  ];
}

function pairChoice(readers, choose) {
  const pairs = readers.flatMap((one, i) => readers.slice(i + 1).map((other) => [one, other]));
  const select = el("select", { "aria-label": "Agreement of", onchange: () => choose(pairs[select.selectedIndex]) },
    pairs.map((pair) => el("option", {}, pair.join(" and "))));
  return select;
}

function legend(session) {
  const switches = session.references.map((reference) => toggleOf(reference.layer.name, true, reference, (on) => {
    reference.shown = on;
    paint(session);
  }));
  const differences = toggleOf("Differences", true, null, (on) => {
    session.showDifferences = on;
    paint(session);
  });
  differences.append(el("i", { className: "patch other" }), "other subtype");
  return el("div", { className: "legend" }, switches, differences);
}

function toggleOf(words, on, reference, change) {
  const box = el("input", { type: "checkbox", checked: on });
  box.addEventListener("change", () => change(box.checked));
  return el("label", {}, box, reference ? lineKey(reference.dash) : el("i", { className: "patch" }), words);
}

const number = (value, digits) => (value === null || value === undefined ? "–" : Number(value).toFixed(digits));

const FIGURES = [
  ["Dice", "dice", 2],
  ["Jaccard", "jaccard", 2],
  ["Surface distance, mm", "surface_mm", 1],
  ["Hausdorff 95 %, mm", "hausdorff95_mm", 1],
];

function figures(session, agreement) {
  const slice = agreement.per_slice?.[session.viewer.slice] ?? {};
  return FIGURES.map(([words, key, digits]) => el("tr", {}, el("th", { scope: "row" }, words),
    [agreement, slice].map((one) => el("td", {}, number(one[key], digits)))));
}

const kappas = (agreement) => Object.entries(agreement.kappa ?? {}).flatMap(([what, value]) =>
  [el("dt", {}, `κ ${what.replace("any_hemorrhage", "any")}`), el("dd", {}, number(value, 2))]);

function takeRow(session, readers, wholeScan) {
  // With two readers, a majority is both of them: the intersection.
  const ways = readers.length > 2 ? ["union", "intersection", "majority", "staple"] : ["union", "intersection", "staple"];
  const buttons = [...readers, ...ways].map((choice) =>
    el("button", { type: "button", onclick: () => take(session, choice, wholeScan) }, NAMES[choice] ?? choice));
  const update = (kind) => {
    if (!["busy", "labels"].includes(kind)) return;
    for (const button of buttons) button.disabled = session.readOnly || Boolean(session.busy);
  };
  session.listeners.push(update);
  update("busy");
  const words = wholeScan ? "Apply to the whole scan" : "Apply to this slice";
  return el("div", { className: "take", role: "group", "aria-label": words }, el("span", { className: "soft" }, words), buttons);
}

// The server calculates the result, on exactly the consensus that is shown here; it becomes one step of undo.
function take(session, choice, wholeScan) {
  const slices = wholeScan ? null : [session.viewer.slice];
  const what = NAMES[choice] ?? `${choice}’s outlines`;
  return working(session, `${choice in NAMES ? "Computing" : "Copying"} ${what} …`, async () => {
    const body = { choice, slices, base: revisionsOf(session.layer, slices) };
    await postJson(`/api/scans/${session.scan.id}/consensus/take`, body);
    const fresh = await fetchLayer(session.scan.id, "consensus", session.layer.size);
    return () => {
      adopt(session, fresh);
      session.say(`${what} applied to ${wholeScan ? "the whole scan" : "this slice"}.`);
    };
  });
}
