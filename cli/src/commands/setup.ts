import { stat } from 'node:fs/promises';
import type { Argv } from 'yargs';
import type { Finding } from '../doctor/finding.js';
import type { Onnxruntime } from '../setup/cuda.js';
import { LIBRARY_BUILDS } from '../setup/places.js';
import type { Control } from '../support/control.js';
import { CommandError, UsageError } from '../support/errors.js';
import { oneOf, text, withCommon } from '../support/options.js';
import type { OptionOf } from '../support/outline.js';
import { formatFacts, printResult } from '../support/output.js';

export const command = 'setup <what>';
export const describe = "Set up TensorFlow for training, or onnxruntime's libraries for CUDA";

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .positional('what', { type: 'string', demandOption: true, describe: 'tensorflow or cuda' })
      .usage(
        "$0 setup WHAT\n\ntensorflow: installs @tensorflow/tfjs-node, or with --gpu tfjs-node-gpu, into a folder of its own, with the library of a current TensorFlow from its wheel for Python: the packages' own download is TensorFlow 2.9.1 with CUDA 11.2, which current GPUs do not run. Needs npm, Python 3 with pip and a C++ compiler; Linux on x86-64. What is there and works stays; what does not work is made anew.\ncuda: gets the libraries for CUDA that onnxruntime-node leaves out, by its own installer or, where that does not reach its feed, from the wheel onnxruntime-gpu of the same version. CUDA and cuDNN themselves you install as NVIDIA says, or with --nvidia into a folder of egunet's, under NVIDIA's licences; it is used by egunet alone. The GPU's driver is none of it.\nEither is tried when it is there, and compared with the reference.",
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
      .option('force', { type: 'boolean', default: false, describe: 'Set it up anew, whatever is there' })
      .option('from', {
        ...text('from', 'Instead of a download: wheel or archive, or folder of wheels or of the libraries'),
        takes: 'PATH',
      } satisfies OptionOf)
      .option('nvidia', {
        type: 'boolean',
        default: false,
        describe: "NVIDIA's libraries, too, from NVIDIA's wheels: 1.3 GB to download, 2.1 GB on disk",
      })
      .option('untried', {
        type: 'boolean',
        default: false,
        describe: "Do not try it: to make an image where no GPU is; NVIDIA's libraries must be there",
      })
      .group(['gpu', 'library', 'tensorflow', 'force'], 'TensorFlow:')
      .group(['nvidia', 'untried'], 'CUDA:')
      .example('$0 setup tensorflow', 'for the processor: 220 MB, a minute')
      .example('$0 setup tensorflow --gpu', 'for an NVIDIA GPU')
      .example('$0 setup tensorflow --from wheels/', 'without the net for wheels')
      .example('$0 setup cuda', 'for --device cuda, where CUDA and cuDNN 9 are installed')
      .example('$0 setup cuda --nvidia', 'where nothing but the driver is')
      .example('$0 setup cuda --from onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl', 'from a file'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const set = { tensorflow: setTensorflow, cuda: setCuda }[args.what];
  if (!set) throw new UsageError(`setup: expected tensorflow or cuda, got '${args.what}'`);
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({ verbose: args.verbose });
  try {
    await set(args, control);
  } finally {
    control.release();
  }
}

async function setTensorflow(args: Arguments, control: Control): Promise<void> {
  const { gpu, from, force, json, tensorflow } = args;
  const ofCuda = (['nvidia', 'untried'] as const).find((name) => args[name]);
  if (ofCuda) throw new UsageError(`--${ofCuda} is of setup cuda; leave it out`);
  if (tensorflow !== undefined && !/^\d+\.\d+\.\d+$/.test(tensorflow))
    throw new UsageError(`--tensorflow: expected a version such as 2.18.1, got '${tensorflow}'`);
  const [{ setUpTensorflow }, { DEFAULT_TENSORFLOW }, { findInChild }] = await Promise.all([
    import('../setup/tensorflow.js'),
    import('../setup/library.js'),
    import('../doctor/in-child.js'),
  ]);
  const id = gpu ? 'tensorflow-gpu' : 'tensorflow';
  let finding: Finding | undefined;
  const check = async () => {
    finding = await findInChild(id, control);
    return finding.works;
  };
  const wanted = {
    name: gpu ? 'tfjs-node-gpu' : 'tfjs-node',
    build: args.library ?? (gpu ? 'cuda' : 'cpu'),
    version: tensorflow ?? DEFAULT_TENSORFLOW,
  } as const;
  const { installed, folder, already } = await setUpTensorflow({ ...wanted, force, from, control }, check);
  if (!already && !(await check()))
    throw new CommandError(
      `${folder}: is set up, but does not work: ${finding?.says}; --force gets TensorFlow's library anew, --tensorflow another version`,
    );
  const { package: name, version, build } = installed;
  const what = `@tensorflow/${name} ${version} with TensorFlow ${installed.tensorflow} (${build})`;
  printResult(json, { installed, folder, already, finding }, () =>
    formatFacts([
      [id, `${what}${already ? ', was there' : ''}`],
      ['folder', folder],
      ['check', finding?.says],
    ]),
  );
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** What can be known of CUDA without a GPU. */
async function untried(onnxruntime: Onnxruntime): Promise<Finding> {
  const { missingForCuda } = await import('../setup/cuda.js');
  const missing = await missingForCuda(onnxruntime);
  return missing
    ? { id: 'cuda', works: false, says: 'libraries are missing', remedy: missing }
    : { id: 'cuda', works: true, says: 'all libraries are there; not tried' };
}

/** Options that say nothing of CUDA. */
const OF_TENSORFLOW = ['gpu', 'library', 'tensorflow', 'force'] as const;

async function setCuda(args: Arguments, control: Control): Promise<void> {
  const meaningless = OF_TENSORFLOW.find((name) => args[name]);
  if (meaningless) throw new UsageError(`--${meaningless} is of setup tensorflow; leave it out`);
  const [{ findOnnxruntime, neededLibraries, setUpCuda }, { findInChild }] = await Promise.all([
    import('../setup/cuda.js'),
    import('../doctor/in-child.js'),
  ]);
  if (args.nvidia && args.from !== undefined && !(await isFolder(args.from)))
    throw new CommandError(
      `${args.from}: is no folder; --nvidia takes the wheels of NVIDIA, too, from a folder of them`,
    );
  const onnxruntime = await findOnnxruntime();
  const { source } = await setUpCuda({ onnxruntime, from: args.from, control });
  if (args.nvidia) {
    const { setUpNvidia } = await import('../setup/nvidia.js');
    await setUpNvidia({ needed: (await neededLibraries(onnxruntime)) ?? [], from: args.from, control });
  }
  const finding = args.untried ? await untried(onnxruntime) : await findInChild('cuda', control);
  if (!finding.works)
    throw new CommandError(
      `onnxruntime ${onnxruntime.version} has its libraries for CUDA now (from ${source}), but does not run on CUDA: ${finding.says}; it needs ${finding.remedy}`,
    );
  printResult(args.json, { onnxruntime, source, finding }, () =>
    formatFacts([
      ['cuda', `onnxruntime ${onnxruntime.version}, from ${source}`],
      ['check', finding.says],
    ]),
  );
}
