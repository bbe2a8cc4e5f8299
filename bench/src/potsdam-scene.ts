// Real EnMAP pixels of Potsdam with points of vegetation cover. Legend: N pixels, row by row; B bands.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { usableBands } from '@egunet/train';
import { dataFolder, type SceneInMemory } from './scenes.js';

/** A pixel whose vegetation cover is known, with some error. */
export interface CoverPoint {
  /** row * cols + col */
  readonly pixel: number;
  /** 0 to 1 */
  readonly cover: number;
}

export interface PotsdamScene extends SceneInMemory {
  /** nm [B] */
  readonly wavelengths: readonly number[];
  readonly points: readonly CoverPoint[];
}

const SIDE = 32; // pixels of a tile
const PIXEL = 30; // metres
/** nm: water vapour and what lies beyond 2400 nm is noise in this product. */
const EXCLUDED = [
  [1340, 1460],
  [1790, 1970],
  [2400, 2500],
] as const;

/** Twelve tiles on their common grid; between them there is no data. */
export async function potsdam(): Promise<PotsdamScene> {
  const folder = join(dataFolder, 'enmap-potsdam');
  const names = readdirSync(join(folder, 'images')).filter((name) => name.endsWith('.tif'));
  const tiles = await Promise.all(names.map((name) => openScene(join(folder, 'images', name))));
  try {
    const { bands: used } = await usableBands(tiles[0]!, { exclude: EXCLUDED });
    const corners = tiles.map(({ georeference }) => [georeference!.affine[2], georeference!.affine[5]] as const);
    const left = Math.min(...corners.map(([x]) => x));
    const top = Math.max(...corners.map(([, y]) => y));
    const places = corners.map(([x, y]) => ({ row: (top - y) / PIXEL, col: (x - left) / PIXEL }));
    const rows = Math.max(...places.map(({ row }) => row)) + SIDE;
    const cols = Math.max(...places.map(({ col }) => col)) + SIDE;
    const bands = used.length;
    const spectra = new Float32Array(rows * cols * bands);
    const valid = new Uint8Array(rows * cols);
    for (const [i, tile] of tiles.entries()) {
      const read = await tile.readSpectra({ row: 0, col: 0, rows: SIDE, cols: SIDE }, used);
      for (let r = 0; r < SIDE; r++) {
        const at = (places[i]!.row + r) * cols + places[i]!.col;
        spectra.set(read.spectra.subarray(r * SIDE * bands, (r + 1) * SIDE * bands), at * bands);
        valid.set(read.valid.subarray(r * SIDE, (r + 1) * SIDE), at);
      }
    }
    const wavelengths = used.map((band) => tiles[0]!.bands[band]!.wavelength!);
    const points = readPoints(folder).flatMap(({ x, y, cover }) => {
      const [row, col] = [Math.floor((top - y) / PIXEL), Math.floor((x - left) / PIXEL)];
      const inside = row >= 0 && row < rows && col >= 0 && col < cols;
      return inside && valid[row * cols + col] ? [{ pixel: row * cols + col, cover }] : [];
    });
    return { name: 'Potsdam', rows, cols, bands, spectra, valid, wavelengths, points };
  } finally {
    await Promise.all(tiles.map((tile) => tile.close()));
  }
}

/** The points of the GeoPackage, in metres of the tiles' reference system; read by GDAL. */
function readPoints(folder: string): { x: number; y: number; cover: number }[] {
  const path = join(folder, 'veg-cover-fraction_potsdam_point.gpkg');
  const csv = execFileSync('ogr2ogr', ['-f', 'CSV', '/vsistdout/', path, '-lco', 'GEOMETRY=AS_XY'], {
    encoding: 'utf8',
  });
  const [header, ...lines] = csv.trim().split('\n');
  const column = (name: string) => header!.split(',').indexOf(name);
  return lines.map((line) => {
    const cells = line.split(',').map((cell) => Number(cell.replaceAll('"', '')));
    return { x: cells[column('X')]!, y: cells[column('Y')]!, cover: cells[column('vegetation_fraction')]! };
  });
}
