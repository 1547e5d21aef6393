#!/usr/bin/env node
// Compiles UpgradeOperator by solc alone and writes UpgradeOperator.json, so that nobody needs a tool
// chain to deploy it; `--check` says whether the committed one is what the source gives.
// `--input` prints solc's standard input, for block explorers and for repeating this elsewhere.
const fs = require('node:fs');
const path = require('node:path');
const solc = require('solc');
const { keccak_256: keccak256 } = require('js-sha3');

const root = __dirname;
const file = path.join(root, 'UpgradeOperator.json');
const minDelay = 48 * 3600;

const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  remappings: ['@openzeppelin/=node_modules/@openzeppelin/'],
};

// Every source by its path below this folder, found by following the imports.
function sources(name, found = {}) {
  if (found[name]) return found;
  const content = fs.readFileSync(path.join(root, name), 'utf8');
  found[name] = { content };
  for (const [, target] of content.matchAll(/^import [^;"]*"([^"]+)";/gm)) {
    const from = target.startsWith('.') ? path.join(path.dirname(name), target) : `node_modules/${target}`;
    sources(from, found);
  }
  return found;
}

const input = {
  language: 'Solidity',
  sources: sources('src/UpgradeOperator.sol'),
  settings: {
    ...settings,
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode', 'evm.methodIdentifiers', 'storageLayout'] } },
  },
};

// The code as it lies on the chain: the immutable minDelay filled in.
function runtimeCode({ object, immutableReferences }) {
  const code = Buffer.from(object, 'hex');
  for (const { start, length } of Object.values(immutableReferences).flat())
    Buffer.from(minDelay.toString(16).padStart(2 * length, '0'), 'hex').copy(code, start);
  return code;
}

function build() {
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors || []).filter((e) => e.severity === 'error');
  if (errors.length) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  const { abi, evm, storageLayout } = output.contracts['src/UpgradeOperator.sol'].UpgradeOperator;
  const plain = (inputs) => inputs.map((i) => (i.type.startsWith('tuple') ? `(${plain(i.components)})${i.type.slice(5)}` : i.type)).join(',');
  const signed = (type) => abi.filter((e) => e.type === type).map((e) => `${e.name}(${plain(e.inputs)})`);
  const hashed = (type, n) => Object.fromEntries(signed(type).map((s) => [s, keccak256(s).slice(0, n)]));
  return {
    contract: 'UpgradeOperator',
    compiler: solc.version(),
    settings,
    min_delay: minDelay,
    min_delay_at: Object.values(evm.deployedBytecode.immutableReferences).flat().map(({ start }) => start),
    runtime_code_hash: `0x${keccak256(runtimeCode(evm.deployedBytecode))}`,
    storage: storageLayout.storage.map(({ label, slot, offset, type }) => ({
      label, slot: Number(slot), offset, bytes: Number(storageLayout.types[type].numberOfBytes),
    })),
    functions: evm.methodIdentifiers,
    events: hashed('event', 64),
    errors: hashed('error', 8),
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    runtime_code: `0x${runtimeCode(evm.deployedBytecode).toString('hex')}`,
  };
}

// A line per member, and per item of a list: a change of the contract is a readable change here.
function text(artifact) {
  const members = Object.entries(artifact).map(([key, value]) => {
    if (!Array.isArray(value) && typeof value !== 'object') return `  "${key}": ${JSON.stringify(value)}`;
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    const items = Array.isArray(value)
      ? value.map((v) => JSON.stringify(v))
      : Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`);
    return `  "${key}": ${open}\n    ${items.join(',\n    ')}\n  ${close}`;
  });
  return `{\n${members.join(',\n')}\n}\n`;
}

if (process.argv.includes('--input')) {
  fs.writeSync(1, `${JSON.stringify(input, null, 1)}\n`);
} else {
  const now = text(build());
  if (!process.argv.includes('--check')) {
    fs.writeFileSync(file, now);
  } else if (fs.readFileSync(file, 'utf8') !== now) {
    console.error('contracts/UpgradeOperator.json is not what the source gives: run contracts/build.cjs');
    process.exit(1);
  }
}
