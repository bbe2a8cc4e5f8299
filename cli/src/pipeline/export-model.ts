import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { OpenOptions, Scene } from '@egunet/raster';
import { openScene, writeFiles } from '@egunet/raster/node';
import { type Checkpoint, exportHead, type Head, sceneWindows, stacItem, usableBands } from '@egunet/train';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { softwareVersion } from '../support/version.js';
import type { DataRequest } from './prepare.js';

/** Real pixels that an exported model is compared on. */
const PROBE_PIXELS = 1024;

/** What an export wrote. */
export interface ExportResult extends Head {
  readonly probePixels: number;
}

interface OpenedRun {
  readonly checkpoint: Checkpoint;
  readonly request: DataRequest;
}

/** Windows from the middle outwards: the rim of a scene is where its footprint has no data. */
function fromTheMiddle<T>(items: readonly T[]): T[] {
  const middle = Math.floor(items.length / 2);
  return [...items.keys()].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle)).map((i) => items[i]!);
}

/** The bands that a network was trained on, by index in its scene. Throws CommandError where the scene is another one. */
async function trainedBands(
  scene: Scene,
  { checkpoint, request }: OpenedRun,
  { signal }: Control,
): Promise<readonly number[]> {
  const { bands } = await usableBands(scene, { exclude: request.exclude, signal });
  const trained = checkpoint.facts.bands;
  const same =
    bands.length === trained.length &&
    bands.every(
      (b, i) => (scene.bands[b]!.wavelength ?? null) === trained[i]!.wavelength && b === (trained[i]!.index ?? b),
    );
  if (!same)
    throw new CommandError(
      `${scene.name}: ${bands.length} usable bands, but the run was trained on ${trained.length} others; give the training scene with --scene`,
    );
  return bands;
}

/** Up to 1024 pixels of a scene with data, reflectance [n, B]. */
async function readProbe(scene: Scene, bands: readonly number[], control: Control): Promise<Float32Array> {
  const line = control.startProgress('reading pixels to check on', PROBE_PIXELS);
  try {
    return await gatherProbe(scene, bands, { signal: control.signal, onCount: (count) => line.update(count) });
  } finally {
    line.stop();
  }
}

async function gatherProbe(
  scene: Scene,
  bands: readonly number[],
  { signal, onCount }: { signal: AbortSignal; onCount: (count: number) => void },
): Promise<Float32Array> {
  const probe = new Float32Array(PROBE_PIXELS * bands.length);
  let count = 0;
  for (const window of fromTheMiddle(sceneWindows(scene, bands.length))) {
    await new Promise(setImmediate); // lets signals in
    signal.throwIfAborted();
    const { spectra, valid } = await scene.readSpectra(window, bands);
    const pixels = [...valid.keys()].filter((i) => valid[i] === 1);
    const step = Math.max(1, Math.floor(pixels.length / (PROBE_PIXELS - count)));
    for (let k = 0; k < pixels.length && count < PROBE_PIXELS; k += step, count++)
      probe.set(spectra.subarray(pixels[k]! * bands.length, (pixels[k]! + 1) * bands.length), count * bands.length);
    onCount(count);
    if (count === PROBE_PIXELS) break;
  }
  return probe.subarray(0, count * bands.length);
}

/** Now, or SOURCE_DATE_EPOCH (seconds since 1970) for files that are to be the same, byte for byte, whenever they are made. */
function creationTime(): Date {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (epoch === undefined || epoch === '') return new Date();
  const time = new Date(Number(epoch) * 1000);
  if (!/^\d+$/.test(epoch) || Number.isNaN(time.getTime()))
    throw new CommandError(`SOURCE_DATE_EPOCH: expected whole seconds since 1970, got '${epoch}'; correct or unset it`);
  return time;
}

/** Writes the abundance head of a run as an ONNX model with a STAC item as its sidecar, after comparing it with the trained network on real pixels. */
export async function exportModel(
  run: OpenedRun,
  options: { model: string; sidecar: string; control: Control; scene?: { path: string; open: OpenOptions } },
): Promise<ExportResult> {
  const { checkpoint, request } = run;
  const { model, sidecar, control } = options;
  const { path, open } = options.scene ?? { path: request.scene, open: request.open };
  const scene = await openScene(path, open).catch((cause: Error) => {
    if (options.scene) throw cause;
    throw new CommandError(
      `the training scene is needed to check the model: ${cause.message}, or give it with --scene`,
      { cause },
    );
  });
  let probe: Float32Array;
  try {
    probe = await readProbe(scene, await trainedBands(scene, run, control), control);
  } finally {
    await scene.close();
  }
  const head = await exportHead(checkpoint, { probe, softwareVersion: softwareVersion(), created: creationTime() });
  control.signal.throwIfAborted();
  const sha256 = createHash('sha256').update(head.bytes).digest('hex');
  const item = stacItem(head.card, { href: basename(model), bytes: head.bytes.length, sha256 });
  const text = new TextEncoder().encode(`${JSON.stringify(item, undefined, 2)}\n`);
  await writeFiles(
    [
      [model, head.bytes],
      [sidecar, text],
    ],
    { overwrite: true },
  );
  return { ...head, probePixels: probe.length / checkpoint.facts.bands.length };
}
