// A checkpoint on disk: a folder with manifest.json and two files of float32, little-endian, whose sha256 the manifest holds:
// state-<epoch>-<sha256>.bin, the state's vectors one after the other, and probe-<sha256>.bin, the probe [n, B]; in the names the first 8 digits.
// Content never changes under a name, and the manifest is renamed into place last: whatever interrupts the writing leaves the former checkpoint whole.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pixelwiseNetwork } from '@egunet/models';
import { STATE_KEYS, stateSizes, type TrainState } from '../engines/engine.js';
import { TrainError } from '../error.js';
import type { Checkpoint } from './checkpoint.js';
import { LOCK, lockRun } from './run-lock.js';
import { type Manifest, parseManifest, RUN_FORMAT, RUN_VERSION, type VectorFile } from './run-manifest.js';

const MANIFEST = 'manifest.json';
const VECTORS = /^(state-\d+|probe)(-[0-9a-f]{8})?\.bin$/;
const PART = /\.[0-9a-f-]{36}\.part$/;

/** A checkpoint, and what the program that trained it wants back to resume. */
export interface SavedRun {
  readonly checkpoint: Checkpoint;
  /** Whatever the caller saved with it, as plain JSON. */
  readonly request: unknown;
}

/** Writes a run into `folder`, made if need be, replacing the run that is there. The caller holds the folder (`lockRun`). Throws TrainError. */
export async function saveRun(folder: string, { checkpoint, request }: SavedRun): Promise<void> {
  const { state, probe, ...rest } = checkpoint;
  const stateBytes = littleEndian(STATE_KEYS.map((key) => state[key]));
  const probeBytes = littleEndian([probe]);
  const manifest: Manifest = {
    ...{ format: RUN_FORMAT, version: RUN_VERSION, ...rest, request },
    state: describe(`state-${String(checkpoint.epoch).padStart(5, '0')}`, stateBytes),
    probe: describe('probe', probeBytes),
  };
  try {
    await mkdir(folder, { recursive: true });
    await placeFile(join(folder, manifest.state.file), stateBytes);
    await placeFile(join(folder, manifest.probe.file), probeBytes);
    await placeFile(join(folder, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    for (const name of await readdir(folder))
      if (PART.test(name) || (VECTORS.test(name) && name !== manifest.state.file && name !== manifest.probe.file))
        await rm(join(folder, name), { force: true });
  } catch (cause) {
    throw new TrainError(`${folder}: the run cannot be saved (${(cause as Error).message})`, { cause });
  }
}

/** Reads a run; throws TrainError that says what is wrong with it. */
export async function loadRun(folder: string): Promise<SavedRun> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new TrainError(`${folder}: not a run of egunet train (no readable ${MANIFEST})`, { cause });
  });
  const { state, probe, request, format: _, version: __, ...rest } = parseManifest(text, path);
  const { bands, endmembers } = rest.facts;
  const sizes = stateSizes(pixelwiseNetwork(bands.length, endmembers.length));
  const values = await readVector(folder, state);
  const needed = STATE_KEYS.reduce((sum, key) => sum + sizes[key], 0);
  if (values.length !== needed)
    throw new TrainError(
      `${folder}: the state holds ${values.length} values, ${bands.length} bands and ${endmembers.length} endmembers need ${needed}; train anew`,
    );
  const pixels = await readVector(folder, probe);
  if (pixels.length === 0 || pixels.length % bands.length !== 0)
    throw new TrainError(
      `${folder}: the probe should be pixels of ${bands.length} bands, got ${pixels.length} values; train anew`,
    );
  return { checkpoint: { ...rest, state: splitState(values, sizes), probe: pixels }, request };
}

/**
 * Removes from `folder` what trainings left that ended, or were ended, before they first saved: then nothing there is a run.
 * Leaves a folder alone that holds a run or anything else. Throws TrainError where such a training is still going on.
 */
export async function clearUnsaved(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = names.filter((name) => name === LOCK || VECTORS.test(name) || PART.test(name));
  if (left.length === 0 || left.length < names.length) return;
  const release = await lockRun(folder);
  for (const name of left) if (name !== LOCK) await rm(join(folder, name), { force: true });
  await release();
}

/** The state's vectors, cut from all its values. */
function splitState(values: Float32Array, sizes: ReturnType<typeof stateSizes>): TrainState {
  let at = 0;
  const take = (size: number) => {
    at += size;
    return values.slice(at - size, at);
  };
  return Object.fromEntries(STATE_KEYS.map((key) => [key, take(sizes[key])])) as unknown as TrainState;
}

async function readVector(folder: string, { file, sha256 }: VectorFile): Promise<Float32Array> {
  const bytes = await readFile(join(folder, file)).catch((cause: Error) => {
    throw new TrainError(`${folder}: ${file} of this run cannot be read (${cause.message})`, { cause });
  });
  if (digest(bytes) !== sha256)
    throw new TrainError(`${folder}: ${file} is damaged (sha256 differs from the manifest's); train anew`);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

function describe(stem: string, bytes: Buffer): VectorFile {
  const sha256 = digest(bytes);
  return { file: `${stem}-${sha256.slice(0, 8)}.bin`, sha256 };
}

function littleEndian(vectors: readonly Float32Array[]): Buffer {
  const bytes = Buffer.alloc(4 * vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) for (const value of vector) at = bytes.writeFloatLE(value, at);
  return bytes;
}

/** Writes a file beside its place and renames it; one that is there already with this content stays. */
async function placeFile(path: string, content: Buffer): Promise<void> {
  if (
    await readFile(path).then(
      (there) => there.equals(content),
      () => false,
    )
  )
    return;
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(partial, content, { flush: true }); // a full disk may be told only now
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw cause;
  }
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
