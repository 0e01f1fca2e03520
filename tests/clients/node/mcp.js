// The SDK of the Model Context Protocol. It checks what a tool answers against the schema that the list has of it.
'use strict';

const assert = require('node:assert/strict');
const { Client, StreamableHTTPClientTransport } = require('@modelcontextprotocol/client');
const { run } = require('./cases.js');

const me = { name: 'protod-tests', version: '1.0.0' };

/** Lists the tools, calls one that answers and one that fails, and says which revision it was. */
async function use(address, mode) {
  const client = new Client(me, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://${address}/mcp`)));
  assert.equal(client.getServerVersion().name, 'protod');
  assert.match(client.getInstructions(), /gRPC/);
  const { tools } = await client.listTools();
  const tool = Object.fromEntries(tools.map((tool) => [tool.name, tool]));
  assert.equal(tool.ListCalls.annotations.readOnlyHint, true);
  assert.equal(tool.Reset.annotations.destructiveHint, true);
  const status = await client.callTool({ name: 'Status', arguments: {} });
  assert.equal(status.isError, false);
  assert.equal(status.structuredContent.serving, true);
  assert.deepEqual(JSON.parse(status.content[0].text), status.structuredContent);
  const calls = await client.callTool({ name: 'ListCalls', arguments: { where: 'true', pageSize: 3 } });
  assert.equal(calls.isError, false);
  const none = await client.callTool({ name: 'GetCall', arguments: { id: '123456' } });
  assert.equal(none.isError, true);
  assert.match(none.content[0].text, /^NOT_FOUND: /);
  await assert.rejects(client.callTool({ name: 'Nothing', arguments: {} }), /unknown tool: Nothing|not found/i);
  const version = client.getNegotiatedProtocolVersion();
  await client.close();
  return version;
}

run({
  async uses_the_tools_after_a_handshake(address) {
    assert.equal(await use(address, 'legacy'), '2025-11-25');
  },

  async uses_the_tools_without_a_handshake(address) {
    assert.equal(await use(address, { pin: '2026-07-28' }), '2026-07-28');
  },

  async finds_the_newest_revision_by_itself(address) {
    assert.equal(await use(address, 'auto'), '2026-07-28');
  },
});
