// npm run bench:scale [-- --rounds 3 --scenes FOLDER --peers FOLDER]
// The ENVI scene of bench:infer (1212 x 1128 x 224 int16), and its lines repeated 4 and 16 times (12 GB on disk while it runs): peak memory should
// stay, and time grow as the area.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, table } from './statistics.js';
import { prepare, SCENE_OPTIONS, timeInference } from './timed.js';

const { values } = parseArgs({ options: SCENE_OPTIONS });
const LINES = 1212;
const within = (file: string): string => join(values.scenes, file);
const model = prepare(values.scenes, join(values.peers, 'bin/python')).float;

/** Some megabytes at a time: the memory of this process counts as that of those it starts. */
function append(to: string, from: string): void {
  const [reading, writing, piece] = [openSync(from, 'r'), openSync(to, 'a'), new Uint8Array(2 ** 23)];
  for (let size = -1; size !== 0; ) {
    size = readSync(reading, piece);
    writeSync(writing, piece, 0, size);
  }
  closeSync(reading);
  closeSync(writing);
}

/** Waits until a file is on the disk: writing it would slow down who reads it. */
function settle(file: string): void {
  const handle = openSync(file, 'r+');
  fsyncSync(handle);
  closeSync(handle);
}

/** The header of the scene with its lines repeated. */
function repeat(times: number): string {
  const [data, header] = [`scaled-${times}.bil`, `scaled-${times}.hdr`].map(within) as [string, string];
  const source = within('scene-envi-bil.bil');
  if (!existsSync(data) || statSync(data).size !== times * statSync(source).size) {
    copyFileSync(source, data);
    for (let i = 1; i < times; i++) append(data, source);
    settle(data);
  }
  const text = readFileSync(within('scene-envi-bil.hdr'), 'utf8');
  writeFileSync(header, text.replace(/^lines *= *\d+/m, `lines = ${times * LINES}`));
  return header;
}

const rows: string[][] = [];
let first: { seconds: number; rss: number } | undefined;
for (const times of [1, 4, 16]) {
  const scene = repeat(times);
  const usages = Array.from({ length: Number(values.rounds) }, () =>
    timeInference(scene, model, { map: within('scaled.tif') }),
  );
  for (const file of [`scaled-${times}.bil`, `scaled-${times}.hdr`, 'scaled.tif'])
    rmSync(within(file), { force: true });
  const seconds = median(usages.map((usage) => usage.seconds));
  const rss = Math.max(...usages.map((usage) => usage.rss));
  first ??= { seconds, rss };
  rows.push([
    `${times}`,
    seconds.toFixed(2),
    (seconds / times / first.seconds).toFixed(2),
    rss.toFixed(0),
    (rss / first.rss).toFixed(2),
  ]);
}
console.log(table(['area', 'seconds, median', 'seconds for the area / those of 1', 'peak MB', '/ that of 1'], rows));
