/** A model that cannot be used, a scene that does not suit it, or an output that cannot be made: the message says what, where, expected, got, and what to do. */
export class InferError extends Error {
  readonly _tag = 'InferError';
  override readonly name = 'InferError';
}
