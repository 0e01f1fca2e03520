// connect-web in Node, whose fetch is the one of browsers: by Connect and by gRPC-Web.
'use strict';

const connect = require('@connectrpc/connect');
const web = require('@connectrpc/connect-web');
const protobuf = require('@bufbuild/protobuf');
const wkt = require('@bufbuild/protobuf/wkt');
const { run } = require('./cases.js');
const webCases = require('./web_cases.js');

const cases = webCases({ connect, web, protobuf, wkt });
run(Object.fromEntries(Object.entries(cases).map(([name, call]) => [name, (address) => call(`http://${address}`)])));
