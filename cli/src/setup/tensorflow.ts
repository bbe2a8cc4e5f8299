// TensorFlow for training: @tensorflow/tfjs-node or -node-gpu with the library of a current TensorFlow, in a folder of its own.
import { existsSync } from 'node:fs';
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';
import { compileAddon, NEEDS_NPM } from './addon.js';
import { isWholeLibrary, makeLibrary } from './library.js';
import {
  INSTALLED,
  type Installed,
  type LibraryBuild,
  libraryFolder,
  packageFolder,
  type TensorflowPackage,
} from './places.js';
import { runProgram } from './programs.js';
import { inWorkFolder } from './work-folder.js';

/** The version of both packages. */
const PACKAGE_VERSION = '4.22.0';

export interface SetUpTensorflowOptions {
  readonly name: TensorflowPackage;
  readonly build: LibraryBuild;
  /** TensorFlow's. */
  readonly version: string;
  /** Set up anew what is there and works. */
  readonly force: boolean;
  readonly from?: string | undefined;
  readonly control: Control;
}

/** What is set up of a package; undefined where nothing is, or not all. */
export async function installedTensorflow(name: TensorflowPackage): Promise<Installed | undefined> {
  try {
    const found: Installed = JSON.parse(await readFile(join(packageFolder(name), INSTALLED), 'utf8'));
    return found.format === 'egunet-tensorflow' && found.package === name ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Sets a package up beside what is there, which is replaced when all is done. What is there stays where it is the same and `works` says so; with
 * `force` the library is had anew, too.
 * Throws CommandError where a step cannot be done; nothing is left of it then.
 */
export async function setUpTensorflow(
  options: SetUpTensorflowOptions,
  works: (name: TensorflowPackage) => Promise<boolean>,
): Promise<{ installed: Installed; folder: string; already: boolean }> {
  const { name, build, version, force, from } = options;
  assertPlatform();
  if (from !== undefined && !existsSync(from))
    throw new CommandError(`${from}: there is no such file or folder; check the path`);
  const folder = packageFolder(name);
  const there = await installedTensorflow(name);
  const same = there?.version === PACKAGE_VERSION && there.tensorflow === version && there.build === build;
  if (same && !force) {
    if (await works(name)) {
      if (from !== undefined) note(`${folder}: is there and works, so ${from} is not looked at; --force takes it`);
      return { installed: there, folder, already: true };
    }
    note(`${folder}: is there, but does not work; setting it up anew`);
  }
  const installed: Installed = {
    ...{ format: 'egunet-tensorflow', package: name, version: PACKAGE_VERSION, tensorflow: version, build },
  };
  await inWorkFolder(folder, async (work) => {
    await assemble(work, options);
    await writeFile(join(work, INSTALLED), `${JSON.stringify(installed, undefined, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  });
  return { installed, folder, already: false };
}

function assertPlatform(): void {
  const { platform, arch } = process;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (platform === 'linux' && arch === 'x64' && header?.glibcVersionRuntime) return;
  throw new CommandError(
    `TensorFlow can be set up on Linux on x86-64 with glibc alone, this is ${platform} on ${arch}; train with --engine onnx`,
  );
}

async function assemble(
  work: string,
  { name, build, version, force, from, control }: SetUpTensorflowOptions,
): Promise<void> {
  const { signal } = control;
  const wanted = `@tensorflow/${name}@${PACKAGE_VERSION}`;
  const library = libraryFolder(build, version);
  const whole = !force && (await isWholeLibrary(library, build));
  if (!whole) await rm(library, { recursive: true, force: true });
  if (whole) note(`taking TensorFlow ${version} from ${library}`);
  else await makeLibrary(library, { version, build, from, control });
  await writeFile(join(work, 'package.json'), '{ "private": true }\n');
  note(`installing ${wanted}`);
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', wanted];
  await runProgram('npm', install, { cwd: work, signal, install: NEEDS_NPM });
  const folder = join(work, 'node_modules/@tensorflow', name);
  await symlink(relative(folder, library), join(folder, 'deps')); // they may be moved together
  note('compiling the addon');
  await compileAddon(folder, control);
}
