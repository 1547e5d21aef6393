#!/usr/bin/env node
// solc of npm (WebAssembly) with as much of the native compiler's command line as forge uses. Its own
// command line loses what goes beyond 64 KiB into a pipe.
const fs = require('node:fs');
const solc = require('solc');

function write(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

if (process.argv.includes('--version')) {
  write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else {
  write(solc.compile(fs.readFileSync(0, 'utf8')));
}
