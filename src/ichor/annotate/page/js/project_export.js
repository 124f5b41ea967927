// Exporting the finished scans while the server is running: start, progress, what was left out, download.

import { getBytes, getJson, postJson } from "./api.js";
import { say } from "./dialogs.js";
import { el, fill } from "./dom.js";

const PATH = "/api/project/export";
const AGAIN_MS = 1000;
const WORDS = { "ct-ich": "ct-ich layout", nifti: "NIfTI", "dicom-seg": "DICOM Segmentation", nnunet: "nnU-Net", coco: "COCO" };

/** The section: {node, close}. */
export function exportSection() {
  const choice = el("select", { "aria-label": "Layout" });
  const start = el("button", { type: "button", onclick: () => ask(() => postJson(PATH, { target: choice.value })) }, "Export finished scans");
  const status = el("div", { className: "status", role: "status" });
  let [timer, closed] = [0, false];
  const show = (state) => {
    if (closed) return;
    if (!choice.options.length) fill(choice, state.targets.map((one) => el("option", { value: one }, WORDS[one] ?? one)));
    start.disabled = state.state === "working";
    fill(status, STATES[state.state](state));
    if (state.state === "working") timer = setTimeout(() => ask(() => getJson(PATH)), AGAIN_MS);
  };
  const ask = (request) => request().then(show, (error) => closed || say(error.message));
  ask(() => getJson(PATH));
  const node = el("section", { "aria-label": "Export" }, el("h2", {}, "Export"), el("div", { className: "bar" }, choice, start), status);
  const close = () => {
    closed = true;
    clearTimeout(timer);
  };
  return { node, close };
}

const STATES = {
  none: () => [],
  working: ({ n_done, n_scans }) => [el("progress", { max: n_scans, value: n_done }), ` ${n_done} of ${n_scans} scans`],
  failed: (state) => [el("p", {}, `Failed: ${state.error}`), leftOut(state)],
  ready: (state) => [
    el("p", {}, `${state.n_written} of ${state.n_scans} scans as ${WORDS[state.target]}. `,
      el("button", { type: "button", className: "primary", onclick: (event) => download(event.target, state.target) }, "Download")),
    leftOut(state),
    state.notes.length ? el("details", {}, el("summary", {}, `Notes (${state.notes.length})`), el("ul", {}, state.notes.map((one) => el("li", {}, one)))) : null,
  ],
};

function leftOut({ left_out: scans }) {
  if (!scans.length) return null;
  return el("details", { open: scans.length < 6 }, el("summary", {}, `Left out (${scans.length})`),
    el("ul", {}, scans.map((one) => el("li", {}, `${one.subject} ${one.name}: ${one.reason}`))));
}

async function download(button, target) {
  button.disabled = true;
  try {
    const url = URL.createObjectURL(new Blob([await getBytes(`${PATH}/file`)], { type: "application/zip" }));
    el("a", { href: url, download: `export-${target}.zip` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    say(error.message);
  }
  button.disabled = false;
}
