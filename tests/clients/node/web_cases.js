// What web clients must see of `protos/calls` and `proto`, in Node and in a page alike: connect-web by Connect and by
// gRPC-Web, and Google's grpc-web. Each case throws if something is wrong.
'use strict';

const equal = (actual, expected, what) => {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${what}: ${left} is not ${right}`);
};

/** The service of tests/clients/protos/calls/calls.proto, and of proto/stream.proto what has the same messages. */
const FILE = {
  name: 'calls.proto',
  package: 'calls',
  syntax: 'proto3',
  messageType: [{ name: 'Note', field: [{ name: 'text', number: 1, type: 9, label: 1, jsonName: 'text' }] }],
  service: [{
    name: 'Calls',
    method: ['Decorate', 'Refuse', 'Fail', 'Linger'].map((name) => ({
      name,
      inputType: '.calls.Note',
      outputType: '.calls.Note',
      serverStreaming: name === 'Linger',
    })),
  }],
};

module.exports = ({ connect, web, protobuf, wkt, grpcWeb }) => {
  const registry = protobuf.createFileRegistry(
    protobuf.create(wkt.FileDescriptorSetSchema, { file: [FILE] }),
  );
  const calls = registry.getService('calls.Calls');

  const transports = (baseUrl) => ({
    'connect, JSON': web.createConnectTransport({ baseUrl }),
    'connect, protobuf': web.createConnectTransport({ baseUrl, useBinaryFormat: true }),
    'gRPC-Web': web.createGrpcWebTransport({ baseUrl }),
    'gRPC-Web, JSON': web.createGrpcWebTransport({ baseUrl, useBinaryFormat: false }),
  });

  /** The error of a promise that must fail. */
  const failure = async (promise, what) => {
    try {
      await promise;
    } catch (error) {
      return connect.ConnectError.from(error);
    }
    throw new Error(`${what}: it did not fail`);
  };

  // Messages of Google's grpc-web, by hand: a text of up to 127 bytes in field 1.
  const encode = (text) => Uint8Array.from([0x0a, text.length, ...new TextEncoder().encode(text)]);
  const decode = (bytes) => new TextDecoder().decode(bytes.slice(2));
  const descriptor = (name, type) =>
    new grpcWeb.MethodDescriptor(`/calls.Calls/${name}`, type, Object, Object, encode, decode);

  return {
    async connect_web_calls(baseUrl) {
      for (const [what, transport] of Object.entries(transports(baseUrl))) {
        const client = connect.createClient(calls, transport);
        const seen = {};
        const note = await client.decorate({ text: 'tea' }, {
          headers: { 'x-sent': 'sent' },
          onHeader: (headers) => { seen.headers = ['x-seen', 'x-plain', 'protod-rule'].map((name) => headers.get(name)); },
          onTrailer: (trailers) => { seen.trailer = trailers.get('x-last'); },
        });
        equal(note.text, 'tea!', what);
        equal(seen.headers.slice(0, 2), ['sent', 'first'], what);
        if (!seen.headers[2].includes('calls.rules.yaml')) throw new Error(`${what}: ${seen.headers[2]}`);
        equal(seen.trailer, 'after tea', what);

        const error = await failure(client.refuse({ text: 'tea' }), what);
        equal([error.code, error.rawMessage], [connect.Code.FailedPrecondition, 'no tea today, ¿verdad?'], what);
        equal(error.metadata.get('x-reason'), 'closed', what);
        const { details, metadata } = await failure(client.fail({ text: 'tea' }), what);
        equal(details.map(({ type }) => type), ['google.rpc.ErrorInfo'], what);
        equal(metadata.get('x-request-id'), 'tea-1', what);
      }
    },

    async connect_web_cancels_and_gives_up(baseUrl) {
      for (const [what, transport] of Object.entries(transports(baseUrl))) {
        const client = connect.createClient(calls, transport);
        const controller = new AbortController();
        const texts = [];
        const cancelled = await failure((async () => {
          for await (const { text } of client.linger({ text: what }, { signal: controller.signal })) {
            texts.push(text);
            controller.abort();
          }
        })(), what);
        equal([texts, cancelled.code], [[what], connect.Code.Canceled], what);
        const late = await failure((async () => {
          for await (const { text } of client.linger({ text: what }, { timeoutMs: 200 })) texts.push(text);
        })(), what);
        equal([texts, late.code], [[what, what], connect.Code.DeadlineExceeded], what);
      }
    },

    async grpc_web_calls(baseUrl) {
      for (const format of ['binary', 'text']) {
        const client = new grpcWeb.GrpcWebClientBase({ format });
        const call = (name, text, metadata) => client.thenableCall(
          `${baseUrl}/calls.Calls/${name}`, text, metadata, descriptor(name, grpcWeb.MethodType.UNARY),
        );
        equal(await call('Decorate', 'tea', { 'x-sent': 'sent' }), 'tea!', format);
        const error = await call('Refuse', 'tea', {}).then(() => null, (refused) => refused);
        equal([error.code, error.message], [9, 'no tea today, ¿verdad?'], format);
        equal(error.metadata['x-reason'], 'closed', format);
      }
      // Only its text can be read while it comes.
      const client = new grpcWeb.GrpcWebClientBase({ format: 'text' });
      const stream = client.serverStreaming(
        `${baseUrl}/calls.Calls/Linger`, 'tea', {}, descriptor('Linger', grpcWeb.MethodType.SERVER_STREAMING),
      );
      const first = await new Promise((resolve, reject) => {
        stream.on('data', resolve);
        stream.on('error', reject);
      });
      equal(first, 'tea', 'the first of a stream');
      stream.cancel();
    },
  };
};
