// The regions of a layer in three dimensions, with their area on each slice and their volume, from run lengths: a row's run
// belongs to the same region as those of the same label that it touches, at a corner too, in the next row or on the next slice.

/**
 * The regions, largest first: {label, areas: Map of pixels by slice}. `maps` is a Map of label maps by slice index, each of
 * `columns` columns.
 */
export function regionsOf(maps, columns) {
  const parents = [];
  const runs = [];
  let below = { k: NaN, rows: new Map() };
  for (const [k, map] of [...maps].sort(([a], [b]) => a - b)) {
    const rows = runsOf(map, columns);
    const under = below.k === k - 1 ? below.rows : new Map();
    for (const [row, inRow] of rows) {
      for (const run of inRow) {
        run.id = parents.push(parents.length) - 1;
        runs.push({ ...run, k });
        for (const near of [rows.get(row - 1), under.get(row - 1), under.get(row), under.get(row + 1)]) join(run, near ?? [], parents);
      }
    }
    below = { k, rows };
  }
  const regions = new Map();
  for (const { id, label, start, end, k } of runs) {
    const root = find(parents, id);
    if (!regions.has(root)) regions.set(root, { label, areas: new Map(), size: 0 });
    const region = regions.get(root);
    region.areas.set(k, (region.areas.get(k) ?? 0) + end - start);
    region.size += end - start;
  }
  return [...regions.values()].sort((a, b) => b.size - a.size);
}

/** {mm2: by slice, ml}: the area and volume of a region; null if the sizes are unknown. */
export function measured({ areas }, { pixel_mm2: pixelMm2, height_mm: heightMm }) {
  const mm2 = pixelMm2 && new Map([...areas].map(([k, px]) => [k, px * pixelMm2[k]]));
  const ml = mm2 && heightMm && [...mm2].reduce((sum, [k, one]) => sum + (one * heightMm[k]) / 1000, 0);
  return { mm2: mm2 ?? null, ml: ml ?? null };
}

// A Map of the runs of each row that has any, left to right.
function runsOf(map, columns) {
  const rows = new Map();
  for (let at = 0; at < map.length; at++) {
    if (!map[at]) continue;
    const row = Math.floor(at / columns);
    const last = (row + 1) * columns;
    const from = at;
    while (at + 1 < last && map[at + 1] === map[from]) at++;
    if (!rows.has(row)) rows.set(row, []);
    rows.get(row).push({ label: map[from], start: from - row * columns, end: at + 1 - row * columns });
  }
  return rows;
}

function join(run, near, parents) {
  for (const other of near) {
    if (other.label === run.label && other.id !== undefined && other.start <= run.end && run.start <= other.end) {
      parents[find(parents, other.id)] = find(parents, run.id);
    }
  }
}

function find(parents, id) {
  while (parents[id] !== id) {
    parents[id] = parents[parents[id]];
    id = parents[id];
  }
  return id;
}
