// grpc-js-reflection-client, in both versions of reflection that it speaks, and calls with @grpc/grpc-js on the
// types that it made.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const grpc = require('@grpc/grpc-js');
const { GrpcReflection } = require('grpc-js-reflection-client');
const { run } = require('./cases.js');

const credentials = grpc.credentials.createInsecure();
const connect = (address, version) => new GrpcReflection(address, credentials, {}, version);
const VERSIONS = ['v1', 'v1alpha'];

/** A stub of `package.Service`, made from what the server tells of it. */
const stub = async (address, service) => {
  const descriptor = await connect(address, 'v1').getDescriptorBySymbol(service);
  const [namespace, name] = service.split('.');
  return new (descriptor.getPackageObject()[namespace][name])(address, credentials);
};

/** The response of a call that takes a callback; `start` begins the call. */
const response = (start) => new Promise((resolve, reject) => {
  start((error, message) => (error ? reject(error) : resolve(message)));
});

run({
  async lists_services_and_methods(address) {
    for (const version of VERSIONS) {
      const client = connect(address, version);
      assert.deepEqual(await client.listServices(), [
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
        'proto.SearchService',
        'proto.StreamService',
      ]);
      const methods = await client.listMethods('proto.StreamService');
      assert.deepEqual(
        methods.map(({ name, definition }) => [name, definition.requestStream, definition.responseStream]),
        [['List', false, true], ['Record', true, false], ['Route', true, true]],
      );
    }
  },

  async calls_every_shape(address) {
    const search = await stub(address, 'proto.SearchService');
    const found = await response((done) => search.Search({ request: 'gRPC' }, done));
    assert.deepEqual(found, { response: 'gRPC Server' });

    const stream = await stub(address, 'proto.StreamService');
    const values = [];
    for await (const { pt } of stream.List({ pt: { name: 'list', value: 2018 } })) values.push(pt.value);
    assert.deepEqual(values, [2018, 2019, 2020, 2021, 2022, 2023, 2024]);

    const recorded = await response((done) => {
      const call = stream.Record(done);
      for (let value = 0; value < 6; value += 1) call.write({ pt: { name: 'record', value } });
      call.end();
    });
    assert.deepEqual(recorded, { pt: { name: 'gRPC Stream Server: Record', value: 1 } });

    const route = stream.Route();
    assert.equal((await once(route, 'data'))[0].pt.value, 0);
    for (let value = 1; value <= 3; value += 1) {
      route.write({ pt: { name: 'route', value } });
      assert.equal((await once(route, 'data'))[0].pt.value, value);
    }
    route.end();
    const [status] = await once(route, 'status');
    assert.equal(status.code, grpc.status.OK);
  },

  async sees_the_headers_of_a_failing_call(address) {
    const calls = await stub(address, 'calls.Calls');
    let headers;
    const error = await new Promise((resolve) => {
      calls.Fail({ text: 'tea' }, resolve).on('metadata', (metadata) => { headers = metadata; });
    });
    assert.deepEqual(headers.get('x-request-id'), ['tea-1']);
    assert.equal(error.code, grpc.status.FAILED_PRECONDITION);
    assert.deepEqual(error.metadata.get('x-reason'), ['closed']);
    assert.deepEqual(error.metadata.get('x-request-id'), []);
  },

  async reads_an_imported_type(address) {
    const calendar = await stub(address, 'calendar.Calendar');
    const event = await response((done) => calendar.Find({ title: 'launch' }, done));
    assert.equal(Number(event.starts.seconds), Date.UTC(2018, 1, 3, 4, 5, 6) / 1000);
  },
});
