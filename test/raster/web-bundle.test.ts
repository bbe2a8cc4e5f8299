// What a page has to load to open scenes.
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile, type OutputFile } from 'esbuild';
import { root } from '../support/index.js';

/** Bytes, compressed, of all that is loaded before a scene is opened. */
const BUDGET = 45_000;

interface Bundle {
  readonly outputs: Metafile['outputs'];
  readonly files: readonly OutputFile[];
}

const bundle = async (): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(root, 'raster/dist/web.js')],
    absWorkingDir: root,
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser', // fails on a module of Node
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { outputs: metafile.outputs, files: outputFiles };
};

/** The files that are loaded with one of them at once. */
function loadedWith(outputs: Metafile['outputs'], file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind } of outputs[file]!.imports)
    if (kind === 'import-statement') loadedWith(outputs, path, found);
  return found;
}

describe('The entry for browsers', () => {
  it('is bundled without anything of Node, under its budget, with heavy things apart', async () => {
    const { outputs, files } = await bundle();
    const [entry] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === 'raster/dist/web.js')!;
    const loaded = loadedWith(outputs, entry);
    const bytes = files
      .filter(({ path }) => loaded.has(relative(root, path)))
      .map(({ contents }) => gzipSync(contents).length)
      .reduce((sum, length) => sum + length, 0);
    assert.ok(bytes > 10_000 && bytes < BUDGET, `${bytes} bytes`);
    const inputsOf = (names: Iterable<string>) => [...names].flatMap((name) => Object.keys(outputs[name]!.inputs));
    const at = inputsOf(loaded);
    const later = inputsOf(Object.keys(outputs).filter((name) => !loaded.has(name)));
    assert.ok(at.some((input) => input.endsWith('tiff/read.js')));
    for (const apart of ['zstddec', 'zarr/read.js', 'matlab.js', 'enmap.js']) {
      assert.ok(!at.some((input) => input.includes(apart)), apart);
      assert.ok(
        later.some((input) => input.includes(apart)),
        apart,
      );
    }
    for (const absent of ['h5wasm', 'hdf5/', 'yauzl', '/tar/', 'proj4', 'node-'])
      assert.ok(![...at, ...later].some((input) => input.includes(absent)), absent);
  });
});
