// HDF5 files that were changed at random: each is read, or refused with a RasterError.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEmitFile, makePrismaFile, seededRandom } from '@egunet/fixtures';
import { openHdf5Scene, RasterError } from '@egunet/raster';
import { loadHdf5, openHdf5File } from '@egunet/raster/node';
import { temporaryFolder } from '../support/index.js';
import { mutated } from './mutate.js';

describe('HDF5 files changed at random', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  it('are read or refused, 2,000 of them, by a library that keeps working', async () => {
    const intact = [join(folder, 'emit.nc'), join(folder, 'prisma.he5')] as const;
    await makeEmitFile(intact[0], { seed: 1, rows: 6, cols: 5, bands: 8, chunks: [4, 3, 8] });
    await makePrismaFile(intact[1], { seed: 2, rows: 3, cols: 2 });
    const bytes = intact.map((path) => readFileSync(path));
    const { uniform } = seededRandom(3);
    const library = await loadHdf5();
    const tally = { read: 0, refused: 0 };
    for (let i = 0; i < 2000; i++) {
      const path = join(folder, `damaged-${i}`);
      writeFileSync(path, mutated(bytes[i % 2]!, uniform));
      try {
        const scene = await openHdf5Scene(await openHdf5File(path, library), { orthorectify: i % 4 !== 0 });
        const corner = { rows: Math.min(4, scene.rows), cols: Math.min(4, scene.cols) };
        await scene.readSpectra({ row: scene.rows - corner.rows, col: scene.cols - corner.cols, ...corner }, [0]);
        await scene.close();
        tally.read++;
      } catch (error) {
        assert.ok(error instanceof RasterError, `input ${i}: ${(error as Error).stack}`);
        assert.doesNotMatch(error.message, /\n/);
        tally.refused++;
      }
      rmSync(path);
    }
    assert.ok(tally.read > 200 && tally.refused > 200, JSON.stringify(tally));
    for (const path of intact) await (await openHdf5Scene(await openHdf5File(path, library))).close();
  });
});
