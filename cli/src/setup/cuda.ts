// onnxruntime's libraries for CUDA, which its package leaves out: from its own installer, from the wheel of the same version, or from what is given.
import { createReadStream } from 'node:fs';
import { access, constants, copyFile, readdir, readFile, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { findCudaLibraries } from '../doctor/machine.js';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';
import { CUDNN, cudaNamesIn } from './cuda-names.js';
import { downloadWheels } from './download.js';
import { runProgram } from './programs.js';
import { unpackWheel } from './wheel.js';
import { inWorkFolder } from './work-folder.js';

/** What onnxruntime loads for CUDA, beside its own library. */
const FILES = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/** The installed onnxruntime-node. */
export interface Onnxruntime {
  readonly folder: string;
  readonly version: string;
  /** Where its libraries lie. */
  readonly binaries: string;
}

/** Finds the onnxruntime-node that egunet runs models with. Throws CommandError on systems that CUDA is not for. */
export async function findOnnxruntime(): Promise<Onnxruntime> {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return onnxruntimeIn(folder);
}

/** The same of a package in `folder`. */
export async function onnxruntimeIn(folder: string): Promise<Onnxruntime> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64')
    throw new CommandError(`CUDA can be set up on Linux on x86-64 alone, this is ${platform} on ${arch}; --device webgpu may run here`); // biome-ignore format: one message
  const api = (await readdir(join(folder, 'bin'))).find((name) => name.startsWith('napi-v'));
  return { folder, version, binaries: join(folder, 'bin', api ?? '', platform, arch) };
}

export interface SetUpCudaOptions {
  readonly onnxruntime: Onnxruntime;
  /** A folder, or an archive (.whl, .nupkg, .zip), with the libraries; or a folder of wheels. */
  readonly from?: string | undefined;
  readonly control: Control;
}

/** Puts the libraries where onnxruntime looks for them, and says where they came from. Throws CommandError where they cannot be had or are of another version. */
export async function setUpCuda(options: SetUpCudaOptions): Promise<{ source: string }> {
  const { onnxruntime, from } = options;
  const { binaries } = onnxruntime;
  await access(binaries, constants.W_OK).catch((cause) => {
    throw new CommandError(`${binaries}: cannot be written (${cause.message}); run it as who installed egunet`, { cause }); // biome-ignore format: one message
  });
  let source = '';
  await inWorkFolder(join(binaries, 'cuda'), async (work) => {
    source = from === undefined ? await fetchLibraries(work, options) : await takeLibraries(work, from, options);
    await assertProvider(work, { source, version: onnxruntime.version });
    for (const file of FILES) await rename(join(work, file), join(binaries, file));
  });
  return { source };
}

/** Where the header of a library for Linux says what it is made for, and what it says of 64 bits, and of x86-64. Source: the ELF specification. */
const ELF = { magic: '\x7fELF', classAt: 4, bits64: 2, machineAt: 18, x86: 62 } as const;

/** Throws CommandError unless what is to take the place of the libraries is onnxruntime's for CUDA, of its version. */
async function assertProvider(work: string, { source, version }: { source: string; version: string }): Promise<void> {
  for (const file of FILES) {
    const bytes = await readFile(join(work, file));
    const fits =
      bytes.length > ELF.machineAt + 1 &&
      bytes.toString('latin1', 0, 4) === ELF.magic &&
      bytes[ELF.classAt] === ELF.bits64 &&
      bytes.readUInt16LE(ELF.machineAt) === ELF.x86;
    if (!fits) throw new CommandError(`${source}: its ${file} is no library for Linux on x86-64; get it again`);
    if (file === FILES[1] && !bytes.includes(`\0${version}\0`))
      throw new CommandError(
        `${source}: its ${file} is not of onnxruntime ${version}, which is installed; get that version`,
      );
  }
  if ((await neededLibraries({ binaries: work }))!.length === 0)
    throw new CommandError(`${source}: its ${FILES[1]} asks for no library of CUDA; get onnxruntime's for GPUs`);
}

/** By the package's own installer; where that fails, as on networks that do not reach its feed, from the wheel of the same version. */
async function fetchLibraries(work: string, { onnxruntime, control }: SetUpCudaOptions): Promise<string> {
  const { folder, binaries, version } = onnxruntime;
  try {
    const { requirements } = createRequire(import.meta.url)(join(folder, 'script/install-metadata.js'));
    const [name] = requirements[`${process.platform}/${process.arch}`];
    note(`running the installer of onnxruntime-node ${version} (${name})`);
    const env = { ONNXRUNTIME_NODE_INSTALL: name };
    await runProgram(process.execPath, [join(folder, 'script/install.js')], {
      ...{ cwd: folder, env, signal: control.signal, install: 'install Node.js' },
    });
    for (const file of FILES) await copyFile(join(binaries, file), join(work, file));
    return 'its own installer';
  } catch (cause) {
    control.signal.throwIfAborted();
    note(`the installer failed: ${(cause as Error).message}`);
  }
  const wheel = `onnxruntime-gpu==${version}`;
  const [path] = await downloadWheels([wheel], { into: join(work, 'wheels'), python: '3.12', mib: 235, control });
  await unpackFiles(path!, work, control.signal);
  return wheel;
}

/** From a folder, or an archive of the same version. */
async function takeLibraries(work: string, from: string, options: SetUpCudaOptions): Promise<string> {
  const { onnxruntime, control } = options;
  const given = await stat(from).catch(() => undefined);
  if (!given) throw new CommandError(`${from}: there is no such file or folder; check the path`);
  if (given.isDirectory()) {
    const wheel = (await readdir(from)).find((name) => /^onnxruntime_gpu-.*\.whl$/.test(name));
    if (wheel) return takeLibraries(work, join(from, wheel), options);
    for (const file of FILES)
      await copyFile(join(from, file), join(work, file)).catch((cause) => {
        throw new CommandError(`${from}: has no ${file}; give the folder where both ${FILES.join(' and ')} are`, { cause }); // biome-ignore format: one message
      });
    return resolve(from);
  }
  const version = /[-.](\d+\.\d+\.\d+)(?=[-.](?:cp|nupkg|zip|whl))/.exec(basename(from))?.[1];
  if (version !== undefined && version !== onnxruntime.version)
    throw new CommandError(
      `${from}: has onnxruntime ${version}, expected ${onnxruntime.version}, which is installed; get that version`,
    );
  if (/\.(tgz|tar\.gz|tar)$/i.test(from))
    throw new CommandError(`${from}: is a tar archive; unpack it and give the folder of its libraries`);
  await unpackFiles(from, work, control.signal);
  return resolve(from);
}

async function unpackFiles(archive: string, work: string, signal: AbortSignal): Promise<void> {
  const names: readonly string[] = FILES;
  const wanted = (name: string) => (names.includes(basename(name)) ? basename(name) : undefined);
  await unpackWheel(archive, work, { wanted, signal });
  const found = await readdir(work);
  const missing = FILES.filter((file) => !found.includes(file));
  if (missing.length > 0) throw new CommandError(`${archive}: has no ${missing.join(' and no ')}; give the archive of onnxruntime for GPUs`); // biome-ignore format: one message
}

/** NVIDIA's libraries that the provider is linked with, such as `libcudart.so.13`: of a library that it names in several versions, the newest. Undefined where the provider is not there. */
export async function neededLibraries({ binaries }: Pick<Onnxruntime, 'binaries'>): Promise<string[] | undefined> {
  const path = join(binaries, FILES[1]);
  if (!(await stat(path).catch(() => undefined))) return undefined;
  const newest = new Map<string, number>();
  let rest = '';
  for await (const bytes of createReadStream(path, { encoding: 'latin1' })) {
    const text: string = rest + bytes;
    for (const [name, version] of cudaNamesIn(text)) newest.set(name, Math.max(newest.get(name) ?? 0, version));
    rest = text.slice(-32); // a name that goes on
  }
  return [...newest].map(([name, version]) => `${name}.${version}`).sort();
}

/** What is to be done for CUDA, in words; undefined where all its libraries are there. */
export async function missingForCuda(onnxruntime: Onnxruntime): Promise<string | undefined> {
  const [needed, found] = [await neededLibraries(onnxruntime), await findCudaLibraries()];
  if (!needed) return 'egunet setup cuda (it needs an NVIDIA GPU with its driver)';
  const missing = [...new Set([...needed, CUDNN])].filter((name) => !(name in found));
  return missing.length === 0
    ? undefined
    : `egunet setup cuda --nvidia, or install CUDA and cuDNN 9 so that there are ${missing.join(', ')}, or let LD_LIBRARY_PATH name their folders`;
}
