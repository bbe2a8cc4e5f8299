// Where what is set up apart is kept, and what belongs to a TensorFlow for training.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The packages that bind TensorFlow's library to Node.js. */
export const TENSORFLOW_PACKAGES = ['tfjs-node', 'tfjs-node-gpu'] as const;
export type TensorflowPackage = (typeof TENSORFLOW_PACKAGES)[number];

/** Builds of TensorFlow's library: computing on the processor alone, or with CUDA. */
export const LIBRARY_BUILDS = ['cpu', 'cuda'] as const;
export type LibraryBuild = (typeof LIBRARY_BUILDS)[number];

/** The folder of all that is set up: `EGUNET_HOME`, else `egunet` in the user's cache. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.EGUNET_HOME) return resolve(env.EGUNET_HOME);
  const { XDG_CACHE_HOME, LOCALAPPDATA } = env;
  return resolve(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'egunet');
}

/** The folder of a package with its library; whole where it is there, as it is put there in one piece. */
export const packageFolder = (name: TensorflowPackage, env?: NodeJS.ProcessEnv): string =>
  join(homeFolder(env), 'tensorflow', name);

/** The folder of TensorFlow's library, which packages share; whole where it is there. */
export const libraryFolder = (build: LibraryBuild, version: string): string =>
  join(homeFolder(), 'tensorflow', `library-${build}-${version}`);

/** The folder of NVIDIA's libraries for onnxruntime; whole where it is there. */
export const nvidiaFolder = (env?: NodeJS.ProcessEnv): string => join(homeFolder(env), 'cuda');

/** Of a package's folder, what says which versions are in it. */
export const INSTALLED = 'egunet.json';

/** What is in a package's folder. */
export interface Installed {
  readonly format: 'egunet-tensorflow';
  readonly package: TensorflowPackage;
  /** The package's version. */
  readonly version: string;
  /** TensorFlow's. */
  readonly tensorflow: string;
  readonly build: LibraryBuild;
}
