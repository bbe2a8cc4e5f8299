import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ExactMethod } from '@egunet/models/card';
import { writeFiles } from '@egunet/raster/node';
import {
  type Checkpoint,
  exportExactHead,
  exportGivenHead,
  exportHead,
  type GivenEndmembers,
  type Head,
  type HeadOptions,
  PROBE_PIXELS,
  stacItem,
} from '@egunet/train';
import { CommandError } from '../support/errors.js';
import { softwareVersion } from '../version.js';

/** What an export wrote. */
export interface ExportResult extends Head {
  /** Pixels that the model was compared with the network, or a solver, on. */
  readonly probePixels: number;
}

/** What of a run is exported, and how. */
export interface ExportOptions extends Pick<HeadOptions, 'precision' | 'maxMeanError' | 'maxError'> {
  /** What is exported in place of the network. */
  readonly exact?: ExactMethod;
}

/** Where an export goes. */
export interface ModelFiles {
  readonly model: string;
  /** Of its STAC item. */
  readonly sidecar: string;
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

const originNow = () => ({ softwareVersion: softwareVersion(), created: creationTime() });

/** Writes the abundance head of a run as an ONNX model with a STAC item as its sidecar, after comparing it with the trained network on the run's own pixels, as `exportHead` does. */
export async function exportModel(
  checkpoint: Checkpoint,
  files: ModelFiles,
  { exact, ...options }: ExportOptions = {},
): Promise<ExportResult> {
  const head = exact
    ? await exportExactHead(checkpoint, exact, originNow())
    : await exportHead(checkpoint, { ...options, ...originNow() });
  await writeHead(head, files);
  return { ...head, probePixels: checkpoint.probe.length / checkpoint.facts.bands.length };
}

/** Writes exact least squares with given endmembers in the same way, after comparing it with a solver in float64 on mixtures of them. */
export async function exportGiven(
  given: GivenEndmembers,
  files: ModelFiles,
  method: ExactMethod,
): Promise<ExportResult> {
  const head = await exportGivenHead(given, method, originNow());
  await writeHead(head, files);
  return { ...head, probePixels: PROBE_PIXELS };
}

async function writeHead({ bytes, card }: Head, { model, sidecar }: ModelFiles): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const item = stacItem(card, { href: basename(model), bytes: bytes.length, sha256 });
  const text = new TextEncoder().encode(`${JSON.stringify(item, undefined, 2)}\n`);
  await writeFiles(
    [
      [model, bytes],
      [sidecar, text],
    ],
    { overwrite: true },
  );
}
