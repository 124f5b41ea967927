// Accept, reject or correct.

import { el } from "./dom.js";
import { when } from "./words.js";

export const WORDS = { accept: ["Accept", "Accepted"], reject: ["Reject", "Rejected"], correct: ["Correct", "To be corrected"] };

/** Who decided what, and when. */
export const decisionWords = ({ decision, decided_by: who, decided_at: at }) => `${WORDS[decision][1]} by ${who}, ${when(at)}`;

/** Three buttons; pressing the one that is pressed withdraws the decision. Returns {place, show(decision, possible, words)}. */
export function makeButtons(decide) {
  const buttons = Object.entries(WORDS).map(([decision, [words]]) => {
    const button = el("button", { type: "button", data: { decision } }, words);
    button.addEventListener("click", () => decide(button.getAttribute("aria-pressed") === "true" ? null : decision));
    return button;
  });
  return {
    place: el("span", { className: "segments", role: "group" }, buttons),
    show(decision, possible, words) {
      for (const button of buttons) {
        button.disabled = !possible;
        button.setAttribute("aria-pressed", button.dataset.decision === decision);
        button.setAttribute("aria-label", `${WORDS[button.dataset.decision][0]} ${words}`);
      }
      buttons[0].parentElement.setAttribute("aria-label", `Decision on ${words}`);
    },
  };
}
