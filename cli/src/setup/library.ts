// TensorFlow's library, from a wheel: the packages' own download is TensorFlow 2.9.1 with CUDA 11.2, which current GPUs do not run.
import { readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { downloadWheels } from './download.js';
import type { LibraryBuild } from './places.js';
import { ofNvidia, ofTensorflow, unpackWheel } from './wheel.js';
import { inWorkFolder } from './work-folder.js';

/** The version that is set up unless another is asked for. */
export const DEFAULT_TENSORFLOW = '2.18.1';

const DISTRIBUTION: Readonly<Record<LibraryBuild, string>> = { cpu: 'tensorflow-cpu', cuda: 'tensorflow' };

/** sha256 of wheels that were tried, and MiB of what is downloaded with them. */
const TRIED: Readonly<Record<string, { readonly sha256: string; readonly mib: number }>> = {
  'tensorflow-cpu==2.18.1': { sha256: '357506565b05154b4b1fa5f94cd2b34c74d8a6ed64091385a71c990626321164', mib: 220 },
  'tensorflow-cpu==2.21.0': { sha256: 'd143e92f5c0661cdfa26eaca8f73cd2efd0ec53a68af8dec82f584ba8eb14b83', mib: 250 },
  'tensorflow==2.18.1': { sha256: '1f929842999d60e7da67743ae5204b477259f3b771c02e5e437d232267e49f18', mib: 615 },
};

export interface LibraryOptions {
  readonly version: string;
  readonly build: LibraryBuild;
  /** A wheel of TensorFlow, beside which those of NVIDIA lie if the build needs them, or the folder of all; downloaded when absent. */
  readonly from?: string | undefined;
  readonly control: Control;
}

/**
 * Makes the folder of a library in one piece: `lib/`, `include/`, licences and, of a CUDA build, `nvidia/`. Throws CommandError where a wheel cannot be
 * had; nothing is left of it then.
 */
export async function makeLibrary(folder: string, options: LibraryOptions): Promise<void> {
  await inWorkFolder(folder, async (work) => {
    await fillLibrary(join(work, 'library'), join(work, 'wheels'), options);
    await rename(join(work, 'library'), folder);
  });
}

/** Whether the folder of a library is whole, as far as names tell: somebody may have taken away from it. */
export async function isWholeLibrary(folder: string, build: LibraryBuild): Promise<boolean> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const wanted = [...LIBRARIES.map((name) => join('lib', name)), join('include', 'tensorflow', 'c', 'c_api.h')];
  return wanted.every((name) => names.includes(name)) && (build === 'cpu' || names.includes('nvidia'));
}

/** What the binding is linked with. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

async function fillLibrary(folder: string, wheels: string, options: LibraryOptions): Promise<void> {
  const { version, build, from, control } = options;
  const { signal } = control;
  const requirement = `${DISTRIBUTION[build]}==${version}`;
  const [wheel] = await fetchWheels([requirement], { wheels, from, control });
  await unpackWheel(wheel!, folder, { wanted: ofTensorflow, signal });
  await assertLibrary(folder, { build, version });
  // The name under which the packages' own loader looks for the library.
  await symlink('libtensorflow_cc.so.2', join(folder, 'lib/libtensorflow.so.2'));
  if (build === 'cpu') return;
  const nvidia = await cudaPackages(folder, requirement);
  for (const one of await fetchWheels(nvidia, { wheels, from, control }))
    await unpackWheel(one, folder, { wanted: ofNvidia, signal });
  if (!(await isWholeLibrary(folder, build)))
    throw new CommandError(`${requirement}: the wheels of NVIDIA have no libraries; get them again`);
}

/** Throws CommandError unless what was unpacked is that version and build of TensorFlow, with what is needed of it. */
async function assertLibrary(
  folder: string,
  { build, version }: Pick<LibraryOptions, 'build' | 'version'>,
): Promise<void> {
  const requirement = `${DISTRIBUTION[build]}==${version}`;
  const metadata = await readFile(join(folder, 'METADATA'), 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'm').exec(metadata)?.[1];
  const is = `${field('Name')?.toLowerCase().replaceAll('_', '-')}==${field('Version')}`;
  if (is !== requirement)
    throw new CommandError(
      `the wheel is ${is}, expected ${requirement}; --tensorflow names a version, --library the build`,
    );
  const found = await readdir(join(folder, 'lib')).catch((): string[] => []);
  if (LIBRARIES.every((name) => found.includes(name))) return;
  throw new CommandError(
    `${requirement}: the wheel has no libtensorflow_cc.so.2 and libtensorflow_framework.so.2; take TensorFlow 2.12 or newer for Linux on x86-64`,
  );
}

/** The packages with CUDA's libraries that the wheel's own metadata name. */
async function cudaPackages(folder: string, requirement: string): Promise<string[]> {
  const metadata = await readFile(join(folder, 'METADATA'), 'utf8');
  const found = [...metadata.matchAll(/^Requires-Dist: *(nvidia-[^;\n]+);.*extra *== *['"]and-cuda['"]/gm)];
  if (found.length > 0) return found.map(([, one]) => one!.replaceAll(/[ ()]/g, ''));
  throw new CommandError(`${requirement}: names no packages of CUDA; take TensorFlow 2.14 or newer`);
}

/** Paths of the wheels that fit the requirements, newly downloaded unless a wheel is given. */
async function fetchWheels(
  requirements: readonly string[],
  { wheels, from, control }: Pick<LibraryOptions, 'from' | 'control'> & { readonly wheels: string },
): Promise<string[]> {
  const given = from === undefined ? undefined : await stat(from).catch(() => undefined);
  if (from !== undefined && !given) throw new CommandError(`${from}: there is no such file or folder; check the path`);
  if (from !== undefined && given?.isFile()) {
    if (from.endsWith('.whl') && requirements.length === 1) return [resolve(from)];
    // Those of NVIDIA lie beside it, if anywhere.
    if (from.endsWith('.whl')) return fetchWheels(requirements, { wheels, from: dirname(resolve(from)), control });
    throw new CommandError(`${from}: is not a wheel (.whl); give TensorFlow's, or a folder of wheels`);
  }
  const lines = requirements.map((one) => (TRIED[one] ? `${one} --hash=sha256:${TRIED[one].sha256}` : one));
  const into = join(wheels, String(requirements.length));
  return downloadWheels(lines, { into, python: '3.10', from, mib: TRIED[requirements[0]!]?.mib, control });
}
