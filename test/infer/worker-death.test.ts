// Worker threads that end before their work is done. What ends them is loaded by Node before anything else, in a process of its own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, temporaryFolder } from '../support/index.js';
import { writeEnvi } from './envi.js';
import { hashedSpectra, modelCard, modelPath } from './support.js';

const ENDS = {
  'that exits': 'process.exit(3)',
  'that throws': "throw new Error('out of something')",
};

describe('a worker thread', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const scene = join(folder, 'scene.hdr');
  const output = join(folder, 'map.tif');
  before(() => {
    const wavelengths = modelCard().bands.map(({ wavelength }) => wavelength!);
    const [rows, cols] = [600, 600];
    writeEnvi(scene, { rows, cols, wavelengths, fwhm: 10, noData: -1, data: hashedSpectra(rows * cols * 8) });
    writeFileSync(
      join(folder, 'infer.mjs'),
      `import { inferScene } from ${JSON.stringify(pathToFileURL(join(root, 'infer/node/dist/index.js')).href)};
const options = ${JSON.stringify({ scene, model: modelPath, output, workers: 2, tile: { rows: 20, cols: 20 } })};
const [times, scene] = process.argv.slice(2);
for (let i = 0; i < (times ?? 1); i++)
  await inferScene({ ...options, ...(scene && { scene }) }).catch(({ _tag, message }) => console.log(JSON.stringify({ _tag, message })));`,
    );
  });

  /** What inferring comes to in a process whose worker threads run `ending`. */
  function inferWith(ending: string) {
    const preloaded = join(folder, 'ending.mjs');
    writeFileSync(preloaded, `import { isMainThread } from 'node:worker_threads';\nif (!isMainThread) ${ending}\n`);
    const args = ['--import', pathToFileURL(preloaded).href, join(folder, 'infer.mjs')];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    return stdout === '' ? undefined : JSON.parse(stdout);
  }

  for (const [how, ending] of Object.entries(ENDS))
    for (const [when, act] of [
      ['as it starts', ending],
      ['at work', `setTimeout(() => { ${ending}; }, 300)`],
    ])
      it(`${how} ${when} ends the work with an error that says so`, () => {
        const { _tag, message } = inferWith(`{ ${act}; }`);
        assert.equal(_tag, 'InferError');
        const reason = how === 'that exits' ? 'worker exited with code: 3' : 'out of something';
        assert.equal(
          message,
          `a worker thread ended before its work was done: ${reason}; run it again, with fewer workers if memory is short`,
        );
        assert.ok(!existsSync(output));
      });

  it('that is not needed any more while it starts is waited for: ended then, it would take the process with it', () => {
    const times = 10;
    const args = [join(folder, 'infer.mjs'), String(times), join(folder, 'missing.hdr')];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .filter((line) => /missing\.hdr/.test(line)).length,
      times,
    );
  });

  it('that lives finishes what the others began', () => {
    assert.equal(inferWith('{}'), undefined);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('map')),
      ['map.tif'],
    );
  });
});
