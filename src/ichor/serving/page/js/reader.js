// The reader of this page. The address holds the reader's key, and every request sends it, so that a link of another reader
// that is opened in another tab does not change who this page saves to.

export const HEADER = "Ichor-Reader";

let key = new URLSearchParams(location.search).get("reader");

export const readerKey = () => key;

/** Writes the key into the address, so that a reload, a duplicated tab or a bookmark keeps the reader. */
export function setReaderKey(ofReader) {
  key = ofReader;
  history.replaceState(null, "", `?reader=${encodeURIComponent(key)}${location.hash}`);
}
