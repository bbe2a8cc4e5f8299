import type { Argv } from 'yargs';
import type { Finding } from '../doctor/finding.js';
import { LIBRARY_BUILDS } from '../setup/places.js';
import { CommandError, UsageError } from '../support/errors.js';
import { oneOf, text, withCommon } from '../support/options.js';
import type { OptionOf } from '../support/outline.js';
import { formatFacts, printResult } from '../support/output.js';

export const command = 'setup <what>';
export const describe = 'Set up TensorFlow for training';

const WHAT = ['tensorflow'] as const;

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('what', { type: 'string', demandOption: true, describe: WHAT.join(' or ') })
      .usage(
        "$0 setup WHAT\n\nInstalls @tensorflow/tfjs-node, or with --gpu tfjs-node-gpu, into a folder of its own, with the library of a current TensorFlow from its wheel for Python: the packages' own download is TensorFlow 2.9.1 with CUDA 11.2, which current GPUs do not run. Needs npm, Python 3 with pip and a C++ compiler; Linux on x86-64. Then a few steps are trained with it, and compared. What is there and works stays; what does not work is made anew.",
      )
      .option('gpu', { type: 'boolean', default: false, describe: 'Set up tfjs-node-gpu, for NVIDIA GPUs' })
      .option(
        'library',
        oneOf('library', LIBRARY_BUILDS, 'Build of the library; cuda is 2.4 GB to download [default: cuda with --gpu]'),
      )
      .option('tensorflow', {
        ...text('tensorflow', 'Version of TensorFlow, 2.12 or newer [default: 2.18.1]'),
        takes: 'VERSION',
      } satisfies OptionOf)
      .option('from', {
        ...text('from', 'Wheel of TensorFlow, or folder of all wheels, instead of a download'),
        takes: 'PATH',
      } satisfies OptionOf)
      .option('force', { type: 'boolean', default: false, describe: 'Set it up anew, whatever is there' })
      .example('$0 setup tensorflow', 'for the processor: 220 MB, a minute')
      .example('$0 setup tensorflow --gpu', 'for an NVIDIA GPU')
      .example('$0 setup tensorflow --from wheels/', 'without the net for wheels'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const { what, gpu, from, force, json, verbose } = args;
  if (what !== 'tensorflow') throw new UsageError(`setup: expected ${WHAT.join(' or ')}, got '${what}'`);
  if (args.tensorflow !== undefined && !/^\d+\.\d+\.\d+$/.test(args.tensorflow))
    throw new UsageError(`--tensorflow: expected a version such as 2.18.1, got '${args.tensorflow}'`);
  const [{ takeControl }, { setUpTensorflow }, { DEFAULT_TENSORFLOW }, { findInChild }] = await Promise.all([
    import('../support/control.js'),
    import('../setup/tensorflow.js'),
    import('../setup/library.js'),
    import('../doctor/in-child.js'),
  ]);
  const control = takeControl({ verbose });
  const id = gpu ? 'tensorflow-gpu' : 'tensorflow';
  let finding: Finding | undefined;
  const check = async () => {
    finding = await findInChild(id, control);
    return finding.works;
  };
  try {
    const { installed, folder, already } = await setUpTensorflow(
      {
        name: gpu ? 'tfjs-node-gpu' : 'tfjs-node',
        build: args.library ?? (gpu ? 'cuda' : 'cpu'),
        version: args.tensorflow ?? DEFAULT_TENSORFLOW,
        ...{ force, from, control },
      },
      check,
    );
    if (!already && !(await check()))
      throw new CommandError(
        `${folder}: is set up, but does not work: ${finding?.says}; --force gets TensorFlow's library anew, --tensorflow another version`,
      );
    printResult(json, { installed, folder, already, finding }, () =>
      formatFacts([
        [
          id,
          `@tensorflow/${installed.package} ${installed.version} with TensorFlow ${installed.tensorflow} (${installed.build})${already ? ', was there' : ''}`,
        ],
        ['folder', folder],
        ['check', finding?.says],
      ]),
    );
  } finally {
    control.release();
  }
}
