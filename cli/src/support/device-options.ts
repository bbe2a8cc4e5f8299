// Where a model runs, as the user names it.
import type { Device, InferSummary } from '@egunet/infer-node';
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { oneOf, readWholeNumber } from './options.js';
import type { OptionOf } from './outline.js';
import { note } from './output.js';

/** As infer-node's, which is not loaded for a help text. */
const DEVICES = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml', 'auto'] as const satisfies readonly (Device | 'auto')[];

const deviceIds = {
  type: 'string',
  requiresArg: true,
  takes: 'N[,N]',
  describe: 'Which GPU, from 0, of cuda and dml; several (0,1) at once, each with a process of its own',
  coerce: (given: string | undefined) => given?.split(',').map((id) => readWholeNumber('device-id', id, { least: 0 })),
  recorded: 'never',
} as const satisfies OptionOf;

/** Adds `--device` and `--device-id`. */
export const withDeviceOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('device', {
      ...oneOf(
        'device',
        DEVICES,
        'Where the model runs; on a GPU one run after another; auto: the first GPU that runs it faster than the CPU, else that [default: cpu]',
      ),
      default: 'cpu' as const,
    })
    .option('device-id', deviceIds);

interface DeviceArguments {
  readonly device?: (typeof DEVICES)[number] | undefined;
  readonly 'device-id'?: readonly number[] | undefined;
}

/** Where a model is to run; says why `auto` did not take another device. Throws UsageError for numbers of what has none. */
export async function placeOf(
  model: string,
  { device = 'cpu', 'device-id': ids }: DeviceArguments,
): Promise<{ readonly device: Device; readonly deviceIds?: readonly number[] }> {
  const { chooseDevice, NUMBERED } = await import('@egunet/infer-node');
  const numbered: readonly string[] = ['auto', ...NUMBERED];
  if (ids && !numbered.includes(device))
    throw new UsageError(`--device-id tells GPUs of ${numbered.join(', ')} apart, not of ${device}; leave it out`);
  if (device === 'cuda' || device === 'auto') await (await import('../setup/nvidia.js')).useNvidia();
  if (device !== 'auto') return { device, ...(ids && { deviceIds: ids }) };
  const { reasons, ...chosen } = await chooseDevice(model, { deviceIds: ids });
  for (const { device, reason } of reasons) note(`not on ${device}: ${reason}`);
  if (ids && !chosen.deviceIds) note(`no GPU ${ids.join(', ')} is used: the model runs on the processor`);
  return chosen;
}

/** `, on cuda 0, 1`; nothing for the CPU. */
export const placeWords = ({ device, deviceIds = [] }: Pick<InferSummary, 'device' | 'deviceIds'>): string =>
  device === 'cpu' ? '' : `, on ${device}${deviceIds.length > 0 ? ` ${deviceIds.join(', ')}` : ''}`;
