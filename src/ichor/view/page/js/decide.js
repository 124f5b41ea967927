// Accept, reject or correct: stored next to the result immediately, with name and time.

import { banner } from "./banner.js";
import { makeCorrect } from "./correct.js";
import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { askWho } from "./who.js";
import { when } from "./words.js";

const WORDS = { accept: ["Accept", "Accepted"], reject: ["Reject", "Rejected"], correct: ["Correct", "To be corrected"] };

/** Returns {row(about, words, slice), store(about, values), decisions(), onChange, close}. */
export function makeDecide(number, result) {
  let { decisions } = result;
  const shows = [];
  const correct = makeCorrect(number);
  correct.onChange(() => shows.forEach((show) => show()));

  /** Whether the decision was stored. */
  async function store(about, values) {
    const who = await askWho();
    if (!who) return false;
    const saved = document.getElementById("saved");
    let stored = true;
    try {
      saved.dataset.status = "saving";
      saved.textContent = "Saving";
      decisions = await source.decide(number, { about, who, ...(about === "midline_shift" ? {} : { seen: of(about) }), ...values });
      saved.dataset.status = "saved";
      saved.textContent = "Saved";
      banner("");
    } catch (error) {
      stored = false;
      saved.dataset.status = "failed";
      saved.textContent = "Not saved";
      banner(error.message);
      if (error.status === 409) ({ decisions } = await source.result(number).catch(() => ({ decisions })));
    }
    for (const show of shows) show();
    return stored;
  }

  const of = (about) => (about === "scan" ? decisions.scan : decisions.lesions[about]) ?? null;

  /** The buttons for the scan or a lesion; `slice()` is where its correction begins. */
  function row(about, words, slice) {
    if (source.me.rules) return null; // what is adjudicated is the truth, not the findings
    const by = el("span", { className: "by" });
    const corrected = el("span", { className: "by" });
    const buttons = Object.keys(WORDS).map((decision) => {
      const button = el("button", { type: "button", data: { decision }, "aria-label": `${WORDS[decision][0]} ${words}` }, WORDS[decision][0]);
      button.addEventListener("click", () => {
        const withdrawn = of(about)?.decision === decision;
        if (decision === "correct" && !withdrawn && source.me.corrects) correct.begin(slice(), () => store(about, { decision }));
        else store(about, { decision: withdrawn ? null : decision });
      });
      return button;
    });
    const again = el("button", { type: "button", "aria-label": `Open the drawing of ${words}` }, "Open drawing");
    again.addEventListener("click", () => correct.begin(slice()));
    const place = el("div", { className: "decide", role: "group", "aria-label": `Decision on ${words}` },
      source.me.decides ? [buttons, again].flat() : null, by, corrected);
    const show = () => {
      const one = of(about);
      for (const button of buttons) button.setAttribute("aria-pressed", one?.decision === button.dataset.decision);
      again.hidden = one?.decision !== "correct" || !source.me.corrects;
      fill(by, one ? `${WORDS[one.decision][1]} by ${one.who}, ${when(one.when)}` : source.me.decides ? "" : "No decision");
      fill(corrected, correct.line(about, one?.decision === "correct"));
    };
    shows.push(show);
    show();
    return place;
  }

  return { row, store, decisions: () => decisions, onChange: (show) => shows.push(show), close: correct.close };
}
