import { RasterError } from './error.js';

/** Throws the RasterError that every reader of this room throws: `name: message`, with the name kept as its path. */
export function refuse(name: string, message: string, cause?: unknown): never {
  throw new RasterError(`${name}: ${message}`, { path: name, cause });
}
