import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeEnviImage } from '../support/envi.js';
import { root } from '../support/index.js';

/** The real program. */
export const binary = join(root, 'cli/bin/egunet.js');

/** What a command line came to. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `egunet` with these arguments in `cwd`, with `env` added to what is around it. */
export function egunet(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Outcome {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [binary, ...args], {
    ...{ cwd, encoding: 'utf8' },
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** As `egunet`, but throws what it says where it fails. */
export function succeed(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Outcome {
  const outcome = egunet(args, cwd, env);
  if (outcome.code !== 0) throw new Error(`egunet ${args.join(' ')}: exit code ${outcome.code}\n${outcome.stderr}`);
  return outcome;
}

/** What a program is stopped at: words on standard error, or what is found on disk. */
export type Moment = RegExp | (() => boolean);

/** Milliseconds between two looks. */
const LOOK_EVERY = 5;

/** Bytes of a journal of finished tiles: the notes on all windows take less, a tile takes more. */
const A_TILE = 2 ** 16;

/** Bytes of the journal of finished tiles in `part`; 0 where there is none, yet or any more. */
export const journalBytes = (part: string): number =>
  statSync(join(part, 'journal'), { throwIfNoEntry: false })?.size ?? 0;

/** The moment at which `part` holds a finished tile, of so many bytes at least. */
export const aTileIn =
  (part: string, bytes = A_TILE): Moment =>
  () =>
    journalBytes(part) > bytes;

/** Calls `act` once, at that moment, if it comes before the returned function is called. */
export function atMoment(when: Moment | undefined, said: () => string, act: () => void): () => void {
  if (!when) return () => {};
  const looking = setInterval(() => {
    if (!(typeof when === 'function' ? when() : when.test(said()))) return;
    clearInterval(looking);
    act();
  }, LOOK_EVERY);
  return () => clearInterval(looking);
}

/** Runs a program; where `when` is given, sends a signal, by default SIGINT, at that moment. */
export function interrupted(
  args: readonly string[],
  {
    cwd,
    env = {},
    when,
    by = 'SIGINT',
  }: { cwd: string; env?: Readonly<Record<string, string>>; when?: Moment; by?: NodeJS.Signals },
) {
  return new Promise<Outcome & { signal: NodeJS.Signals | null }>((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } });
    const said = { stdout: '', stderr: '' };
    const stopLooking = atMoment(
      when,
      () => said.stderr,
      () => child.kill(by),
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      stopLooking();
      resolve({ code, signal, ...said });
    });
  });
}

/** A small ENVI scene: `value(pixel, band)` is the reflectance. */
export interface EnviScene {
  readonly rows: number;
  readonly cols: number;
  readonly wavelengths: readonly number[];
  readonly value: (pixel: number, band: number) => number;
  readonly sensor?: string;
  readonly noData?: number;
  /** As ENVI's header has it. */
  readonly mapInfo?: string;
}

/** Writes `name.img` (BIP, float32) with `name.hdr` and returns the data file's path. */
export function writeEnvi(folder: string, name: string, scene: EnviScene): string {
  const { rows, cols, wavelengths, value, sensor, noData, mapInfo } = scene;
  const B = wavelengths.length;
  const data = Float32Array.from({ length: rows * cols * B }, (_, i) => value(Math.floor(i / B), i % B));
  writeEnviImage(join(folder, `${name}.hdr`), {
    ...{ rows, cols, wavelengths, data },
    more: [
      ...(sensor === undefined ? [] : [`sensor type = ${sensor}`]),
      ...(noData === undefined ? [] : [`data ignore value = ${noData}`]),
      ...(mapInfo === undefined ? [] : [`map info = {${mapInfo}}`]),
    ],
  });
  return join(folder, `${name}.img`);
}

/** Three spectra that differ in 8 bands, mixed linearly in a 20 x 20 image with pure corners. */
export function mixedScene(): EnviScene {
  const wavelengths = [450, 550, 650, 750, 850, 950, 1050, 1250];
  const spectra = [
    [0.05, 0.1, 0.06, 0.4, 0.5, 0.52, 0.5, 0.45],
    [0.1, 0.15, 0.22, 0.28, 0.32, 0.36, 0.4, 0.45],
    [0.08, 0.07, 0.05, 0.03, 0.02, 0.02, 0.01, 0.01],
  ];
  const value = (pixel: number, band: number) => {
    const [x, y] = [(pixel % 20) / 19, Math.floor(pixel / 20) / 19];
    const shares = [x * y, x * (1 - y), 1 - x];
    const wobble = 0.002 * Math.sin(pixel * 12.9898 + band * 78.233); // keeps the pixels apart
    return shares.reduce((sum, share, c) => sum + share * spectra[c]![band]!, wobble);
  };
  return { rows: 20, cols: 20, wavelengths, value };
}

/** Makes `model.onnx`, trained on a `mixedScene`, and `large.img`, an image of the same spectra of which no two pixels are alike. */
export function makeLargeScene(folder: string, size: { readonly rows: number; readonly cols: number }): void {
  const small = mixedScene();
  writeEnvi(folder, 'scene', small);
  succeed(['train', 'scene.img', '-n', '3', '--epochs', '1', '-o', 'run'], folder);
  succeed(['export', 'run', '-o', 'model.onnx'], folder);
  const value = (pixel: number, band: number) => small.value(pixel % 400, band) + 1e-3 * Math.sin(pixel * (band + 1));
  writeEnvi(folder, 'large', { ...small, ...size, value });
}

/** Names of everything below a folder. */
const everything = (folder: string): string[] => (readdirSync(folder, { recursive: true }) as string[]).sort();

/** The command fails with exit code 1 and a last line that says why, and nothing changes in `folder`. */
export function assertFails(args: readonly string[], folder: string, says: RegExp): void {
  const before = everything(folder);
  const { code, stdout, stderr } = egunet(args, folder);
  const last = stderr.trimEnd().split('\n').at(-1)!;
  assert.match(last, says);
  assert.match(last, /^egunet: /);
  assert.ok(!last.includes('bug in egunet'), last);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.deepEqual(everything(folder), before);
}
