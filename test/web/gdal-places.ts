// Places as GDAL converts them.
import { execFileSync } from 'node:child_process';

/** Places of a reference system in Web Mercator. */
export function onWebMercator(places: readonly (readonly [x: number, y: number])[], epsg: number): [number, number][] {
  const input = places.map((place) => `${place.join(' ')}\n`).join('');
  const args = ['-s_srs', `EPSG:${epsg}`, '-t_srs', 'EPSG:3857', '-output_xy'];
  const text = execFileSync('gdaltransform', args, { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number) as [number, number]);
}
