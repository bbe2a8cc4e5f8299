// A checkpoint on disk: a folder with manifest.json and two files of float32, little-endian, whose sha256 the manifest holds:
// state-<epoch>-<sha256>.bin, the state's vectors one after the other, and probe-<sha256>.bin, the probe [n, B]; in the names the first 8 digits.
// Content never changes under a name, and the manifest is renamed into place last: whatever interrupts the writing leaves the former checkpoint whole.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageStateSizes } from '../convolutional/engine.js';
import { probeSize } from '../convolutional/fit-images.js';
import { paperNetwork } from '../convolutional/paper-settings.js';
import { STATE_KEYS, stateSizes, type TrainState } from '../engines/engine.js';
import { TrainError } from '../error.js';
import { networkOf } from '../head-graph.js';
import { ensembleSizes } from '../library/members.js';
import type { Checkpoint } from './checkpoint.js';
import { type Manifest, parseManifest, RUN_FORMAT, RUN_VERSION, type VectorFile } from './run-manifest.js';

const MANIFEST = 'manifest.json';
const VECTORS = /^(state-\d+|probe)-[0-9a-f]{8}\.bin$/;
const PART = /^(manifest\.json|(state-\d+|probe)-[0-9a-f]{8}\.bin)\.[0-9a-f-]{36}\.part$/;

/** A checkpoint, and what the program that trained it wants back to resume. */
export interface SavedRun {
  readonly checkpoint: Checkpoint;
  /** Whatever the caller saved with it, as plain JSON. */
  readonly request: unknown;
}

/** True for a file that a killed training left half-written in its run folder: nobody misses it. */
export function isPart(name: string): boolean {
  return PART.test(name);
}

/**
 * Writes a run into `folder`, made if need be, replacing the run that is there and then removing what is left of former ones.
 * The caller holds the folder (`lockRun`). Throws TrainError; then the folder is as it was.
 */
export async function saveRun(folder: string, { checkpoint, request }: SavedRun): Promise<void> {
  const { state, probe, ...rest } = checkpoint;
  const stateBytes = littleEndian(STATE_KEYS.map((key) => state[key]));
  const probeBytes = littleEndian([probe]);
  const manifest: Manifest = {
    ...{ format: RUN_FORMAT, version: RUN_VERSION, ...rest, request },
    state: describe(`state-${String(checkpoint.epoch).padStart(5, '0')}`, stateBytes),
    probe: describe('probe', probeBytes),
  };
  const current = [manifest.state.file, manifest.probe.file];
  const placed: string[] = [];
  const place = async (name: string, content: Buffer) => {
    if (await placeFile(join(folder, name), content)) placed.push(name);
  };
  // What cannot be removed now does no harm: it goes with a later saving.
  const remove = (name: string) => rm(join(folder, name), { force: true }).catch(() => undefined);
  try {
    await mkdir(folder, { recursive: true });
    await place(manifest.state.file, stateBytes);
    await place(manifest.probe.file, probeBytes);
    await place(MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    for (const name of await readdir(folder))
      if (isPart(name) || (VECTORS.test(name) && !current.includes(name))) await remove(name);
  } catch (cause) {
    if (!placed.includes(MANIFEST)) for (const name of placed) await remove(name);
    throw new TrainError(`${folder}: the run cannot be saved (${(cause as Error).message})`, { cause });
  }
}

/** Reads all of a run but its vectors, which a training may be replacing. Throws TrainError that says what is wrong with it. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new TrainError(`${folder}: not a run of egunet train (no readable ${MANIFEST})`, { cause });
  });
  return parseManifest(text, path);
}

/** Reads a run; throws TrainError that says what is wrong with it. */
export async function loadRun(folder: string): Promise<SavedRun> {
  const { state, probe, request, format: _, version: __, ...rest } = await readManifest(folder);
  const { bands, endmembers } = rest.facts;
  const onImages = rest.settings.model === 'ss-paper';
  const sizes = onImages
    ? imageStateSizes(paperNetwork(rest.facts))
    : ensembleSizes(stateSizes(networkOf(rest)), rest.library?.members ?? 1);
  const values = await readVector(folder, state);
  const needed = STATE_KEYS.reduce((sum, key) => sum + sizes[key], 0);
  if (values.length !== needed)
    throw new TrainError(
      `${folder}: the state holds ${values.length} values, ${bands.length} bands and ${endmembers.length} endmembers need ${needed}; train anew`,
    );
  const pixels = await readVector(folder, probe);
  assertProbe(pixels.length, rest, folder);
  return { checkpoint: { ...rest, state: splitState(values, sizes), probe: pixels }, request };
}

/** Throws TrainError unless a probe of so many values is one: whole pixels, or the image that `ss-paper` keeps. */
function assertProbe(
  values: number,
  { settings, facts }: Pick<Checkpoint, 'settings' | 'facts'>,
  folder: string,
): void {
  const bands = facts.bands.length;
  const { rows, cols } = probeSize(facts.scene);
  const wrong = settings.model === 'ss-paper' ? values !== rows * cols * bands : values === 0 || values % bands !== 0;
  if (wrong)
    throw new TrainError(`${folder}: the probe should be pixels of ${bands} bands, got ${values} values; train anew`);
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

/** Writes a file beside its place and renames it; one that is there already with this content stays, and gives false. */
async function placeFile(path: string, content: Buffer): Promise<boolean> {
  if (
    await readFile(path).then(
      (there) => there.equals(content),
      () => false,
    )
  )
    return false;
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(partial, content, { flush: true }); // a full disk may be told only now
    await rename(partial, path);
    return true;
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw cause;
  }
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
