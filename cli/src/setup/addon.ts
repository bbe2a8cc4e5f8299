// The part of @tensorflow/tfjs-node that is compiled: its own C++ sources against the library that is there.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { runProgram } from './programs.js';

/** The version of Node-API that the packages are made for; their loader looks for the addon in a folder of this name. */
const NODE_API = 8;
const HEADERS = 'node-api-headers@1.9.0';

const NEEDS_COMPILER = 'install a C++ compiler (Debian: apt-get install g++)';
export const NEEDS_NPM = 'it comes with Node.js: see https://nodejs.org';

/** Compiles the addon of the package in `folder`, whose `deps/` has the library and its headers. Throws CommandError where it cannot. */
export async function compileAddon(folder: string, { signal }: Control): Promise<void> {
  const work = join(folder, 'build-tmp');
  const made = join(folder, `lib/napi-v${NODE_API}`);
  try {
    await mkdir(work, { recursive: true });
    await mkdir(made, { recursive: true });
    const npm = { cwd: work, signal, install: NEEDS_NPM };
    await runProgram('npm', ['pack', '--silent', '--ignore-scripts', HEADERS], npm);
    const archive = (await readdir(work)).find((name) => name.endsWith('.tgz'));
    if (!archive) throw new CommandError(`${HEADERS}: npm gave no archive of it; run it again`);
    await runProgram('tar', ['xzf', archive], { ...npm, install: 'Debian: apt-get install tar' });
    const compiler = process.env.CXX || 'g++';
    const args = [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${NODE_API}`],
      ...['-I', join(work, 'package/include'), '-I', join(folder, 'deps/include')],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(folder, 'binding', file)),
      ...['-o', join(made, 'tfjs_binding.node'), '-L', join(folder, 'deps/lib')],
      ...['-Wl,--no-as-needed', '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
      ...['-Wl,--allow-shlib-undefined', '-Wl,-rpath,$ORIGIN/../../deps/lib'],
    ];
    await runProgram(compiler, args, { signal, install: NEEDS_COMPILER });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
