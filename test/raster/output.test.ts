import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assertWritable, writeFiles } from '@egunet/raster/node';
import { systemReason } from '@egunet/raster/system-reason';
import { temporaryFolder } from '../support/index.js';
import { assertRefused } from './memory.js';

const content = new TextEncoder().encode('new');
const taken = { _tag: 'RasterError', message: /exists already.*; choose another name$/, remedy: 'overwrite' };

describe('An output path', () => {
  const folder = temporaryFolder();
  let cases = 0;
  /** A folder of its own with two folders in it: `a`, where the links are, and `b`, where they lead. */
  function place(): { a: string; b: string } {
    const own = join(folder, `case-${cases++}`);
    const [a, b] = [join(own, 'a'), join(own, 'b')];
    for (const path of [a, b]) mkdirSync(path, { recursive: true });
    return { a, b };
  }
  const write = (path: string, overwrite: boolean) => writeFiles([[path, content]], { overwrite });

  it('that is a link to nothing is taken, and written through where asked: the link stays', async () => {
    const { a, b } = place();
    const link = join(a, 'map.tif');
    symlinkSync('../b/real.tif', link);
    await assert.rejects(assertWritable(link), taken);
    await assert.rejects(write(link, false), { ...taken, message: `${link}: exists already, as a link to ../b/real.tif; choose another name` }); // biome-ignore format: one line says more
    assert.deepEqual([readdirSync(a), readdirSync(b)], [['map.tif'], []]);
    assert.equal(await assertWritable(link, { overwrite: true }), join(b, 'real.tif'));
    await write(link, true);
    assert.equal(readlinkSync(link), '../b/real.tif');
    assert.equal(readFileSync(join(b, 'real.tif'), 'utf8'), 'new');
    assert.ok(lstatSync(join(b, 'real.tif')).isFile());
    assert.deepEqual([readdirSync(a), readdirSync(b)], [['map.tif'], ['real.tif']], 'nothing else');
  });

  it('that is a link to a file, through other links and folders that are links, is written through too', async () => {
    const { a, b } = place();
    writeFileSync(join(b, 'real.tif'), 'old');
    symlinkSync(b, join(a, 'folder'));
    mkdirSync(join(b, 'inner'));
    symlinkSync('../real.tif', join(b, 'inner', 'second')); // relative to the folder it lies in, not to its name there
    symlinkSync('folder/inner/second', join(a, 'first'));
    await assert.rejects(write(join(a, 'first'), false), taken);
    await write(join(a, 'first'), true);
    assert.equal(readFileSync(join(b, 'real.tif'), 'utf8'), 'new');
    for (const link of [join(a, 'first'), join(b, 'inner', 'second')]) assert.ok(lstatSync(link).isSymbolicLink());
  });

  it('that leads into a folder that is absent, in a circle or to a folder is refused', async () => {
    const { a, b } = place();
    symlinkSync('../c/real.tif', join(a, 'astray'));
    symlinkSync('two', join(a, 'one'));
    symlinkSync('one', join(a, 'two'));
    symlinkSync(b, join(a, 'folder'));
    for (const [name, message] of [
      ['astray', new RegExp(`astray: cannot write into ${join(dirname(a), 'c')}: there is no such`)],
      ['one', /one: cannot write it: its links lead in a circle/],
      ['folder', /folder: is a folder; name a file in it/],
    ] as const)
      for (const overwrite of [true, false]) await assertRefused(() => write(join(a, name), overwrite), message);
    assert.deepEqual([readdirSync(a).sort(), readdirSync(b)], [['astray', 'folder', 'one', 'two'], []]);
  });

  it('is one of several that are written together or not at all', async () => {
    const { a } = place();
    const first = join(a, 'first.bin');
    await assertRefused(
      () =>
        writeFiles([
          [first, content],
          [join(a, 'missing/second.bin'), content],
        ]),
      /second\.bin: cannot write into/,
    );
    assert.deepEqual(readdirSync(a), []);
    await writeFiles([[first, content]]);
    await assertRefused(() => writeFiles([[first, content]]), /exists already; choose/);
    assert.deepEqual(readdirSync(a), ['first.bin']);
  });

  it('that is a device is refused, overwriting or not', async () => {
    for (const overwrite of [true, false])
      await assertRefused(() => write('/dev/null', overwrite), /\/dev\/null: is not a regular file/);
  });
});

describe("The system's reasons", () => {
  it('are told for the codes that a user can act on, and for no other error', () => {
    assert.match(
      systemReason(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))!,
      /disk is full; free some space/,
    );
    assert.equal(systemReason(Object.assign(new Error(), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
    for (const other of [new Error('x'), undefined, null, 'text', { code: 2 }]) assert.equal(systemReason(other), undefined); // biome-ignore format: one line says more
  });
});
