// The shop as a Node client sees it. Nothing is generated: the protos come by reflection.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { after, before, test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const { GrpcReflection } = require('grpc-js-reflection-client');

const { status } = grpc;
const credentials = grpc.credentials.createInsecure();
const KETTLE = { sku: 'js-kettle', name: 'A kettle', category: 'js', cents: '4500' };
const LIMIT = 20_000; // milliseconds, for each call

let server;
let catalog;
let orders;
let support;

before(async () => {
  // It stops when its stdin ends, however the tests do.
  server = spawn(process.env.PROTOD_BIN ?? 'protod', [
    'serve', '--validate', path.dirname(__dirname), '--addr', '127.0.0.1:0', '--exit-on-stdin-eof',
  ]);
  server.stderr.setEncoding('utf8');
  const [first] = await once(readline.createInterface({ input: server.stderr }), 'line');
  assert.match(first, /^protod listening on /);
  const address = first.split(' ').at(-1);
  const stub = async (service) => {
    const descriptor = await new GrpcReflection(address, credentials).getDescriptorBySymbol(`shop.${service}`);
    const { shop } = descriptor.getPackageObject({ keepCase: true, longs: String, enums: String, defaults: true });
    return new shop[service](address, credentials);
  };
  [catalog, orders, support] = await Promise.all(['Catalog', 'Orders', 'Support'].map(stub));
});

after(async () => {
  for (const client of [catalog, orders, support]) client?.close();
  server.stdin.end();
  const [code] = await once(server, 'exit');
  assert.equal(code, 0);
});

/** Metadata with a token. */
const as = (token) => {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', token);
  return metadata;
};
const TEA = as('Bearer tea');
const options = () => ({ deadline: Date.now() + LIMIT });

/** The response of a call. */
const call = (client, method, request, metadata = TEA) => new Promise((resolve, reject) => {
  client[method](request, metadata, options(), (error, response) => (error ? reject(error) : resolve(response)));
});

/** The response to a stream of requests. */
const upload = (requests) => new Promise((resolve, reject) => {
  const stream = support.UploadPhoto(TEA, options(), (error, response) => (error ? reject(error) : resolve(response)));
  for (const request of requests) stream.write(request);
  stream.end();
});

const failsWith = (code, details) => (error) => {
  assert.deepEqual([error.code, error.details], [code, details]);
  return true;
};

const seconds = ({ seconds: whole, nanos }) => Number(whole) + nanos / 1e9;

test('products are created, read, updated and deleted', async () => {
  const created = await call(catalog, 'CreateProduct', KETTLE);
  assert.equal(created.name, 'A kettle');
  assert.ok(Math.abs(seconds(created.created_at) - Date.now() / 1000) < 60);
  assert.deepEqual(await call(catalog, 'GetProduct', { sku: 'js-kettle' }), created);
  await assert.rejects(
    call(catalog, 'CreateProduct', KETTLE),
    failsWith(status.ALREADY_EXISTS, 'js-kettle is there already'),
  );
  const dearer = await call(catalog, 'UpdateProduct', { sku: 'js-kettle', cents: '5000' });
  assert.deepEqual(dearer, { ...created, cents: '5000' });
  await call(catalog, 'DeleteProduct', { sku: 'js-kettle' });
  await assert.rejects(
    call(catalog, 'GetProduct', { sku: 'js-kettle' }),
    failsWith(status.NOT_FOUND, 'no product js-kettle'),
  );
});

test('products are listed in pages', async () => {
  const skus = ['js-cup-0', 'js-cup-1', 'js-cup-2'];
  for (const sku of skus) await call(catalog, 'CreateProduct', { ...KETTLE, sku, category: 'js-cups' });
  const first = await call(catalog, 'ListProducts', { category: 'js-cups', page_size: 2 });
  const second = await call(catalog, 'ListProducts', {
    category: 'js-cups', page_size: 2, page_token: first.next_page_token,
  });
  assert.deepEqual([first, second].map((page) => page.products.map(({ sku }) => sku)), [skus.slice(0, 2), skus.slice(2)]);
  assert.equal(second.next_page_token, '');
});

test('a request must keep the rules of the proto, and have a token', async () => {
  await assert.rejects(call(catalog, 'CreateProduct', { ...KETTLE, sku: 'A kettle' }), (error) => {
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.match(error.details, /^sku: /);
    return true;
  });
  await assert.rejects(
    call(catalog, 'CreateProduct', KETTLE, new grpc.Metadata()),
    failsWith(status.UNAUTHENTICATED, 'send authorization: Bearer TOKEN'),
  );
  await assert.rejects(
    call(catalog, 'CreateProduct', KETTLE, as('Bearer coffee')),
    failsWith(status.UNAUTHENTICATED, 'send authorization: Bearer TOKEN'),
  );
});

test('an order is paid at the third attempt, and watched until then', async () => {
  await call(catalog, 'CreateProduct', { ...KETTLE, sku: 'js-tea', cents: '450' });
  const order = await call(orders, 'PlaceOrder', {
    email: 'ann@example.com', lines: [{ sku: 'js-tea', quantity: '3' }, { sku: 'js-tea', quantity: '1' }],
  });
  assert.equal(order.total_cents, '1800');

  const watching = orders.WatchOrder({ id: order.id }, TEA, options());
  const updates = watching[Symbol.asyncIterator]();
  const { value: first } = await updates.next();
  assert.deepEqual(first.order, order);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await assert.rejects(call(orders, 'PayOrder', { id: order.id }), failsWith(status.UNAVAILABLE, 'the bank is busy'));
  }
  assert.equal((await call(orders, 'PayOrder', { id: order.id })).status, 'PAID');
  const { value: second } = await updates.next();
  assert.equal(second.order.status, 'PAID');
  const pause = seconds(second.at) - seconds(first.at);
  assert.ok(pause >= 1.99 && pause < 10, `${pause} s`);
  watching.cancel();
  await assert.rejects(updates.next(), { code: status.CANCELLED });
});

test('an upload is counted', async () => {
  const chunk = { data: Buffer.alloc(50_000) };
  assert.deepEqual(await upload([chunk, chunk, { data: Buffer.alloc(7) }]), { bytes: '100007', chunks: 3 });
});

test('a chat remembers what was said', async () => {
  const chat = support.Chat(TEA, options());
  const answers = chat[Symbol.asyncIterator]();
  const answer = async () => (await answers.next()).value.text;
  assert.equal(await answer(), 'Hello! How can I help?');
  for (const [text, expected] of [
    ['My kettle leaks.', 'Go on.'],
    ['What did I say?', 'You said: My kettle leaks.'],
  ]) {
    chat.write({ text });
    assert.equal(await answer(), expected);
  }
  chat.end();
  assert.equal(await answer(), 'Bye! I noted 1.');
  assert.equal((await answers.next()).done, true);
});
