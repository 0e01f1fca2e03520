// A server of protos/tea with its admin service, and the console of it in a browser.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { chromium } = require('playwright-core');

/** Where screenshots are kept. */
const SHOTS = path.join(__dirname, '../../../target/console');

/** How long something may take that should happen at once, in milliseconds. */
const SOON = 60_000;

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const post = async (port, method, request, headers = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  return response.json();
};

/** Starts a server; `ports` are those of another one whose place it takes. */
const serve = async (flags = [], ports = { data: 0, admin: 0 }, folder = mkdtempSync(path.join(tmpdir(), 'tea-'))) => {
  cpSync(path.join(__dirname, '../protos/tea'), folder, { recursive: true });
  const args = ['serve', '--addr', `127.0.0.1:${ports.data}`, '--admin-addr', `127.0.0.1:${ports.admin}`, ...flags, '.'];
  const child = spawn(process.env.PROTOD_BIN, args, {
    cwd: folder,
    env: { ...process.env, PROTOD_NO_CACHE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = [];
  const found = {};
  const lines = createInterface(child.stderr);
  await new Promise((listening, fail) => {
    lines.on('line', (line) => {
      said.push(line);
      const [, what, port] = line.match(/^protod (listening|admin) on 127\.0\.0\.1:(\d+)/) ?? [];
      if (what) found[what] = Number(port);
      if (found.listening && found.admin) listening();
    });
    child.on('exit', (code) => fail(new Error(`protod ended with ${code}:\n${said.join('\n')}`)));
  });
  const ended = new Promise((end) => { child.on('exit', end); });
  return {
    folder,
    ports: { data: found.listening, admin: found.admin },
    origin: `http://127.0.0.1:${found.admin}`,
    /** Calls a method of the server as a client does, and returns the answer or the error. */
    call: (method, request, headers = {}) => post(found.listening, method, request, headers),
    /** Calls a method of its admin service. */
    admin: (method, request) => post(found.admin, `protod.admin.v1.AdminService/${method}`, request),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
    async end() {
      await this.stop();
      rmSync(folder, { recursive: true });
    },
  };
};

/** A console in a browser, which must load nothing from elsewhere and complain of nothing. */
class Console {
  static async open(server, options = {}) {
    const browser = await chromium.launch({
      executablePath: process.env.PROTOD_BROWSER,
      // Containers have no sandbox of their own to give.
      args: ['--no-sandbox'],
    });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(SOON);
    const page = await context.newPage();
    return new Console(server, browser, page);
  }

  constructor(server, browser, page) {
    Object.assign(this, { server, browser, page, complaints: [] });
    /** Whether the server may be away. */
    this.mayBeAway = false;
    const complain = (text) => this.complaints.push(text);
    page.on('console', (message) => {
      // The browser tells of each call that fails; those of the service are the view's to tell.
      const isOfService = message.location().url.startsWith(`${server.origin}/protod.admin.v1.AdminService/`);
      const isRefused = isOfService && /responded with a status of/.test(message.text());
      const isAway = isOfService && this.mayBeAway && /net::ERR_/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !isRefused && !isAway) complain(message.text());
    });
    page.on('pageerror', (error) => complain(error.stack));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== server.origin) complain(`a request to ${request.url()}`);
    });
  }

  /** Opens a view by its address, as in `calls/7`. */
  async go(view) {
    await this.page.goto(`${this.server.origin}/#/${view}`);
  }

  async shot(name) {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  /** Fails if axe-core finds anything on the page. */
  async isAccessible(name) {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`);
    assert.deepEqual(found, [], name);
  }

  /** Presses keys, one after the other. */
  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Goes on with Tab until this has the focus. */
  async tabTo(locator) {
    for (let step = 0; step < 100; step += 1) {
      if (await locator.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not reach ${locator}`);
  }

  /** Ends it; whatever the page complained of is a failure. */
  async close() {
    await this.browser.close();
    assert.deepEqual(this.complaints, []);
  }
}

/** Opens a stream of a method of tea.Kitchen by gRPC. */
const open = (server, method) => {
  const { tea } = grpc.loadPackageDefinition(loader.loadSync(path.join(__dirname, '../protos/tea/tea.proto')));
  const client = new tea.Kitchen(`127.0.0.1:${server.ports.data}`, grpc.credentials.createInsecure());
  const stream = client[method]();
  const messages = [];
  const heard = new EventEmitter();
  stream.on('data', (message) => {
    messages.push(message);
    heard.emit('message');
  });
  // Its end is told by its status.
  stream.on('error', () => {});
  stream.ended = new Promise((end) => { stream.on('status', ({ code, details }) => end({ code, details })); });
  /** Waits for a message. */
  stream.received = async (isWanted) => {
    while (!messages.some(isWanted)) await once(heard, 'message');
    return messages.find(isWanted);
  };
  return stream;
};

module.exports = { Console, open, serve };
