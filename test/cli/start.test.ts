import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOFTWARE_VERSION } from '@egunet/infer';
import { root, temporaryFolder } from '../support/index.js';
import { binary } from './support.js';

describe('the program starts', () => {
  const base = temporaryFolder();

  /** What the launcher loads in a tree where the bundle, and what was compiled, are so many seconds old. */
  function loaded(ages: { bundle?: number; raster?: number }): string {
    const folder = mkdtempSync(join(base, 'tree-'));
    const write = (file: string, text: string, secondsOld = 0) => {
      const path = join(folder, file);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
      const then = Date.now() / 1000 - secondsOld;
      utimesSync(path, then, then);
    };
    const main = (name: string) => `export const main = async () => { console.log('${name}'); return 0; };`;
    cpSync(binary, join(folder, 'cli/bin/egunet.js'), { recursive: true });
    write('cli/package.json', '{"type": "module"}');
    write('cli/dist/main.js', main('separate files'));
    write('cli/dist/.tsbuildinfo', '', 100);
    if (ages.raster !== undefined) write('raster/dist/.tsbuildinfo', '', ages.raster);
    if (ages.bundle !== undefined) write('cli/bundle/main.js', main('bundle'), ages.bundle);
    const { stdout, stderr } = spawnSync(process.execPath, ['cli/bin/egunet.js'], { cwd: folder, encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.trim();
  }

  it('from the bundle, where nothing was compiled after it', () => {
    assert.equal(loaded({ bundle: 10 }), 'bundle');
    assert.equal(loaded({ bundle: 10, raster: 20 }), 'bundle');
  });

  it('from the separate files, where the bundle is older than one of its sources or absent', () => {
    assert.equal(loaded({ bundle: 10, raster: 5 }), 'separate files');
    assert.equal(loaded({ bundle: 200 }), 'separate files');
    assert.equal(loaded({}), 'separate files');
  });

  it('with the same version in every package, and the one that maps tell: the bundle tells its own', () => {
    const rooms = [
      '',
      'cli',
      'models',
      'export',
      'raster',
      'train',
      'infer/core',
      'infer/node',
      'infer/web',
      'fixtures',
    ];
    const versions = rooms.map((room) => JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8')).version);
    assert.deepEqual([...new Set(versions)], [SOFTWARE_VERSION]);
  });

  it('with the licences of what the bundle holds', () => {
    const text = readFileSync(join(root, 'cli/bundle/LICENCES.txt'), 'utf8');
    for (const name of ['yargs', 'saxes', 'tar', 'yauzl', 'proj4', 'zstddec'])
      assert.match(text, new RegExp(`^${name} \\d`, 'm'));
    const bundled = readdirSync(join(root, 'cli/bundle')).filter((file) => file.endsWith('.js'));
    assert.ok(bundled.includes('main.js') && bundled.includes('worker.js'));
  });
});
