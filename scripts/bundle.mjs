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

/** What yargs lays out its help texts with: three tables of Unicode that take longer to set up than all the rest of it. Our help texts are our own. */
const LAYOUT = /^(cliui|string-width)$/;
const withoutLayout = {
  name: 'without-layout',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LAYOUT }, ({ path }) => ({ path, namespace: 'layout' }));
    onLoad({ filter: LAYOUT, namespace: 'layout' }, ({ path }) => ({
      contents: `export default () => { throw new Error('${path} is not in the bundle'); };`,
    }));
  },
};

/** Bundles an entry point; returns the names of the files that it read and those that it made. */
async function bundle(entryPoints) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: APART,
    plugins: [withoutLayout],
    minifyWhitespace: true, // names stay as they are, for stack traces
    metafile: true,
    logLevel: 'warning',
    // Packages in the older format ask for Node's modules by require().
    banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
  });
  return { read: Object.keys(metafile.inputs), made: Object.keys(metafile.outputs).map((file) => basename(file)) };
}

// Apart from each other: threads share no modules with the command line, and few files are found sooner than many.
const bundles = [await bundle({ main: 'cli/dist/main.js' }), await bundle({ worker: 'infer/node/dist/worker.js' })];
const LICENCES = 'LICENCES.txt';
writeFileSync(join(folder, LICENCES), licences(bundles.flatMap(({ read }) => read)).join(`\n${'-'.repeat(80)}\n`));
const made = new Set([LICENCES, ...bundles.flatMap(({ made }) => made)]);
for (const file of readdirSync(folder)) if (!made.has(file)) rmSync(join(folder, file)); // of an earlier bundle
