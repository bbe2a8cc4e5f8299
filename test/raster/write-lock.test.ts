// Two writers and one file: real processes, since only they can be gone.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RasterError } from '@egunet/raster';
import { createMapFile } from '@egunet/raster/node';
import { root, skipUntested, temporaryFolder } from '../support/index.js';

const options = {
  rows: 4,
  cols: 4,
  sampleType: 'float32' as const,
  bands: [{ name: 'a' }],
  format: 'cog' as const,
  identity: { work: 1 },
};

/** Opens the file of its argument, says what came of it and stands still, holding it. */
const WRITER = `
import { createMapFile } from ${JSON.stringify(join(root, 'raster/dist/node.js'))};
try {
  await createMapFile(process.argv[1], ${JSON.stringify(options)});
  console.log('holds');
} catch (error) {
  console.log(error.message);
}
setInterval(() => {}, 1000);`;

describe('A file that is being written', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'map.tif');
  const part = `${path}.part`;
  const locks = () => (existsSync(part) ? readdirSync(part).filter((name) => name.startsWith('lock')) : []);
  const busy = (pid: number | undefined) => (error: RasterError) => {
    assert.equal(error._tag, 'RasterError');
    const said = `map.tif.part: process ${pid} on ${hostname()} is writing here; wait for it or choose another output (if it is gone, delete ${part}/lock,${pid},`;
    assert.ok(error.message.includes(said), error.message);
    return true;
  };
  const children: ChildProcess[] = [];

  /** A process that tries to write the file, and what it said. */
  async function writer(): Promise<{ child: ChildProcess; said: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [said] = await once(child.stdout!, 'data');
    return { child, said: String(said).trim() };
  }
  async function kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  }
  /** Writes the whole file. */
  async function finish(): Promise<void> {
    const file = await createMapFile(path, options);
    await file.writeWindow({ row: 0, col: 0, rows: 4, cols: 4 }, new Float32Array(16));
    await file.close();
    assert.deepEqual(readdirSync(folder), ['map.tif']);
  }

  afterEach(async () => {
    await Promise.all(children.splice(0).map(kill));
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  });

  it('is refused to another process, which leaves it alone, until the first one is killed', async () => {
    const first = await writer();
    assert.equal(first.said, 'holds');
    const before = readdirSync(part);
    await assert.rejects(createMapFile(path, options), busy(first.child.pid));
    await assert.rejects(createMapFile(path, { ...options, identity: { work: 2 } }), busy(first.child.pid));
    assert.deepEqual(readdirSync(part), before);
    await kill(first.child);
    assert.equal(locks().length, 1);
    await finish();
  });

  it('goes to just one of many that come at once, also where a killed one left its lock', async () => {
    await kill((await writer()).child);
    const writers = await Promise.all(Array.from({ length: 6 }, writer));
    const holders = writers.filter(({ said }) => said === 'holds');
    assert.equal(holders.length, 1, writers.map(({ said }) => said).join('\n'));
    assert.deepEqual(
      locks().map((name) => Number(name.split(',')[1])),
      [holders[0]!.child.pid],
    );
  });

  it('is refused to the same process a second time, and free again once it is stopped', async () => {
    const file = await createMapFile(path, options);
    await assert.rejects(createMapFile(path, options), busy(process.pid));
    await file.stop();
    assert.deepEqual(readdirSync(folder), []);
    await finish();
  });

  describe('whose lock tells of', () => {
    const gone = () => spawnSync(process.execPath, ['-e', '']).pid;
    const left = (name: string) => {
      rmSync(part, { recursive: true, force: true });
      mkdirSync(part);
      writeFileSync(join(part, name), '');
    };

    it('a process on another host is respected', async () => {
      left(`lock,${gone()},1,elsewhere`);
      await assert.rejects(createMapFile(path, options), /on elsewhere is writing here/);
      assert.equal(locks().length, 1);
    });

    it('a process that began without a time is respected while one of that number runs, and else taken over', async () => {
      left(`lock,${process.ppid},,${hostname()}`);
      await assert.rejects(createMapFile(path, options), busy(process.ppid));
      left(`lock,${gone()},,${hostname()}`);
      await finish();
    });

    it('a former process of the same number is taken over', async function () {
      if (!existsSync('/proc/self/stat')) skipUntested(this, 'no /proc tells of other processes');
      for (const pid of [process.pid, process.ppid]) {
        left(`lock,${pid},1,${hostname()}`);
        await finish();
        rmSync(path);
      }
    });
  });

  it('goes to other work where a killed process had finished no tile, and left half of what it is', async () => {
    mkdirSync(part);
    writeFileSync(join(part, 'journal'), '');
    writeFileSync(join(part, 'work.json'), '{"work":');
    await finish();
  });
});
