import type { Checkpoint } from '@egunet/train';
import type { TrainResult } from '../pipeline/run-and-save.js';
import { InterruptedError } from './errors.js';
import { lossWords, roundsOf } from './loss-words.js';
import { formatFacts, formatSeconds, printResult, shellCommand } from './output.js';
import { spatialWords } from './spatial-words.js';

function trainedWords({ epoch, settings, facts, library }: Checkpoint): string {
  const { pixels, candidates } = facts;
  if (!library) return `${epoch} epochs on ${pixels} pixels and ${candidates} candidates`;
  const encoders = library.members > 1 ? ` of ${library.members} encoders` : '';
  return `${epoch} steps${encoders} on ${settings.batch} mixtures each, of ${candidates} spectra`;
}

/** Prints what a training came to. Throws InterruptedError where it was stopped. */
export function reportTraining(json: boolean, result: TrainResult): void {
  const { run, finished, checkpoint, seconds, pixelsPerSecond } = result;
  const { epoch, settings, history, facts, spatial } = checkpoint;
  if (!finished)
    throw new InterruptedError(
      `interrupted after ${epoch} of ${settings.epochs} ${roundsOf(settings)}; the run is saved, go on with: ${shellCommand('egunet', 'train', '-o', run, '--resume')}`,
    );
  const losses = history.at(-1)!;
  const { bands, endmembers, pixels, candidates } = facts;
  const names = endmembers.map(({ name }) => name);
  const noiseShares = spatial && { noiseShares: spatial.noiseShares };
  const summary = { run, epochs: epoch, seconds, pixelsPerSecond, losses, settings, ...noiseShares };
  printResult(json, { ...summary, bands: bands.length, pixels, candidates, endmembers: names }, () =>
    formatFacts([
      ['run', run],
      ['trained', `${trainedWords(checkpoint)}, ${bands.length} bands`],
      ['time', `${formatSeconds(seconds)}, ${Math.round(pixelsPerSecond / 1000)}k pixels/s`],
      ['loss', lossWords(losses, settings)],
      ['endmembers', names.join(', ')],
      ['spatial', spatial && spatialWords(spatial)],
      ['next', shellCommand('egunet', 'export', run, '-o', 'model.onnx')],
    ]),
  );
}
