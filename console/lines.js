// Files with a message on each line: those that are chosen, and those that are saved.

/** How many characters of lines one request has, or one more. */
const CHUNK = 256 * 1024;

/** The requests that have the lines of a file, each with these fields. */
export async function requestsOf(file, fields) {
  const text = await file.text();
  const requests = [];
  for (let at = 0, end = 0; at < text.length || at === 0; at = end) {
    end = at + CHUNK;
    // A character of two units goes as a whole.
    if (/[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end += 1;
    requests.push({ ...fields, lines: text.slice(at, end) });
  }
  return requests;
}

/** Saves parts of a text as a file of that name, as a link does. */
export function saveAs(name, parts) {
  const address = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
