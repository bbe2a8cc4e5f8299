// What standardises the encoder's input. Legend: n mixtures, B bands.
import type { LinearLayer } from '@egunet/export';
import type { InputStandard } from '../fit/checkpoint.js';

/** Below this a band varies too little to be divided by its deviation. */
const LEAST_DEVIATION = 1e-6;

const clip = (value: number) => Math.min(1, Math.max(0, value));

/** Mean and standard deviation of each band of `spectra` [n, B], scaled and clipped as the network takes them. */
export function standardOf(spectra: Float32Array, bands: number, inputScale: number): InputStandard {
  const n = spectra.length / bands;
  const mean = new Float64Array(bands);
  const square = new Float64Array(bands);
  for (let i = 0; i < spectra.length; i++) {
    const value = clip(spectra[i]! * inputScale);
    mean[i % bands]! += value / n;
    square[i % bands]! += value ** 2 / n;
  }
  return {
    mean: [...mean].map(Math.fround),
    deviation: [...square].map((power, b) =>
      Math.fround(Math.max(LEAST_DEVIATION, Math.sqrt(Math.max(0, power - mean[b]! ** 2)))),
    ),
  };
}

/** Spectra [n, B] as the network's first layer takes them. */
export function standardise(
  spectra: Float32Array,
  { mean, deviation }: InputStandard,
  inputScale: number,
): Float32Array {
  const bands = mean.length;
  return spectra.map((value, i) => (clip(value * inputScale) - mean[i % bands]!) / deviation[i % bands]!);
}

/** A first layer that takes its input as it is, and does what `layer` does with the standardised one. */
export function foldStandard(layer: LinearLayer, { mean, deviation }: InputStandard): LinearLayer {
  const { kernel, bias, outputs } = layer;
  const folded = kernel.map((weight, i) => weight / deviation[Math.floor(i / outputs)]!);
  const shifted = Float64Array.from(bias);
  for (const [i, weight] of folded.entries()) shifted[i % outputs]! -= weight * mean[Math.floor(i / outputs)]!;
  return { ...layer, kernel: folded, bias: Float32Array.from(shifted) };
}
