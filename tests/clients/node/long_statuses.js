// @grpc/grpc-js on Node's own HTTP/2, which breaks the connection at a header of more than 64 KiB.
'use strict';

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { run } = require('./cases.js');

/** The ProtoJSON {"bytes": size} in protobuf's wire format. */
const request = (size) => {
  const bytes = [8];
  for (; size > 127; size >>>= 7) bytes.push((size & 127) | 128);
  return Buffer.from([...bytes, size]);
};

run({
  async reads_long_statuses(address) {
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    const call = (name, size) => new Promise((resolve) => client.makeUnaryRequest(
      `/long.Long/${name}`,
      (bytes) => bytes,
      (bytes) => bytes,
      request(size),
      (error) => resolve(error),
    ));
    for (const size of [9_000, 60_000, 70_000, 300_000, 1_000_000]) {
      for (const name of ['Message', 'Details']) {
        assert.equal((await call(name, size)).code, grpc.status.NOT_FOUND, `${name} ${size}`);
      }
      for (const name of ['Headers', 'Trailers']) {
        const error = await call(name, size);
        assert.equal(error?.code, size > 65_000 ? grpc.status.RESOURCE_EXHAUSTED : undefined, `${name} ${size}`);
      }
    }
    const long = (await call('Message', 300_000)).details;
    assert.match(long, /^x+… \(cut: [0-9]+ bytes\)$/);
  },
});
