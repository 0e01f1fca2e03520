// The console of servers that share a store: node console_fleet.js STORE CASE. Each case starts the program that PROTOD_BIN names.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { run } = require('./cases.js');
const { Console, serve } = require('./console_page.js');

/** How long a case may take, in milliseconds. */
const LIMIT = 300_000;

run({
  /** Two servers share the broker of this address: what is published to them, and what one of them refuses. */
  async a_fleet_is_seen(store) {
    const folder = mkdtempSync(path.join(tmpdir(), 'fleet-'));
    const other = path.join(folder, 'other.proto');
    const routes = path.join(folder, 'http.yaml');
    writeFileSync(other, 'syntax = "proto3"; package other; service Shop { rpc Buy(Item) returns (Item); } message Item {}');
    writeFileSync(routes, 'type: google.api.Service\nconfig_version: 3\nhttp: {rules: [{selector: tea.Kitchen.Brew, post: /brew, body: "*"}]}\n');
    const publish = (input) => promisify(execFile)(process.env.PROTOD_BIN, ['publish', '--store', store, input], { env: { ...process.env, PROTOD_NO_CACHE: '1' } });
    const calm = await serve(['--store', store, '--replica-name', 'calm']);
    const console = await Console.open(calm);
    const { page } = console;
    await page.goto(calm.origin);
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Fleet' }).click();
    await page.getByText('No generation was published.').waitFor();
    await page.getByRole('row', { name: /^calm 127\.0\.0\.1:\d+ \d+\.\d+\.\d+ no generation.* serving$/ }).waitFor();
    // Another one is seen without being asked for.
    const strict = await serve(['--store', store, '--replica-name', 'strict', '--http-rules', routes]);
    await page.getByText('2 replicas', { exact: true }).waitFor();
    await publish(calm.folder);
    const { current: { generation } } = await calm.admin('ListReplicas', {});
    const id = generation.slice(0, 12);
    await page.getByRole('definition').filter({ hasText: id }).waitFor();
    for (const [name, count] of [['Services', 1], ['Methods', 4], ['Rules', 7]]) await page.getByText(`${name}${count}`, { exact: true }).waitFor();
    for (const name of ['calm', 'strict']) await page.getByRole('row', { name: new RegExp(`^${name} .* ${id} .* serving$`) }).waitFor();
    await assert.rejects(publish(other), { code: 1 });
    await page.getByRole('row', { name: /^strict .* serving Refused [0-9a-f]{12}: .*the schema has no method `tea\.Kitchen\.Brew`/ }).waitFor();
    await page.getByRole('row', { name: new RegExp(`^calm .* ${id} .* serving$`) }).waitFor();
    for (const [colorScheme, width] of [['light', 1440], ['dark', 900], ['dark', 360]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await console.isAccessible(`a fleet at ${width}`);
      await console.shot(`fleet-of-two-${colorScheme}-${width}`);
      const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
      assert.equal(scrollWidth, clientWidth, `the fleet is wider than a window of ${width}`);
    }
    // It may be longer than the window, and is scrolled by keys.
    await console.tabTo(page.getByRole('region', { name: 'Replicas' }));
    // What is hard to bring about.
    const tell = (answer) => page.route('**/ListReplicas', (route) => route.fulfill(answer));
    const published = new Date().toISOString();
    await tell({ json: { current: { generation, published, rollback: true }, replicas: [{ name: 'late', address: 'late:1', version: '0', trouble: 'it is not served' }] } });
    await page.getByRole('row', { name: /^late .* no generation not serving it is not served$/ }).waitFor();
    await page.getByText('gone back to').waitFor();
    await console.isAccessible('a fleet in trouble');
    // While a list cannot be had, none is shown.
    await tell({ status: 503, json: { code: 'unavailable', message: 'the broker is away' } });
    await page.getByRole('alert').filter({ hasText: 'the broker is away' }).waitFor();
    assert.equal(await page.getByRole('row').count(), 0);
    await page.unroute('**/ListReplicas');
    await page.getByText('2 replicas', { exact: true }).waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await console.close();
    await calm.end();
    await strict.end();
    rmSync(folder, { recursive: true });
  },

  /** No broker is at this address. */
  async a_broker_that_is_away_is_told(store) {
    const server = await serve(['--store', store]);
    const console = await Console.open(server);
    const { page } = console;
    await console.go('fleet');
    await page.getByRole('alert').filter({ hasText: store }).waitFor();
    await console.isAccessible('a broker that is away');
    await console.shot('fleet-away');
    await console.close();
    await server.end();
  },
}, LIMIT);
