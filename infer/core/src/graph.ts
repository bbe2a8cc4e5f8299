// What the graph of a model file must look like, whatever runtime has it open. Legend: B bands, C endmembers.
import type { ModelCard } from '@egunet/models/card';
import { InferError } from './error.js';

/** The names that every model file has. */
export const INPUT = 'spectra';
export const OUTPUT = 'abundances';

/** An input or output as onnxruntime describes it. */
export type GraphValue =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** `spectra: float32 [pixels, 224]`, for comparison and for messages. */
function describeValues(values: readonly GraphValue[]): string {
  const one = (value: GraphValue) =>
    value.isTensor
      ? `${value.name}: ${value.type} [${value.shape.map((side) => (typeof side === 'string' ? 'pixels' : side)).join(', ')}]`
      : `${value.name}: not a tensor`;
  return values.map(one).join('; ') || 'nothing';
}

/** Throws InferError unless a graph has the input and output that the card speaks of. `name` is the model's, for the message. */
export function assertGraph(
  name: string,
  { inputs, outputs }: { readonly inputs: readonly GraphValue[]; readonly outputs: readonly GraphValue[] },
  card: ModelCard,
): void {
  const got = `${describeValues(inputs)} -> ${describeValues(outputs)}`;
  const expected = `${INPUT}: float32 [pixels, ${card.bands.length}] -> ${OUTPUT}: float32 [pixels, ${card.endmembers.length}]`;
  if (got !== expected)
    throw new InferError(
      `${name}: the model does not fit its card: expected ${expected}, got ${got}; export it again with 'egunet export'`,
    );
}
