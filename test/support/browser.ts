// A real browser for tests: headless Chromium, its WebGPU on SwiftShader, a GPU in software.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from 'egunet/dist/doctor/tools.js';
import { build } from 'esbuild';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { requireTool, root } from './index.js';

const GPU_IN_SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export interface OpenedBrowser {
  readonly browser: Browser;
  /** A page whose console stays free of errors and warnings: `close` throws otherwise. */
  open(url: string, options?: BrowserContextOptions): Promise<Page & { readonly complaints: string[] }>;
}

/** How long a test waits for what should come: a GPU in software, beside other tests, takes its time. */
const PATIENCE_MS = 100_000;

/** What the drivers of a GPU in software say of its speed. */
const OF_SPEED = /GL Driver Message \(OpenGL, Performance/;

/** Starts Chromium before the suite and ends it after; skips the suite where there is none. Call inside `describe`. */
export function withBrowser({
  gpu = true,
  flags = [],
}: {
  /** What a page may have of a GPU in software: all, WebGL alone, nothing. */
  readonly gpu?: boolean | 'webgl';
  readonly flags?: readonly string[];
} = {}): OpenedBrowser {
  const state = {} as { browser: Browser };
  before(async function () {
    const { CI } = process.env;
    const found = findChromium();
    const executablePath = requireTool(
      this,
      found,
      'no Chromium: apt-get install chromium, or let EGUNET_CHROMIUM name it',
    );
    const args = [
      '--headless=new',
      ...(gpu === true ? GPU_IN_SOFTWARE : []),
      ...(gpu === false ? ['--disable-gpu'] : []),
      ...(CI || isRoot() ? ['--no-sandbox'] : []),
      ...flags,
    ];
    state.browser = await chromium.launch({ executablePath, args });
  });
  after(() => state.browser?.close());
  return {
    get browser() {
      return state.browser;
    },
    async open(url, options = {}) {
      const page = await state.browser.newPage(options);
      page.setDefaultTimeout(PATIENCE_MS);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()) && !OF_SPEED.test(message.text()))
          complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(url);
      return Object.assign(page, { complaints });
    },
  };
}

/** Chromium's sandbox does not take root. */
const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * A script of a page, bundled with what it imports: `egunet/page.js` and its parts, by their paths on a server. `served`: packages
 * that the page gets from the server instead, by their URLs.
 */
export async function bundlePage(
  script: string,
  served: Readonly<Record<string, string>> = {},
): Promise<Record<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: { page: script },
    bundle: true,
    splitting: true,
    format: 'esm',
    write: false,
    outdir: '/egunet',
    alias: { ...served },
    external: ['onnxruntime-web/*', ...Object.values(served)],
    logLevel: 'warning',
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(1), contents]));
}

/** The files of the library for pages and of onnxruntime-web, by their paths on a server. */
export function pageFiles(path: string): Uint8Array | undefined {
  const [, folder, file] = /^(egunet|onnxruntime)\/([\w.-]+)$/.exec(path) ?? [];
  const places: Readonly<Record<string, string>> = {
    egunet: join(root, 'infer/web/bundle'),
    onnxruntime: join(root, 'node_modules/onnxruntime-web/dist'),
  };
  if (folder === undefined || file === undefined) return undefined;
  const place = join(places[folder]!, file);
  return existsSync(place) ? readFileSync(place) : undefined;
}
