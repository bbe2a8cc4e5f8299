// What a page has to download before it unmixes, beside onnxruntime-web.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../support/index.js';

/** Own code, gzip: the page's side, and the worker with the readers of all formats. */
const MOST_OWN_BYTES = 60_000;
/** What writes maps, gzip, besides code that reads scenes, too. */
const MOST_WRITER_BYTES = 10_000;
/** What is there before the first scene is opened, with the libraries in it, gzip. */
const MOST_FIRST_BYTES = 65_000;

/** The module that is loaded when a map is exported. */
const WRITER = 'export-map';
/** Those that are loaded with a spatial model. */
const SPATIAL = ['halo-check', 'unmix-spatial', 'edges'];

const folder = join(root, 'infer/web/bundle');
const zipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

/** A file and those that it imports before it runs. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(folder, file), 'utf8');
  for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) withImports(name!, found);
  return found;
}

describe('the library for pages', () => {
  it(`has less than ${MOST_OWN_BYTES / 1000} kB of own code besides what writes maps and what spatial models need`, async () => {
    const { outputFiles } = await build({
      entryPoints: ['index', 'worker'].map((name) => join(root, `infer/web/dist/${name}.js`)),
      external: [
        'onnxruntime-web/*',
        'proj4',
        'saxes',
        'zstddec',
        ...[WRITER, ...SPATIAL].map((name) => `*/${name}.js`),
      ],
      bundle: true,
      splitting: true,
      format: 'esm',
      minify: true,
      write: false,
      outdir: folder,
    });
    const bytes = outputFiles.reduce((sum, { contents }) => sum + zipped(contents), 0);
    assert.ok(bytes < MOST_OWN_BYTES, `${bytes} bytes`);
  });

  it(`takes less than ${MOST_FIRST_BYTES / 1000} kB at first: rare decoders and reference systems come when they are needed`, () => {
    const first = [...new Set([...withImports('index.js'), ...withImports('worker.js')])];
    const bytes = first.reduce((sum, file) => sum + zipped(readFileSync(join(folder, file))), 0);
    assert.ok(bytes < MOST_FIRST_BYTES, `${bytes} bytes`);
    for (const later of ['zstddec', WRITER, ...SPATIAL]) {
      assert.ok(readdirSync(folder).some((file) => file.startsWith(later)));
      assert.ok(!first.some((file) => file.startsWith(later)));
    }
  });

  it(`takes less than ${MOST_WRITER_BYTES / 1000} kB more to write maps`, () => {
    const files = readdirSync(folder).filter((file) => file.startsWith(`${WRITER}-`));
    assert.equal(files.length, 1);
    const bytes = zipped(readFileSync(join(folder, files[0]!)));
    assert.ok(bytes < MOST_WRITER_BYTES, `${bytes} bytes`);
  });
});
