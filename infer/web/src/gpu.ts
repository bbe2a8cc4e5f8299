// The GPU of a browser.
import { InferError } from '@egunet/infer';

/** What is known of an adapter. */
export interface AdapterFacts {
  /** As the browser calls it; browsers tell little, so that pages cannot be told apart by it. */
  readonly name: string;
}

/** The adapter that WebGPU offers. Rejects with InferError where there is none. */
export async function findAdapter(): Promise<AdapterFacts> {
  if (!('gpu' in navigator) || !navigator.gpu)
    throw new InferError('this browser has no WebGPU, or the page is not served over HTTPS or from this computer');
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter)
    throw new InferError("WebGPU finds no adapter here: the GPU or its driver is on the browser's block list");
  const { vendor, architecture, description } = adapter.info;
  return { name: description || [vendor, architecture].filter(Boolean).join(' ') || 'not named' };
}
