// Which files belong to a scene of each format.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDesisProduct, makeEmitFile, makeEnmapProduct } from '@egunet/fixtures';
import { nameScene } from 'egunet/dist/serve/scenes.js';
import { temporaryFolder } from '../support/index.js';
import { mixedScene, writeEnvi } from './support.js';

const SIZE = { rows: 24, cols: 24, seed: 6 };

describe('to a scene that is served belongs', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const filesOf = async (path: string) => (await nameScene(path)).files.map(({ name }) => name);

  it('of an ENVI image its header in any spelling, and no namesake', async () => {
    writeEnvi(folder, 'a', mixedScene());
    writeEnvi(folder, 'a.b', mixedScene());
    writeFileSync(at('a.txt'), '');
    assert.deepEqual(await filesOf(at('a.img')), ['a.img', 'a.hdr']);
    renameSync(at('a.hdr'), at('a.img.HDR'));
    assert.deepEqual(await filesOf(at('a.img')), ['a.img', 'a.img.HDR']);
    assert.deepEqual(await filesOf(at('a.b.hdr')), ['a.b.hdr', 'a.b.img']);
  });

  it('of an EnMAP product the same by its folder, its metadata and its image, the named one first', async () => {
    const { folder: product, name } = await makeEnmapProduct(at('enmap'), SIZE);
    const byFolder = await filesOf(product);
    assert.equal(byFolder[0], `${name}-SPECTRAL_IMAGE.TIF`);
    for (const part of ['METADATA.XML', 'SPECTRAL_IMAGE.TIF']) {
      const byPart = await filesOf(join(product, `${name}-${part}`));
      assert.equal(byPart[0], `${name}-${part}`);
      assert.deepEqual([...byPart].sort(), [...byFolder].sort());
    }
    assert.equal((await nameScene(`${product}/`)).name, basename(product));
  });

  it('of a GeoTIFF nothing but itself', async () => {
    const image = readdirSync(at('enmap'), { recursive: true, encoding: 'utf8' }).find((n) => n.endsWith('CLOUD.TIF'))!;
    copyFileSync(join(at('enmap'), image), at('plain.tif'));
    writeFileSync(at('plain.tif.aux.xml'), '');
    const { name, format, rows, files } = await nameScene(at('plain.tif'));
    assert.deepEqual([name, format, rows, files.length], ['plain.tif', 'GeoTIFF', 24, 1]);
  });

  it('of a DESIS product its metadata and its image, or its header where there is no metadata', async () => {
    const { folder: product, name } = await makeDesisProduct(at('desis'), SIZE);
    assert.deepEqual(await filesOf(product), [`${name}-SPECTRAL_IMAGE.tif`, `${name}-METADATA.xml`]);
    rmSync(join(product, `${name}-METADATA.xml`));
    assert.deepEqual(await filesOf(product), [`${name}-SPECTRAL_IMAGE.tif`, `${name}-SPECTRAL_IMAGE.hdr`]);
  });

  it('of an EMIT file nothing but itself', async () => {
    await makeEmitFile(at('emit.nc'), { ...SIZE, bands: 20 });
    const { format, bands, files } = await nameScene(at('emit.nc'));
    assert.deepEqual([format, bands, files.length], ['EMIT L2A', 20, 1]);
  });
});
