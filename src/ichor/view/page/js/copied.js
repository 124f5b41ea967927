// A copy of a result in a file: the page contains the data, compressed. The result is number 0; its prior, if any, is 1.

const part = (name) => document.getElementById(`ichor-${name}`)?.textContent;

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** Voxels are stored as differences between neighbors, which compress better. */
function summed(buffer, Kind) {
  const values = new Kind(buffer);
  for (let at = 1; at < values.length; at += 1) values[at] += values[at - 1];
  return buffer;
}

/** The source of a copy; null on the server's page. */
export function copied() {
  if (!part("0-result")) return null;
  const said = (name) => JSON.parse(part(name) ?? "null");
  return {
    readOnly: true,
    me: { name: null, decides: false, corrects: false, home: null },
    only: 0,
    leftOut: said("left-out"),
    begin: async () => {},
    result: async (number) => said(`${number}-result`),
    scan: async (number) => ({ ...said(`${number}-scan`), has_probability: Boolean(part(`${number}-probability`)) }),
    measures: async (number) => said(`${number}-measures`),
    prior: async () => said("prior"),
    correction: async () => said("correction"),
    voxels: async (number, what) => summed(await inflated(part(`${number}-${what}`)), what === "hu" ? Int16Array : Uint8Array),
  };
}
