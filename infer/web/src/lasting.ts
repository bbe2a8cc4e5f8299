// A model that outlives its GPU.
import { InferError } from '@egunet/infer';
import { type OpenWebModelOptions, openFile, type WebModel } from './model.js';
import type { ModelFile } from './session.js';

/** A GPU that is lost so often with nothing done in between is lost by what the model does on it. */
const MOST_LOSSES = 3;

export interface LastingModel {
  /** As it is now. */
  current(): Promise<WebModel>;
  /** Works with the model; when its GPU is lost meanwhile, once more with the model opened again. Rejects as `work`. */
  use<T>(work: (model: WebModel) => Promise<T>): Promise<T>;
  release(): Promise<void>;
}

/** Opens a model that is opened again when its GPU is lost: on what GPU there is then, else, if `device` permits, on WebAssembly. */
export async function openLasting(file: ModelFile, options: OpenWebModelOptions): Promise<LastingModel> {
  const { device = 'auto', signal: _, ...rest } = options;
  let current = await openFile(file, options);
  let opening: Promise<void> | undefined;
  let losses = 0;
  let closed = false;

  const wasClosed = () => new InferError(`${file.name}: the model was closed while it was at work; open it again`);

  async function reopen(lost: WebModel): Promise<void> {
    losses++;
    if (losses > MOST_LOSSES && device === 'webgpu')
      throw new InferError(
        `${file.name}: the GPU was lost ${losses} times; take the device 'wasm', or smaller windows`,
      );
    await lost.release().catch(() => {}); // of a GPU that is gone there is nothing to be had
    current = await openFile(file, { ...rest, device: losses > MOST_LOSSES ? 'wasm' : device });
  }

  return {
    async current() {
      await opening?.catch(() => {});
      return current;
    },
    async use(work) {
      for (;;) {
        await opening;
        if (closed) throw wasClosed();
        const model = current;
        try {
          const done = await work(model);
          losses = 0;
          return done;
        } catch (error) {
          if (closed) throw wasClosed();
          if (!model.isLost()) throw error;
        }
        if (model === current) {
          opening ??= reopen(model).finally(() => {
            opening = undefined;
          });
          await opening;
        }
      }
    },
    async release() {
      closed = true;
      await opening?.catch(() => {});
      await current.release();
    },
  };
}
