// A process for each GPU. SwiftShader, a GPU in software, stands for two: each process has it for itself.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requireSwiftShader, root, run, temporaryFolder } from '../support/index.js';
import { onTerminal } from './running.js';
import { aTileIn, binary, egunet, interrupted, journalBytes, succeed, writeEnvi } from './support.js';

const model = join(root, 'fixtures/golden/infer/pixel.onnx');
/** The model's. */
const WAVELENGTHS = [450, 550, 650, 750, 990, 985, 1650, 2200];
/** Three tiles of the map, of few pixels: the GPU is slow. */
const [ROWS, COLS] = [1536, 2];

/** Bytes of a finished tile and the notes before it, less than two of them have. */
const A_TILE = 6000;

/** Processes of GPUs that work in this folder, in the order in which they were started. */
const processesIn = (folder: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return /device-process\.js/.test(command) && readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false; // it has just ended
      }
    })
    .sort((a, b) => a - b);

/** How long processes may take to notice that the main one has gone, ms. */
const PATIENCE = 30_000;

describe('egunet infer on several GPUs', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();
  const args = (scene: string, ids: string) =>
    `infer ${scene} -m ${model} -o map.tif --device webgpu --device-id ${ids} --tile 128 --workers 3`.split(' ');
  const two = args('scene.hdr', '0,0');
  const output = join(folder, 'map.tif');
  const part = `${output}.part`;
  let gpu: Record<string, string>;
  let whole: Buffer;

  /** Takes the map away. */
  function takeMap(): Buffer {
    const bytes = readFileSync(output);
    assert.ok(!existsSync(part));
    rmSync(output);
    return bytes;
  }

  /** The command, asked for again, goes on from finished tiles and ends with the undisturbed map. */
  function goesOn(): void {
    assert.ok(existsSync(part));
    const { stdout } = succeed([...two, '--json'], folder, gpu);
    assert.ok(JSON.parse(stdout).keptPixels > 0);
    assert.ok(takeMap().equals(whole));
  }

  async function assertAllEnd(): Promise<void> {
    for (const until = Date.now() + PATIENCE; processesIn(folder).length > 0; await setTimeout(50))
      assert.ok(Date.now() < until, 'processes of GPUs are left behind');
  }

  before(function () {
    gpu = requireSwiftShader(this);
    const value = (pixel: number, band: number) => (pixel % 11 === 3 ? -9999 : ((pixel * 37 + band * 101) % 997) / 997);
    for (const [name, first] of [
      ['scene', 0],
      ['other', 1],
    ] as const)
      writeEnvi(folder, name, {
        ...{ rows: ROWS, cols: COLS, wavelengths: WAVELENGTHS, noData: -9999 },
        value: (pixel, band) => value(pixel + first, band),
        mapInfo: `UTM, 1, 1, ${360_000 + 30 * first}, 5820000, 30, 30, 33, North, WGS-84`,
      });
    succeed(args('scene.hdr', '0'), folder, gpu);
    whole = takeMap();
  });

  it('writes the bytes that one GPU writes, and says where it was', async () => {
    const { stdout } = succeed(two, folder, gpu);
    assert.match(stdout, /^model .*, float32, on webgpu 0, 0$/m);
    assert.match(stdout, /, 3 workers$/m);
    assert.ok(takeMap().equals(whole));
    assert.deepEqual(processesIn(folder), []);
  });

  it('unmixes an archive that the main process has unpacked, and leaves nothing of it', () => {
    run('tar', ['-czf', join(folder, 'scene.tar.gz'), '-C', folder, 'scene.hdr', 'scene.img']);
    const cache = join(folder, 'cache');
    const packed = (ids: string) => {
      succeed(args('scene.tar.gz', ids), folder, { ...gpu, EGUNET_CACHE: cache });
      return takeMap();
    };
    assert.ok(packed('0,0').equals(packed('0')));
    assert.deepEqual(readdirSync(cache), []);
  });

  it('unmixes several scenes', () => {
    const both = (ids: string) => {
      succeed([...args('scene.hdr', ids), 'other.hdr'], folder, gpu);
      return takeMap();
    };
    assert.ok(both('0,0').equals(both('0')));
  });

  it('stopped by Ctrl-C, which every process is told of, keeps finished tiles and leaves no process', async () => {
    const { screen, code } = await onTerminal(two, { cwd: folder, env: gpu, when: aTileIn(part, A_TILE) });
    assert.equal(code, 130, screen);
    assert.match(screen, /interrupted: finished tiles are kept/);
    assert.deepEqual(processesIn(folder), []);
    goesOn();
  });

  it('is an error that names the GPU whose process ends; finished tiles are kept', async () => {
    const { code, stderr } = await interrupted([binary, ...two], {
      cwd: folder,
      env: gpu,
      when: () => {
        if (journalBytes(part) < A_TILE) return false;
        process.kill(processesIn(folder)[1]!, 'SIGKILL');
        return true;
      },
      by: 'SIGCONT', // means nothing to a program that runs
    });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^egunet: the process of webgpu 0 ended before its work was done \(SIGKILL\); run it again/m);
    assert.deepEqual(processesIn(folder), []);
    goesOn();
  });

  it('leaves no process when the main one is killed', async () => {
    const { signal } = await interrupted([binary, ...two], {
      cwd: folder,
      env: gpu,
      when: aTileIn(part, A_TILE),
      by: 'SIGKILL',
    });
    assert.equal(signal, 'SIGKILL');
    await assertAllEnd();
    goesOn();
  });

  it('that are not there is the error of one that is not there', () => {
    const none = { VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json' };
    const { code, stderr } = egunet(two, folder, none);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /cannot run the model on 'webgpu': .*; --device cpu runs it without, egunet doctor says what is missing$/m,
    );
    assert.ok(!existsSync(part) && !existsSync(output));
    assert.deepEqual(processesIn(folder), []);
  });
});
