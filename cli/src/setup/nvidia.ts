// NVIDIA's libraries that onnxruntime's CUDA needs, from NVIDIA's wheels for Python, in a folder of egunet's.
import { readdir, rename, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { isCudaLibrary } from './cuda-names.js';
import { downloadWheels } from './download.js';
import { nvidiaFolder } from './places.js';
import { unpackWheel } from './wheel.js';
import { inWorkFolder } from './work-folder.js';

/** What is downloaded for CUDA 13, MiB. */
const DOWNLOAD_MIB = 1250;

/** Requirements of pip for the libraries of CUDA's major version, and cuDNN 9. Of cuFFT the version is one less, of cuRAND it is 10 since CUDA 10. */
function wheelsOf(cuda: number): string[] {
  const named = (name: string, version: number) => `nvidia-${name}${cuda < 13 ? `-cu${cuda}` : ''}~=${version}.0`;
  return [
    ...['cuda-runtime', 'cuda-nvrtc', 'cublas', 'nvjitlink'].map((name) => named(name, cuda)),
    named('cufft', cuda - 1),
    named('curand', 10),
    `nvidia-cudnn-cu${cuda}~=9.0`,
  ];
}

/** The libraries of a wheel and its licence; without those that stand in for others' (BLAS, FFTW). */
function wanted(path: string): string | undefined {
  const name = basename(path);
  if (/\.so[.\d]*$/.test(name)) return /^lib(nvblas|cufftw)\./.test(name) ? undefined : `lib/${name}`;
  const licence = /^([^/]+)\.dist-info\/(?:licenses\/)?(License[^/]*)$/i.exec(path);
  return licence ? `licences/${licence[1]}-${licence[2]}` : undefined;
}

/**
 * Makes the folder of NVIDIA's libraries in one piece, for what `needed` names (`libcudart.so.13`); what was there is replaced. `from`: a folder of wheels,
 * instead of the net. Throws CommandError where wheels cannot be had; what was there stays then.
 */
export async function setUpNvidia({
  needed,
  from,
  control,
}: {
  readonly needed: readonly string[];
  readonly from?: string | undefined;
  readonly control: Control;
}): Promise<string> {
  const cuda = Number(needed.map((name) => /^libcudart\.so\.(\d+)$/.exec(name)?.[1]).find(Boolean));
  if (![12, 13].includes(cuda))
    throw new CommandError(
      `--nvidia: onnxruntime's libraries name no CUDA 12 or 13, but ${needed.join(', ') || 'nothing'}; install what they need`,
    );
  const folder = nvidiaFolder();
  await inWorkFolder(folder, async (work) => {
    const into = join(work, 'wheels');
    const wheels = await downloadWheels(wheelsOf(cuda), { into, python: '3.12', from, mib: DOWNLOAD_MIB, control });
    for (const wheel of wheels) await unpackWheel(wheel, join(work, 'cuda'), { wanted, signal: control.signal });
    await rm(folder, { recursive: true, force: true });
    await rename(join(work, 'cuda'), folder);
  });
  return folder;
}

/** What glibc's dlopen() keeps a library loaded by, though its handle is closed. */
const RTLD_NODELETE = 0x1000;

/**
 * Has onnxruntime find NVIDIA's libraries where they were set up: this process loads those that it looks for, which find the rest beside them; that is to be done before onnxruntime does, and processes
 * that it starts look into their folder. The loader of Linux takes no more folders once a process runs.
 */
export async function useNvidia(): Promise<void> {
  const folder = join(nvidiaFolder(), 'lib');
  const names = await readdir(folder).catch((): string[] => []);
  if (process.platform !== 'linux' || names.length === 0) return;
  const { LD_LIBRARY_PATH: others } = process.env;
  process.env.LD_LIBRARY_PATH = [folder, ...(others ? [others] : [])].join(':');
  for (const name of names.filter(isCudaLibrary))
    try {
      process.dlopen({ exports: {} }, join(folder, name), constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
    } catch {
      // It is no addon of Node.js, but it is loaded; where it is not, onnxruntime says so.
    }
}
