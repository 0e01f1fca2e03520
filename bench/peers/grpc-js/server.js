// The bench's services on Node's dynamic server: .proto text read at start by @grpc/proto-loader, handlers by name.
// Answers are those of bench.rules.yaml and proto/*.rules.yaml. Log lines at INFO are off, as on the other servers.
'use strict';

const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const root = path.join(__dirname, '..', '..', '..');
const definition = loader.loadSync(['stream.proto', 'search.proto', 'bench.proto'], {
  includeDirs: [path.join(root, 'proto'), path.join(root, 'bench', 'proto')],
  keepCase: true, longs: Number, enums: String, defaults: true,
});
const { proto, bench } = grpc.loadPackageDefinition(definition);

const point = (name, value) => ({ pt: { name, value } });
const end = (chunk) => chunk.offset + chunk.data.length;
const receipt = (order) => ({
  order_id: order.id, symbol: order.symbol, side: order.side, filled: order.quantity,
  amount: order.price * order.quantity, currency: order.currency, venue: order.venue,
  text: `accepted ${order.quantity} ${order.symbol}`,
});

// Writes `count` answers, and waits whenever the transport is full.
function writeAll(call, count, answer) {
  let n = 0;
  const next = () => {
    while (n < count) if (!call.write(answer(n++))) return call.once('drain', next);
    call.end();
  };
  next();
}

// One answer for each message, with the same patience.
function answerEach(call, answer) {
  call.on('data', (message) => {
    if (!call.write(answer(message))) {
      call.pause();
      call.once('drain', () => call.resume());
    }
  });
  call.on('end', () => call.end());
}

const server = new grpc.Server();
server.addService(proto.StreamService.service, {
  List: (call) => writeAll(call, 7, (n) => point(call.request.pt.name, call.request.pt.value + n)),
  Record: (call, done) => {
    call.on('data', () => {});
    call.on('end', () => done(null, point('gRPC Stream Server: Record', 1)));
  },
  Route: (call) => {
    let n = 0;
    call.write(point('gPRC Stream Client: Route', 0));
    answerEach(call, () => point('gPRC Stream Client: Route', ++n));
  },
});
server.addService(proto.SearchService.service, {
  Search: (call, done) => done(null, { response: `${call.request.request} Server` }),
});
server.addService(bench.BenchService.service, {
  List: (call) => writeAll(call, call.request.count, (n) => point(call.request.pt.name, call.request.pt.value + n)),
  Trade: (call) => answerEach(call, receipt),
  Place: (call, done) => done(null, receipt(call.request)),
  Echo: (call) => answerEach(call, (chunk) => ({ offset: end(chunk), data: chunk.data })),
  Upload: (call, done) => {
    let offset = 0;
    call.on('data', (chunk) => { offset = end(chunk); });
    call.on('end', () => done(null, { offset }));
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.error(`grpc-js listening on 127.0.0.1:${port}`);
});
