// The truth of a scan of a validation: as the table has it, and an adjudicator's ruling on it.

import { banner } from "./banner.js";
import { el, fill } from "./dom.js";
import { source } from "./source.js";
import { askWho } from "./who.js";

const SUBTYPES = ["IVH", "IPH", "SAH", "EDH", "SDH"];
const RULINGS = [
  ["right", "The table is right", () => ({ ruling: "right" })],
  ["yes", "Hemorrhage", (subtypes) => ({ ruling: "wrong", hemorrhage: true, subtypes: subtypes.length ? subtypes : null })],
  ["no", "No hemorrhage", () => ({ ruling: "wrong", hemorrhage: false })],
  ["unknown", "Cannot be determined", () => ({ ruling: "wrong", hemorrhage: null })],
];
export const KINDS = { missed: "Missed", "false alarm": "False alarm" };

const chosen = (ruled) => (!ruled ? null : ruled.ruling === "right" ? "right" : { true: "yes", false: "no" }[ruled.hemorrhage] ?? "unknown");

/** The section of a result's panel; fills itself. */
export function makeTruth(number) {
  const place = el("section", { className: "truth" }, el("h2", {}, "Truth"));
  const load = () => source.truth(number).then(show, (error) => banner(error.message));

  function show(truth) {
    const choice = chosen(truth.ruled);
    const radios = RULINGS.map(([value, words]) => el("label", {}, el("input", { type: "radio", name: "ruling", value, checked: value === choice }), ` ${words}`));
    const subtypes = SUBTYPES.map((one) => el("label", {},
      el("input", { type: "checkbox", value: one, checked: (truth.ruled?.subtypes ?? truth.subtypes).includes(one) }), ` ${one}`));
    const which = el("div", { className: "which", role: "group", "aria-label": "Subtypes" }, subtypes);
    const comment = el("input", { type: "text", id: "comment", maxLength: 1000, value: truth.ruled?.comment ?? "", autocomplete: "off" });
    const store = el("button", { type: "submit", className: "primary" }, "Store");
    const withdraw = el("button", { type: "button", hidden: !truth.ruled }, "Withdraw");
    const form = el("form", {}, el("fieldset", {}, el("legend", { className: "soft" }, "What is true of this scan?"), radios.slice(0, 2), which, radios.slice(2)),
      el("p", {}, el("label", { for: "comment" }, "Comment "), comment), el("div", { className: "row" }, store, withdraw));
    const value = () => form.querySelector("input[name=ruling]:checked")?.value;
    const choose = () => {
      which.hidden = value() !== "yes";
      store.disabled = value() === undefined;
    };
    form.addEventListener("change", choose);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [, , asked] = RULINGS.find(([one]) => one === value());
      const marked = [...which.querySelectorAll("input:checked")].map((one) => one.value);
      send({ ...asked(marked), comment: comment.value.trim() || null });
    });
    withdraw.addEventListener("click", () => send({ ruling: "withdrawn" }));
    choose();

    async function send(asked) {
      const who = await askWho();
      if (!who) return;
      const saved = document.getElementById("saved");
      try {
        const after = await source.rule(number, { ...asked, who, seen: truth.seen });
        saved.dataset.status = "saved";
        saved.textContent = "Saved";
        banner("");
        show(after);
      } catch (error) {
        saved.dataset.status = "failed";
        saved.textContent = "Not saved";
        banner(error.message);
        if (error.status === 409) load();
      }
    }

    fill(place, el("h2", {}, "Truth"),
      el("p", {}, "Table: ", el("b", {}, truth.table), truth.kind && el("span", { className: `kind ${truth.kind.split(" ")[0]}` }, ` ${KINDS[truth.kind]}`)),
      el("p", { className: "soft ruled" }, truth.ruled ? `Adjudicated: ${truth.ruled.words}` : "Not adjudicated"), form);
  }

  load();
  return place;
}
