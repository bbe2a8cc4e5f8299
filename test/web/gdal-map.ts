// Maps as GDAL has them. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { run } from '../support/index.js';

interface GdalBand {
  readonly description: string;
  readonly noDataValue: unknown;
  readonly overviews: unknown;
  readonly metadata?: { readonly ''?: Record<string, string> };
}

/** What GDAL tells of a map. `statistics` depend on the last bits of abundances. */
export function factsOf(path: string) {
  const { bands, metadata, size, geoTransform, coordinateSystem } = JSON.parse(run('gdalinfo', ['-json', path]));
  const pick = ({ description, noDataValue, overviews, metadata = {} }: GdalBand) => ({
    ...{ description, noDataValue, overviews },
    items: Object.keys(metadata[''] ?? {}),
  });
  return {
    facts: { size, geoTransform, coordinateSystem, metadata, bands: (bands as GdalBand[]).map(pick) },
    statistics: (bands as GdalBand[]).flatMap(({ metadata = {} }) => Object.values(metadata[''] ?? {}).map(Number)),
  };
}

/** What GDAL reads [rows, cols, C], of a window (first column, first row, columns, rows) where it is given. */
export function pixelsOf(path: string, srcwin: readonly number[] = []): Float32Array {
  const window = srcwin.length > 0 ? ['-srcwin', ...srcwin.map(String)] : [];
  const raw = `${path}.raw`;
  run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', ...window, path, raw]);
  const bytes = readFileSync(raw);
  rmSync(raw);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Values are the same within `limit`: runtimes round in their own ways. */
export function assertClose(got: Float32Array, expected: Float32Array, limit: number): void {
  assert.equal(got.length, expected.length);
  const far = got.findIndex((value, i) => !Object.is(value, expected[i]) && !(Math.abs(value - expected[i]!) <= limit));
  assert.equal(far, -1, `value ${far} is ${got[far]}, expected ${expected[far]}`);
}
