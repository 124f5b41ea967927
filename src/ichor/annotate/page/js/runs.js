// Label maps as run lengths: [label, length, label, length, ...] in row-major order.

export function encode(map) {
  const runs = [];
  let from = 0;
  for (let at = 1; at <= map.length; at++) {
    if (at === map.length || map[at] !== map[from]) {
      runs.push(map[from], at - from);
      from = at;
    }
  }
  return runs;
}

export function decode(runs, size) {
  const map = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i]) map.fill(runs[i], at, at + runs[i + 1]);
    at += runs[i + 1];
  }
  if (at !== size) throw new Error(`expected runs over ${size} pixels, found ${at}`);
  return map;
}

export const isEmpty = (map) => !map || map.every((label) => label === 0);
