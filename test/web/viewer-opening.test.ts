// Opening scenes and models in the viewer.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GAIN, makeEnmapProduct, NO_DATA } from '@egunet/fixtures';
import { createMap } from '@egunet/raster/node';
import type { Page } from 'playwright-core';
import { serveFiles } from '../support/http-server.js';
import { COLS, makeModel, modelBands, ROWS, simulated } from './scene.js';
import { alert, assertSame, MIDDLE, pickMiddle, said, unmixed, withViewer } from './viewer-page.js';

/** The scene as a file that says or holds less than it could. */
async function writeLess(
  path: string,
  {
    wavelengths = true,
    gain,
    of = [...simulated.bands.keys()],
  }: { wavelengths?: boolean; gain?: number; of?: readonly number[] },
): Promise<void> {
  const bands = of.map((b) => {
    const { wavelength, fwhm } = simulated.bands[b]!;
    return { ...(wavelengths && { wavelength, fwhm }), ...(gain !== undefined && { gain }) };
  });
  const map = await createMap(path, { rows: ROWS, cols: COLS, sampleType: 'int16', noData: NO_DATA, bands });
  const [S, B] = [simulated.bands.length, of.length];
  const stored = Int16Array.from(
    { length: ROWS * COLS * B },
    (_, i) => simulated.stored[Math.floor(i / B) * S + of[i % B]!]!,
  );
  await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, stored);
  await map.close();
}

describe('opening in the viewer', function () {
  this.timeout(180_000);
  const site = withViewer();
  const elsewhere = serveFiles(site.files);

  before(async () => {
    const { files, folder } = site;
    files['neighbour.onnx'] = await makeModel(4);
    await writeLess(join(folder, 'nameless.tif'), { wavelengths: false });
    await writeLess(join(folder, 'counts.tif'), {});
    await writeLess(join(folder, 'covered.tif'), { gain: GAIN, of: modelBands });
    for (const name of ['nameless.tif', 'counts.tif', 'covered.tif']) files[name] = readFileSync(join(folder, name));
  });

  it('opens what the server has, and shows the abundances that Node makes, too', async () => {
    const page = await site.open();
    await unmixed(page);
    assert.match((await page.locator('#device').textContent())!, /^WebAssembly, \d+ threads$/);
    assert.equal(await page.locator('#scene-name').textContent(), 'scene.tif');
    assert.match((await page.locator('#colours').textContent())!, /^True colour: bands at 6\d\d, 5\d\d, 4\d\d nm$/);
    assert.equal(await page.locator('#ramp-name').textContent(), 'material 1');
    assert.equal(await page.locator('#scenes').inputValue(), '/scene.tif');
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    // Longitude and latitude as gdaltransform has them: 13.049258587 52.387014414.
    assert.deepEqual(await page.locator('.place').allTextContents(), [
      '367245.0, 5805875.0 (EPSG:32633)',
      '52.38701° N, 13.04926° E',
      `row ${MIDDLE.row + 1}, column ${MIDDLE.col + 1}`,
    ]);
    assert.equal(await alert(page).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('opens files that are chosen, and says what is wrong with others', async () => {
    const page = await site.openEmpty();
    const chooser = page.getByLabel('Files of a scene, or a model');
    await chooser.setInputFiles(join(site.folder, 'scene.tif'));
    await page.locator('#scene-name', { hasText: 'scene.tif' }).waitFor();
    assert.equal(await page.locator('#layer').isVisible(), false);
    await chooser.setInputFiles(join(site.folder, 'model.onnx'));
    await unmixed(page);
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    await chooser.setInputFiles({ name: 'text.tif', mimeType: 'image/tiff', buffer: Buffer.from('no scene') });
    assert.match(await said(page), /^text\.tif: not a format that is read/);
    await chooser.setInputFiles({ name: 'text.onnx', mimeType: '', buffer: Buffer.from('no model') });
    await alert(page).getByText('the model: not a complete ONNX model').waitFor();
    assert.equal(await page.locator('#scene-name').textContent(), 'scene.tif');
    assert.equal(await page.locator('#layer').isVisible(), true);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('opens files that are dropped on it', async () => {
    const page = await site.openEmpty();
    const transfer = await page.evaluateHandle(
      async (names) => {
        const transfer = new DataTransfer();
        for (const name of names) transfer.items.add(new File([await (await fetch(name)).arrayBuffer()], name));
        return transfer;
      },
      ['scene.tif', 'model.onnx'],
    );
    await page.dispatchEvent('#map', 'dragover', { dataTransfer: transfer });
    assert.equal(await page.locator('#drop').isVisible(), true);
    await page.dispatchEvent('#map', 'drop', { dataTransfer: transfer });
    assert.equal(await page.locator('#drop').isVisible(), false);
    await unmixed(page);
    await page.close();
  });

  /** Drops files and folders of this computer, as a person does. */
  async function drop(page: Page, ...files: string[]): Promise<void> {
    const line = await page.context().newCDPSession(page);
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await line.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    await line.detach();
  }

  it('opens folders that are dropped on it, by the files in them', async () => {
    const { folder } = await makeEnmapProduct(join(site.folder, 'delivery'), { seed: 5, rows: ROWS, cols: COLS });
    mkdirSync(join(site.folder, 'models/.hidden'), { recursive: true });
    copyFileSync(join(site.folder, 'model.onnx'), join(site.folder, 'models/model.onnx'));
    writeFileSync(join(site.folder, 'models/.hidden/text.tif'), 'no scene');
    const page = await site.openEmpty();
    await drop(page, join(site.folder, 'models'), folder);
    await unmixed(page);
    assert.match((await page.locator('#scene-facts').textContent())!, /^EnMAP L2A, EnMAP; 83 x 75 pixels, 224 bands$/);
    assert.equal(await page.locator('#drop').isVisible(), false);
    assert.equal(await alert(page).count(), 0);
    mkdirSync(join(site.folder, 'many'));
    for (let i = 0; i <= 1000; i++) writeFileSync(join(site.folder, `many/${i}`), '');
    await drop(page, join(site.folder, 'many'));
    assert.equal(await said(page), 'the folder holds more than 1000 files; drop the folder of one scene alone');
    mkdirSync(join(site.folder, 'empty'));
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await drop(page, join(site.folder, 'empty'));
    assert.match(await said(page), /^no file is in what was dropped/);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('opens what its address names, or what is typed in', async () => {
    const page = await site.openEmpty();
    await page.getByLabel('Scene or model (.onnx) by URL').fill('scene.tif');
    await page.keyboard.press('Enter');
    await page.locator('#scene-name', { hasText: 'scene.tif' }).waitFor();
    await page.getByLabel('Scene or model (.onnx) by URL').fill('model.onnx');
    await page.keyboard.press('Enter');
    await unmixed(page);
    await page.close();
    const other = await site.open('?device=wasm&scene=missing.tif');
    assert.match(await said(other), /missing\.tif: .*404/);
    await other.close();
  });

  it("offers to interpolate where the model's bands are others", async () => {
    const page = await site.open('?device=wasm&scene=covered.tif&model=neighbour.onnx');
    assert.match(await said(page), /no band within half a FWHM for \d+ of the model's/);
    assert.equal(await page.locator('#layer').isVisible(), false);
    await page.getByRole('button', { name: 'Interpolate' }).click();
    await unmixed(page);
    assert.equal(await alert(page).count(), 0);
    assert.ok(Math.abs((await pickMiddle(page)).reduce((sum, one) => sum + one, 0) - 1) < 0.003);
    await page.close();
  });

  it('shows a scene without wavelengths and place as it is, and says what it lacks', async () => {
    const page = await site.open('?device=wasm&scene=nameless.tif');
    assert.match(await said(page), /the scene's bands have no wavelengths/);
    assert.equal(
      await page.locator('#colours').textContent(),
      'The scene has no wavelengths: bands 1, 2, 3 as colours',
    );
    await page.locator('#notes', { hasText: 'The scene says not where it lies' }).waitFor();
    await page.locator('#map').focus();
    await page.keyboard.press('Enter');
    await page.locator('.chart', { hasText: 'band' }).waitFor();
    assert.deepEqual(await page.locator('.place').allTextContents(), [
      `row ${MIDDLE.row + 1}, column ${MIDDLE.col + 1}`,
    ]);
    await page.close();
  });

  it('doubts what is no reflectance, until it is told the scale', async () => {
    const page = await site.open('?device=wasm&scene=counts.tif');
    assert.match(await said(page), /brighter than the model's largest input/);
    await page.getByText('By URL, or files').click();
    await page.getByLabel('Reflectance = stored value times').fill(String(GAIN));
    await page.keyboard.press('Enter');
    await alert(page).waitFor({ state: 'detached' });
    await page.locator('#opening:empty').waitFor({ state: 'attached' });
    await unmixed(page);
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    assert.equal(await alert(page).count(), 0);
    await page.close();
  });

  it('says that another server does not permit it to read', async () => {
    const page = await site.open(`?device=wasm&scene=${elsewhere.url}scene.tif`);
    assert.match(await said(page), /scene\.tif: .*\(CORS/);
    assert.equal(await page.locator('#scenes').inputValue(), '');
    assert.equal(await page.locator('#models').inputValue(), '/model.onnx');
    await page.close();
  });
});
