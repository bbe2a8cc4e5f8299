// Programs that are not needed, but used where they are: by the tests, and by who looks at maps.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Finding } from './finding.js';
import type { ToolId } from './ids.js';

/** Where Chromium is, if `EGUNET_CHROMIUM` does not say. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium's path; undefined where there is none. */
export const findChromium = (): string | undefined =>
  [process.env.EGUNET_CHROMIUM ?? '', ...CHROMIUM].find((path) => path !== '' && existsSync(path));

const PROGRAMS: Readonly<Record<ToolId, { program(): string | undefined; install: string }>> = {
  gdal: { program: () => 'gdalinfo', install: 'apt-get install gdal-bin' },
  chromium: {
    program: findChromium,
    install: 'apt-get install chromium',
  },
};

/** Asks a program for its version. */
export function findTool(id: ToolId): Finding {
  const { program, install } = PROGRAMS[id];
  const path = program();
  const found = path === undefined ? undefined : spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  if (found?.status !== 0) return { id, works: false, says: 'not installed', remedy: install };
  return { id, works: true, says: found.stdout.trim().split('\n')[0]! };
}
