// Unmixing that is stopped or killed, and asked for again.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireGdal, requireProgram, run, temporaryFolder } from '../support/index.js';
import { snapshot } from '../support/maps.js';
import { onTerminal } from './running.js';
import { aTileIn, binary, egunet, interrupted, journalBytes, makeLargeScene, succeed } from './support.js';

const KILLS = 30;
const [ROWS, COLS] = [900, 600]; // four tiles of the map

/** Bytes of the map's tile at its right edge, before compression: a third of the map is more. */
const NARROW_TILE = 512 * (COLS - 512) * 3 * 4;

/** Longer than a go takes, ms. */
const A_WHILE = 3000;

/** Shares in [0, 1) from a seed (Park and Miller 1988). */
function* sharesFrom(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 48271) % 2147483647;
    yield state / 2147483647;
  }
}

describe('an unmixing that is interrupted', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const output = join(folder, 'map.tif');
  const part = `${output}.part`;
  const args = ['infer', 'large.img', '-m', 'model.onnx', '-o', 'map.tif', '--tile', '128', '--workers', '2'];
  let whole: Buffer;

  before(function () {
    requireGdal(this);
    makeLargeScene(folder, { rows: ROWS, cols: COLS });
    succeed([...args, '--overwrite'], folder);
    whole = readFileSync(output);
    rmSync(output);
  });

  /** Starts it and kills it once its journal holds so many bytes, or after so many ms; resolves to whether it was killed before it had ended. */
  async function killAt(
    bytes: number,
    { time = Number.POSITIVE_INFINITY, command = args, of = part } = {},
  ): Promise<boolean> {
    const until = Date.now() + time;
    const { code, signal } = await interrupted([binary, ...command], {
      cwd: folder,
      when: () => journalBytes(of) >= bytes || Date.now() >= until,
      by: 'SIGKILL',
    });
    if (signal !== 'SIGKILL') assert.equal(code, 0);
    return signal === 'SIGKILL';
  }

  /** The map is complete: it is the undisturbed one, and goes away. */
  function takeMap(): void {
    assert.ok(readFileSync(output).equals(whole));
    if (existsSync(part)) {
      // It was killed before the tiles were gone: they are now, and where they were whole, the map was made of them again.
      const { code, stderr } = egunet(args, folder);
      assert.ok(code === 0 || /map\.tif: exists already/.test(stderr), stderr);
    }
    assert.ok(readFileSync(output).equals(whole) && !existsSync(part));
    rmSync(output);
  }

  it(`ends with the same bytes wherever it is killed, ${KILLS} times`, async () => {
    const shares = sharesFrom(7);
    let wentOn = 0;
    for (let kills = 0; kills < KILLS; ) {
      const held = journalBytes(part);
      if (held > 0) wentOn++;
      // The journal becomes about as large as the map. Every third time, whatever it is doing.
      const bytes = held + shares.next().value * (whole.length - held);
      if (await (kills % 3 === 0 ? killAt(Infinity, { time: shares.next().value * A_WHILE }) : killAt(bytes))) kills++;
      if (existsSync(output)) takeMap();
    }
    assert.ok(wentOn > KILLS / 4, `only ${wentOn} went on from finished tiles`);
    if (journalBytes(part) === 0) await killAt(whole.length / 2);
    const { keptPixels } = JSON.parse(succeed([...args, '--json'], folder).stdout);
    assert.ok(keptPixels > 0);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('map')),
      ['map.tif'],
    );
    const { size, bands } = JSON.parse(run('gdalinfo', ['-json', '-checksum', output]).replaceAll('nan', '"NaN"'));
    assert.deepEqual([size, bands.length], [[COLS, ROWS], 3]);
    takeMap();
  });

  for (const name of ['other.zarr', 'other.img'])
    it(`ends with the same bytes as ${name} too, and leaves nothing beside it`, async () => {
      const own = ['infer', 'large.img', '-m', 'model.onnx', '-o', name, '--tile', '128', '--workers', '2'];
      const files = () =>
        new Map(
          readdirSync(folder)
            .filter((file) => file.startsWith('other.'))
            .flatMap((top) =>
              [...snapshot(join(folder, top))].map(([file, bytes]) => [join(top, file), bytes] as const),
            ),
        );
      succeed(own, folder);
      const complete = files();
      const journal = join(folder, `${name}.part`);
      // The journal becomes somewhat smaller than the map that has overviews: the last is killed while it is put together, or is too late.
      for (const share of [0.2, 0.5, 0.74]) {
        for (const file of readdirSync(folder))
          if (file.startsWith('other.') && !file.endsWith('.part')) rmSync(join(folder, file), { recursive: true });
        await killAt(share * whole.length, { command: own, of: journal });
      }
      if (!existsSync(join(folder, name))) succeed(own, folder);
      assert.deepEqual(files(), complete);
      for (const file of readdirSync(folder))
        if (file.startsWith('other.')) rmSync(join(folder, file), { recursive: true });
    });

  it('by Ctrl-C before a tile of the map is finished leaves nothing', async () => {
    const outcome = await interrupted([binary, ...args, '--verbose'], { cwd: folder, when: /unmixing \d%/ });
    assert.equal(outcome.code, 130, outcome.stderr);
    assert.match(outcome.stderr, /\negunet: interrupted: no tile was finished; nothing is left behind\n$/);
    assert.ok(!existsSync(part) && !existsSync(output));
  });

  it('by Ctrl-C keeps its finished tiles and says how to go on', async () => {
    const { code, stdout, stderr } = await interrupted([binary, ...args, '--verbose'], {
      cwd: folder,
      when: aTileIn(part),
    });
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^egunet: stopping: finished tiles are kept \(Ctrl-C again quits at once\)$/m);
    assert.match(
      stderr,
      /\negunet: interrupted: finished tiles are kept in map\.tif\.part; the same command goes on from them\n$/,
    );
    assert.deepEqual(readdirSync(part).sort(), ['journal', 'work.json']);
    assert.ok(!existsSync(output));
    succeed(args, folder);
    takeMap();
  });

  it('tells, when it goes on, how far it was, and reckons by what is new', async function () {
    requireProgram(this, 'script', 'apt-get install bsdutils');
    const stopped = await onTerminal(args, { cwd: folder, when: aTileIn(part, NARROW_TILE) });
    assert.equal(stopped.code, 130, stopped.screen);
    assert.match(stopped.screen, /finished tiles are kept in map\.tif\.part/);
    cpSync(part, join(folder, 'kept'), { recursive: true });

    const { screen, code } = await onTerminal([...args, '--json'], { cwd: folder });
    assert.equal(code, 0, screen);
    const { keptPixels, pixels } = JSON.parse(/^\{$[\s\S]*/m.exec(screen.replaceAll('\r\n', '\n'))![0]);
    assert.ok(keptPixels > pixels / 3 && keptPixels < pixels);
    const shown = [...screen.replaceAll('\x1b[K', '|').matchAll(/\runmixing \[(=*) *\] (\d+)%([^|]*)/g)].map(
      ([, bar, percent, rest]) => ({
        bar: bar!.length,
        percent: Number(percent),
        rest: rest!,
      }),
    );
    const kept = keptPixels / pixels;
    assert.deepEqual(shown[0], { bar: Math.floor(24 * kept), percent: Math.floor(100 * kept), rest: '' });
    assert.match(shown.at(-1)!.rest, /^ in [\d.]+ s [\d.]+ Mpixel\/s$/);
    assert.deepEqual([shown.at(-1)!.bar, shown.at(-1)!.percent], [24, 100]);
    assert.ok(shown.every(({ percent }, i) => i === 0 || percent >= shown[i - 1]!.percent));
    takeMap();

    renameSync(join(folder, 'kept'), part);
    const { stdout, stderr } = succeed([...args, '--json', '--verbose'], folder);
    const summary = JSON.parse(stdout);
    assert.equal(summary.keptPixels, keptPixels);
    const fresh = (pixels - keptPixels) / 1e6;
    assert.ok(Math.abs(summary.megapixelsPerSecond * summary.seconds - fresh) < 1e-9);
    const told = [...stderr.matchAll(/^unmixing (\d+)% (ETA|in) ([\d.]+) s ([\d.]+) Mpixel\/s$/gm)];
    assert.ok(told.length > 3 && Number(told[0]![1]) > Math.floor(100 * kept), stderr);
    // What is left at the rate that is told takes the time that is told, as far as the digits say.
    for (const [line, percent, what, seconds, rate] of told) {
      const left = (share: number) => ((what === 'in' ? 1 - kept : 1 - share) * pixels) / 1e6;
      const [least, most] = [left((Number(percent) + 1) / 100), left(Number(percent) / 100)];
      const [time, speed] = [Number(seconds), Number(rate)];
      const slack = 0.1 * speed + 0.3 * most; // of the clocks, one of which starts a little later
      assert.ok(time * speed >= least - slack && time * speed <= most + slack, `${line}: ${least}..${most}`);
    }
    takeMap();
  });

  it('refuses to go on with other options, and says what differs', async () => {
    await killAt(whole.length / 3);
    const { code, stderr } = egunet([...args, '--dtype', 'uint8'], folder);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /map\.tif\.part: holds finished tiles of other work: sample type was "float32", is "uint8"; finish that, or remove the folder; --overwrite replaces it\n$/,
    );
    succeed(args, folder);
    takeMap();
  });
});
