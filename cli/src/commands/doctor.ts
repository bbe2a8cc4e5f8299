import type { Argv } from 'yargs';
import type { Finding } from '../doctor/finding.js';
import { DEVICES, ENGINES, THINGS, type ThingId, TOOLS, thingsHere } from '../doctor/ids.js';
import type { Machine } from '../doctor/machine.js';
import { CommandError } from '../support/errors.js';
import { oneOf, wholeNumber, withCommon } from '../support/options.js';
import type { OptionOf } from '../support/outline.js';
import { formatFacts, note, printResult } from '../support/output.js';

export const command = 'doctor';
export const describe = 'Say what this machine can train and unmix with, and what brings the rest';

/** What egunet needs; all else is more. */
const NEEDED: readonly string[] = ['cpu', 'onnx-cpu'];

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .usage(
        '$0 doctor\n\nLooks at the machine, and really tries: every device runs a model and every engine trains a few steps, compared with the reference, each in a process of its own. Installs nothing.',
      )
      .option('only', {
        ...oneOf('only', THINGS, `Look at one thing, in this process: ${THINGS.join(', ')}`),
        takes: 'THING',
      } satisfies OptionOf)
      .option(
        'batch',
        wholeNumber('batch', {
          describe: 'Pixels of the training steps that are timed [default: 512]',
          least: 2,
          most: 100_000,
        }),
      )
      .example('$0 doctor', 'all of it, in half a minute')
      .example('$0 doctor --only webgpu', 'one device')
      .example("$0 doctor --json | jq -r '.findings[] | select(.works) | .id'", 'what works, for a script'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

const isOneOf = <T extends string>(list: readonly T[], id: string): id is T => (list as readonly string[]).includes(id);

/** Looks at one thing in this process. */
async function find(id: ThingId, batch?: number): Promise<Finding> {
  if (isOneOf(TOOLS, id)) return (await import('../doctor/tools.js')).findTool(id);
  if (isOneOf(ENGINES, id)) return (await import('../doctor/try-engine.js')).tryEngine(id, batch);
  return (await import('../doctor/try-device.js')).tryDevice(id);
}

/** Looks at everything: native libraries in processes of their own, one after another, as they would take each other's time. */
async function findAll(how: { readonly signal: AbortSignal; readonly batch: number | undefined }): Promise<Finding[]> {
  const { findInChild } = await import('../doctor/in-child.js');
  const findings: Finding[] = [];
  for (const id of thingsHere()) {
    note(`looking at ${id}`);
    findings.push(isOneOf(TOOLS, id) ? await find(id) : await findInChild(id, how));
  }
  return findings;
}

export async function handler({ only, json, verbose, batch }: Arguments): Promise<void> {
  if (only !== undefined) {
    const findings = [await find(only, batch)];
    printResult(json, { findings }, () => formatFacts(findings.map(line)));
    return;
  }
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({ verbose });
  try {
    const { machine } = await import('../doctor/machine.js');
    const found = await machine();
    const findings = await findAll({ signal: control.signal, batch });
    printResult(json, { machine: found, findings }, () => report(found, findings));
    const broken = findings.filter(({ id, works }) => !works && NEEDED.includes(id));
    // With --json the findings say it: a second object would be none that a script reads.
    if (broken.length > 0 && !json)
      throw new CommandError(
        `${broken.map(({ id }) => id).join(' and ')}: what egunet needs does not work: see above; where nothing else is said, install egunet again`,
      );
  } finally {
    control.release();
  }
}

/** `works: ...`, or why it does not and what to do. */
const line = ({ id, works, says, remedy }: Finding): [string, string] => [
  `  ${id}`,
  works ? says : `no: ${says}${remedy ? `\nto have it: ${remedy}` : ''}`,
];

function report(found: Machine, findings: readonly Finding[]): string {
  const group = (ids: readonly string[]) => findings.filter(({ id }) => ids.includes(id)).map(line);
  return formatFacts([
    ...machineFacts(found),
    ['inference', ''],
    ...group(DEVICES),
    ['training', ''],
    ...group(ENGINES),
    ['programs', ''],
    ...group(TOOLS),
  ]);
}

function machineFacts({ node, platform, processor, memory, gpus, vulkan, cudaLibraries }: Machine): [string, string][] {
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
  const { totalMib, freeMib, limitMib } = memory;
  const libraries = Object.keys(cudaLibraries);
  return [
    ['machine', `Node.js ${node}, ${platform}`],
    ['processor', `${processor.cores} x ${processor.model}${processor.features.map((one) => `, ${one}`).join('')}`],
    [
      'memory',
      `${gib(totalMib)}, ${gib(freeMib)} free${limitMib === undefined ? '' : `, at most ${gib(limitMib)} for this process`}`,
    ],
    [
      'gpu',
      gpus.map((gpu) => `${gpu.name}, ${gib(gpu.memoryMib)}, driver ${gpu.driver}`).join('\n') ||
        'none that nvidia-smi tells of',
    ],
    ['vulkan', vulkan ? vulkan.join(', ') || 'no device' : 'unknown (apt-get install vulkan-tools tells of it)'],
    ['cuda', libraries.length > 0 ? libraries.join(', ') : 'no libraries of CUDA and cuDNN'],
  ];
}
