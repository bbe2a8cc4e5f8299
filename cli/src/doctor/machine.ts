// The machine: what of it matters to training and inference.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isCudaLibrary } from '../setup/cuda-names.js';
import { nvidiaFolder } from '../setup/places.js';

const run = promisify(execFile);

/** Facts about the machine, as `--json` tells them. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly processor: { readonly model: string; readonly cores: number; readonly features: readonly string[] };
  /** `limitMib`: what a container may take. */
  readonly memory: { readonly totalMib: number; readonly freeMib: number; readonly limitMib?: number };
  readonly gpus: readonly Gpu[];
  /** Names of the devices that Vulkan tells of; absent where no program does (`vulkaninfo`). */
  readonly vulkan?: readonly string[];
  /** Files of NVIDIA's libraries, by name: CUDA's runtime, cuBLAS and cuDNN. */
  readonly cudaLibraries: Readonly<Record<string, string>>;
}

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly memoryMib: number;
}

/** What makes a difference to how fast networks run. */
const FEATURES = ['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8', 'asimd', 'asimddp'];

/** Looks at the machine; what cannot be seen is left out. */
export async function machine(): Promise<Machine> {
  const [features, limitMib, gpus, vulkan, cudaLibraries] = await Promise.all([
    processorFeatures(),
    memoryLimit(),
    nvidiaGpus(),
    vulkanDevices(),
    findCudaLibraries(),
  ]);
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), features },
    memory: { totalMib: mib(totalmem()), freeMib: mib(freemem()), ...(limitMib !== undefined && { limitMib }) },
    gpus,
    ...(vulkan && { vulkan }),
    cudaLibraries,
  };
}

async function processorFeatures(): Promise<string[]> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const found = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(' '));
  return FEATURES.filter((feature) => found.has(feature));
}

/** What the control group of this process may take, MiB; undefined where that is all there is. */
async function memoryLimit(): Promise<number | undefined> {
  for (const file of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    const bytes = Number(await readFile(file, 'utf8').catch(() => 'none'));
    if (bytes > 0 && bytes < totalmem()) return Math.round(bytes / 2 ** 20);
  }
  return undefined;
}

/** NVIDIA's GPUs; none where their program is not there. */
async function nvidiaGpus(): Promise<Gpu[]> {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader,nounits'];
  const { stdout } = await run('nvidia-smi', query, { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return parseGpus(stdout);
}

/** Lines `NVIDIA H100 80GB HBM3, 550.54.15, 81559` of `nvidia-smi`. */
export const parseGpus = (text: string): Gpu[] =>
  text.split('\n').flatMap((line) => {
    const [name, driver, memory] = line.split(', ');
    return name && driver && Number(memory) > 0 ? [{ name, driver, memoryMib: Number(memory) }] : [];
  });

async function vulkanDevices(): Promise<string[] | undefined> {
  const found = await run('vulkaninfo', ['--summary'], { timeout: 10_000 }).catch(() => undefined);
  return found && [...found.stdout.matchAll(/^\s*deviceName\s*=\s*(.+)$/gm)].map(([, name]) => name!.trim());
}

/** Libraries that onnxruntime's CUDA provider and TensorFlow load, and the folders where they usually lie. */
const CUDA_FOLDERS = ['/usr/local/cuda/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64'];

/** Paths by names such as `libcudart.so.12`. */
export async function findCudaLibraries(env: NodeJS.ProcessEnv = process.env): Promise<Record<string, string>> {
  const folders = [
    join(nvidiaFolder(env), 'lib'),
    ...(env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
    ...CUDA_FOLDERS,
  ];
  const found: Record<string, string> = {};
  for (const folder of folders)
    for (const name of await readdir(folder).catch((): string[] => []))
      if (isCudaLibrary(name)) found[name] ??= join(folder, name);
  return found;
}
