// A page with the library, a scene and a model that Node has, too.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { temporaryFolder } from '../support/index.js';
import { unmixInNode } from './in-node.js';
import { LIBRARY_PAGE } from './library-page.js';
import { COLS, writeScene } from './scene.js';

/** A part of the scene. */
export const WINDOW = { row: 21, col: 18, rows: 40, cols: 37 };

/** Serves the page with `scene.tif` and the model as `model.onnx` until after the suite, with Chromium to open it. Call inside `describe`. */
export function withLibraryPage(model: () => Promise<Uint8Array>) {
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(LIBRARY_PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser();
  before(async () => {
    files['model.onnx'] = await model();
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
  });
  return {
    async open() {
      const page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'unmixer' in window);
      return page;
    },
    /** Of each pixel of the window what Node makes of it. */
    async windowInNode(how: { readonly spread?: boolean } = {}): Promise<Float32Array> {
      const { rows: all, abundances } = await unmixInNode(folder, 0, how);
      const D = abundances.length / all / COLS;
      const { row, col, rows, cols } = WINDOW;
      return abundances.filter((_, i) => {
        const [r, c] = [Math.floor(i / D / COLS), Math.floor(i / D) % COLS];
        return r >= row && r < row + rows && c >= col && c < col + cols;
      });
    },
  };
}
