import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ExactMethod } from '@egunet/models/card';
import { writeFiles } from '@egunet/raster/node';
import { type Checkpoint, exportExactHead, exportHead, type Head, type HeadOptions, stacItem } from '@egunet/train';
import { CommandError } from '../support/errors.js';
import { softwareVersion } from '../version.js';

/** What an export wrote. */
export interface ExportResult extends Head {
  /** Pixels that the model was compared with the network on. */
  readonly probePixels: number;
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

/** Writes the abundance head of a run as an ONNX model with a STAC item as its sidecar, after comparing it with the trained network on the run's own pixels, as `exportHead` does. */
export async function exportModel(
  checkpoint: Checkpoint,
  { model, sidecar }: { model: string; sidecar: string },
  {
    exact,
    ...options
  }: Pick<HeadOptions, 'precision' | 'maxMeanError' | 'maxError'> & {
    /** What is exported in place of the network. */
    readonly exact?: ExactMethod;
  } = {},
): Promise<ExportResult> {
  const origin = { softwareVersion: softwareVersion(), created: creationTime() };
  const head = exact
    ? await exportExactHead(checkpoint, exact, origin)
    : await exportHead(checkpoint, { ...options, ...origin });
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
  return { ...head, probePixels: checkpoint.probe.length / checkpoint.facts.bands.length };
}
