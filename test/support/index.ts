import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool } from 'egunet/dist/doctor/tools.js';
import { INSTALLED, packageFolder } from 'egunet/dist/setup/places.js';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

const inCi = !!process.env.CI;

/** Skips the running suite, saying why; in CI a missing tool is a failure instead. */
export function skipOrFail(context: Mocha.Context, reason: string): never {
  if (inCi) throw new Error(`${reason} (nothing may be skipped in CI)`);
  return skipUntested(context, reason);
}

/** Skips what this machine does not permit, saying why. */
export function skipUntested(context: Mocha.Context, reason: string): never {
  console.error(`      SKIPPED: ${reason}`);
  return context.skip();
}

/** The folder of real scenes (`EGUNET_DATA`, default ../shared/data); skips the suite where it is absent. */
export function requireData(context: Mocha.Context, file: string): string {
  const path = join(resolve(root, process.env.EGUNET_DATA ?? '../shared/data'), file);
  if (existsSync(path)) return path;
  return skipOrFail(context, `no ${path}: point EGUNET_DATA at the folder of real scenes`);
}

/** What was found; skips the suite where nothing was. */
export function requireTool<T>(context: Mocha.Context, found: T | undefined, reason: string): T {
  return found ?? skipOrFail(context, reason);
}

/** Skips the suite where a program is not installed. */
export function requireProgram(context: Mocha.Context, program: string, install: string): void {
  if (spawnSync(program, ['--version']).error) skipOrFail(context, `'${program}' is not installed: ${install}`);
}

/** Skips the suite where GDAL's command line tools are not installed. */
export function requireGdal(context: Mocha.Context): void {
  const { works, says, remedy } = findTool('gdal');
  if (!works) skipOrFail(context, `GDAL is ${says}: ${remedy}`);
}

/** The folder of a package of TensorFlow that `egunet setup tensorflow` made; skips the suite where it has not. */
export function requireTensorflow(context: Mocha.Context, name: 'tfjs-node' | 'tfjs-node-gpu'): string {
  const folder = packageFolder(name);
  if (existsSync(join(folder, INSTALLED))) return folder;
  const gpu = name === 'tfjs-node-gpu' ? ' --gpu --library cpu' : '';
  return skipOrFail(context, `no @tensorflow/${name} in ${folder}: egunet setup tensorflow${gpu}`);
}

/** The program `rio` with `rio cogeo` (`EGUNET_RIO`, default `rio`); skips the suite where it is not installed. */
export function requireRioCogeo(context: Mocha.Context): string {
  const { EGUNET_RIO: rio = 'rio' } = process.env;
  if (spawnSync(rio, ['cogeo', '--version']).status === 0) return rio;
  return skipOrFail(context, `'${rio} cogeo' does not run: pip install rio-cogeo, and let EGUNET_RIO name its rio`);
}

/** Where Chromium keeps SwiftShader, a GPU in software, and how its list for Vulkan is called. */
const CHROMIUM_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
const SWIFTSHADER = 'vk_swiftshader_icd.json';

/** Environment variables that make SwiftShader the GPU of a process; skips the suite where it is not installed. */
export function requireSwiftShader(context: Mocha.Context): Record<string, string> {
  const folder = CHROMIUM_FOLDERS.find((place) => existsSync(join(place, SWIFTSHADER)));
  if (!folder) skipOrFail(context, "no SwiftShader, which is part of 'chromium': apt-get install chromium");
  const icd = join(folder, SWIFTSHADER);
  // Chromium brings the loader of Vulkan, too.
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: libraries };
}

/** Runs a program and returns its standard output; throws with its standard error when it fails. */
export function run(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: exit code ${result.status}\n${result.stderr}`);
  return result.stdout;
}

/** A fresh folder, removed after the suite that asked for it. Call inside `describe`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'egunet-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until something holds; the test's own time limit is the only one. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
