// Age, sex, condition and a note of the subject, for the dataset's demographics.

import { el } from "./dom.js";
import { touch } from "./saver.js";

/** A collapsible form; entries are saved within a second. */
export function personForm(session) {
  const person = session.scan.person ?? {};
  const keep = () => {
    if (!age.checkValidity()) return session.say("Enter the age in years, 0 to 130. It is not saved yet.");
    session.scan.person = {
      age: age.value === "" ? null : Number(age.value),
      sex: sex.value || null,
      condition: condition.value,
      note: note.value,
    };
    return touch(session.saver, "person", true);
  };
  const field = (name, words, input) => {
    input.id = `person-${name}`;
    input.value = person[name] ?? "";
    input.addEventListener("input", keep);
    return [el("label", { for: input.id }, words), input];
  };
  const age = el("input", { type: "number", min: 0, max: 130, step: "any" });
  const sex = el("select", {}, [["", "unknown"], ["F", "female"], ["M", "male"]].map(([value, words]) =>
    el("option", { value }, words)));
  const condition = el("input", { type: "text", maxLength: 200, placeholder: "as recorded" });
  const note = el("input", { type: "text", maxLength: 1000 });
  return el("details", { className: "person" }, el("summary", {}, `Subject ${session.scan.subject}`),
    el("div", { className: "fields" },
      field("age", "Age (years)", age), field("sex", "Sex", sex),
      field("condition", "Condition", condition), field("note", "Note", note)));
}
