// Errors of a room keep their class on the way from a worker thread, where structured clones lose it.
import { InferError } from '@egunet/infer';
import { ModelCardError } from '@egunet/models/card';
import { RasterError } from '@egunet/raster';

const CLASSES = { InferError, ModelCardError, RasterError };

/** An error as plain data. */
export interface PackedError {
  readonly tag?: string;
  readonly message: string;
  readonly stack?: string;
}

/** An error as plain data. */
export function packError(error: unknown): PackedError {
  const { _tag, message, stack } = (error ?? {}) as { _tag?: string; message?: string; stack?: string };
  return { tag: _tag, message: message ?? String(error), stack };
}

/** The error again, of the class that it had. */
export function unpackError({ tag, message, stack }: PackedError): Error {
  const Class = CLASSES[tag as keyof typeof CLASSES] ?? Error;
  const error = new Class(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
