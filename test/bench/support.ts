// The benchmarks are programs, not a package: their modules are imported from where they are compiled to.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/index.js';

/** Path of a compiled module of the benchmarks. */
export const compiled = (name: string): string => join(root, 'bench/dist', `${name}.js`);

/** Imports a module of the benchmarks; its type is `typeof import('../../bench/src/NAME.js')`. */
export const load = async <T>(name: string): Promise<T> => (await import(pathToFileURL(compiled(name)).href)) as T;
