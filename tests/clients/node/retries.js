// @grpc/grpc-js with a policy of retries, which a server overrides (gRFC A6).
'use strict';

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { run } = require('./cases.js');

const POLICY = {
  methodConfig: [{
    name: [{ service: 'retries.Retries' }],
    retryPolicy: {
      maxAttempts: 3,
      // Longer than a case may take: whoever waits for it was not told anything else.
      initialBackoff: '60s',
      maxBackoff: '60s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    },
  }],
};

run({
  async tries_again_when_and_if_the_server_says(address) {
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.enable_retries': 1,
      'grpc.service_config': JSON.stringify(POLICY),
    });
    const call = (name) => new Promise((resolve) => client.makeUnaryRequest(
      `/retries.Retries/${name}`,
      (bytes) => bytes,
      (bytes) => bytes,
      Buffer.alloc(0),
      (error, answer) => resolve(error ? error.code : answer.subarray(2).toString()),
    ));
    assert.equal(await call('Soon'), 'here');
    assert.equal(await call('Never'), grpc.status.UNAVAILABLE);
    // The second attempt would have been answered.
    assert.equal(await call('Never'), 'here');
  },
});
