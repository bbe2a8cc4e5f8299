// The GPU of a browser.
import { InferError } from '@egunet/infer';

/** WebGPU's numbers for what a buffer is used for. */
export const USAGE = { MAP_READ: 0x01, COPY_SRC: 0x04, COPY_DST: 0x08, UNIFORM: 0x40, STORAGE: 0x80 } as const;

/** WebGPU's number for mapping a buffer to be read. */
export const MAP_TO_READ = 1;

/** A GPU that is ours alone: each model has one, so that losing it takes no other model along. */
export interface Gpu {
  readonly device: GPUDevice;
  /** As the browser calls it; browsers tell little, so that pages cannot be told apart by it. */
  readonly name: string;
  /** Whether it is gone: its driver was reset, its process ended. */
  isLost(): boolean;
  /** Rejects with InferError when it is gone. */
  readonly lost: Promise<never>;
}

/** What onnxruntime-web's kernels use where it is there. */
const FEATURES = ['shader-f16', 'subgroups'] as const;

/** As much of these as there is: kernels are chosen by them. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

async function findAdapter(): Promise<GPUAdapter> {
  if (!('gpu' in navigator) || !navigator.gpu)
    throw new InferError('this browser has no WebGPU, or the page is not served over HTTPS or from this computer');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter)
    throw new InferError("WebGPU finds no adapter here: the GPU or its driver is on the browser's block list");
  return adapter;
}

/** The GPU that WebGPU offers. Rejects with InferError where there is none. */
export async function openGpu(): Promise<Gpu> {
  const adapter = await findAdapter();
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  let gone = false;
  const lost = device.lost.then(({ message }): never => {
    gone = true;
    throw new InferError(`the GPU was lost: ${message || 'its driver was reset'}; open the model again`);
  });
  lost.catch(() => {}); // whoever works with it hears of it
  const { vendor, architecture, description } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'not named';
  return { device, name, lost, isLost: () => gone };
}

/** Work on a GPU. When it is gone calls fail in many ways: what is said of that is one. */
export async function onGpu<T>(gpu: Gpu, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve)); // the news of a loss may come behind its consequences
    if (gpu.isLost()) await gpu.lost;
    throw error;
  }
}
