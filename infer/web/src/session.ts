// A model whose spectra come from this side and whose abundances come back to it.
import { assertGraph, assertHalo, firstLine, InferError, OUTPUT, type Session } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { InferenceSession } from 'onnxruntime-web';
import type { Onnxruntime } from './runtime.js';

/** A model file that was read. */
export interface ModelFile {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly card: ModelCard;
}

/** Opens a model and checks it against its card. Rejects with InferError where onnxruntime does not take it so. */
export async function openSession(
  ort: Onnxruntime,
  { name, bytes, card }: ModelFile,
  options: InferenceSession.SessionOptions,
): Promise<Session> {
  let opened: InferenceSession;
  try {
    opened = await ort.InferenceSession.create(bytes, options);
  } catch (cause) {
    throw new InferError(`${name}: onnxruntime cannot load the model: ${firstLine(cause)}`, { cause });
  }
  const session: Session = {
    async run(inputs) {
      const feeds = inputs.map(({ name, data, shape }) => [name, new ort.Tensor('float32', data, shape)] as const);
      try {
        const { [OUTPUT]: output } = await opened.run(Object.fromEntries(feeds), [OUTPUT]);
        const data = await output?.getData(true);
        if (data instanceof Float32Array) return data;
      } catch (cause) {
        throw new InferError(`${name}: running the model failed: ${firstLine(cause)}; open it again`, { cause });
      }
      throw new InferError(`${name}: the model gave no float32 '${OUTPUT}'; export it again`);
    },
    release: () => opened.release(),
  };
  try {
    assertGraph(name, { inputs: opened.inputMetadata, outputs: opened.outputMetadata }, card);
    await assertHalo(session, card, name);
  } catch (error) {
    await opened.release();
    throw error;
  }
  return session;
}
