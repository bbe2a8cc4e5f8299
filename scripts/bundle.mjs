// Joins the compiled command line, and the worker threads of inference, into a few files: `cli/bundle/`. Node.js spends half a second on finding
// and reading two hundred modules, and each of its threads does it again. `cli/bin/egunet.js` falls back to the separate files where these are older.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'cli/bundle');

/** Native or WebAssembly beside their code, with threads of their own, or heavy and of few commands. */
const APART = [
  ...['onnxruntime-node', 'h5wasm', 'piscina', 'fast-png', 'vega', '@tensorflow/*'],
  ...['@egunet/train', '@egunet/export', '@egunet/fixtures'],
];

/** The licences of the packages whose code is in the bundle: they ask for it. */
function licences(files) {
  const packages = new Set(
    files.map((file) => file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter((found) => found),
  );
  return [...packages].sort().map((place) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, place)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version}, ${license}\n\n${file ? readFileSync(join(root, place, file), 'utf8').trim() : ''}\n`;
  });
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'cli/dist/main.js', worker: 'infer/node/dist/worker.js' },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: APART,
  minifyWhitespace: true, // names stay as they are, for stack traces
  metafile: true,
  logLevel: 'warning',
  // Packages in the older format ask for Node's modules by require().
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
});
const LICENCES = 'LICENCES.txt';
writeFileSync(join(folder, LICENCES), licences(Object.keys(metafile.inputs)).join(`\n${'-'.repeat(80)}\n`));
const made = new Set([LICENCES, ...Object.keys(metafile.outputs).map((file) => basename(file))]);
for (const file of readdirSync(folder)) if (!made.has(file)) rmSync(join(folder, file)); // of an earlier bundle
