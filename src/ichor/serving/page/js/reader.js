// The reader of this page. The address holds the reader's key, and every request sends it, so that
// opening another reader's link in another tab does not change to whom this page saves.

export const HEADER = "Ichor-Reader";

let key = new URLSearchParams(location.search).get("reader");

export const readerKey = () => key;

/** Writes the key into the address, so that a reload, a duplicated tab or a bookmark keeps the reader. */
export function setReaderKey(ofReader) {
  key = ofReader;
  history.replaceState(null, "", `?reader=${encodeURIComponent(key)}${location.hash}`);
}
