// Programs that are not needed, but used where they are: by the tests, and by who looks at maps.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Finding } from './finding.js';

const run = promisify(execFile);

export const TOOLS = ['gdal', 'chromium'] as const;
export type ToolName = (typeof TOOLS)[number];

/** Where Chromium is found, if `EGUNET_CHROMIUM` does not say. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const PROGRAMS: Readonly<Record<ToolName, { program(): string | undefined; install: string }>> = {
  gdal: { program: () => 'gdalinfo', install: 'apt-get install gdal-bin' },
  chromium: {
    program: () => [process.env.EGUNET_CHROMIUM ?? '', ...CHROMIUM].find((path) => path !== '' && existsSync(path)),
    install: 'apt-get install chromium',
  },
};

/** Asks a program for its version. */
export async function findTool(id: ToolName): Promise<Finding> {
  const { program, install } = PROGRAMS[id];
  const path = program();
  const found = path && (await run(path, ['--version'], { timeout: 20_000 }).catch(() => undefined));
  if (!found) return { id, works: false, says: 'not installed', remedy: install };
  return { id, works: true, says: found.stdout.trim().split('\n')[0]! };
}
