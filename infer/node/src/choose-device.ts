// The best device of a machine that a model runs on.
import { availableParallelism } from 'node:os';
import { BATCH_PIXELS, firstLine, gpuBatch, type InputTensor, imageInputs, spectraInputs } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { type Device, NUMBERED, type OpenedModel, openModel } from './model.js';

/** GPUs in the order in which they are tried; the CPU, which always runs models, comes last. */
const IN_ORDER: Readonly<Partial<Record<NodeJS.Platform, readonly Device[]>>> = {
  linux: ['cuda', 'webgpu'],
  win32: ['cuda', 'dml', 'webgpu'],
  darwin: ['coreml', 'webgpu'],
};

export interface ChosenDevice {
  readonly device: Device;
  /** Those that were asked for; absent where none of them is taken. */
  readonly deviceIds?: readonly number[];
  /** Why those before it were not taken. */
  readonly reasons: readonly { readonly device: Device; readonly reason: string }[];
}

export interface ChooseDeviceOptions {
  /** Only devices that have these numbers are tried, by the first of them. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Times that a device may take what the processor takes for the model's runs; 1 when absent: a GPU in software takes a hundred. */
  readonly slowdown?: number;
}

/** Tries the devices of this system, one after another, with the model itself, and takes the first that runs it faster than the processor does. Rejects as `openModel` where it does not run on the CPU either. */
export async function chooseDevice(
  path: string,
  { deviceIds, slowdown = 1 }: ChooseDeviceOptions = {},
): Promise<ChosenDevice> {
  const reasons: { device: Device; reason: string }[] = [];
  const processor = await onProcessor(path);
  for (const device of (IN_ORDER[process.platform] ?? []).filter((one) => hasAll(one, deviceIds))) {
    try {
      const opened = await openModel(path, { threads: 1, device, deviceId: deviceIds?.[0] });
      const pace = await gpuPace(opened, processor * slowdown).finally(opened.release);
      if (pace <= processor * slowdown) return { device, ...(deviceIds && { deviceIds }), reasons };
      reasons.push({ device, reason: `slower than the processor: ${rate(pace)} against ${rate(processor)} Mpixel/s` });
    } catch (error) {
      const reason = firstLine(error)
        .replace(`${path}: onnxruntime cannot run the model on '${device}': `, '')
        .replace(/; it needs .*$/, '');
      reasons.push({ device, reason });
    }
  }
  return { device: 'cpu', reasons };
}

const rate = (pace: number): string => (1 / (1000 * pace)).toPrecision(2);

/** Whether a device may have all these numbers. */
const hasAll = (device: Device, ids: readonly number[] | undefined): boolean =>
  ids === undefined || (NUMBERED.includes(device) && (device !== 'webgpu' || ids.every((id) => id === 0)));

/** Milliseconds a pixel on all cores, each with a run of its own. */
async function onProcessor(path: string): Promise<number> {
  const opened = await openModel(path, { threads: 1 });
  return (await paceOf(opened, BATCH_PIXELS).finally(opened.release)) / availableParallelism();
}

/** So many times slower with a small run, a GPU is not faster with a large one. */
const HOPELESS = 50;

/** Milliseconds a pixel on a GPU: a small run tells whether a large one is worth waiting for. */
async function gpuPace(opened: OpenedModel, wanted: number): Promise<number> {
  const small = await paceOf(opened, BATCH_PIXELS);
  return small > HOPELESS * wanted ? small : paceOf(opened, gpuBatch(Number.POSITIVE_INFINITY));
}

/** Milliseconds a pixel of a run of about so many, after one that is not counted. */
async function paceOf({ card, session }: OpenedModel, pixels: number): Promise<number> {
  const inputs = someInputs(card, pixels);
  await session.run(inputs);
  const start = performance.now();
  await session.run(inputs);
  return (performance.now() - start) / pixels;
}

/** Input of about so many pixels without light. */
function someInputs({ kind, bands }: ModelCard, pixels: number): InputTensor[] {
  if (kind === 'pixel') return spectraInputs(new Float32Array(pixels * bands.length), pixels);
  const side = Math.round(Math.sqrt(pixels));
  const image = new Float32Array(side * side * bands.length);
  return imageInputs({ image, valid: new Float32Array(side * side).fill(1) }, { rows: side, cols: side });
}
