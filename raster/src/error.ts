/** A scene or map that cannot be read or written: the message says what, where, expected, got, and what to do. */
export class RasterError extends Error {
  readonly _tag = 'RasterError';
  override readonly name = 'RasterError';
  constructor(
    message: string,
    readonly options: { readonly path?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}
