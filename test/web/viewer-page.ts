// The viewer's page in a real browser, served with a scene and a model, and the abundances that Node makes of them. Legend: C endmembers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { type OpenedBrowser, pageFiles, withBrowser } from '../support/browser.js';
import { type HttpServer, ISOLATED, serveFiles } from '../support/http-server.js';
import { root, temporaryFolder } from '../support/index.js';
import { unmixInNode } from './in-node.js';
import { COLS, ENDMEMBERS, makeModel, ROWS, writeScene } from './scene.js';

/** What a server may allow a page, and this one lives with. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; connect-src *";

/** The files of the page, besides those that other pages have, too. */
function viewerFiles(path: string): Uint8Array | undefined {
  const file = join(root, 'infer/web/viewer/dist', path);
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : pageFiles(path);
}

/** A pixel of the scene. */
export interface Pixel {
  readonly row: number;
  readonly col: number;
}

/** The pixel in the middle of the map when a scene was opened. */
export const MIDDLE: Pixel = { row: Math.floor(ROWS / 2), col: Math.floor(COLS / 2) };

export interface ViewerSite {
  /** What the server has, by name: `scene.tif`, `model.onnx`, and whatever else is added. */
  readonly files: Record<string, Uint8Array>;
  /** With `scene.tif` and `model.onnx` in it. */
  readonly folder: string;
  readonly server: HttpServer;
  readonly chromium: OpenedBrowser;
  /** The page; on WebAssembly unless told otherwise. */
  open(query?: string, options?: BrowserContextOptions): ReturnType<OpenedBrowser['open']>;
  /** The page where the server has no list. */
  openEmpty(): ReturnType<OpenedBrowser['open']>;
  /** Abundances [C] of a pixel by Node. */
  inNode(pixel: Pixel): Float32Array;
}

/** What a browser is to have, and the model, a pixel-wise network unless told otherwise. */
type SiteOptions = Parameters<typeof withBrowser>[0] & { readonly model?: () => Promise<Uint8Array> };

/** Serves the viewer until after the suite, with Chromium to look at it. Call inside `describe`. */
export function withViewer({ model = makeModel, ...options }: SiteOptions = {}): ViewerSite {
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  const headers = { ...ISOLATED, 'content-security-policy': POLICY };
  const server = serveFiles(files, { headers, others: viewerFiles });
  const chromium = withBrowser(options);
  let expected: Float32Array;
  before(async () => {
    files['model.onnx'] = await model();
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
    const list = (name: string) => [{ name, url: `/${name}`, bytes: files[name]!.length }];
    files['api/list.json'] = Buffer.from(JSON.stringify({ scenes: list('scene.tif'), models: list('model.onnx') }));
    ({ abundances: expected } = await unmixInNode(folder));
  });
  const open: ViewerSite['open'] = (query = '?device=wasm', options = {}) =>
    chromium.open(`${server.url}index.html${query}`, options);
  return {
    ...{ files, folder, server, chromium, open },
    openEmpty() {
      server.instead = ({ url }, response) => url === '/api/list.json' && !!response.end('{}');
      return open();
    },
    inNode: ({ row, col }) => expected.subarray((row * COLS + col) * ENDMEMBERS, (row * COLS + col + 1) * ENDMEMBERS),
  };
}

/** As large as a phone's. */
export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 } };

/** Waits until all that is in view is unmixed. */
export const unmixed = (page: Page): Promise<void> =>
  page.locator('#progress', { hasText: /^\d+ tiles? done, .* Mpixel\/s$/ }).waitFor();

/** What the page says went wrong. */
export const alert = (page: Page): Locator => page.locator('#alerts .notice p').first();
export const said = async (page: Page): Promise<string> => (await alert(page).textContent())!;

/** The numbers beside the bars. */
export async function shownAbundances(page: Page): Promise<number[]> {
  await page.locator('.bars').waitFor();
  return (await page.locator('.bars .number').allTextContents()).map(Number);
}

/** Abundances are shown with three digits; runtimes differ by `limit`. */
export function assertSame(shown: readonly number[], values: Float32Array, limit = 1e-5): void {
  assert.equal(shown.length, ENDMEMBERS);
  for (const [c, value] of shown.entries())
    assert.ok(Math.abs(value - values[c]!) <= 0.5e-3 + limit, `${shown} beside ${values}`);
}

/** Asks for the pixel in the middle, by the keyboard. */
export async function pickMiddle(page: Page): Promise<number[]> {
  await page.locator('#map').focus();
  await page.keyboard.press('Enter');
  return shownAbundances(page);
}

/** Viridis at every ninth of its range, as matplotlib has it. */
const VIRIDIS = [
  ...[0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725],
].map((rgb) => [rgb >> 16, (rgb >> 8) & 255, rgb & 255]);

/** The colour of a value from 0 to 1. */
export function viridis(value: number): number[] {
  const at = Math.min(8, Math.floor(value * 9));
  return [0, 1, 2].map((i) => VIRIDIS[at]![i]! + (value * 9 - at) * (VIRIDIS[at + 1]![i]! - VIRIDIS[at]![i]!));
}
