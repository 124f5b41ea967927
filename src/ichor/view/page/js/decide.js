// Accept, reject or correct: stored beside the result at once, with who and when.

import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { when } from "./words.js";

const WORDS = { accept: ["Accept", "Accepted"], reject: ["Reject", "Rejected"], correct: ["Correct", "To be corrected"] };
const WHO = "ichor-who";

/** Returns {row(about, words), store(about, values), decisions(), onChange}. */
export function makeDecide(number, result) {
  let { decisions } = result;
  const shows = [];

  async function store(about, values) {
    const who = await askWho();
    if (!who) return;
    const saved = document.getElementById("saved");
    try {
      saved.dataset.status = "saving";
      saved.textContent = "Saving";
      decisions = await source.decide(number, { about, who, ...values });
      saved.dataset.status = "saved";
      saved.textContent = "Saved";
      banner("");
    } catch (error) {
      saved.dataset.status = "failed";
      saved.textContent = "Not saved";
      banner(error.message);
    }
    for (const show of shows) show();
  }

  const of = (about) => (about === "scan" ? decisions.scan : decisions.lesions[about]) ?? null;

  function row(about, words) {
    const by = el("span", { className: "by" });
    const buttons = Object.keys(WORDS).map((decision) => {
      const button = el("button", { type: "button", data: { decision }, "aria-label": `${WORDS[decision][0]} ${words}` }, WORDS[decision][0]);
      button.addEventListener("click", async () => {
        const withdrawn = of(about)?.decision === decision;
        await store(about, { decision: withdrawn ? null : decision });
        if (decision === "correct" && of(about)?.decision === "correct") showCommand(result);
      });
      return button;
    });
    const place = el("div", { className: "decide", role: "group", "aria-label": `Decision on ${words}` }, source.readOnly ? null : buttons, by);
    const show = () => {
      const one = of(about);
      for (const button of buttons) button.setAttribute("aria-pressed", one?.decision === button.dataset.decision);
      fill(by, one ? `${WORDS[one.decision][1]} by ${one.who}, ${when(one.when)}` : source.readOnly ? "No decision" : "");
    };
    shows.push(show);
    show();
    return place;
  }

  return { row, store, decisions: () => decisions, onChange: (show) => shows.push(show) };
}

export function banner(words) {
  const place = document.getElementById("banner");
  place.hidden = !words;
  place.textContent = words;
}

/** Who decides, asked once a session of this tab; null where nobody says. */
function askWho() {
  const known = sessionStorage.getItem(WHO);
  if (known) return Promise.resolve(known);
  const name = el("input", { id: "who", maxLength: 100, required: true, autocomplete: "off" });
  const form = el("form", { method: "dialog" }, el("h2", {}, "Who decides?"),
    el("p", {}, "Your name is stored with each decision, beside the result on this machine."),
    el("p", {}, el("label", { for: "who" }, "Name "), name),
    el("div", { className: "row" }, el("button", { type: "button", value: "" }, "Cancel"), el("button", { className: "primary", value: "ok" }, "Go on")));
  const dialog = el("dialog", { "aria-label": "Who decides?" }, form);
  form.querySelector("button[type=button]").addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const said = dialog.returnValue === "ok" ? name.value.trim() : "";
      if (said) sessionStorage.setItem(WHO, said);
      dialog.remove();
      resolve(said || null);
    });
  });
}

/** How the mask is opened in the annotation tool. */
function showCommand(result) {
  const close = el("button", { type: "button", className: "primary", autofocus: true }, "Close");
  const dialog = el("dialog", { "aria-label": "Correct in the annotation tool" }, el("h2", {}, "Correct in the annotation tool"),
    el("p", {}, "The outlines become a reader's drawing in a project; the model does not run again. Type:"),
    el("pre", { tabIndex: 0 }, `${result.correct_command}\nichor annotate PROJECT`),
    el("div", { className: "row" }, close));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
