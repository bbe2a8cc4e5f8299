// npm run bench:infer [-- --rounds 3 --layouts bip-deflate-512,envi-bil --scenes FOLDER --peers FOLDER]
// An EnMAP-sized scene (1128 x 1212 x 224 int16, 25 % NoData) in four layouts, unmixed by egunet and by every reader of
// ../shared/peers/infer_python.py: same model file, same machine, whole processes, in turn. The scenes take 1.8 GB; they are made once.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inRange, median, table } from './statistics.js';
import {
  inTurn,
  LAYOUT_OPTIONS,
  LAYOUTS,
  lastLine,
  peerScripts,
  prepare,
  run,
  timeInference,
  type Usage,
} from './timed.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({ options: LAYOUT_OPTIONS });

const python = join(values.peers, 'bin/python');
const within = (file: string): string => join(values.scenes, file);

interface Contender {
  readonly name: string;
  readonly rival: boolean;
  measure(): Usage;
}

const ours = (name: string, scene: string, model: string): Contender => ({
  name,
  rival: false,
  measure: () => timeInference(scene, model, { map: within('ours.tif') }),
});

/** Writes a plain tiled GeoTIFF unless asked for a cloud-optimised one, which only `egunet` always writes. */
const theirs = (
  reader: string,
  scene: string,
  { model, cog = false }: { model: string; cog?: boolean },
): Contender => ({
  name: `Python, ${reader}${cog ? ', COG' : ''}`,
  rival: !cog,
  measure() {
    const args = [join(peerScripts, 'infer_python.py'), scene, within('theirs.tif'), '--model', model];
    const { seconds, stdout } = run(python, [...args, '--reader', reader, ...(cog ? ['--cog'] : [])]);
    const { cpu_s, peak_rss_mb } = JSON.parse(lastLine(stdout));
    return { seconds, cpu: cpu_s, rss: peak_rss_mb };
  },
});

const models = prepare(values.scenes, python);
const rows: string[][] = [];
const floors: string[][] = [];
for (const layout of values.layouts.split(',')) {
  const { file, python: data = file } = LAYOUTS[layout]!;
  const contenders = [
    ours('egunet', within(file), models.float),
    ours('egunet, int8', within(file), models.int8),
    ours('egunet, ss', within(file), models.spatial),
    theirs('tifffile', within(data), { model: models.float }),
    theirs('rasterio', within(data), { model: models.float }),
    theirs('tifffile', within(data), { model: models.float, cog: true }),
  ];
  console.error(layout);
  const all = inTurn(
    Number(values.rounds),
    contenders,
    ({ seconds, cpu }) => `${seconds.toFixed(2)} s, ${cpu.toFixed(1)} CPU s`,
  );
  const parts = JSON.parse(
    lastLine(run(process.execPath, [local('infer-parts.js'), within(file), models.float]).stdout),
  ) as { pixels: number; valid: number; reading: number; running: number };
  const wall = all.map((usages) => median(usages.map(({ seconds }) => seconds)));
  const best = Math.min(...wall.filter((_, i) => contenders[i]!.rival));
  for (const [i, { name }] of contenders.entries()) {
    const of = (key: keyof Usage) => all[i]!.map((usage) => usage[key]);
    rows.push([
      layout,
      name,
      inRange(of('seconds'), 2),
      (parts.pixels / 1e6 / wall[i]!).toFixed(3),
      median(of('cpu')).toFixed(1),
      Math.max(...of('rss')).toFixed(0),
      (best / wall[i]!).toFixed(2),
    ]);
  }
  const floor = (parts.reading + parts.running) / cpus().length;
  floors.push([
    layout,
    parts.reading.toFixed(2),
    parts.running.toFixed(2),
    (median(all[0]!.map(({ cpu }) => cpu)) - parts.reading - parts.running).toFixed(2),
    floor.toFixed(2),
    `${((100 * floor) / wall[0]!).toFixed(0)} %`,
  ]);
}
console.log(
  `1128 x 1212 pixels, 25 % of them NoData, 224 bands of int16, 5 endmembers. ${cpus().length} x ${cpus()[0]!.model}.`,
);
console.log(
  table(
    ['layout', 'program', 'seconds: median (least to most)', 'Mpixel/s', 'CPU s', 'peak MB', 'speed / best Python'],
    rows,
  ),
);
console.log(
  '\nWhere the processor time of egunet (float32) goes, and the floor: reading and running alone, spread over all cores.',
);
console.log(
  table(['layout', 'reading, CPU s', 'model, CPU s', 'all else, CPU s', 'floor, s', 'share of the floor'], floors),
);
