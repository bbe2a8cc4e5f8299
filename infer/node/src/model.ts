// Model files and the onnxruntime-node sessions that run them.
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import {
  assertCount,
  assertGraph,
  assertHalo,
  firstLine,
  InferError,
  joinOutputs,
  outputsOf,
  readCardOf,
  type Session,
} from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { systemReason } from '@egunet/raster/system-reason';
import type { InferenceSession } from 'onnxruntime-node';

/** onnxruntime's own messages would stand between the lines of progress: every failure is thrown besides. */
const FATAL_ONLY = 4;

/**
 * Threads that wait for the next run by spinning take the cores that decode the next tile, and those of other programs. And what a device
 * cannot do is not done on the CPU instead, unseen.
 */
const extraFor = (device: Device) => ({
  session: { intra_op: { allow_spinning: '0' }, ...(device !== 'cpu' && { disable_cpu_ep_fallback: '1' }) },
});

/** Where a model runs: onnxruntime's execution providers of these names. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml';

/** Devices of which there may be several; of webgpu's adapters the system chooses one, which has the number 0. */
export const NUMBERED: readonly Device[] = ['cuda', 'dml', 'webgpu'];

/** What a device needs, for who lacks it. */
const NEEDS: Readonly<Record<Exclude<Device, 'cpu'>, string>> = {
  cuda: "an NVIDIA GPU with its driver, CUDA 12 or 13, cuDNN 9 and onnxruntime's libraries for them",
  webgpu: 'a GPU with a Vulkan driver (on Linux the package libvulkan1 too), Direct3D 12 or Metal',
  dml: 'Windows with a GPU for Direct3D 12',
  coreml: 'macOS',
};

export interface OpenModelOptions {
  /** Threads of one run; all processors when absent. */
  readonly threads?: number;
  /** Where to run; the CPU when absent. */
  readonly device?: Device;
  /** Which of several GPUs, from 0, of `NUMBERED` devices; the first when absent. */
  readonly deviceId?: number | undefined;
}

/** An opened model. Release it when done. */
export interface OpenedModel {
  /** As the user named it. */
  readonly path: string;
  readonly card: ModelCard;
  /** Its `run` blocks the calling thread until the batch is through. */
  readonly session: Session;
  release(): Promise<void>;
}

async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    if (!(await stat(path)).isFile()) throw new InferError(`${path}: is not a file; give the .onnx file of a model`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof InferError) throw cause;
    throw new InferError(`${path}: cannot read the model: ${systemReason(cause) ?? firstLine(cause)}`, { cause });
  }
}

/** The card of a model file. Rejects as `openModel`. */
export const readModelCard = async (path: string): Promise<ModelCard> => readCardOf(path, await readModelFile(path));

/** Loaded where a model is run: to read a card takes none of it. */
type Onnxruntime = typeof import('onnxruntime-node');

function makeSession(
  { path, card }: Pick<OpenedModel, 'path' | 'card'>,
  { ort, Tensor }: { ort: InferenceSession; Tensor: Onnxruntime['Tensor'] },
): Session {
  const outputs = outputsOf(card);
  return {
    async run(inputs) {
      const feeds = inputs.map(({ name, data, shape }) => [name, new Tensor('float32', data, shape)] as const);
      let results: InferenceSession.ReturnType;
      try {
        results = await ort.run(Object.fromEntries(feeds), [...outputs]);
      } catch (cause) {
        throw new InferError(`${path}: running the model failed: ${firstLine(cause)}; export it again`, { cause });
      }
      return joinOutputs(
        path,
        outputs.map((output) => [output, results[output]?.data]),
      );
    },
    release: () => ort.release(),
  };
}

/**
 * Opens a model file on onnxruntime-node and checks it against its card.
 * Rejects with InferError where there is no such file, or it is not a whole ONNX model, or not one of egunet's; with
 * ModelCardError where its card is wrong.
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  const { threads = availableParallelism(), device = 'cpu', deviceId } = options;
  assertCount('threads', threads);
  const bytes = await readModelFile(path);
  const card = readCardOf(path, bytes);
  const { env, InferenceSession, Tensor } = await import('onnxruntime-node');
  let ort: InferenceSession;
  env.logLevel = 'fatal';
  try {
    ort = await InferenceSession.create(bytes, {
      executionProviders: [deviceId === undefined || device === 'webgpu' ? device : { name: device, deviceId }],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL_ONLY,
      extra: extraFor(device),
    });
  } catch (cause) {
    const [what, remedy] =
      device === 'cpu'
        ? ['load the model', 'copy or export the model again']
        : [`run the model on '${device}'`, `it needs ${NEEDS[device]}`];
    // Without the places in its source that it names.
    const reason = firstLine(cause)
      .replace(/^.* was false\. /, '')
      .replace(/^.*(CUDA failure \d+: .*?) *; GPU=.*$/, '$1');
    throw new InferError(`${path}: onnxruntime cannot ${what}: ${reason}; ${remedy}`, {
      cause,
      ...(device !== 'cpu' && { remedy: 'device' as const }),
    });
  }
  const session = makeSession({ path, card }, { ort, Tensor });
  try {
    assertGraph(path, { inputs: ort.inputMetadata, outputs: ort.outputMetadata }, card);
    await assertHalo(session, card, path);
  } catch (error) {
    await ort.release();
    throw error;
  }
  return { path, card, session, release: () => session.release() };
}
