// The HDF5 library behind its interface: what it reads, and that whatever it does wrong becomes a RasterError.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeEmitFile, writeHdf5 } from '@egunet/fixtures';
import { type Hdf5File, openHdf5Scene } from '@egunet/raster';
import { type Hdf5Library, loadHdf5, openHdf5File, openScene } from '@egunet/raster/node';
import { root, temporaryFolder } from '../support/index.js';
import { assertRefused } from './memory.js';

describe('an HDF5 file', () => {
  const golden = join(root, 'fixtures/golden/raster/hdf5.h5');
  const folder = temporaryFolder();
  let library: Hdf5Library;
  let file: Hdf5File;
  before(async () => {
    library = await loadHdf5();
    file = await openHdf5File(golden, library);
  });
  after(() => file.close());

  it('says what its datasets are', () => {
    assert.deepEqual(file.dataset('/shuffled'), {
      path: '/shuffled',
      shape: [11, 7, 5],
      sampleType: 'float32',
      chunks: [4, 3, 5],
    });
    assert.deepEqual(file.dataset('/big'), { path: '/big', shape: [11, 7, 5], sampleType: 'float32' });
    assert.equal(file.dataset('/partly')?.sampleType, 'int16');
    assert.equal(file.dataset('/long')?.sampleType, undefined, '8 bytes fit no typed array of numbers');
    assert.equal(file.dataset('/texts')?.sampleType, undefined);
    assert.deepEqual(file.dataset('/scalar')?.shape, []);
    assert.equal(file.dataset('/nothing'), undefined);
    assert.equal(file.dataset('/'), undefined, 'a group is no dataset');
    assert.deepEqual([...file.members('/')].sort(), [
      'big',
      'long',
      'partly',
      'scalar',
      'shuffled',
      'texts',
      'virtual',
    ]);
    assert.deepEqual(file.members('/nothing'), []);
    assert.equal(file.size, readFileSync(golden).length);
  });

  it('reads boxes of values, whatever their storage', async () => {
    // Element (i, j, k) is (35 i + 5 j + k) / 8.
    const expected = [3, 4].flatMap((i) => [2, 3].flatMap((j) => [1, 2, 3].map((k) => (35 * i + 5 * j + k) / 8)));
    for (const path of ['/shuffled', '/big'])
      assert.deepEqual([...(await file.read(file.dataset(path)!, [3, 2, 1], [2, 2, 3]))], expected);
    const partly = await file.read(file.dataset('/partly')!, [0, 0], [4, 2]);
    assert.deepEqual(
      partly,
      Int16Array.of(5, -7, -7, -7, -7, -7, -7, -7),
      'chunks that are not there hold the fill value',
    );
  });

  it('reads attributes of numbers and texts', () => {
    const attribute = (name: string) => file.attribute('/', name);
    assert.deepEqual(attribute('text'), ['grün']);
    assert.deepEqual(attribute('fixed'), ['green']);
    assert.deepEqual(attribute('texts'), ['one', 'two']);
    assert.deepEqual(attribute('long'), [-5]);
    assert.deepEqual(attribute('unsigned'), [7]);
    assert.deepEqual(attribute('big'), [1.5, -2]);
    assert.deepEqual(attribute('empty'), []);
    assert.equal(attribute('compound'), undefined, 'neither numbers nor texts');
    assert.equal(attribute('nothing'), undefined);
    assert.equal(file.attribute('/nothing', 'text'), undefined);
  });

  it('is refused where it cannot be read, and says why', async () => {
    await assertRefused(() => file.dataset('/virtual'), /hdf5\.h5: \/virtual takes its values from other files/);
    await assertRefused(
      () => file.read(file.dataset('/big')!, [9, 0, 0], [4, 1, 1]),
      /cannot read 4 x 1 x 1 values of \/big from \[9, 0, 0\]: .*not within extent/,
    );
    await assertRefused(
      () => file.read(file.dataset('/big')!, [0, 0, 0], [2 ** 30, 1, 1]),
      /4294967296 bytes at once are more than/,
    );
    const cut = join(folder, 'cut.h5');
    await writeFile(cut, readFileSync(golden).subarray(0, 3000));
    await assertRefused(() => openHdf5File(cut, library), /cut\.h5: cannot open it: truncated file: eof = 3000/);
    await assertRefused(() => openHdf5File(join(folder, 'none.h5')), /none\.h5: cannot open it: .*no such file/i);
    await assertRefused(() => openHdf5File(folder, library), /cannot open it/);
    await writeFile(join(folder, 'text.h5'), 'no HDF5 at all');
    await assertRefused(() => openHdf5File(join(folder, 'text.h5'), library), /cannot open it: .*signature/);
  });

  it('says nothing on standard error of its own', async () => {
    const wrote: unknown[] = [];
    const { write } = process.stderr;
    process.stderr.write = (chunk: unknown) => wrote.push(chunk) > 0;
    try {
      await assertRefused(() => openHdf5File(folder, library), /cannot open it/);
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(wrote, []);
  });

  it('whose library breaks down is refused from then on, and no other file with it', async () => {
    const breaking = await loadHdf5();
    const module = new Proxy(breaking.module, {
      get(target, name) {
        if (name !== 'get_dataset_data') return Reflect.get(target, name);
        return () => {
          throw Object.assign(new Error('Aborted(OOM)'), { name: 'RuntimeError' });
        };
      },
    });
    const broken = await openHdf5File(golden, { ...breaking, module });
    const dataset = broken.dataset('/big')!;
    await assertRefused(() => broken.read(dataset, [0, 0, 0], [1, 1, 1]), /cannot read .*: Aborted\(OOM\)/);
    await assertRefused(() => broken.members('/'), /cannot list \/: the HDF5 library broke down on this file/);
    broken.close();
    assert.deepEqual(await file.read(file.dataset('/big')!, [0, 0, 1], [1, 1, 1]), Float32Array.of(1 / 8));
  });

  it('of another kind is refused, with what it holds and what can be read', async () => {
    await assertRefused(
      () => openScene(golden),
      /holds big, long, partly, scalar, shuffled, texts, virtual; readable are EMIT L2A reflectance .* and PRISMA L2D/,
    );
    const radiance = join(folder, 'radiance.nc');
    await writeHdf5(radiance, {
      attributes: {},
      datasets: {
        radiance: { data: new Float32Array(8), shape: [2, 2, 2] },
        'location/glt_x': { data: new Int32Array(4), shape: [2, 2] },
      },
    });
    await assertRefused(
      () => openScene(radiance),
      /holds (location, radiance|radiance, location); readable are EMIT L2A/,
    );
    await writeFile(join(folder, 'classic.nc'), 'CDF\u0001 and so on');
    await assertRefused(() => openScene(join(folder, 'classic.nc')), /classic\.nc: a classic NetCDF file: .*with GDAL/);
  });

  it('that is damaged where its samples lie is refused when they are read', async () => {
    const path = join(folder, 'emit.nc');
    await makeEmitFile(path, { seed: 1, rows: 6, cols: 5, bands: 8, chunks: [6, 5, 8] });
    const bytes = readFileSync(path);
    const deflated = bytes.indexOf(Buffer.from([0x78, 0x5e])); // the head of a zlib stream of level 4
    assert.ok(deflated > 0);
    await writeFile(path, bytes.fill(0xff, deflated + 10, deflated + 40));
    const scene = await openHdf5Scene(await openHdf5File(path), { orthorectify: false });
    await assertRefused(
      () => scene.readWindow({ row: 0, col: 0, rows: 1, cols: 1 }),
      /cannot read 6 x 5 x 8 values of \/reflectance .*filter returned failure/,
    );
    await scene.close();
  });

  it('costs nothing where none is opened: the library is loaded by one function alone', () => {
    const sources = readdirSync(join(root, 'raster/src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    for (const name of sources) {
      const text = readFileSync(join(root, 'raster/src', name), 'utf8');
      assert.doesNotMatch(text, /^import (?!type).*'h5wasm/m, name);
    }
  });
});
