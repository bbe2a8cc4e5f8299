// A model whose spectra come from this side and whose abundances come back to it.
import { assertGraph, assertHalo, firstLine, InferError, joinOutputs, outputsOf, type Session } from '@egunet/infer';
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
  const wanted = outputsOf(card);
  const session: Session = {
    async run(inputs) {
      const feeds = inputs.map(({ name, data, shape }) => [name, new ort.Tensor('float32', data, shape)] as const);
      const outputs: (readonly [string, unknown])[] = [];
      try {
        const found = await opened.run(Object.fromEntries(feeds), wanted);
        for (const output of wanted) outputs.push([output, await found[output]?.getData(true)]);
      } catch (cause) {
        throw new InferError(`${name}: running the model failed: ${firstLine(cause)}; open it again`, { cause });
      }
      return joinOutputs(name, outputs);
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
