// A copy of one result in a file: its data lie in the page, compressed.

const part = (id) => document.getElementById(`ichor-${id}`)?.textContent;

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** Voxels are stored as the differences of neighbours, which compress better. */
function summed(buffer, Kind) {
  const values = new Kind(buffer);
  for (let at = 1; at < values.length; at += 1) values[at] += values[at - 1];
  return buffer;
}

/** The source of a copy; null on the server's page. */
export function copied() {
  if (!part("result")) return null;
  const said = (id) => async () => JSON.parse(part(id));
  return {
    readOnly: true,
    only: 0,
    begin: async () => {},
    result: said("result"),
    scan: said("scan"),
    measures: said("measures"),
    prior: async () => null,
    correction: async () => null,
    voxels: async (_, what) => summed(await inflated(part(what)), what === "hu" ? Int16Array : Uint8Array),
  };
}
