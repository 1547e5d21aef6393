// verify.mjs MODULES < cases - what the two packages of package.json say to each case.
//
// A case is a line "folder<TAB>root", root the DER of the trust anchor or "-" for Intel's; the answer is
// a line of JSON per case: {"folder", "js", "web"}, each {"status", "advisories"} or {"refused"}.
// MODULES is the folder in which the packages are installed.
//
// The web package knows one root alone. For a test root the 64 bytes of the key inside its copy of
// Intel's certificate are replaced in memory: both roots have one name, and nothing else of it is read.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = path.resolve(process.argv[2]);
const require = createRequire(path.join(modules, 'package.json'));
const js = require('@phala/dcap-qvl');
const webFolder = path.join(modules, 'node_modules/@phala/dcap-qvl-web');
const wasm = readFileSync(path.join(webFolder, 'dcap-qvl-web_bg.wasm'));
const INTEL = Buffer.from('0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5' +
  '67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394', 'hex');

function keyOf(rootDer) {
  const spki = new X509Certificate(rootDer).publicKey.export({ type: 'spki', format: 'der' });
  return spki.subarray(spki.length - 64);
}

// A fresh instance each: one that has trapped cannot be used again.
let instances = 0;
async function webVerifier(rootDer) {
  const bytes = Buffer.from(wasm);
  const at = bytes.indexOf(INTEL);
  if (at < 0 || bytes.indexOf(INTEL, at + 1) >= 0) throw new Error('the root key is not there just once');
  if (rootDer) keyOf(rootDer).copy(bytes, at);
  const url = `${pathToFileURL(path.join(webFolder, 'dcap-qvl-web.js'))}?instance=${instances++}`;
  const web = await import(url);
  web.initSync({ module: bytes });
  return web;
}

const verifiers = new Map();
async function verifierOf(root) {
  if (!verifiers.has(root)) {
    const der = root === '-' ? null : readFileSync(root);
    verifiers.set(root, {
      js: der ? js.QuoteVerifier.newWithRootCa(der) : js.QuoteVerifier.newProd(),
      web: await webVerifier(der), der,
    });
  }
  return verifiers.get(root);
}

function answered(call) {
  try {
    const report = call();
    return { status: report.status, advisories: [...report.advisory_ids] };
  } catch (e) {
    return { refused: String(e?.cause?.message ?? e?.message ?? e), trap: e instanceof WebAssembly.RuntimeError };
  }
}

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [folder, root] = line.split('\t');
  const quote = readFileSync(path.join(folder, 'quote.bin'));
  const collateral = JSON.parse(readFileSync(path.join(folder, 'collateral.json'), 'utf8'));
  const now = JSON.parse(readFileSync(path.join(folder, 'meta.json'), 'utf8')).verification_time_unix;
  const verifier = await verifierOf(root);
  const out = { folder, js: answered(() => verifier.js.verify(quote, collateral, now)) };
  out.web = answered(() => verifier.web.js_verify(quote, collateral, BigInt(now)));
  if (out.web.trap) verifier.web = await webVerifier(verifier.der);
  console.log(JSON.stringify(out));
}
