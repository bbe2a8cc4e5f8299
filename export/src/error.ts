/** A function that cannot be traced, or a graph that cannot be written: the message says what, where and what to do. */
export class ExportError extends Error {
  readonly _tag = 'ExportError';
  override readonly name = 'ExportError';
}
