// What the graph of a model file must look like, whatever runtime has it open. Legend: B bands, C endmembers, H x W pixels of an image.
import { hasSpread, type ModelCard } from '@egunet/models/card';
import type { InputTensor } from './contract.js';
import { InferError } from './error.js';
import type { TileShape } from './tiles.js';

/** The names that every pixel-wise model file has. */
export const INPUT = 'spectra';
export const OUTPUT = 'abundances';

/** What an ensemble gives besides: the standard deviation of its members' abundances. */
const SPREAD = 'spread';

/** What a session gives of a model, one behind the other. */
export const outputsOf = (card: ModelCard): readonly string[] => (hasSpread(card) ? [OUTPUT, SPREAD] : [OUTPUT]);

/** Outputs by their names as a session gives them. Throws InferError, which begins with the model's `name`, where one is no float32. */
export function joinOutputs(name: string, outputs: readonly (readonly [name: string, data: unknown])[]): Float32Array {
  const parts = outputs.map(([output, data]) => {
    if (data instanceof Float32Array) return data;
    throw new InferError(`${name}: the model gave no float32 '${output}'; export it again`);
  });
  const [first, second] = parts as [Float32Array, Float32Array | undefined];
  if (!second) return first;
  const joined = new Float32Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

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
function expectedGraph(card: ModelCard): string {
  const {
    kind,
    bands: { length: B },
    endmembers: { length: C },
  } = card;
  const value = (name: string, shape: readonly (string | number)[]) => `${name}: float32 [${shape.join(', ')}]`;
  const sides = SIDES[kind];
  const inputs = kind === 'pixel' ? [value(INPUT, [...sides, B])] : [value(IMAGE, [...sides, B]), value(VALID, sides)];
  const outputs = outputsOf(card).map((name) => value(name, [...sides, C]));
  return `${inputs.join('; ')} -> ${outputs.join('; ')}`;
}

/** Throws InferError unless a graph has the inputs and the outputs that the card speaks of. `name` is the model's, for the message. */
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
