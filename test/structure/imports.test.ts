// Who may import whom: the table of docs/design.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

/** Each room's folder, and the packages of this project that it may import. */
const rooms: [folder: string, allowed: string[]][] = [
  ['models', []],
  ['export', []],
  ['raster', []],
  [
    'train',
    [
      '@egunet/models',
      '@egunet/models/card',
      '@egunet/models/check',
      '@egunet/models/distribution',
      '@egunet/models/least-squares',
      '@egunet/export',
    ],
  ],
  ['infer/core', ['@egunet/models/card']],
  ['fixtures', ['@egunet/raster', '@egunet/raster/node']],
  [
    'infer/node',
    [
      '@egunet/infer',
      '@egunet/models/card',
      '@egunet/models/distribution',
      '@egunet/raster',
      '@egunet/raster/node',
      '@egunet/raster/system-reason',
      '@egunet/raster/url',
    ],
  ],
  [
    'infer/web',
    [
      '@egunet/infer',
      '@egunet/models/card',
      '@egunet/raster',
      '@egunet/raster/url',
      '@egunet/raster/web',
      '@egunet/raster/web-map',
    ],
  ],
];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules') && !file.includes('dist'))
    .map((file) => join(root, folder, file));
}

/** What a source imports: the quoted part of each `from '...'`, `import '...'` and `import('...')`. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

/** Every source that `entry` leads to by relative imports, with what it imports. */
function reachable(entry: string, found = new Map<string, string[]>()): Map<string, string[]> {
  if (found.has(entry)) return found;
  const names = importsOf(entry);
  found.set(entry, names);
  for (const name of names)
    if (name.startsWith('.') && !name.includes('/generated/'))
      reachable(join(entry, '..', name.replace(/\.js$/, '.ts')), found);
  return found;
}

const own = (name: string) => /^(@egunet\/|egunet$)/.test(name);

describe('imports', () => {
  for (const [folder, allowed] of rooms)
    it(`${folder} imports ${allowed.join(', ') || 'none of the others'}`, () => {
      for (const file of sources(`${folder}/src`))
        for (const name of importsOf(file).filter(own)) assert.ok(allowed.includes(name), `${file} imports ${name}`);
    });

  it('stay inside their room when relative', () => {
    for (const [folder] of rooms)
      for (const file of sources(`${folder}/src`))
        for (const name of importsOf(file).filter((n) => n.startsWith('.'))) {
          const target = join(file, '..', name);
          assert.ok(target.startsWith(join(root, folder, 'src')), `${file} imports ${name}`);
        }
  });

  it('of inference never lead to tfjs', () => {
    for (const folder of ['infer/core/src', 'infer/node/src', 'infer/web/src', 'raster/src'])
      for (const file of sources(folder))
        for (const name of importsOf(file)) assert.ok(!name.startsWith('@tensorflow/'), `${file} imports ${name}`);
    for (const file of ['card', 'check'])
      assert.deepEqual(
        importsOf(join(root, 'models/src', `${file}.ts`)).filter((name) => !name.startsWith('.')),
        [],
      );
  });

  it('of platform-free entries never lead to a module of Node', () => {
    for (const entry of [
      'raster/src/index.ts',
      'raster/src/web.ts',
      'infer/core/src/index.ts',
      'infer/web/src/index.ts',
      'infer/web/src/maplibre.ts',
      'infer/web/src/openlayers.ts',
      'infer/web/src/worker.ts',
      'models/src/index.ts',
      'export/src/index.ts',
    ])
      for (const [file, names] of reachable(join(root, entry)))
        for (const name of names) assert.ok(!name.startsWith('node:'), `${file} imports ${name}`);
  });

  it('never reach tests or benchmarks', () => {
    for (const folder of [...rooms.map(([name]) => `${name}/src`), 'cli/src', 'fixtures/src'])
      for (const file of sources(folder))
        for (const name of importsOf(file))
          assert.doesNotMatch(name, /(^|\/)(test|bench)\//, `${file} imports ${name}`);
  });
});
