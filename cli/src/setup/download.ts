// Wheels of Python, by pip, which knows the user's proxies, mirrors and certificates.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';
import { runProgram } from './programs.js';
import { folderBytes } from './wheel.js';

const PLATFORMS = ['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
const NEEDS_PYTHON = 'install Python 3 with pip (Debian: apt-get install python3-pip)';

export interface DownloadOptions {
  /** Folder that they are put into; what pip keeps meanwhile is there, too. */
  readonly into: string;
  /** The version of Python whose wheels are taken; no Python code is used, but not every project has wheels for all. */
  readonly python: string;
  /** Folder of wheels to take them from, instead of the net. */
  readonly from?: string | undefined;
  /** What there will be to download, MiB, where it is known. */
  readonly mib?: number | undefined;
  readonly control: Control;
}

/** Downloads wheels by requirements (`onnxruntime-gpu==1.30.0`, with `--hash=sha256:...` where it is known) and returns their paths. Throws CommandError where pip fails. */
export async function downloadWheels(requirements: readonly string[], options: DownloadOptions): Promise<string[]> {
  const { into, python, from, control } = options;
  const mib = from === undefined ? options.mib : undefined; // what is given may be there in a moment
  await mkdir(into, { recursive: true });
  const list = join(into, 'requirements.txt');
  await writeFile(list, `${requirements.join('\n')}\n`);
  const source = from === undefined ? [] : ['--no-index', '--find-links', resolve(from)];
  const platform = PLATFORMS.flatMap((name) => ['--platform', name]);
  const args = [
    ...['-m', 'pip', '--disable-pip-version-check', 'download', '--no-deps', '--no-cache-dir', '--progress-bar=off'],
    ...['--only-binary=:all:', '--implementation=cp', `--python-version=${python}`, ...platform, ...source],
    ...['-d', into, '-r', list],
  ];
  const names = requirements.map((one) => one.split(' ')[0]!);
  const what = `downloading ${names.length === 1 ? names[0] : `${names.length} wheels`}`;
  await watched(what, { folder: into, control, mib }, () =>
    runProgram('python3', args, { env: { TMPDIR: into }, signal: control.signal, install: NEEDS_PYTHON }),
  );
  const found = (await readdir(into)).filter((name) => name.endsWith('.whl'));
  if (found.length < requirements.length)
    throw new CommandError(`${names.join(', ')}: pip found ${found.length} wheels, expected ${requirements.length}`);
  return found.map((name) => join(into, name));
}

/** How often it is looked how much there is of a download, and how often that is told where it is not known how much there will be, ms. */
const LOOK_EVERY = 500;
const TELL_EVERY = 5000;

interface Watched extends Pick<DownloadOptions, 'control'> {
  readonly folder: string;
  /** What there will be; unknown when absent. */
  readonly mib: number | undefined;
}

/** Tells how much there is of what `work` brings into a folder. */
async function watched(what: string, { folder, control, mib }: Watched, work: () => Promise<unknown>): Promise<void> {
  if (mib === undefined) note(what);
  const progress = mib === undefined ? undefined : control.startProgress(what, mib);
  const look = async () => {
    const there = Math.min(mib ?? Number.POSITIVE_INFINITY, (await folderBytes(folder)) / 2 ** 20); // pip copies at the end
    if (progress) progress.update(there, `${there.toFixed(0)} MiB`);
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
