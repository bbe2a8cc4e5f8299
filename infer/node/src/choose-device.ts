// The best device of a machine that a model runs on.
import { firstLine } from '@egunet/infer';
import { type Device, openModel } from './model.js';

/** GPUs in the order in which they are tried; the CPU, which always runs models, comes last. */
const IN_ORDER: Readonly<Partial<Record<NodeJS.Platform, readonly Device[]>>> = {
  linux: ['cuda', 'webgpu'],
  win32: ['cuda', 'dml', 'webgpu'],
  darwin: ['coreml', 'webgpu'],
};

export interface ChosenDevice {
  readonly device: Device;
  /** Of those that were asked for, where the device has numbers. */
  readonly deviceIds?: readonly number[];
  /** Why those before it were not taken. */
  readonly reasons: readonly { readonly device: Device; readonly reason: string }[];
}

/** Tries the devices of this system, one after another, with the model itself; of several GPUs the first of `deviceIds`. Rejects as `openModel` where it does not run on the CPU either. */
export async function chooseDevice(model: string, deviceIds?: readonly number[]): Promise<ChosenDevice> {
  const reasons: { device: Device; reason: string }[] = [];
  for (const device of IN_ORDER[process.platform] ?? []) {
    try {
      const { release } = await openModel(model, { threads: 1, device, deviceId: deviceIds?.[0] });
      await release();
      const numbered = device === 'cuda' || device === 'dml';
      return { device, ...(numbered && deviceIds && { deviceIds }), reasons };
    } catch (error) {
      const reason = firstLine(error)
        .replace(`${model}: onnxruntime cannot run the model on '${device}': `, '')
        .replace(/; it needs .*$/, '');
      reasons.push({ device, reason });
    }
  }
  await (await openModel(model, { threads: 1 })).release();
  return { device: 'cpu', reasons };
}
