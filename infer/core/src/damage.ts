// What a reader says of a block that it cannot decode.
import type { Window } from './contract.js';
import { sharedWindow } from './windows.js';

/** What a block which cannot be decoded took with it. */
export interface DamagedPixels {
  /** The block, as the reader names it. */
  readonly block: string;
  readonly window: Window;
  /** Those of the window that were to be unmixed. */
  readonly pixels: number;
}

/** What an error says of a block that cannot be decoded, cut to `window`; undefined for any other error. */
export function damageIn(error: unknown, window: Window): Omit<DamagedPixels, 'pixels'> | undefined {
  const { damaged } = (error ?? {}) as { readonly damaged?: { readonly block: string; readonly window: Window } };
  const lost = damaged && sharedWindow(damaged.window, window);
  return lost && { block: damaged.block, window: lost };
}
