// Joins the compiled command line, and the worker threads of inference, into a few files: `cli/bundle/`. Node.js spends half a second on finding
// and reading two hundred modules, and each of its threads does it again. `cli/bin/egunet.js` falls back to the separate files where these are older.
// The library for browsers becomes `infer/web/bundle/`, the viewer's page `infer/web/viewer/dist/`.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { build as buildPage } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOR_COMMANDS = join(root, 'cli/bundle');
const FOR_PAGES = join(root, 'infer/web/bundle');

/** Native or WebAssembly beside their code, with threads of their own, or heavy and of few commands. */
const APART = [
  ...['onnxruntime-node', 'h5wasm', 'piscina', 'fast-png', 'vega', '@tensorflow/*', 'bullmq', 'ioredis'],
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

/** Bundles entry points as `options` say; returns the names of the files that it read and those that it made. */
async function bundle(entryPoints, options) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    splitting: true,
    format: 'esm',
    metafile: true,
    logLevel: 'warning',
    ...options,
  });
  return { read: Object.keys(metafile.inputs), made: Object.keys(metafile.outputs).map((file) => basename(file)) };
}

const FOR_NODE = {
  outdir: FOR_COMMANDS,
  platform: 'node',
  target: 'node20',
  external: APART,
  plugins: [withoutLayout],
  minifyWhitespace: true, // names stay as they are, for stack traces
  // Packages in the older format ask for Node's modules by require().
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
};

/** For pages without a bundler of their own. onnxruntime-web's files lie where the page says. */
const FOR_BROWSERS = {
  outdir: FOR_PAGES,
  platform: 'browser',
  target: 'es2022',
  external: ['onnxruntime-web/*'],
  minify: true,
};

const LICENCES = 'LICENCES.txt';

/** Adds the licences to a folder of bundles, and removes what is left there of earlier ones. */
function complete(folder, bundles) {
  const text = licences(bundles.flatMap(({ read }) => read)).join(`\n${'-'.repeat(80)}\n`);
  writeFileSync(join(folder, LICENCES), text);
  const made = new Set([LICENCES, ...bundles.flatMap((one) => one.made)]);
  for (const file of readdirSync(folder)) if (!made.has(file)) rmSync(join(folder, file));
}

// Apart from each other: threads share no modules with the command line, and few files are found sooner than many.
complete(FOR_COMMANDS, [
  await bundle({ main: 'cli/dist/main.js' }, FOR_NODE),
  await bundle({ worker: 'infer/node/dist/worker.js' }, FOR_NODE),
  await bundle({ 'device-process': 'infer/node/dist/device-process.js' }, FOR_NODE),
]);
complete(FOR_PAGES, [
  await bundle({ index: 'infer/web/dist/index.js', worker: 'infer/web/dist/worker.js' }, FOR_BROWSERS),
]);
const viewer = join(root, 'infer/web/viewer');
await buildPage({ root: viewer });
// Vite lists the licences of the page's own script; its worker has the library's.
copyFileSync(join(FOR_PAGES, LICENCES), join(viewer, 'dist', LICENCES));
