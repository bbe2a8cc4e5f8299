import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMatFile } from '@egunet/raster';
import { nodeCodecs, openFile, openScene, readSensor } from '@egunet/raster/node';
import { parseSensorDefinition, SENSORS, usableSensorBands } from '@egunet/raster/sensors';
import { writeEnviImage } from '../support/envi.js';
import { requireData, temporaryFolder } from '../support/index.js';
import { assertRefused } from './memory.js';

const sensor = (id: string) => SENSORS.find((known) => known.id === id)!;

describe('a sensor of a scene that states no wavelengths', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const stated = [500, 600, 700];
  const data = Float32Array.from({ length: 12 }, (_, i) => i / 100);
  before(() => {
    writeEnviImage(at('told.hdr'), { rows: 2, cols: 2, wavelengths: stated, data });
    writeEnviImage(at('bare.hdr'), { rows: 2, cols: 2, wavelengths: stated, data });
    const header = readFileSync(at('bare.hdr'), 'utf8').replace(/^wavelength.*\n/gm, '');
    writeFileSync(at('bare.hdr'), header);
    const bands = [450, 550, 650].map((wavelength) => ({ wavelength, fwhm: 9 }));
    writeFileSync(at('mine.json'), JSON.stringify({ name: 'Mine', bands, badBands: [[540, 560]] }));
  });

  it('says which bands it has and which are bad; one that states them is as it says', async () => {
    const seen = async (name: string, sensor: string) => {
      const scene = await openScene(at(name), { sensor });
      const { data: values } = await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 2 });
      await scene.close();
      assert.deepEqual(values, data);
      return [scene.sensor, scene.bands.map(({ wavelength, fwhm, bad }) => [wavelength, fwhm, bad])];
    };
    const mine = ['Mine', [[450, 9, false], [550, 9, true], [650, 9, false]]]; // biome-ignore format: a table
    assert.deepEqual(await seen('bare.hdr', at('mine.json')), mine);
    const told = stated.map((nm) => [nm, undefined, false]);
    assert.deepEqual(await seen('told.hdr', at('mine.json')), [undefined, told]);
  });

  it('is refused where it has other bands, is not known, or is no definition', async () => {
    const open = (sensor: string) => () => openScene(at('bare.hdr'), { sensor });
    await assertRefused(
      open('emit'),
      /states no wavelengths and has 3 bands, EMIT has 285; give a definition of just these/,
    );
    await assertRefused(open('hubble'), /--sensor: hubble is none of enmap, emit, .*, nor a file/);
    await assertRefused(open(at('bare.hdr')), /is not JSON/);
    const bands = [{ wavelength: 500, fwhm: 9 }];
    const define = (definition: object) => () => parseSensorDefinition(JSON.stringify(definition), 'my.json');
    await assertRefused(define({ name: 'a', bands, badbands: [] }), /'badbands' is nothing that a sensor has/);
    await assertRefused(define({ name: '\u0007', bands }), /'name' should say what the sensor is called/);
    assert.equal((await readSensor('EnMAP')).id, 'enmap');
  });
});

describe('sensor definitions', () => {
  it('are those of real scenes: EnMAP', async function () {
    const folder = join(requireData(this, 'enmap-potsdam'), 'images');
    const scene = await openScene(join(folder, readdirSync(folder)[0]!));
    const { bands } = sensor('enmap');
    assert.equal(bands.length, scene.bands.length);
    for (const [b, { wavelength, fwhm }] of bands.entries()) {
      assert.ok(Math.abs(wavelength - scene.bands[b]!.wavelength!) < 0.01);
      assert.ok(Math.abs(fwhm - scene.bands[b]!.fwhm!) < 0.01);
    }
    await scene.close();
  });

  it('are those of real scenes: EMIT', async function () {
    const folder = requireData(this, 'emit-sample');
    const scene = await openScene(join(folder, readdirSync(folder).find((name) => name.endsWith('.hdr'))!));
    const { bands } = sensor('emit');
    assert.equal(bands.length, 285);
    for (const [b, { wavelength }] of bands.entries())
      assert.ok(Math.abs(wavelength - scene.bands[b]!.wavelength!) < 0.01);
    const usable = new Set(usableSensorBands(sensor('emit')));
    for (const [b, { bad }] of scene.bands.entries()) assert.equal(usable.has(b), !bad, `band ${b + 1}`);
    await scene.close();
  });

  it('are those of the U.S. Geological Survey: AVIRIS', async function () {
    const folder = requireData(this, 'egu-synthetic-ingredients');
    const file = await openFile(join(folder, 'USGS_1995_Library.mat'));
    const { data, dims } = (await readMatFile(file, nodeCodecs)).get('datalib')!;
    await file.close();
    const rows = dims[0]!;
    const { bands } = sensor('aviris-c');
    assert.equal(rows, bands.length);
    for (const [b, { wavelength, fwhm }] of bands.entries()) {
      assert.ok(Math.abs(wavelength - 1000 * data[b]!) < 0.01); // columns: wavelength and width in micrometres
      assert.ok(Math.abs(fwhm - 1000 * data[rows + b]!) < 0.01);
    }
  });

  it('have bands in nm with a width, intervals, a source, and leave bands', () => {
    const counts = {
      enmap: 224,
      emit: 285,
      prisma: 234,
      desis: 235,
      'aviris-c': 224,
      'sentinel-2': 12,
      'landsat-8': 7,
    };
    assert.deepEqual(Object.fromEntries(SENSORS.map(({ id, bands }) => [id, bands.length])), counts);
    for (const { bands, badBands, source, ...rest } of SENSORS) {
      assert.ok(bands.every(({ wavelength, fwhm }) => wavelength > 350 && wavelength < 2600 && fwhm > 1 && fwhm < 200));
      assert.ok(source.length > 20);
      const again = parseSensorDefinition(JSON.stringify({ name: rest.name, bands, badBands, source }), 's.json');
      assert.deepEqual(again, { id: rest.name, name: rest.name, bands, badBands, source });
      assert.ok(usableSensorBands(again).length >= 7);
    }
  });

  it('of a user are refused with what is wrong', async () => {
    const good = { name: 's', bands: [{ wavelength: 500, fwhm: 10 }] };
    const cases: [unknown, RegExp][] = [
      ['{', /is not JSON/],
      [{}, /'name' should say/],
      [{ ...good, source: 3 }, /'source' should be text/],
      [{ name: 's', bands: [] }, /'bands' should be a list/],
      [{ name: 's', bands: [{ wavelength: 500 }] }, /band 1: wavelength and fwhm/],
      [{ name: 's', bands: [{ wavelength: 0.5, fwhm: 0.01 }] }, /0.5 is no nm/],
      [{ name: 's', bands: [good.bands[0], good.bands[0]] }, /bands 1 and 2 are both at 500 nm/],
      [{ ...good, badBands: [[600, 400]] }, /intervals \[from, to\]/],
      [{ ...good, badBands: [[400, 600]] }, /leave no band/],
    ];
    for (const [value, message] of cases) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      await assertRefused(() => parseSensorDefinition(text, 's.json'), message);
    }
  });
});
