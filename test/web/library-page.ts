// A page with the library in it, and an unmixer that has just begun.
import type { Unmixer } from '@egunet/infer-web';

/** What the scripts of the page find there. */
declare global {
  interface Window {
    unmixer: Unmixer;
    library: typeof import('@egunet/infer-web');
  }
}

export const LIBRARY_PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as library from '/egunet/index.js';
window.library = library;
window.unmixer = library.createUnmixer();
</script>`;
