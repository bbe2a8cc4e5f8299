// The public names of each package, as committed in exports.json: a change of it is a change of the contract.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/index.js';

const entries = [
  '@egunet/models',
  '@egunet/models/card',
  '@egunet/models/check',
  '@egunet/models/distribution',
  '@egunet/models/least-squares',
  '@egunet/export',
  '@egunet/raster',
  '@egunet/raster/node',
  '@egunet/raster/system-reason',
  '@egunet/raster/url',
  '@egunet/raster/web',
  '@egunet/raster/web-map',
  '@egunet/train',
  '@egunet/infer',
  '@egunet/infer-node',
  '@egunet/infer-web',
  '@egunet/infer-web/maplibre',
  '@egunet/infer-web/openlayers',
  '@egunet/fixtures',
];
const snapshot = join(root, 'test/structure/exports.json');

describe('public exports', () => {
  it('are the committed ones (EGUNET_UPDATE=1 writes them anew)', async () => {
    const actual: Record<string, string[]> = {};
    for (const entry of entries) actual[entry] = Object.keys(await import(entry)).sort();
    if (process.env.EGUNET_UPDATE) writeFileSync(snapshot, `${JSON.stringify(actual, null, 2)}\n`);
    assert.deepEqual(actual, JSON.parse(readFileSync(snapshot, 'utf8')));
  });
});
