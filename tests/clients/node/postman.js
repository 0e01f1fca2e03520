// grpc-reflection-js, the library under Postman and Insomnia. It speaks v1alpha, and needs a file and all that it
// imports in one answer: without them a type that is imported stays unresolved.
'use strict';

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { Client } = require('grpc-reflection-js');
const { run } = require('./cases.js');

const connect = (address) => new Client(address, grpc.credentials.createInsecure());

/** Calls a unary method with the types that reflection told. */
const unary = (address, root, path, fields) => {
  const [service, name] = path.split('/');
  const { resolvedRequestType, resolvedResponseType } = root.lookupService(service).methods[name].resolve();
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  return new Promise((resolve, reject) => client.makeUnaryRequest(
    `/${path}`,
    (message) => Buffer.from(resolvedRequestType.encode(message).finish()),
    (bytes) => resolvedResponseType.decode(bytes),
    resolvedRequestType.create(fields),
    (error, response) => (error ? reject(error) : resolve(response)),
  ));
};

run({
  async resolves_every_service(address) {
    const services = await connect(address).listServices();
    assert.deepEqual(services, [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'proto.SearchService',
      'proto.StreamService',
    ]);
    for (const service of services) {
      const root = await connect(address).fileContainingSymbol(service);
      root.resolveAll();
      assert.notEqual(root.lookupService(service).methodsArray.length, 0, service);
    }
  },

  async resolves_timestamp(address) {
    const root = await connect(address).fileContainingSymbol('calendar.Calendar');
    root.resolveAll();
    const { starts } = root.lookupType('calendar.Event').fields;
    assert.equal(starts.resolvedType.fullName, '.google.protobuf.Timestamp');

    const event = await unary(address, root, 'calendar.Calendar/Find', { title: 'launch' });
    assert.equal(event.title, 'launch');
    assert.equal(Number(event.starts.seconds), Date.UTC(2018, 1, 3, 4, 5, 6) / 1000);
    assert.equal(event.starts.nanos, 500_000_000);
  },

  async resolves_a_file_by_name(address) {
    const root = await connect(address).fileByFilename('calendar.proto');
    root.resolveAll();
    assert.ok(root.lookupType('google.protobuf.Timestamp').fields.nanos);
  },
});
