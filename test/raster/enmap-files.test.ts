import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnmapScene } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { requireData, requireGdal, requireProgram, run, temporaryFolder } from '../support/index.js';
import { HDR, metadataXml, PIXELS, THREE } from './enmap-support.js';
import { assertRefused } from './memory.js';

describe('EnMAP products on disk', () => {
  const folder = temporaryFolder();

  for (const [file, options] of [
    ['SPECTRAL_IMAGE.TIF', ['-of', 'GTiff']],
    ['SPECTRAL_IMAGE.GEOTIFF', ['-of', 'GTiff', '-co', 'INTERLEAVE=PIXEL', '-co', 'COMPRESS=DEFLATE']],
    ['SPECTRAL_IMAGE_COG.TIF', ['-of', 'COG']],
    ['SPECTRAL_IMAGE.BSQ', ['-of', 'ENVI', '-co', 'INTERLEAVE=BSQ']],
    ['SPECTRAL_IMAGE.BIL', ['-of', 'ENVI', '-co', 'INTERLEAVE=BIL']],
    ['SPECTRAL_IMAGE.BIP', ['-of', 'ENVI', '-co', 'INTERLEAVE=BIP']],
  ] as const)
    it(`open with their image as ${file}`, async function () {
      requireGdal(this);
      const at = join(folder, file.replace('.', '-'));
      mkdirSync(at);
      const raw = join(folder, 'raw');
      writeFileSync(raw, PIXELS);
      writeFileSync(`${raw}.hdr`, HDR);
      run('gdal_translate', ['-q', ...options, '-a_nodata', '-32768', raw, join(at, `ENMAP01-X-${file}`)]);
      writeFileSync(join(at, 'ENMAP01-X-METADATA.XML'), metadataXml(THREE));
      const scene = await openScene(at);
      const { spectra, valid } = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 2 });
      assert.deepEqual([...spectra], [0.02, 0.02, 0.03, 0, 0, 0].map(Math.fround));
      assert.deepEqual([...valid], [1, 0]);
      assert.deepEqual([scene.format, scene.bands[1]!.wavelength], ['EnMAP L2A', 902.26]);
      await scene.close();
    });

  it('read the 4 MB METADATA.XML of a real product: 218 bands', async function () {
    const zip = requireData(this, 'enmap-product/enmap_L2A_gtif_qualification.zip');
    requireProgram(this, 'unzip', 'apt-get install unzip');
    run('unzip', ['-q', '-j', zip, '-d', join(folder, 'real')]);
    const at = join(folder, 'real');
    // The delivery's image is empty; one of its size in bands stands in for it.
    const stem = join(at, 'ENMAP01-____L2A-DT0000326721_20170626T102020Z_001_V000204_20200406T201930Z');
    await assertRefused(() => openScene(at), /SPECTRAL_IMAGE\.TIF: is empty \(0 bytes\)/);
    writeFileSync(`${stem}-SPECTRAL_IMAGE.BSQ`, new Uint8Array(218));
    writeFileSync(
      `${stem}-SPECTRAL_IMAGE.HDR`,
      'ENVI\nsamples = 1\nlines = 1\nbands = 218\ndata type = 1\ninterleave = bsq\n',
    );
    const scene = (await openScene(`${stem}-SPECTRAL_IMAGE.BSQ`)) as EnmapScene;
    assert.equal(scene.bands.length, 218);
    // xmllint --xpath '//bandCharacterisation/bandID[@number=79]' and [@number=218]
    assert.deepEqual(scene.bands[78], {
      name: 'band 79',
      wavelength: 904.78,
      fwhm: 11.59,
      bad: false,
      gain: 0.0001,
      offset: 0,
      noData: 0,
    });
    assert.deepEqual([scene.bands[217]!.wavelength, scene.bands[217]!.fwhm], [2438.6, 8.95]);
    // 1298.7-1522.3 nm and 1741.5-1969.9 nm.
    assert.deepEqual(
      scene.bands.flatMap(({ bad }, i) => (bad ? [i + 1] : [])),
      [124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 155, 156, 157, 158, 159, 160, 161, 162],
    );
    assert.equal(scene.facts.product, 'ENMAP01-____L2A-DT0000326721_20170626T102020Z_001_V000204_20200406T201930Z');
    assert.equal(scene.facts.datatake, '0000326721');
    assert.deepEqual(
      scene.qualityLayers.map(({ name }) => name),
      ['CIRRUS', 'CLASSES', 'CLOUD', 'CLOUDSHADOW', 'HAZE', 'PIXELMASK', 'SNOW', 'TESTFLAGS'],
    );
    await scene.close();
  });
});
