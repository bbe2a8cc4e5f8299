// The zoo's own files on the tiles of Potsdam, by the command line, as a user would.
import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { COVER_CLASSES } from './cover-library.js';
import { coverOf } from './cover-points.js';
import type { PotsdamScene } from './potsdam-scene.js';
import { dataFolder } from './scenes.js';
import { egunet, run } from './timed.js';

/** Cover of each point in the map that `egunet infer TILES --model zoo:NAME` writes. */
export async function coverByZoo(name: string, { points, cols }: PotsdamScene): Promise<number[]> {
  const images = join(dataFolder, 'enmap-potsdam/images');
  const tiles = readdirSync(images).flatMap((file) => (file.endsWith('.tif') ? [join(images, file)] : []));
  const folder = await mkdtemp(join(tmpdir(), 'egunet-cover-'));
  const map = join(folder, 'cover.tif');
  try {
    run(process.execPath, [egunet, 'infer', ...tiles, '--model', `zoo:${name}`, '-o', map]);
    const scene = await openScene(map);
    const { rows } = scene;
    const bands = COVER_CLASSES.map((_, c) => c);
    const { data } = await scene.readWindow({ row: 0, col: 0, rows, cols: scene.cols }, bands);
    const same = scene.cols === cols;
    await scene.close();
    if (!same) throw new Error(`the map has ${scene.cols} columns, the scene ${cols}`);
    const C = bands.length;
    return coverOf(points.flatMap(({ pixel }) => [...data.subarray(pixel * C, (pixel + 1) * C)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
