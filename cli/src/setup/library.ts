// TensorFlow's library, from a wheel: the packages' own download is TensorFlow 2.9.1 with CUDA 11.2, which current GPUs do not run.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';
import type { LibraryBuild } from './places.js';
import { runProgram } from './programs.js';
import { folderBytes, ofNvidia, ofTensorflow, unpackWheel } from './wheel.js';

/** The version that is set up unless another is asked for. */
export const DEFAULT_TENSORFLOW = '2.18.1';

/** The version of Python whose wheels are taken; which one does not matter. */
const PYTHON = '3.10';
const PLATFORMS = ['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
const DISTRIBUTION: Readonly<Record<LibraryBuild, string>> = { cpu: 'tensorflow-cpu', cuda: 'tensorflow' };

/** sha256 of wheels that were tried, and MiB of what is downloaded with them. */
const TRIED: Readonly<Record<string, { readonly sha256: string; readonly mib: number }>> = {
  'tensorflow-cpu==2.18.1': { sha256: '357506565b05154b4b1fa5f94cd2b34c74d8a6ed64091385a71c990626321164', mib: 220 },
  'tensorflow-cpu==2.21.0': { sha256: 'd143e92f5c0661cdfa26eaca8f73cd2efd0ec53a68af8dec82f584ba8eb14b83', mib: 250 },
  'tensorflow==2.18.1': { sha256: '1f929842999d60e7da67743ae5204b477259f3b771c02e5e437d232267e49f18', mib: 615 },
};

const NEEDS_PYTHON = 'install Python 3 with pip (Debian: apt-get install python3-pip)';

export interface LibraryOptions {
  readonly version: string;
  readonly build: LibraryBuild;
  /** A wheel of TensorFlow, or a folder with all wheels that are needed; downloaded when absent. */
  readonly from?: string | undefined;
  readonly control: Control;
}

/**
 * Makes the folder of a library in one piece: `lib/`, `include/`, licences and, of a CUDA build, `nvidia/`. Throws CommandError where a wheel cannot be
 * had; nothing is left of it then.
 */
export async function makeLibrary(folder: string, options: LibraryOptions): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.`);
  try {
    await fillLibrary(join(work, 'library'), join(work, 'wheels'), options);
    await rename(join(work, 'library'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fillLibrary(folder: string, wheels: string, options: LibraryOptions): Promise<void> {
  const { version, build, from, control } = options;
  const { signal } = control;
  const requirement = `${DISTRIBUTION[build]}==${version}`;
  const [wheel] = await fetchWheels([requirement], { wheels, from, control });
  await unpackWheel(wheel!, folder, { wanted: ofTensorflow, signal });
  await assertLibrary(folder, requirement);
  // The name under which the packages' own loader looks for the library.
  await symlink('libtensorflow_cc.so.2', join(folder, 'lib/libtensorflow.so.2'));
  if (build === 'cpu') return;
  const nvidia = await cudaPackages(folder, requirement);
  for (const one of await fetchWheels(nvidia, { wheels, from, control }))
    await unpackWheel(one, folder, { wanted: ofNvidia, signal });
}

async function assertLibrary(folder: string, requirement: string): Promise<void> {
  const found = await readdir(join(folder, 'lib')).catch((): string[] => []);
  if (['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].every((name) => found.includes(name))) return;
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

interface FetchOptions extends Pick<LibraryOptions, 'from' | 'control'> {
  /** Where wheels are downloaded to. */
  readonly wheels: string;
}

/** Paths of the wheels that fit the requirements, newly downloaded unless they are given. */
async function fetchWheels(
  requirements: readonly string[],
  { wheels, from, control }: FetchOptions,
): Promise<string[]> {
  const given = from === undefined ? undefined : await stat(from).catch(() => undefined);
  if (from !== undefined && !given) throw new CommandError(`${from}: there is no such file or folder; check the path`);
  if (from !== undefined && given?.isFile()) {
    if (from.endsWith('.whl')) return [resolve(from)];
    throw new CommandError(`${from}: is not a wheel (.whl); give TensorFlow's, or a folder of wheels`);
  }
  const into = join(wheels, String(requirements.length));
  await mkdir(into, { recursive: true });
  const list = join(wheels, 'requirements.txt');
  const lines = requirements.map((one) => (TRIED[one] ? `${one} --hash=sha256:${TRIED[one].sha256}` : one));
  await writeFile(list, `${lines.join('\n')}\n`);
  const source = from === undefined ? [] : ['--no-index', '--find-links', resolve(from)];
  const platform = PLATFORMS.flatMap((name) => ['--platform', name]);
  const args = [
    ...['-m', 'pip', '--disable-pip-version-check', 'download', '--no-deps', '--no-cache-dir', '--progress-bar=off'],
    ...['--only-binary=:all:', '--implementation=cp', `--python-version=${PYTHON}`, ...platform, ...source],
    ...['-d', into, '-r', list],
  ];
  const what = `downloading ${requirements.length === 1 ? requirements[0] : `${requirements.length} wheels of CUDA`}`;
  await watched(what, { folder: wheels, control, mib: TRIED[requirements[0]!]?.mib }, () =>
    runProgram('python3', args, { env: { TMPDIR: wheels }, signal: control.signal, install: NEEDS_PYTHON }),
  );
  const found = (await readdir(into)).filter((name) => name.endsWith('.whl'));
  if (found.length < requirements.length)
    throw new CommandError(
      `${requirements.join(', ')}: pip found ${found.length} wheels, expected ${requirements.length}`,
    );
  return found.map((name) => join(into, name));
}

/** How often it is looked how much there is of a download, and how often that is told where it is not known how much there will be, ms. */
const LOOK_EVERY = 500;
const TELL_EVERY = 5000;

interface Watched extends Pick<LibraryOptions, 'control'> {
  readonly folder: string;
  /** What there will be; unknown when absent. */
  readonly mib: number | undefined;
}

/** Tells how much there is of what `work` brings into a folder. */
async function watched(what: string, { folder, control, mib }: Watched, work: () => Promise<unknown>): Promise<void> {
  if (mib === undefined) note(what);
  const progress = mib === undefined ? undefined : control.startProgress(what, mib);
  const look = async () => {
    const there = (await folderBytes(folder)) / 2 ** 20;
    if (progress) progress.update(Math.min(there, mib!), `${there.toFixed(0)} MiB`);
    else note(`${what}: ${there.toFixed(0)} MiB`);
  };
  const timer = setInterval(() => void look(), progress ? LOOK_EVERY : TELL_EVERY);
  try {
    await work();
    progress?.update(mib!);
  } finally {
    clearInterval(timer);
    progress?.stop();
  }
}
