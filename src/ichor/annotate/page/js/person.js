// Age, sex, condition and a note of the subject, for the dataset's demographics.

import { putJson } from "./api.js";
import { el } from "./dom.js";

/** A folded form; each field is saved when it is left. */
export function personForm(session) {
  const person = session.scan.person ?? {};
  const field = (name, words, input) => {
    input.id = `person-${name}`;
    input.value = person[name] ?? "";
    input.addEventListener("change", () => save(session, { age, sex, condition, note }));
    return [el("label", { for: input.id }, words), input];
  };
  const age = el("input", { type: "number", min: 0, max: 130, step: "any" });
  const sex = el("select", {}, [["", "not stated"], ["F", "female"], ["M", "male"]].map(([value, words]) =>
    el("option", { value }, words)));
  const condition = el("input", { type: "text", maxLength: 200, placeholder: "as at the last visit" });
  const note = el("input", { type: "text", maxLength: 1000 });
  return el("details", { className: "person" }, el("summary", {}, `Subject ${session.scan.subject}`),
    el("div", { className: "fields" },
      field("age", "Age (years)", age), field("sex", "Sex", sex),
      field("condition", "Condition", condition), field("note", "Note", note)));
}

function save(session, { age, sex, condition, note }) {
  const body = {
    age: age.value === "" ? null : Number(age.value),
    sex: sex.value || null,
    condition: condition.value,
    note: note.value,
  };
  putJson(`/api/scans/${session.scan.id}/person`, body)
    .then(() => session.say("Subject saved."))
    .catch((error) => session.say(`Not saved: ${error.message}`));
}
