// Two tabs (or two people on the consensus) changed the same slice: show both and ask.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { fetchLayer, labelsOf, sliceOf } from "./layer.js";
import { mergedOrigins } from "./origins.js";
import { outlines } from "./outline.js";
import { strokeHaloed } from "./paint.js";
import { decode } from "./runs.js";
import { release } from "./saver.js";
import { grayOf } from "./volume.js";

const CHOICES = [["mine", "Keep mine", "primary"], ["theirs", "Use the other"], ["both", "Keep both"]];

/** Resolves a change that conflicts with another one on the server; `body` is the server's response. */
export async function settle(session, key, body) {
  const [kind, which] = key.split("/");
  // A stroke or a note is finished before the question is asked; a dialog in the middle of a word would swallow its rest.
  while (session.working || session.typing !== null) await new Promise((resolve) => setTimeout(resolve, 50));
  await (kind === "slice" ? settleSlice : settleLabels)(session, key, which === "scan" ? which : Number(which), body);
  session.painted = null;
  session.emit("layer");
}

async function settleSlice(session, key, k, body) {
  const slice = sliceOf(session.layer, k);
  const theirs = decode(body.runs, session.layer.size);
  slice.revision = body.revision;
  if (slice.map.every((label, i) => label === theirs[i])) {
    slice.origins = mergedOrigins(slice.origins, body.origins);
    session.saver.dirty.delete(key);
    return release(session.saver, key, JSON.stringify(slice.origins) !== JSON.stringify(body.origins));
  }
  const pictures = el("div", { className: "pair" },
    picture(session, k, slice.map, "Your version (not saved)"), picture(session, k, theirs, "Saved version"));
  const choice = await openDialog(`Slice ${k + 1} was also changed elsewhere`, pictures, CHOICES, { escape: false, className: "wide" });
  if (choice === "theirs") {
    Object.assign(slice, { map: theirs, origins: body.origins });
    session.saver.dirty.delete(key);
    await takeLabels(session, k);
  }
  if (choice === "both") {
    slice.origins = mergedOrigins(slice.origins, body.origins);
    slice.map = slice.map.map((label, i) => label || theirs[i]);
  }
  return release(session.saver, key, choice !== "theirs");
}

// The other version's labels and origins, in addition to its regions.
async function takeLabels(session, k) {
  const { layer, saver } = session;
  const fresh = await fetchLayer(saver.scan, layer.name, layer.size).catch(() => null);
  if (!fresh) return;
  layer.slices.set(k, fresh.slices.get(k));
  for (const key of [k, "scan"]) if (!saver.dirty.has(`labels/${key}`)) layer.labels.set(key, labelsOf(fresh, key));
}

async function settleLabels(session, key, id, body) {
  const mine = labelsOf(session.layer, id);
  const theirs = { ...body.labels, revision: body.revision };
  const where = id === "scan" ? "The scan's labels were" : `The labels of slice ${id + 1} were`;
  const pair = el("div", { className: "pair" }, words(mine, "Your version (not saved)"), words(theirs, "Saved version"));
  const choice = await openDialog(`${where} also changed elsewhere`, pair, CHOICES.slice(0, 2), { escape: false });
  session.layer.labels.set(id, choice === "theirs" ? theirs : { ...mine, revision: body.revision });
  if (choice === "theirs") session.saver.dirty.delete(key);
  release(session.saver, key, choice !== "theirs");
}

function words(labels, title) {
  const said = [
    ...labels.subtypes,
    labels.fracture ? "fracture" : null,
    labels.no_hemorrhage ? "no hemorrhage" : null,
    ...labels.quality,
    labels.rulers?.length ? `rulers: ${labels.rulers.length}` : null,
    labels.ai_rejected ? "AI outline rejected" : null,
  ].filter(Boolean);
  return el("figure", {}, el("figcaption", {}, title), el("p", {}, said.join(", ") || "nothing"), el("p", {}, labels.note));
}

function picture(session, k, map, title) {
  const { hu, rows, columns } = session.viewer.volume;
  const { level, width } = session.viewer;
  const canvas = el("canvas", { width: columns, height: rows });
  const data = new ImageData(columns, rows);
  const pixels = new Uint32Array(data.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    const gray = grayOf(hu[k * rows * columns + i], level, width) & 255;
    pixels[i] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
  }
  const context = canvas.getContext("2d");
  context.putImageData(data, 0, 0);
  const line = Math.max(1, columns / 250);
  for (const [label, path] of outlines(map, rows, columns)) strokeHaloed(context, path, session.colours[label], line);
  return el("figure", {}, el("figcaption", {}, title), canvas);
}
