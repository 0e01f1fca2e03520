// The console in a browser: node console.js - CASE. Each case starts the program that PROTOD_BIN names.
'use strict';

const assert = require('node:assert/strict');
const { run } = require('./cases.js');
const { Console, open, serve } = require('./console_page.js');

/** How long a case may take, in milliseconds. */
const LIMIT = 300_000;

/** Runs a test with a server and a console. */
const withConsole = (test, flags = [], options = {}) => async () => {
  const server = await serve(flags);
  const console = await Console.open(server, options);
  await test({ server, console, page: console.page });
  await console.close();
  await server.end();
};

/** Opens each view as it is in use. */
const eachView = async ({ server, console, page }, visit) => {
  await server.call('tea.Kitchen/Brew', { kind: 'green', minutes: 3 });
  await server.call('tea.Kitchen/Brew', { kind: 'green', minutes: 3 });
  await server.call('tea.Kitchen/Brew', { kind: 'coffee' });
  await server.call('tea.Kitchen/Brew', { kind: 'mud' });
  await console.go('calls');
  await page.getByRole('link', { name: 'tea.Kitchen/Brew' }).nth(3).waitFor();
  await visit('calls');
  await page.getByRole('row', { name: /INVALID_ARGUMENT/ }).getByRole('link').click();
  await page.getByText('it is a tea kitchen').waitFor();
  await visit('call');
  await console.go('rules');
  await page.getByRole('row', { name: /unused.*waiter/ }).waitFor();
  await visit('rules');
  await console.go('invoke/tea.Kitchen/Pour');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByRole('region', { name: 'Responses' }).getByText('three').waitFor();
  await page.getByText('OK', { exact: true }).waitFor();
  await visit('invoke');
  await console.go('schema/tea.Kitchen');
  await page.getByRole('heading', { name: 'tea.Kitchen' }).waitFor();
  await visit('schema');
  await console.go('edit/new');
  await page.getByText('1 rule, nothing wrong. Not put yet.').waitFor();
  await visit('editor');
  const guest = open(server, 'Serve');
  guest.write({ kind: 'green' });
  await console.go('streams');
  await page.getByRole('link', { name: 'tea.Kitchen/Serve' }).click();
  await page.getByRole('region', { name: 'Open call' }).getByText('"label": "green"').waitFor();
  await visit('streams');
  guest.cancel();
  await shelve(server);
  await server.call('tea.Kitchen/Brew', { kind: 'kept', minutes: 3 });
  await console.go('collections/orders');
  await page.getByRole('button', { name: '1', exact: true }).click();
  await page.getByText('"kind": "kept"').waitFor();
  await visit('collections');
  await console.go('fleet');
  await page.getByText('This server shares no store.').waitFor();
  await visit('fleet');
};

/** Rules that keep orders. */
const shelve = (server) => server.admin('PutRules', {
  name: 'shelf',
  yaml: 'collections: {orders: {type: tea.Order, keep: {count: 1000}}}\nrules:\n  - {name: kept, method: tea.Kitchen/Brew, match: {kind: kept}, append: {orders: "${request}"}, reply: {label: kept}}\n',
});

const looks = (colorScheme, width) => withConsole(
  ({ server, console, page }) => eachView({ server, console, page }, async (view) => {
    await console.isAccessible(view);
    await console.shot(`${view}-${colorScheme}-${width}`);
    const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement);
    assert.equal(scrollWidth, clientWidth, `${view} is wider than the window`);
  }),
  [],
  { colorScheme, viewport: { width, height: width < 600 ? 740 : 900 } },
);

/** The text of the messages of a call of the form. */
const transcript = (page) => page.getByRole('region', { name: 'Responses' });

run({
  views_at_1600_in_light: looks('light', 1600),
  views_at_360_in_dark: looks('dark', 360),
  views_at_900_in_dark: looks('dark', 900),

  /** Sees a call, reads why it did not match, and makes it again with another request, by keys alone. */
  a_call_is_read_and_made_again_by_keys: withConsole(async ({ server, console, page }) => {
    await console.go('calls');
    await page.getByText('No calls yet').waitFor();
    await server.call('tea.Kitchen/Brew', { kind: 'mud' });
    await server.call('tea.Kitchen/Brew', { kind: 'green' });
    // They come without being asked for.
    const unmatched = page.getByRole('row', { name: /unmatched/ }).getByRole('link');
    await unmatched.waitFor();
    await console.tabTo(page.getByRole('row', { name: /first cup/ }).getByRole('link'));
    await console.press('ArrowDown', 'Enter');
    const pane = page.getByRole('region', { name: 'Call', exact: true });
    await pane.getByText('the nearest is first cup: kind is "mud", not "green"').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2');
    // Escape goes back to the row.
    await console.press('Escape');
    await page.waitForFunction(() => document.activeElement.closest('tr')?.textContent.includes('unmatched'));
    await console.press('Enter');
    await console.tabTo(pane.getByRole('button', { name: 'Call again' }));
    await console.press('Enter');
    const request = page.getByRole('textbox', { name: 'Request in JSON' });
    await page.waitForFunction(() => document.querySelector('textarea').value.includes('mud'));
    await console.tabTo(request);
    await console.press('Control+a');
    await page.keyboard.insertText('{"kind": "green"}');
    await console.press('Control+Enter');
    await transcript(page).getByText('"green"').nth(1).waitFor();
    await transcript(page).getByRole('link', { name: /call \d/ }).click();
    await pane.getByText('The rule green tea was the first that matched.').waitFor();
    await pane.getByText('in the server’s own process').waitFor();
    await pane.getByText('x-kettle').waitFor();
    await pane.getByText('x-washed').waitFor();
    await pane.getByRole('link', { name: 'green tea' }).click();
    await page.getByRole('row', { name: /1 green tea \.\/tea\.rules\.yaml:7:5/ }).waitFor();
  }),

  /** A list by a condition, one that is wrong, and one that is held. */
  calls_are_filtered_and_held: withConsole(async ({ server, console, page }) => {
    for (const kind of ['green', 'coffee', 'mud']) await server.call('tea.Kitchen/Brew', { kind });
    await console.go('calls');
    await page.getByText('3 calls', { exact: true }).waitFor();
    const where = page.getByLabel('Where (CEL)');
    await where.fill('call.code == "INVALID_ARGUMENT"');
    await page.getByText('1 call', { exact: true }).waitFor();
    await server.call('tea.Kitchen/Brew', { kind: 'coffee' });
    await server.call('tea.Kitchen/Brew', { kind: 'green' });
    await page.getByText('2 calls', { exact: true }).waitFor();
    await where.fill('call.cod == "OK"');
    await page.getByRole('alert').filter({ hasText: 'cod' }).waitFor();
    assert.equal(await where.getAttribute('aria-invalid'), 'true');
    await where.fill('');
    await page.getByLabel('Unmatched only').check();
    await page.getByText('1 call', { exact: true }).waitFor();
    await page.getByLabel('Unmatched only').uncheck();
    await page.getByText('5 calls', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await server.call('tea.Kitchen/Brew', { kind: 'green' });
    await page.getByText('5 calls · paused, 1 new').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('6 calls', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('No calls yet').waitFor();
  }),

  /** Mends what did not match, sees what is wrong while it is written, and calls again. */
  a_rule_is_mended_in_the_editor: withConsole(async ({ server, console, page }) => {
    await server.call('tea.Kitchen/Brew', { kind: 'mud' });
    await console.go('calls');
    await page.getByRole('row', { name: /unmatched/ }).getByRole('link').click();
    await page.getByText('the nearest is first cup: kind is "mud", not "green"').waitFor();
    await page.getByRole('link', { name: 'Write a rule for it' }).click();
    const code = page.getByRole('textbox', { name: 'Rules in YAML' });
    await page.getByText('1 rule, nothing wrong. Not put yet.').waitFor();
    assert.match(await code.inputValue(), /method: tea.Kitchen\/Brew\n {4}match:\n {6}kind: mud\n {4}reply:\n/);
    await code.fill('rules:\n  - name: mud pie\n    method: tea.Kitchen/Brew\n    match: {kind: mud}\n    repyl: {label: pie}\n');
    await page.getByText('1 problem', { exact: true }).waitFor();
    await page.getByText('did you mean `reply`?').waitFor();
    assert.equal(await code.getAttribute('aria-invalid'), 'true');
    assert.equal(await page.locator('.mark').count(), 1);
    await console.isAccessible('editor with a problem');
    await console.shot('editor-problem');
    // The problem leads to its place, where it is mended by keys.
    await console.tabTo(page.getByRole('button', { name: 'Line 5, column 5' }));
    await console.press('Enter', 'Delete', 'Delete', 'Delete', 'Delete', 'Delete');
    await page.keyboard.type('reply');
    await page.getByText('1 rule, nothing wrong. Not put yet.').waitFor();
    assert.equal(await page.locator('.mark').count(), 0);
    // Nothing was put until then.
    assert.equal((await server.call('tea.Kitchen/Brew', { kind: 'mud' })).code, 'unimplemented');
    await page.getByLabel('Name').fill('pies');
    await console.press('Control+Enter');
    await page.getByText('1 rule put as pies: they answer from now on').waitFor();
    assert.deepEqual(await server.call('tea.Kitchen/Brew', { kind: 'mud' }), { label: 'pie' });
    await page.getByRole('link', { name: 'All rules' }).click();
    await page.getByRole('row', { name: /1 mud pie put at run time/ }).getByRole('link', { name: 'Edit mud pie' }).click();
    await page.waitForFunction(() => document.querySelector('textarea').value.includes('label: pie'));
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('row', { name: /green tea/ }).waitFor();
    assert.equal((await server.call('tea.Kitchen/Brew', { kind: 'mud' })).code, 'unimplemented');
    // A rule of a file is put in front of itself.
    await page.getByRole('link', { name: 'Edit green tea' }).click();
    await page.waitForFunction(() => document.querySelector('textarea').value.startsWith('rules:\n  - name: green tea\n'));
    await code.fill((await code.inputValue()).replace('label: green', 'label: greener'));
    await page.getByRole('button', { name: 'Put' }).click();
    await page.getByText('1 rule put as put-1').waitFor();
    assert.deepEqual(await server.call('tea.Kitchen/Brew', { kind: 'green' }), { label: 'greener', degrees: 80 });
  }),

  /** Chooses a session by keys: calls, rules, the editor and the form are about it until it ends. */
  a_session_is_chosen_for_all_views: withConsole(async ({ server, console, page }) => {
    const picker = page.getByLabel('Session', { exact: true });
    const rules = (name, kind) => `rules:\n  - name: ${name}\n    method: tea.Kitchen/Brew\n    match: {kind: ${kind}}\n    reply: {label: ${name}}\n`;
    const coffee = (headers) => server.call('tea.Kitchen/Brew', { kind: 'coffee' }, headers);
    await console.go('calls');
    await page.getByText('No calls yet').waitFor();
    assert.equal(await picker.isVisible(), false);
    for (const name of ['checkout-7', 'other']) await server.admin('CreateSession', { name });
    await server.admin('PutRules', { name: 'mud', session: 'other', yaml: rules('mud pie', 'mud') });
    await server.call('tea.Kitchen/Brew', { kind: 'green' });
    const own = { 'protod-session': 'checkout-7' };
    await coffee(own);
    await page.getByText('2 calls', { exact: true }).waitFor();
    await picker.waitFor();
    await console.tabTo(picker);
    await console.press('ArrowDown');
    await page.getByText('1 call', { exact: true }).waitFor();
    await page.getByRole('row', { name: /coffee/ }).waitFor();
    await console.isAccessible('calls of a session');
    await console.shot('session-calls');
    await page.reload();
    await page.getByText('1 call', { exact: true }).waitFor();
    assert.equal(await picker.inputValue(), 'checkout-7');

    const nav = page.getByRole('navigation', { name: 'Views' });
    await nav.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('row', { name: /coffee/ }).waitFor();
    assert.equal(await page.getByRole('row', { name: /mud pie/ }).count(), 0);
    await page.getByRole('link', { name: 'New rule' }).click();
    await page.getByText('answer the calls of the session checkout-7 alone').waitFor();
    await page.getByText('1 rule, nothing wrong. Not put yet.').waitFor();
    await page.getByRole('textbox', { name: 'Rules in YAML' }).fill(rules('mine', 'coffee'));
    await page.getByLabel('Name').fill('mine');
    await console.press('Control+Enter');
    await page.getByText('1 rule put as mine').waitFor();
    assert.deepEqual(await coffee(own), { label: 'mine' });
    assert.equal((await coffee()).code, 'invalid_argument');
    await page.getByRole('link', { name: 'All rules' }).click();
    await page.getByRole('row', { name: /1 mine put for session checkout-7/ }).waitFor();
    await console.isAccessible('rules of a session');
    await console.shot('session-rules');

    await nav.getByRole('link', { name: 'Invoke' }).click();
    await page.getByText('The call is of the session checkout-7.').waitFor();
    await page.getByRole('combobox', { name: 'Method' }).fill('tea.Kitchen/Brew');
    await page.waitForFunction(() => document.querySelector('textarea').value.startsWith('{'));
    await page.getByRole('textbox', { name: 'Request in JSON' }).fill('{"kind": "coffee"}');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await transcript(page).getByText('"mine"').waitFor();
    await console.isAccessible('a call in a session');
    // The same call is made again in its session, whichever is chosen meanwhile.
    await transcript(page).getByRole('link', { name: /call \d/ }).click();
    await page.getByRole('button', { name: 'Call again' }).waitFor();
    await picker.selectOption('');
    await page.getByText('5 calls', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Call again' }).click();
    await page.getByText('The call is of the session checkout-7.').waitFor();

    await picker.selectOption('');
    await nav.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('row', { name: /mine put for session checkout-7/ }).waitFor();
    await page.getByRole('link', { name: 'Edit mud pie' }).click();
    await page.waitForFunction(() => document.querySelector('textarea')?.value.includes('label: mud pie'));
    assert.equal(await picker.inputValue(), 'other');
    await server.admin('EndSession', { name: 'other' });
    await page.getByText('The session other has ended.').waitFor({ state: 'attached' });
    assert.equal(await picker.inputValue(), '');
    assert.equal(new URL(page.url()).search, '');
  }),

  /** Browses a collection, filters it, takes it out as a file, puts that in again, and clears it. */
  a_collection_is_browsed_exported_imported_and_cleared: withConsole(async ({ server, console, page }) => {
    await console.go('collections');
    await page.getByText('The rules declare no collections.').waitFor();
    await shelve(server);
    for (let minutes = 1; minutes <= 60; minutes += 1) await server.call('tea.Kitchen/Brew', { kind: 'kept', minutes });
    await page.getByRole('link', { name: 'orders' }).click();
    const pane = page.getByRole('region', { name: 'Collection', exact: true });
    const rows = pane.locator('tbody tr');
    const listed = (count) => page.waitForFunction((expected) => document.querySelectorAll('.stored tbody tr').length === expected, count);
    await pane.getByText('1,000 messages').waitFor();
    await listed(50);
    await pane.getByRole('button', { name: 'More' }).click();
    await listed(60);
    // A message opens by its position.
    await pane.getByRole('button', { name: '2', exact: true }).click();
    await pane.getByText('"minutes": "2"').waitFor();
    await pane.getByLabel('Newest first').check();
    await listed(50);
    await page.waitForFunction(() => document.querySelector('.stored tbody tr').textContent.startsWith('60'));
    const where = pane.getByLabel('Where (CEL)');
    await where.fill('item.minuts > 58');
    await pane.getByRole('alert').filter({ hasText: 'did you mean `minutes`?' }).waitFor();
    await console.isAccessible('a condition that is wrong');
    await where.fill('item.minutes > 58');
    await listed(2);
    const download = async (button) => {
      const [file] = await Promise.all([page.waitForEvent('download'), pane.getByRole('button', { name: button }).click()]);
      const pieces = [];
      for await (const piece of await file.createReadStream()) pieces.push(piece);
      return { name: file.suggestedFilename(), text: Buffer.concat(pieces).toString() };
    };
    assert.deepEqual(await download('Export as CSV'), { name: 'orders.csv', text: 'kind,minutes,extras\nkept,59,[]\nkept,60,[]\n' });
    await pane.getByText('2 messages exported').waitFor();
    const lines = await download('Export as JSON');
    assert.deepEqual(lines, { name: 'orders.ndjson', text: '{"kind":"kept","minutes":"59"}\n{"kind":"kept","minutes":"60"}\n' });
    // It asks once more, and not for ever.
    await pane.getByRole('button', { name: 'Clear' }).click();
    await where.focus();
    await pane.getByRole('button', { name: 'Clear', exact: true }).click();
    await pane.getByRole('button', { name: 'Really clear all?' }).click();
    await pane.getByText('The collection was cleared').waitFor();
    await pane.getByText('No message is like that.').waitFor();
    const file = pane.getByLabel('Import lines of JSON');
    const give = (text) => file.setInputFiles({ name: lines.name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await give('{"kind": "a"}\n{"kin": "b"}\n');
    await pane.getByRole('alert').filter({ hasText: 'line 2: ' }).waitFor();
    await give(lines.text);
    await pane.getByText('2 messages imported').waitFor();
    await file.setInputFiles({ name: 'more.csv', mimeType: 'text/csv', buffer: Buffer.from('minutes,kind\n61,"kept, too"\n') });
    await pane.getByText('1 message imported').waitFor();
    await where.fill('');
    await listed(4);
    assert.equal(await rows.first().textContent(), '64kept, too61');
    await console.isAccessible('a collection');
  }),

  /** Sends a message into the stream of a client, and ends it. */
  messages_are_pushed_into_an_open_stream: withConsole(async ({ server, console, page }) => {
    const guest = open(server, 'Serve');
    guest.write({ kind: 'green' });
    await guest.received(({ label }) => label === 'green');
    await console.go('streams');
    await page.getByRole('link', { name: 'tea.Kitchen/Serve' }).click();
    const pane = page.getByRole('region', { name: 'Open call' });
    await pane.getByText('"label": "green"').waitFor();
    const message = pane.getByRole('textbox', { name: 'Message in JSON' });
    await message.fill('{"labl": "pushed"}');
    await pane.getByRole('button', { name: 'Send' }).click();
    await pane.getByRole('alert').filter({ hasText: 'labl' }).waitFor();
    await message.fill('{"label": "pushed", "degrees": 7}');
    await console.press('Control+Enter');
    assert.deepEqual(await guest.received(({ label }) => label === 'pushed'), { label: 'pushed', degrees: 7 });
    await pane.getByText('"label": "pushed"').waitFor();
    await pane.getByLabel('Code').selectOption('NOT_FOUND');
    await pane.getByLabel('Message of the status').fill('closed');
    await pane.getByRole('button', { name: 'End', exact: true }).click();
    assert.deepEqual(await guest.ended, { code: 5, details: 'closed' });
    // It is one of the calls that have ended now.
    await page.getByRole('region', { name: 'Call', exact: true }).getByText('closed').waitFor();
  }),

  /** Streams of requests, a message at a time. */
  methods_of_all_shapes_are_called: withConsole(async ({ console, page }) => {
    const request = page.getByRole('textbox', { name: 'Request in JSON' });
    const choose = async (method, shape) => {
      await console.go(`invoke/tea.Kitchen/${method}`);
      await page.getByText(shape, { exact: true }).waitFor();
      // A sample of its own.
      await page.waitForFunction(() => document.querySelector('textarea').value.startsWith('{'));
    };
    await choose('Brew', 'unary');
    await request.fill('{"kind": "coffee"}');
    await page.getByLabel('Headers').fill('x-team: kitchen');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await transcript(page).getByText('no coffee here').waitFor();
    await transcript(page).getByText('it is a tea kitchen').waitFor();
    await transcript(page).getByRole('link', { name: /call \d/ }).click();
    await page.getByText('x-team').waitFor();

    await choose('Pour', 'server streaming');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await transcript(page).getByText('three').waitFor();
    await transcript(page).getByText('OK', { exact: true }).waitFor();

    await choose('Collect', 'client streaming');
    await page.getByRole('button', { name: 'Begin the call' }).click();
    for (const kind of ['green', 'black']) {
      await request.fill(`{"kind": "${kind}"}`);
      await page.getByRole('button', { name: 'Send message' }).click();
      await transcript(page).getByText(`"${kind}"`).waitFor();
    }
    await page.getByRole('button', { name: 'End requests' }).click();
    await transcript(page).getByText('green and black').waitFor();
    await transcript(page).getByText('OK', { exact: true }).waitFor();

    await choose('Serve', 'bidirectional streaming');
    await page.getByRole('button', { name: 'Begin the call' }).click();
    for (const kind of ['white', 'red']) {
      await request.fill(`{"kind": "${kind}"}`);
      await page.getByRole('button', { name: 'Send message' }).click();
      // The answer comes while the requests are open.
      await transcript(page).getByText(`"label": "${kind}"`).waitFor();
    }
    await request.fill('{"kind":');
    await page.getByRole('button', { name: 'Send message' }).click();
    await page.getByRole('alert').filter({ hasText: 'This is no JSON' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await transcript(page).getByText('cancelled here').waitFor();
    await console.go('calls');
    await page.getByRole('row', { name: /Serve CANCELLED/ }).waitFor();
  }),

  types_are_links: withConsole(async ({ console, page }) => {
    await console.go('schema');
    await page.getByRole('link', { name: 'tea.Kitchen' }).click();
    const symbol = page.getByRole('region', { name: 'Symbol' });
    await symbol.getByText('// Makes tea.').waitFor();
    await symbol.getByRole('link', { name: 'Cup' }).first().click();
    await symbol.getByText('int32').waitFor();
    assert.equal(new URL(page.url()).hash, '#/schema/tea.Cup');
    await page.goBack();
    await symbol.getByText('// Makes tea.').waitFor();
  }),

  /** The token is asked for once, kept for the tab, and sent. */
  the_token_is_asked_for_once: withConsole(async ({ console, page }) => {
    await console.go('rules');
    await page.getByLabel('Token').waitFor();
    await console.isAccessible('token');
    await console.shot('token');
    await page.keyboard.insertText('mellon');
    await console.press('Enter');
    await page.getByText('That is not the token').waitFor();
    await page.getByLabel('Token').fill('sesame');
    await console.press('Enter');
    await page.getByRole('row', { name: /green tea/ }).waitFor();
    await page.reload();
    await page.getByRole('row', { name: /green tea/ }).waitFor();
    // It is not in the address, and not kept beyond the tab.
    assert.ok(!page.url().includes('sesame'));
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.deepEqual(await page.context().cookies(), []);
  }, ['--admin-token', 'sesame']),

  async a_server_that_is_started_again_is_found() {
    const server = await serve();
    const console = await Console.open(server);
    const { page } = console;
    console.mayBeAway = true;
    await server.call('tea.Kitchen/Brew', { kind: 'green' });
    await console.go('calls');
    await page.getByText('1 call', { exact: true }).waitFor();
    await server.stop();
    await page.getByText('The server does not answer. Trying again…').waitFor();
    await console.shot('away');
    await console.isAccessible('away');
    const again = await serve([], server.ports, server.folder);
    await page.getByText('No calls yet').waitFor();
    await page.getByText('Connected', { exact: true }).waitFor();
    await again.call('tea.Kitchen/Brew', { kind: 'coffee' });
    await page.getByRole('row', { name: /coffee/ }).waitFor();
    await console.close();
    await again.end();
  },

  /** Ten thousand calls, and a message of 64 KiB. */
  many_calls_and_long_messages_are_shown: withConsole(async ({ server, console, page }) => {
    await console.go('calls');
    await page.getByText('No calls yet').waitFor();
    for (let batch = 0; batch < 100; batch += 1) {
      await Promise.all(Array.from({ length: 100 }, () => server.call('tea.Kitchen/Brew', { kind: 'coffee' })));
    }
    await page.getByText(/10,000 calls, .* kept/).waitFor();
    await page.getByText(/^the newest 500 calls/).waitFor();
    const elements = await page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(elements < 10_000, `${elements} elements`);
    const long = 'tea '.repeat(15_900);
    await server.call('tea.Kitchen/Brew', { kind: 'long', extras: [long] });
    await page.getByRole('row', { name: /long story/ }).getByRole('link').click();
    await page.getByRole('region', { name: 'Call', exact: true }).getByText(long.trim()).nth(0).waitFor();
    await console.shot('long');
  }),
}, LIMIT);
