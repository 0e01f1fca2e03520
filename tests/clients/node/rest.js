// Calls by REST with Node's own fetch: rest.js ADDRESS. Throws if something is wrong.
const assert = require("node:assert/strict");

const base = `http://${process.argv[2]}`;

async function main() {
  const note = await fetch(`${base}/v1/folders/a/notes/${encodeURIComponent("b/c ü")}`);
  assert.equal(note.status, 200);
  assert.equal(note.headers.get("content-type"), "application/json");
  assert.match(note.headers.get("protod-rule"), /notes.rules.yaml/);
  assert.deepEqual(await note.json(), { name: "folders/a/notes/b%2Fc ü", text: "hello", size: "9007199254740993" });

  const none = await fetch(`${base}/v1/folders/a/notes/none`);
  assert.equal(none.status, 404);
  assert.deepEqual(await none.json(), { code: 5, message: "no folders/a/notes/none" });

  const query = new URLSearchParams([["labels", "x y"], ["labels", "z"]]);
  const created = await fetch(`${base}/v1/folders/a/notes?${query}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "é" }),
  });
  assert.deepEqual(await created.json(), { name: "folders/a/notes/x y", text: "é" });

  const removed = await fetch(`${base}/v1/folders/a/notes/1`, { method: "DELETE" });
  assert.deepEqual(await removed.json(), {});

  const head = await fetch(`${base}/v1/folders/a/notes/1`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");

  const put = await fetch(`${base}/v1/folders/a/notes/1`, { method: "PUT" });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("allow"), "DELETE, GET, HEAD, OPTIONS");

  const followed = await fetch(`${base}/v1/folders/a/notes:follow`);
  assert.deepEqual(await followed.json(), [{ text: "one" }, { text: "two" }]);

  const events = await fetch(`${base}/v1/folders/a/notes:follow`, { headers: { accept: "text/event-stream" } });
  assert.equal(events.headers.get("content-type"), "text/event-stream");
  let text = "";
  for await (const piece of events.body) text += Buffer.from(piece).toString();
  assert.equal(text, 'data: {"text":"one"}\n\ndata: {"text":"two"}\n\n');

  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
