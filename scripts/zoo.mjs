// Trains the models of the zoo: npm run zoo [NAME...]. Spectra: earthlib (MIT) from EGUNET_DATA; water: three curves. The same machine makes the same bytes.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COVER_CLASSES, LEVELS, ROOFS, WATER, water } from '../bench/dist/cover-library.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const earthlib = resolve(root, process.env.EGUNET_DATA ?? '../shared/data', 'earthlib');
const zoo = process.env.EGUNET_ZOO ? resolve(process.env.EGUNET_ZOO) : join(root, 'models/zoo');
/** 2026-11-23, so that the files say the same whenever they are made. */
const SOURCE_DATE_EPOCH = '1795392000';

const SENSORS = {
  'enmap-cover': 'enmap',
  'emit-cover': 'emit',
  'prisma-cover': 'prisma',
  'sentinel2-cover': 'sentinel-2',
  'landsat8-cover': 'landsat-8',
};
/** Which of earthlib's classes become which, and the water beside them. */
const CLASSES = COVER_CLASSES.map((name, c) => `${LEVELS[c] ?? name}=${name}`).join(',');
/** nm: where all of the library's sources are sound. */
const BANDS = '460-2400';
const LICENCE =
  'earthlib 1.1.0: MIT, Copyright (c) 2023 Christopher Anderson (LICENSE-earthlib); water: three synthetic curves of this project';
/** Of each model; what was compared with the ground is said of the one that was. */
const LIMITS_OF_USE = (name) =>
  [
    'surface reflectance by day, clouds masked; snow, burned ground, shade and materials that the library lacks are given to its classes all the same',
    name === 'enmap-cover'
      ? 'vegetation was compared with 148 points of one scene (docs/cover.md), soil, built, dry vegetation and water with nothing on the ground'
      : 'compared with nothing on the ground',
  ].join('; ');
/** int8 costs these models more than models of a scene: their first layer standardises. */
const LIMITS = ['--max-mean-error', '0.01', '--max-error', '0.2'];

/** earthlib's own table with the class in LEVEL_2; built counts as two sources, roofs and ground. */
function writeClasses(folder) {
  const [, ...lines] = readFileSync(join(earthlib, 'spectra.csv'), 'utf8').trim().split(/\r?\n/);
  const rows = lines.map((line) => {
    const [name, , level2, level3, , , , source] = line.split(',');
    return [name, level2, level2 !== 'built' ? source : ROOFS.includes(level3) ? 'roofs' : 'ground'].join(',');
  });
  writeFileSync(join(folder, 'earthlib-classes.csv'), `name,class,source\n${rows.join('\n')}\n`);
  const nm = Array.from({ length: 206 }, (_, i) => 400 + 10 * i);
  const curves = WATER.map((curve, i) => [`water ${i + 1}`, ...nm.map((at) => water(at, curve).toFixed(5))].join(','));
  writeFileSync(join(folder, 'water.csv'), `name,${nm.join(',')}\n${curves.join('\n')}\n`);
  const ofWater = WATER.map((_, i) => `water ${i + 1},water,synthetic`);
  writeFileSync(join(folder, 'water-classes.csv'), `name,class,source\n${ofWater.join('\n')}\n`);
}

function egunet(args, cwd) {
  const { status } = spawnSync(process.execPath, [join(root, 'cli/bin/egunet.js'), ...args], {
    ...{ cwd, stdio: 'inherit' },
    env: { ...process.env, SOURCE_DATE_EPOCH },
  });
  if (status !== 0) throw new Error(`egunet ${args.join(' ')} failed`);
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SENSORS);
const folder = mkdtempSync(join(tmpdir(), 'egunet-zoo-'));
try {
  writeClasses(folder);
  copyFileSync(join(earthlib, 'spectra.sli'), join(folder, 'earthlib.sli'));
  copyFileSync(join(earthlib, 'spectra.sli.hdr'), join(folder, 'earthlib.sli.hdr'));
  mkdirSync(zoo, { recursive: true });
  for (const name of names) {
    if (!SENSORS[name]) throw new Error(`${name}: there are ${Object.keys(SENSORS).join(', ')}`);
    const libraries = ['--library', 'earthlib.sli,water.csv', '--classes', 'earthlib-classes.csv,water-classes.csv'];
    const how = [
      '--class-names',
      CLASSES,
      '--sensor',
      SENSORS[name],
      '--bands',
      BANDS,
      '--threads',
      '1',
      '--seed',
      '1',
      '--licence',
      LICENCE,
      '--limits',
      LIMITS_OF_USE(name),
    ];
    egunet(['train', ...libraries, ...how, '-o', name], folder);
    egunet(['export', name, '-o', join(zoo, `${name}.onnx`), '--overwrite'], folder);
    egunet(
      ['export', name, '-o', join(zoo, `${name}-int8.onnx`), '--precision', 'int8', ...LIMITS, '--overwrite'],
      folder,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
