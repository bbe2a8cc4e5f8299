// The viewer's page in a real browser, beside the abundances that Node makes of the same scene. Legend: B bands, C endmembers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GAIN, NO_DATA } from '@egunet/fixtures';
import { unmix } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { createMap, openScene } from '@egunet/raster/node';
import { decode } from 'fast-png';
import type { Page } from 'playwright-core';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { root, temporaryFolder } from '../support/index.js';
import { COLS, checkpoint, ENDMEMBERS, makeModel, modelBands, ROWS, simulated, writeScene } from './scene.js';

/** What a server may allow a page, and this one lives with. */
const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; connect-src *";

/** The files of the page, besides those that other pages have, too. */
function viewerFiles(path: string): Uint8Array | undefined {
  const file = join(root, 'infer/web/viewer/dist', path);
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : pageFiles(path);
}

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

/** Viridis at every ninth of its range, as matplotlib has it. */
const VIRIDIS = [
  ...[0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725],
].map((rgb) => [rgb >> 16, (rgb >> 8) & 255, rgb & 255]);

function viridis(value: number): number[] {
  const at = Math.min(8, Math.floor(value * 9));
  return [0, 1, 2].map((i) => VIRIDIS[at]![i]! + (value * 9 - at) * (VIRIDIS[at + 1]![i]! - VIRIDIS[at]![i]!));
}

const MIDDLE = { row: Math.floor(ROWS / 2), col: Math.floor(COLS / 2) };

describe('the viewer', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = { 'text.tif': Buffer.from('no scene at all') };
  const headers = { ...ISOLATED, 'content-security-policy': POLICY };
  const server = serveFiles(files, { headers, others: viewerFiles });
  const elsewhere = serveFiles(files);
  /** [ROWS, COLS, C] of Node. */
  let expected: Float32Array;

  before(async () => {
    files['model.onnx'] = await makeModel();
    files['neighbour.onnx'] = await makeModel(4);
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    await writeScene(join(folder, 'scene.tif'));
    await writeLess(join(folder, 'nameless.tif'), { wavelengths: false });
    await writeLess(join(folder, 'counts.tif'), {});
    await writeLess(join(folder, 'covered.tif'), { gain: GAIN, of: modelBands });
    for (const name of ['scene.tif', 'nameless.tif', 'counts.tif', 'covered.tif'])
      files[name] = readFileSync(join(folder, name));
    const list = (name: string) => [{ name, url: `/${name}`, bytes: files[name]!.length }];
    files['api/list.json'] = Buffer.from(JSON.stringify({ scenes: list('scene.tif'), models: list('model.onnx') }));
    const { session, card, release } = await openModel(join(folder, 'model.onnx'), { threads: 1 });
    const scene = await openScene(join(folder, 'scene.tif'));
    for await (const { abundances } of unmix(session, scene, { card, tile: { rows: ROWS, cols: COLS } }))
      expected = abundances;
    await release();
    await scene.close();
  });

  /** Abundances [C] of a pixel by Node. */
  const inNode = ({ row, col }: { row: number; col: number }) =>
    expected.subarray((row * COLS + col) * ENDMEMBERS, (row * COLS + col + 1) * ENDMEMBERS);

  const unmixed = (page: Page) => page.locator('#progress', { hasText: /^1 tile done, .* Mpixel\/s$/ }).waitFor();
  const alert = (page: Page) => page.locator('#alerts .notice p').first();
  const said = async (page: Page) => (await alert(page).textContent())!;

  /** The numbers beside the bars. */
  async function shownAbundances(page: Page): Promise<number[]> {
    await page.locator('.bars').waitFor();
    return (await page.locator('.bars .number').allTextContents()).map(Number);
  }

  /** Abundances are shown with three digits; runtimes differ by `limit`. */
  function assertSame(shown: readonly number[], values: Float32Array, limit = 1e-5): void {
    assert.equal(shown.length, ENDMEMBERS);
    for (const [c, value] of shown.entries())
      assert.ok(Math.abs(value - values[c]!) <= 0.5e-3 + limit, `${shown} beside ${values}`);
  }

  describe('with WebGPU', () => {
    const chromium = withBrowser();
    const openPage = (query = '?device=wasm') => chromium.open(`${server.url}index.html${query}`);

    /** The page where the server has no list. */
    function openEmpty(): ReturnType<typeof openPage> {
      server.instead = ({ url }, response) => url === '/api/list.json' && !!response.end('{}');
      return openPage();
    }

    async function pickMiddle(page: Page): Promise<number[]> {
      await page.locator('#map').focus();
      await page.keyboard.press('Enter');
      return shownAbundances(page);
    }

    it('opens what the server has, and shows the abundances that Node makes, too', async () => {
      const page = await openPage();
      await unmixed(page);
      assert.match((await page.locator('#device').textContent())!, /^WebAssembly, \d+ threads$/);
      assert.equal(await page.locator('#scene-name').textContent(), 'scene.tif');
      assert.match((await page.locator('#colours').textContent())!, /^True colour: bands at 6\d\d, 5\d\d, 4\d\d nm$/);
      assert.equal(await page.locator('#ramp-name').textContent(), 'material 1');
      assert.equal(await page.locator('#scenes').inputValue(), '/scene.tif');
      assertSame(await pickMiddle(page), inNode(MIDDLE));
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

    it('draws abundances in the colours of the legend, and tells of the pixel that is clicked', async () => {
      const page = await openPage();
      await unmixed(page);
      const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
      const picture = decode(await page.screenshot());
      for (const [right, down] of [
        [0.42, 0.51],
        [0.5, 0.4],
        [0.57, 0.55],
      ] as const) {
        const [px, py] = [Math.round(x + right * width), Math.round(y + down * height)];
        await page.mouse.click(px + 0.5, py + 0.5);
        const place = page.locator('.place', { hasText: /^row/ });
        const before = await place.textContent({ timeout: 50 }).catch(() => '');
        await page.waitForFunction(
          (old) =>
            [...document.querySelectorAll('.place')].some(
              (one) => /^row/.test(one.textContent) && one.textContent !== old,
            ),
          before,
        );
        const [row, col] = (await place.textContent())!.match(/\d+/g)!.map((one) => Number(one) - 1) as [
          number,
          number,
        ];
        assertSame(await shownAbundances(page), inNode({ row, col }));
        const from = (py * picture.width + px) * picture.channels;
        const colour = viridis(inNode({ row, col })[0]!);
        for (const [i, part] of colour.entries())
          assert.ok(
            Math.abs(picture.data[from + i]! - part) <= 2,
            `${picture.data.subarray(from, from + 3)}: ${colour}`,
          );
      }
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

    it("draws the pixel's reflectance and the mixture of the model's endmembers", async () => {
      const page = await openPage();
      await unmixed(page);
      await pickMiddle(page);
      const heights = async (kind: string) => {
        const path = await page.locator(`.line.${kind}`).first().getAttribute('d');
        return [...path!.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
      };
      const [B, { row, col }] = [simulated.bands.length, MIDDLE];
      const order = [...modelBands].sort((a, b) => simulated.bands[a]!.wavelength - simulated.bands[b]!.wavelength);
      const measured = order.map((band) => simulated.stored[(row * COLS + col) * B + band]! * GAIN);
      const { endmembers } = checkpoint().facts;
      const mixed = order.map((band) =>
        endmembers.reduce((sum, { spectrum }, c) => sum + inNode(MIDDLE)[c]! * spectrum[modelBands.indexOf(band)]!, 0),
      );
      // Heights in the picture fall with reflectance, the same for both lines; they are rounded to a tenth.
      const [of, got] = [
        [...measured, ...mixed],
        [...(await heights('measured')), ...(await heights('modelled'))],
      ];
      assert.equal(got.length, of.length);
      const [low, high] = [of.indexOf(Math.min(...of)), of.indexOf(Math.max(...of))];
      const slope = (got[high]! - got[low]!) / (of[high]! - of[low]!);
      assert.ok(slope < 0);
      for (const [i, value] of of.entries())
        assert.ok(Math.abs(got[i]! - got[low]! - slope * (value - of[low]!)) <= 0.2, `band ${i}`);
      await page.close();
    });

    it('shows three endmembers as colours, and another one, without unmixing again', async () => {
      const page = await openPage();
      await unmixed(page);
      const picture = () => page.locator('#map canvas').last().screenshot();
      const one = await picture();
      await page.getByRole('combobox', { name: 'Show' }).selectOption('three as red, green, blue');
      await page.getByRole('combobox', { name: /^Red/ }).selectOption('material 4');
      assert.notDeepEqual(await picture(), one);
      await page.getByRole('combobox', { name: 'Show' }).selectOption('one endmember');
      await page.getByRole('combobox', { name: /^Endmember/ }).selectOption('material 2');
      assert.equal(await page.locator('#ramp-name').textContent(), 'material 2');
      const second = await picture();
      assert.notDeepEqual(second, one);
      await page.getByLabel('Opacity').fill('0');
      assert.notDeepEqual(await picture(), second);
      await unmixed(page);
      await page.close();
    });

    it('opens files that are chosen, and says what is wrong with others', async () => {
      const page = await openEmpty();
      const chooser = page.getByLabel('Files of a scene, or a model');
      await chooser.setInputFiles(join(folder, 'scene.tif'));
      await page.locator('#scene-name', { hasText: 'scene.tif' }).waitFor();
      assert.equal(await page.locator('#layer').isVisible(), false);
      await chooser.setInputFiles(join(folder, 'model.onnx'));
      await unmixed(page);
      assertSame(await pickMiddle(page), inNode(MIDDLE));
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
      const page = await openEmpty();
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

    it('opens what its address names, or what is typed in', async () => {
      const page = await openEmpty();
      await page.getByLabel('Scene or model (.onnx) by URL').fill('scene.tif');
      await page.keyboard.press('Enter');
      await page.locator('#scene-name', { hasText: 'scene.tif' }).waitFor();
      await page.getByLabel('Scene or model (.onnx) by URL').fill('model.onnx');
      await page.keyboard.press('Enter');
      await unmixed(page);
      await page.close();
      const other = await openPage('?device=wasm&scene=missing.tif');
      assert.match(await said(other), /missing\.tif: .*404/);
      await other.close();
    });

    it("offers to interpolate where the model's bands are others", async () => {
      const page = await openPage('?device=wasm&scene=covered.tif&model=neighbour.onnx');
      assert.match(await said(page), /no band within half a FWHM for \d+ of the model's/);
      assert.equal(await page.locator('#layer').isVisible(), false);
      await page.getByRole('button', { name: 'Interpolate' }).click();
      await unmixed(page);
      assert.equal(await alert(page).count(), 0);
      assert.ok(Math.abs((await pickMiddle(page)).reduce((sum, one) => sum + one, 0) - 1) < 0.003);
      await page.close();
    });

    it('shows a scene without wavelengths and place as it is, and says what it lacks', async () => {
      const page = await openPage('?device=wasm&scene=nameless.tif');
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
      const page = await openPage('?device=wasm&scene=counts.tif');
      assert.match(await said(page), /brighter than the model's largest input/);
      await page.getByText('By URL, or files').click();
      await page.getByLabel('Reflectance = stored value times').fill(String(GAIN));
      await page.keyboard.press('Enter');
      await alert(page).waitFor({ state: 'detached' });
      await page.locator('#opening:empty').waitFor({ state: 'attached' });
      await unmixed(page);
      assertSame(await pickMiddle(page), inNode(MIDDLE));
      assert.equal(await alert(page).count(), 0);
      await page.close();
    });

    it('says that another server does not permit it to read', async () => {
      const page = await openPage(`?device=wasm&scene=${elsewhere.url}scene.tif`);
      assert.match(await said(page), /scene\.tif: .*\(CORS/);
      assert.equal(await page.locator('#scenes').inputValue(), '');
      assert.equal(await page.locator('#models').inputValue(), '/model.onnx');
      await page.close();
    });

    it('takes the GPU where there is one', async () => {
      const page = await openPage('');
      await unmixed(page);
      assert.match((await page.locator('#device').textContent())!, /^WebGPU, \S/);
      assert.equal(await page.locator('#notes .notice').count(), 0);
      assertSame(await pickMiddle(page), inNode(MIDDLE), 1e-4);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

    it('moves by the keyboard, and is one column on a phone', async () => {
      const page = await openPage();
      await page.setViewportSize({ width: 390, height: 844 });
      await unmixed(page);
      assertSame(await pickMiddle(page), inNode(MIDDLE));
      const row = page.locator('.place', { hasText: /^row/ });
      const before = await row.textContent();
      await page.keyboard.press('+');
      await page.keyboard.press('ArrowUp');
      await page.waitForTimeout(500); // animations of the view
      await page.keyboard.press('Enter');
      await page.waitForFunction(
        (old) => [...document.querySelectorAll('.place')].every((one) => one.textContent !== old),
        before,
      );
      assert.ok(Number((await row.textContent())!.match(/\d+/)![0]) < MIDDLE.row + 1);
      const [map, panel] = [(await page.locator('#map').boundingBox())!, (await page.locator('#panel').boundingBox())!];
      assert.equal(map.width, panel.width);
      assert.ok(panel.y >= map.y + map.height);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      await page.close();
    });
  });

  describe('without WebGPU', () => {
    const chromium = withBrowser({ gpu: 'none' });

    it('says so once, and goes on with WebAssembly', async () => {
      const page = await chromium.open(`${server.url}index.html`);
      await unmixed(page);
      assert.match((await page.locator('#device').textContent())!, /^WebAssembly, \d+ threads$/);
      assert.match((await page.locator('#notes').textContent())!, /^Slower than it could be: no WebGPU: /);
      await page.locator('#models').selectOption('choose');
      await page.locator('#models').selectOption('model.onnx');
      await unmixed(page);
      assert.equal(await page.locator('#notes .notice').count(), 1);
      await page.close();
    });

    it('says that no map can be drawn where there is no WebGL', async () => {
      const page = await chromium.browser.newPage();
      await page.addInitScript(() => {
        HTMLCanvasElement.prototype.getContext = () => null;
      });
      await page.goto(`${server.url}index.html`);
      await page.locator('#notes', { hasText: 'No map can be drawn: this browser has no WebGL; turn on' }).waitFor();
      await page.close();
    });
  });
});
