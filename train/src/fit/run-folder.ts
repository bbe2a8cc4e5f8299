// A checkpoint on disk: a folder with manifest.json and state-<epoch>.bin (float32, little-endian: the state's vectors one after the other).
// The manifest is renamed into place last, so that whatever interrupts the writing leaves the former checkpoint whole.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pixelwiseNetwork } from '@egunet/models';
import { createChecks } from '@egunet/models/check';
import { STATE_KEYS, stateSizes, type TrainState } from '../engines/engine.js';
import { TrainError } from '../error.js';
import type { Checkpoint } from './checkpoint.js';
import { SCHEDULES } from './schedule.js';

/** The format's version; raised when an older reader would misread a newer run. */
export const RUN_VERSION = 1;

const MANIFEST = 'manifest.json';

/** A checkpoint, and what the program that trained it wants back to resume. */
export interface SavedRun {
  readonly checkpoint: Checkpoint;
  /** Whatever the caller saved with it, as plain JSON. */
  readonly request: unknown;
}

/** Writes a run into `folder`, made if need be, replacing the run that is there. */
export async function saveRun(folder: string, { checkpoint, request }: SavedRun): Promise<void> {
  const { state, ...rest } = checkpoint;
  const bytes = Buffer.concat(STATE_KEYS.map((key) => littleEndian(state[key])));
  const file = `state-${String(checkpoint.epoch).padStart(5, '0')}.bin`;
  const manifest = {
    format: 'egunet-run',
    version: RUN_VERSION,
    ...rest,
    request,
    state: { file, sha256: sha256(bytes) },
  };
  try {
    await mkdir(folder, { recursive: true });
    await replaceFile(join(folder, file), bytes);
    await replaceFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
    for (const name of await readdir(folder))
      if (/^state-\d+\.bin$/.test(name) && name !== file) await rm(join(folder, name));
  } catch (cause) {
    throw new TrainError(`${folder}: the run cannot be saved (${(cause as Error).message})`, { cause });
  }
}

/** Reads a run; throws TrainError that says what is wrong with it. */
export async function loadRun(folder: string): Promise<SavedRun> {
  const manifest = await readManifest(folder);
  const { state, request, format: _, version: __, ...rest } = manifest;
  const bytes = await readFile(join(folder, state.file)).catch((cause: Error) => {
    throw new TrainError(`${folder}: ${state.file} of this run cannot be read (${cause.message})`, { cause });
  });
  if (sha256(bytes) !== state.sha256)
    throw new TrainError(`${folder}: ${state.file} is damaged (sha256 differs from the manifest's); train anew`);
  return { checkpoint: { ...rest, state: splitState(folder, rest, bytes) }, request };
}

type Manifest = Omit<Checkpoint, 'state'> & {
  format: string;
  version: number;
  request: unknown;
  state: { file: string; sha256: string };
};

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new TrainError(`${folder}: not a run of egunet train (no readable ${MANIFEST})`, { cause });
  });
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new TrainError(`${path}: not valid JSON; train anew`, { cause });
  }
  const { version } = (manifest ?? {}) as { version?: unknown };
  if (typeof version === 'number' && version > RUN_VERSION)
    throw new TrainError(
      `${path}: version ${version} is newer than ${RUN_VERSION}, which this egunet reads; update egunet`,
    );
  checkManifest(path)(manifest, 'manifest');
  return manifest as Manifest;
}

function checkManifest(path: string) {
  const invalid = (field: string, expected: string, got: string) =>
    new TrainError(`${path}: ${field} should be ${expected}, got ${got}; train anew`);
  const { number, positive, count, text, is, oneOf, optional, orNull, list, record } = createChecks(invalid);
  const stateFile = (value: unknown, at: string) => {
    if (!/^state-\d+\.bin$/.test(String(value))) throw invalid(at, 'state-<epoch>.bin', JSON.stringify(value));
  };
  return record({
    format: is('egunet-run'),
    version: is(RUN_VERSION),
    settings: record({
      seed: count,
      epochs: count,
      batch: count,
      schedule: oneOf(SCHEDULES),
      learningRate: positive,
      dropRate: number,
      weightDecay: number,
    }),
    inputScale: positive,
    dataDigest: text,
    epoch: count,
    history: list(record({ total: number, crossEntropy: number, reconstruction: number }), 0),
    state: record({ file: stateFile, sha256: text }),
    facts: record({
      sensor: orNull(text),
      bands: list(record({ wavelength: orNull(positive), fwhm: orNull(positive), index: optional(count) }), 1),
      endmembers: list(record({ name: text, spectrum: list(number, 1) }), 2),
      endmemberMethod: text,
      scene: record({ name: text, rows: count, cols: count, pixelSize: orNull(positive), bands: optional(count) }),
      pixels: count,
      candidates: count,
    }),
  });
}

/** The vectors of the state, cut from the file's bytes. */
function splitState(folder: string, { facts }: Omit<Checkpoint, 'state'>, bytes: Buffer): TrainState {
  const sizes = stateSizes(pixelwiseNetwork(facts.bands.length, facts.endmembers.length));
  const expected = 4 * STATE_KEYS.reduce((sum, key) => sum + sizes[key], 0);
  if (bytes.length !== expected)
    throw new TrainError(
      `${folder}: the state holds ${bytes.length} bytes, ${facts.bands.length} bands and ${facts.endmembers.length} endmembers need ${expected}; train anew`,
    );
  let at = 0;
  const take = (size: number) => {
    const vector = Float32Array.from({ length: size }, (_, i) => bytes.readFloatLE(at + 4 * i));
    at += 4 * size;
    return vector;
  };
  return Object.fromEntries(STATE_KEYS.map((key) => [key, take(sizes[key])])) as unknown as TrainState;
}

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeFloatLE(value, i * 4);
  });
  return bytes;
}

async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  const partial = `${path}.part`;
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw cause;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
