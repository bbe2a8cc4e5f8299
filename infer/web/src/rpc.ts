// Calls from the page to a worker: a message asks, another answers; a third may ask to stop.
import { type PackedError, packError } from '@egunet/infer';

/** What a call has besides its arguments. */
export interface CallHow<Progress> {
  readonly signal: AbortSignal;
  /** Tells who asked how far it is; plain data. */
  report(progress: Progress): void;
}

/** What a worker can be asked: each takes plain data, and answers with plain data. */
export type Calls = Readonly<Record<string, (args: never, how: CallHow<never>) => Promise<unknown>>>;

/** What a call tells while it is under way. */
type ProgressOf<Call> = Call extends (args: never, how: CallHow<infer Progress>) => unknown ? Progress : never;

type Ask = { readonly id: number; readonly ask: string; readonly args: unknown };
type Stop = { readonly id: number; readonly stop: true };
type Answer =
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PackedError };

/** What both ends of a line have. */
interface Line {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** The memory of arrays at the top of an answer: it is handed over, not copied. */
function memoryOf(value: unknown): Transferable[] {
  const parts = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return parts.flatMap((part) => (ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer ? [part.buffer] : []));
}

/** Answers calls that come over a line. */
export function answerCalls(line: Line, calls: Calls): void {
  const running = new Map<number, AbortController>();
  const answer = async ({ id, ask, args }: Ask) => {
    const controller = new AbortController();
    running.set(id, controller);
    const report = (progress: unknown) => line.postMessage({ id, progress } satisfies Answer, []);
    try {
      const value = await calls[ask]!(args as never, { signal: controller.signal, report });
      line.postMessage({ id, value } satisfies Answer, memoryOf(value));
    } catch (error) {
      line.postMessage({ id, error: packError(error) } satisfies Answer, []);
    } finally {
      running.delete(id);
    }
  };
  line.addEventListener('message', ({ data }: MessageEvent<Ask | Stop>) => {
    if ('stop' in data) running.get(data.id)?.abort(new Error('stopped'));
    else void answer(data);
  });
}

export interface CallOptions {
  /** Stops the work; the call rejects with its reason at once. */
  readonly signal?: AbortSignal | undefined;
}

/** One end of a line that calls go out of. */
export interface Caller<C extends Calls> {
  call<K extends keyof C & string>(
    ask: K,
    args: Parameters<C[K]>[0],
    options?: CallOptions & { readonly onProgress?: ((progress: ProgressOf<C[K]>) => void) | undefined },
  ): Promise<Awaited<ReturnType<C[K]>>>;
  /** Rejects what is under way and whatever is asked later. */
  end(reason: Error): void;
}

/** A call under way. */
interface Waiting {
  resolve(value: never): void;
  reject(reason: unknown): void;
  onProgress?(progress: never): void;
}

/** Asks what `answerCalls` answers at the other end. `late` gets what comes for a call that was stopped: it may have to be given back. */
export function makeCaller<C extends Calls>(line: Line, late: (ask: string, value: unknown) => void): Caller<C> {
  const waiting = new Map<number, Waiting>();
  /** What was asked by calls whose answers nobody waits for any longer. */
  const stoppedCalls = new Map<number, string>();
  let next = 0;
  let ended: Error | undefined;
  line.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const { resolve, reject, onProgress } = waiting.get(data.id) ?? {};
    if ('progress' in data) return onProgress?.(data.progress as never);
    const stopped = stoppedCalls.get(data.id);
    waiting.delete(data.id);
    stoppedCalls.delete(data.id);
    if (stopped !== undefined && !('error' in data)) return late(stopped, data.value);
    if (!('error' in data)) return resolve?.(data.value as never);
    const { tag, remedy, message } = data.error;
    reject?.(Object.assign(new Error(message), { ...(tag && { _tag: tag, name: tag }), ...(remedy && { remedy }) }));
  });
  return {
    call: (ask, args, { signal, onProgress } = {}) =>
      new Promise((resolve, reject) => {
        if (ended ?? signal?.aborted) return reject(ended ?? signal?.reason);
        const id = next++;
        const stop = () => {
          line.postMessage({ id, stop: true } satisfies Stop, []);
          waiting.delete(id);
          stoppedCalls.set(id, ask);
          reject(signal?.reason);
        };
        const settle =
          <T>(how: (value: T) => void) =>
          (value: T) => {
            signal?.removeEventListener('abort', stop);
            how(value);
          };
        signal?.addEventListener('abort', stop, { once: true });
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject), ...(onProgress && { onProgress }) });
        line.postMessage({ id, ask, args } satisfies Ask, []);
      }),
    end(reason) {
      ended = reason;
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
    },
  };
}
