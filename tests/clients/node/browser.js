// Web clients in a browser: node browser.js ADDRESS CASE. A page of another port runs a case of web_cases.js, or a page of a
// foreign origin is refused. The browser is the one that PROTOD_BROWSER names.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { run } = require('./cases.js');

const modules = process.env.NODE_PATH;

/** Where the modules of the packages are, for a page: by the names by which they import each other. */
const imports = () => {
  const map = {};
  for (const name of ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web']) {
    const { exports } = JSON.parse(readFileSync(path.join(modules, name, 'package.json')));
    for (const [entry, target] of Object.entries(exports)) {
      let file = target.import ?? target.default ?? target;
      while (typeof file === 'object') file = file.import ?? file.default;
      if (typeof file === 'string') map[path.posix.join(name, entry)] = path.posix.join('/modules', name, file);
    }
  }
  return map;
};

/** A CommonJS file as a module. */
const asModule = (file) => `const exports = {}, module = { exports };\n${readFileSync(file)}\nexport default module.exports;`;

const PAGE = `<!doctype html>
<script type="importmap">${JSON.stringify({ imports: imports() })}</script>
<script type="module">
  import * as connect from '@connectrpc/connect';
  import * as web from '@connectrpc/connect-web';
  import * as protobuf from '@bufbuild/protobuf';
  import * as wkt from '@bufbuild/protobuf/wkt';
  import grpcWeb from '/grpc-web.js';
  import webCases from '/web_cases.js';
  window.cases = webCases({ connect, web, protobuf, wkt, grpcWeb });
</script>`;

/** Serves the page and its modules; returns the port. */
const servePage = async () => {
  const files = {
    '/': ['text/html', () => PAGE],
    '/grpc-web.js': ['text/javascript', () => asModule(path.join(modules, 'grpc-web/index.js'))],
    '/web_cases.js': ['text/javascript', () => asModule(path.join(__dirname, 'web_cases.js'))],
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const [type, read] = files[pathname]
      ?? ['text/javascript', () => readFileSync(path.join(modules, path.posix.normalize(pathname).replace('/modules/', '')))];
    try {
      const body = read();
      response.writeHead(200, { 'content-type': type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
  return server.address().port;
};

/** Opens the page at a host and gives it to `test`. */
const inPage = async (host, test) => {
  const port = await servePage();
  const browser = await chromium.launch({
    executablePath: process.env.PROTOD_BROWSER,
    // Containers have no sandbox of their own to give.
    args: ['--no-sandbox', '--host-resolver-rules=MAP foreign.example 127.0.0.1'],
  });
  const page = await browser.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(`http://${host}:${port}/`);
  await page.waitForFunction(() => window.cases, null, { timeout: 10_000 }).catch((error) => {
    throw new Error(`${error}: ${said.join('\n')}`);
  });
  await test(page, said);
  await browser.close();
};

const runCase = (name) => (address) => inPage('127.0.0.1', (page) => page.evaluate(
  ([name, baseUrl]) => window.cases[name](baseUrl),
  [name, `http://${address}`],
));

run({
  connect_web_calls: runCase('connect_web_calls'),
  connect_web_cancels_and_gives_up: runCase('connect_web_cancels_and_gives_up'),
  grpc_web_calls: runCase('grpc_web_calls'),

  async foreign_pages_are_refused(address) {
    await inPage('foreign.example', async (page, said) => {
      for (const name of ['connect_web_calls', 'grpc_web_calls']) {
        const failed = await page.evaluate(
          ([name, baseUrl]) => window.cases[name](baseUrl).then(() => null, String),
          [name, `http://${address}`],
        );
        assert.notEqual(failed, null, name);
      }
      const refusals = said.filter((line) => line.includes('blocked by CORS policy'));
      assert.ok(refusals.length >= 2, said.join('\n'));
    });
  },
});
