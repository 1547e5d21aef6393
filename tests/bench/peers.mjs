// peers.mjs MODULES FOLDER SECONDS - how often per second of processor time the two packages of
// tests/peers verify the quote of FOLDER, with nothing kept between. One line of JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder, seconds] = [path.resolve(process.argv[2]), process.argv[3], Number(process.argv[4])];
const js = createRequire(path.join(modules, 'package.json'))('@phala/dcap-qvl').QuoteVerifier.newProd();
const webFolder = path.join(modules, 'node_modules/@phala/dcap-qvl-web');
const web = await import(pathToFileURL(path.join(webFolder, 'dcap-qvl-web.js')));
web.initSync({ module: readFileSync(path.join(webFolder, 'dcap-qvl-web_bg.wasm')) });

const quote = readFileSync(path.join(folder, 'quote.bin'));
const collateral = JSON.parse(readFileSync(path.join(folder, 'collateral.json'), 'utf8'));
const now = JSON.parse(readFileSync(path.join(folder, 'meta.json'), 'utf8')).verification_time_unix;

function used() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

// The first half second is for the compiler.
function rate(verify) {
  let began = 0;
  let done = 0;
  for (const start = used(); used() < start + 0.5 + seconds; done++) {
    if (!began && used() > start + 0.5) [began, done] = [used(), 0];
    if (verify().status !== 'UpToDate') throw new Error('a quote is refused: nothing was measured');
  }
  return done / (used() - began);
}

console.log(JSON.stringify({
  js: rate(() => js.verify(quote, collateral, now)),
  web: rate(() => web.js_verify(quote, collateral, BigInt(now))),
}));
