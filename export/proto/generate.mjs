// Makes src/generated/onnx.js (static code, no reflection at run time) and onnx-types.d.ts from onnx.proto, with
// protobufjs-cli:  node export/proto/generate.mjs [OUTPUT FOLDER]
// Only the messages that a graph of operators needs are generated; fields of other messages are left out.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Messages kept, with the nested types kept in each. */
const KEEP = {
  Version: [],
  AttributeProto: ['AttributeType'],
  ValueInfoProto: [],
  NodeProto: [],
  ModelProto: [],
  StringStringEntryProto: [],
  GraphProto: [],
  TensorProto: ['DataType'],
  TensorShapeProto: ['Dimension'],
  TypeProto: ['Tensor'],
  OperatorSetIdProto: [],
};

const HEADER = `// Made by proto/generate.mjs from proto/onnx.proto (ONNX, Apache-2.0); do not edit.\n`;

/** The schema of `onnx.proto` as protobufjs JSON, without what KEEP leaves out. */
function reducedSchema() {
  const schema = protobuf.loadSync(join(here, 'onnx.proto')).toJSON();
  const { nested } = schema.nested.onnx;
  const gone = removeExcept(nested, Object.keys(KEEP));
  for (const [name, kept] of Object.entries(KEEP)) {
    const goneInside = [...gone, ...removeExcept(nested[name].nested ?? {}, kept)];
    for (const message of [nested[name], ...kept.map((inner) => nested[name].nested[inner])])
      removeFields(message, goneInside);
  }
  return schema;
}

/** Removes all but the entries named; returns the names of the removed. */
function removeExcept(entries, names) {
  const gone = Object.keys(entries).filter((name) => !names.includes(name));
  for (const name of gone) delete entries[name];
  return gone;
}

/** Removes the fields of a message whose type is gone, and their mention in a oneof. */
function removeFields(message, gone) {
  for (const [name, field] of Object.entries(message.fields ?? {})) {
    if (!gone.includes(field.type)) continue;
    delete message.fields[name];
    for (const group of Object.values(message.oneofs ?? {})) group.oneof = group.oneof.filter((one) => one !== name);
  }
}

function run(tool, args) {
  const script = join(dirname(require.resolve('protobufjs-cli/package.json')), 'bin', tool);
  const result = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${tool} failed:\n${result.stderr}`);
}

/** Writes both files into `folder`. */
function generate(folder) {
  const temporary = mkdtempSync(join(tmpdir(), 'onnx-proto-'));
  try {
    const json = join(temporary, 'onnx.json');
    writeFileSync(json, JSON.stringify(reducedSchema()));
    const options = ['-t', 'static-module', '-w', 'esm', '--dependency', 'protobufjs/minimal.js', '-r', 'egunet-onnx'];
    const lean = ['--no-verify', '--no-convert', '--no-delimited', '--no-typeurl', '--no-service', '--force-number'];
    const commented = join(temporary, 'commented.js'); // the types are read from its comments
    const bare = join(temporary, 'bare.js');
    const types = join(temporary, 'types.d.ts');
    run('pbjs', [...options, ...lean, '-o', commented, json]);
    run('pbjs', [...options, ...lean, '--no-comments', '-o', bare, json]);
    run('pbts', ['--no-comments', '-o', types, commented]);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'onnx.js'), HEADER + readFileSync(bare, 'utf8'));
    // The generated types import 'long' for 64-bit fields, which --force-number has made plain numbers.
    const declarations = readFileSync(types, 'utf8').replace(/^import Long = require\("long"\);\n/m, '');
    writeFileSync(join(folder, 'onnx-types.d.ts'), HEADER + declarations);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

generate(resolve(process.argv[2] ?? join(here, '..', 'src', 'generated')));
