/** An error as plain data: between threads, structured clones of errors lose their kind. */
export interface PackedError {
  /** Of the errors of a room: their `_tag`. */
  readonly tag?: string;
  readonly message: string;
  readonly stack?: string;
  readonly remedy?: string;
}

/** An error as plain data. */
export function packError(error: unknown): PackedError {
  const { _tag, message, stack, remedy } = (error ?? {}) as Partial<Error> & { _tag?: string; remedy?: string };
  return {
    ...(_tag && { tag: _tag }),
    message: message ?? String(error),
    ...(stack !== undefined && { stack }),
    ...(remedy && { remedy }),
  };
}
