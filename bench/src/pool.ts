// npm run bench:pool [-- --rounds 3 --scenes FOLDER --peers FOLDER]
// Training on 1, 2, 4, 16 and 64 scenes, each of them the ENVI scene of bench:infer (1212 x 1128 x 224 int16, 584 MB) by a link: peak memory should
// stay, and time grow with what is read. Then the same again, from what was kept of them.
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, table } from './statistics.js';
import { prepare, SCENE_OPTIONS, TEN_THOUSAND, timeCommand } from './timed.js';

const { values } = parseArgs({ options: SCENE_OPTIONS });
prepare(values.scenes, join(values.peers, 'bin/python'));
const folder = join(values.scenes, 'pool');
const trained = join(values.scenes, 'pool-run');

/** A folder of so many scenes. */
function makePool(scenes: number): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (let s = 0; s < scenes; s++)
    for (const ending of ['bil', 'hdr'])
      linkSync(join(values.scenes, `scene-envi-bil.${ending}`), join(folder, `${s}.${ending}`));
}

const train = () =>
  timeCommand(['train', folder, '-o', trained, '--count', '5', '--epochs', '1', '--overwrite', ...TEN_THOUSAND]);

const rows: string[][] = [];
for (const scenes of [1, 2, 4, 16, 64]) {
  makePool(scenes);
  const usages = Array.from({ length: Number(values.rounds) }, () => {
    rmSync(trained, { recursive: true, force: true });
    return { first: train(), again: train() };
  });
  const seconds = (which: 'first' | 'again') => median(usages.map((usage) => usage[which].seconds)).toFixed(1);
  const rss = Math.max(...usages.flatMap(({ first, again }) => [first.rss, again.rss]));
  rows.push([`${scenes}`, seconds('first'), scenes === 1 ? '' : seconds('again'), rss.toFixed(0)]);
}
for (const made of [folder, trained]) rmSync(made, { recursive: true, force: true });
console.log(table(['scenes', 'seconds, median', 'seconds, again', 'peak MB'], rows));
