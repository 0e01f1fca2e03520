// Runs one case of a script: node SCRIPT ADDRESS CASE. A case throws if what it finds is wrong.
'use strict';

const LIMIT = 20_000; // milliseconds, for what should happen at once

/** Runs the case that the command line names, and says that it passed. */
exports.run = async (cases, limit = LIMIT) => {
  const [address, name] = process.argv.slice(2);
  const late = setTimeout(() => { throw new Error(`${name} did not end in ${limit} ms`); }, limit);
  await cases[name](address);
  clearTimeout(late);
  console.log(`${name}: ok`);
  process.exit(); // the libraries leave their connections open
};
