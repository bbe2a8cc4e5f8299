// What the graph of a model file must look like, whatever runtime has it open. Legend: B bands, C endmembers, H x W pixels of an image.
import type { ModelCard } from '@egunet/models/card';
import type { InputTensor } from './contract.js';
import { InferError } from './error.js';
import type { TileShape } from './tiles.js';

/** The names that every pixel-wise model file has. */
export const INPUT = 'spectra';
export const OUTPUT = 'abundances';

/** The inputs of a spatial one. */
const [IMAGE, VALID] = ['image', 'valid'];

/** `spectra` [pixels, B] for a pixel-wise model, which makes abundances [pixels, C] of them. */
export const spectraInputs = (spectra: Float32Array, pixels: number): InputTensor[] => [
  { name: INPUT, data: spectra, shape: [pixels, spectra.length / pixels] },
];

/**
 * `image` [H, W, B] for a spatial model, which makes abundances [H, W, C] of it; `valid` [H, W] is 1 where a pixel has data, else 0. What the image and the
 * abundances are where it is 0 has no meaning; both are finite.
 */
export const imageInputs = (
  { image, valid }: { readonly image: Float32Array; readonly valid: Float32Array },
  { rows, cols }: TileShape,
): InputTensor[] => [
  { name: IMAGE, data: image, shape: [rows, cols, image.length / (rows * cols)] },
  { name: VALID, data: valid, shape: [rows, cols] },
];

/** An input or output as onnxruntime describes it. */
export type GraphValue =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** What sides of any length count, by their place. */
const SIDES = { pixel: ['pixels'], spatial: ['rows', 'cols'] } as const;

/** `spectra: float32 [pixels, 224]`, for comparison and for messages. */
function describeValues(values: readonly GraphValue[], sides: readonly string[]): string {
  const one = (value: GraphValue) =>
    value.isTensor
      ? `${value.name}: ${value.type} [${value.shape.map((side, i) => (typeof side === 'string' ? (sides[i] ?? side) : side)).join(', ')}]`
      : `${value.name}: not a tensor`;
  return values.map(one).join('; ') || 'nothing';
}

/** What the graph of a card's model should be. */
function expectedGraph({ kind, bands: { length: B }, endmembers: { length: C } }: ModelCard): string {
  const value = (name: string, shape: readonly (string | number)[]) => `${name}: float32 [${shape.join(', ')}]`;
  const sides = SIDES[kind];
  const inputs = kind === 'pixel' ? [value(INPUT, [...sides, B])] : [value(IMAGE, [...sides, B]), value(VALID, sides)];
  return `${inputs.join('; ')} -> ${value(OUTPUT, [...sides, C])}`;
}

/** Throws InferError unless a graph has the inputs and the output that the card speaks of. `name` is the model's, for the message. */
export function assertGraph(
  name: string,
  { inputs, outputs }: { readonly inputs: readonly GraphValue[]; readonly outputs: readonly GraphValue[] },
  card: ModelCard,
): void {
  const sides = SIDES[card.kind];
  const got = `${describeValues(inputs, sides)} -> ${describeValues(outputs, sides)}`;
  const expected = expectedGraph(card);
  if (got !== expected)
    throw new InferError(
      `${name}: the model does not fit its card, which calls it ${card.kind === 'pixel' ? 'pixel-wise' : 'spatial'}: expected ${expected}, got ${got}; export it again with 'egunet export'`,
    );
}
