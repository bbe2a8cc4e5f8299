// Runs of the model in one place, asked for by worker threads: a GPU takes one at a time, and sessions on it side by side crash.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type InputTensor, type PackedError, packError, type Session } from '@egunet/infer';
import { unpackError } from './remote-error.js';

type Answer = { readonly abundances: Float32Array } | { readonly error: PackedError };

/** Where worker threads have a model run. */
export interface Runs {
  /** A line for one window's runs; `close` it when the window is done. */
  open(): { readonly port: MessagePort; close(): void };
}

/** Has `session` run what comes over any of the lines, one after another in the order in which it comes. */
export function serveRuns(session: Session): Runs {
  let last: Promise<unknown> = Promise.resolve();
  return {
    open() {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', (inputs: readonly InputTensor[]) => {
        last = last
          .then(() => session.run(inputs))
          .then((abundances): Answer => ({ abundances }))
          .catch((error): Answer => ({ error: packError(error) }))
          .then((answer) => port1.postMessage(answer));
      });
      return { port: port2, close: () => port1.close() };
    },
  };
}

/** The model at the other end of a line, as a session; its `run` rejects with what the model threw there. One run at a time. */
export function sessionOver(port: MessagePort): Session {
  return {
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the thread that runs the model has gone'));
        port.once('close', ended);
        port.once('message', (answer: Answer) => {
          port.off('close', ended);
          if ('error' in answer) reject(unpackError(answer.error));
          else resolve(answer.abundances);
        });
        const copies = inputs.map((input) => ({ ...input, data: input.data.slice() })); // they lie in memory that cannot be handed over
        const memory = copies.map(({ data }) => data.buffer);
        port.postMessage(copies, memory);
      }),
    async release() {
      port.close();
    },
  };
}
