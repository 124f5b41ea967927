// Whose the studies are: asked once for each, and kept in this page only.

import { getJson } from "./api.js";

const AT_ONCE = 100;
const known = new Map();

/** Whose a study is, if it was asked; null otherwise. */
export const patientOf = (id) => known.get(id) ?? null;

/** Asks whose these studies are, of those that are not known. */
export async function learn(ids) {
  const unknown = ids.filter((id) => !known.has(id));
  for (let at = 0; at < unknown.length; at += AT_ONCE) {
    const asked = new URLSearchParams(unknown.slice(at, at + AT_ONCE).map((id) => ["study", id]));
    for (const [id, one] of Object.entries(await getJson(`/api/patients?${asked}`))) {
      if (one.name !== null || one.id !== null) known.set(id, one);
    }
  }
}

/** Whether the words of a search are in the patient's name, ID or accession number, or in the study's id. */
export function matches(id, search) {
  const one = patientOf(id);
  const text = [id, one?.name, one?.id, one?.accession].filter(Boolean).join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
