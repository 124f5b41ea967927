// Saving: every change is sent within a second. While the server does not respond, it is kept and sent again.

import { layerPath, putJson } from "./api.js";
import { labelsOf, sliceOf, NO_LABELS } from "./layer.js";
import { stated } from "./labels.js";
import { encode } from "./runs.js";

const DELAY_MS = 200;
const TYPING_MS = 500;
const RETRY_MS = 1000;

/**
 * Creates the saver of a layer. `hooks`: status(), labels(key), conflict(key, body), seconds() -> active seconds since the last
 * call, person() -> the subject's data. Keys are "slice/17", "labels/17", "labels/scan", "person".
 */
export function createSaver(scan, layer, hooks) {
  return { scan, layer, hooks, dirty: new Set(), held: new Set(), unanswered: new Map(), sending: null, timer: 0, problem: null };
}

/** saved, saving, conflict, offline, failed or refused. */
export function statusOf(saver) {
  if (saver.held.size) return "conflict";
  if (saver.problem?.status === 0) return "offline";
  if (saver.problem) return saver.problem.status >= 500 ? "failed" : "refused";
  return saver.dirty.size || saver.sending ? "saving" : "saved";
}

/** Marks something as changed, to be saved soon; while a person is typing, later. */
export function touch(saver, key, typing = false) {
  saver.dirty.add(key);
  saver.hooks.status();
  schedule(saver, typing ? TYPING_MS : DELAY_MS);
}

/** Sends a change again after its conflict was resolved, or drops it. */
export function release(saver, key, again) {
  saver.held.delete(key);
  if (again) touch(saver, key);
  else saver.hooks.status();
}

/** Sends all unsaved changes now; resolves when they are saved, or when sending failed. */
export async function flush(saver) {
  clearTimeout(saver.timer);
  saver.timer = 0;
  // Starts in a later turn, after `sending` was set: otherwise a change on its way would look saved.
  saver.sending ??= Promise.resolve().then(() => sendAll(saver)).finally(() => {
    saver.sending = null;
    saver.hooks.status();
    if (sendable(saver)) schedule(saver, saver.problem ? RETRY_MS : DELAY_MS);
  });
  await saver.sending;
}

function schedule(saver, delay) {
  if (!saver.timer && !saver.sending) saver.timer = setTimeout(() => flush(saver), delay);
}

const sendable = (saver) => [...saver.dirty].find((key) => !saver.held.has(key) && !waitsForRegions(saver, key));

// The server takes "no hemorrhage" only for a slice whose regions are gone already.
function waitsForRegions({ layer, dirty }, key) {
  const [kind, which] = key.split("/");
  return kind === "labels" && dirty.has(`slice/${which}`) && labelsOf(layer, Number(which)).no_hemorrhage;
}

async function sendAll(saver) {
  for (let key = sendable(saver); key; key = sendable(saver)) {
    saver.dirty.delete(key);
    saver.hooks.status();
    try {
      await send(saver, key);
      saver.problem = null;
    } catch (error) {
      saver.dirty.add(key);
      if (error.status === 409 && isOwn(saver, key, error.body)) {
        base(saver, key, error.body.revision);
      } else if (error.status === 409) {
        saver.held.add(key);
        saver.hooks.conflict(key, error.body);
      } else {
        saver.problem = error;
        return;
      }
    }
  }
}

async function send(saver, key) {
  const [kind, which] = key.split("/");
  if (kind === "person") return putJson(`/api/scans/${saver.scan}/person`, saver.hooks.person());
  const path = `${layerPath(saver.scan, saver.layer.name)}/${kind === "slice" ? "slices" : "labels"}/${which}`;
  const id = which === "scan" ? which : Number(which);
  if (kind === "slice") {
    const slice = sliceOf(saver.layer, id);
    const seconds = saver.hooks.seconds();
    const runs = encode(slice.map);
    const body = { base_revision: slice.revision, runs, seconds, origins: ofLabels(slice.origins, runs) };
    remember(saver, key, contentOf(body));
    const answer = await putJson(path, body);
    slice.revision = answer.revision;
    take(saver, id, answer.labels);
    take(saver, "scan", answer.scan_labels);
  } else {
    const labels = labelsOf(saver.layer, id);
    const body = { base_revision: labels.revision, labels: stated(labels) };
    remember(saver, key, contentOf(body));
    const answer = await putJson(path, body);
    take(saver, id, { ...answer.labels, revision: answer.revision });
    take(saver, "scan", answer.scan_labels);
  }
  saver.unanswered.delete(key);
  return undefined;
}

// While a tool is writing, `origins` may still contain labels that have just been erased.
function ofLabels(origins, runs) {
  const there = new Set(runs.filter((_, i) => i % 2 === 0));
  return Object.fromEntries(Object.entries(origins).filter(([label]) => there.has(Number(label))));
}

// A change may reach the server without its answer coming back, for example if the server is killed in between. It is
// remembered until an answer comes, so that it is not taken for another person's change when the next one is sent.
function remember(saver, key, content) {
  if (!saver.unanswered.has(key)) saver.unanswered.set(key, new Set());
  saver.unanswered.get(key).add(content);
}

const isOwn = (saver, key, body) => Boolean(saver.unanswered.get(key)?.has(contentOf(body)));

function base(saver, key, revision) {
  const [kind, which] = key.split("/");
  const id = which === "scan" ? which : Number(which);
  if (kind === "slice") sliceOf(saver.layer, id).revision = revision;
  else saver.layer.labels.set(id, { ...labelsOf(saver.layer, id), revision });
}

// The content of a change, for comparing one that was sent with one on the server.
function contentOf({ runs, labels }) {
  if (runs) return runs.join();
  const { subtypes, quality, ...others } = stated(labels);
  return JSON.stringify([[...subtypes].sort(), [...quality].sort(), others]);
}

// Takes over the labels that the server returns; a change made meanwhile is kept, based on the new revision.
function take(saver, key, labels) {
  if (!labels) return;
  const mine = labelsOf(saver.layer, key);
  const changed = saver.dirty.has(`labels/${key}`);
  saver.layer.labels.set(key, changed ? { ...mine, revision: labels.revision } : { ...NO_LABELS, ...labels });
  saver.hooks.labels(key);
}
