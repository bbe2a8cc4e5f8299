// What the viewer does when work is stopped, and when a server goes and comes back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { startViewer, type Viewer } from 'egunet/dist/serve/server.js';
import { decode } from 'fast-png';
import type { Page } from 'playwright-core';
import { root } from '../support/index.js';
import { writeScene } from './scene.js';
import { alert, assertSame, MIDDLE, pickMiddle, said, unmixed, withViewer } from './viewer-page.js';

describe('the viewer in trouble', function () {
  this.timeout(120_000);
  const site = withViewer({ gpu: false });
  let scene: string;

  before(async () => {
    // Band by band: what true colour reads is little of what is unmixed.
    scene = join(site.folder, 'planar.tif');
    await writeScene(scene, { interleave: 'band' });
  });

  /** `egunet serve`, again at the same address where one is given. */
  const serve = (port = 0): Promise<Viewer> =>
    startViewer({
      scenes: [scene],
      page: join(root, 'infer/web/viewer/dist'),
      runtime: join(root, 'node_modules/onnxruntime-web/dist'),
      port,
    });

  /** Resolves when true colour is on the map. */
  async function coloured(page: Page): Promise<void> {
    await page.locator('#colours', { hasText: 'True colour' }).waitFor();
    const colours = async () => {
      const { data, channels } = decode(await page.locator('#map').screenshot());
      const found = new Set<number>();
      for (let i = 0; i < data.length; i += channels) found.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
      return found.size;
    };
    while ((await colours()) < 500) await page.waitForTimeout(100);
  }

  it('stops when it is told to, and goes on', async () => {
    const { files, server } = site;
    files['planar.tif'] = readFileSync(scene);
    const page = await site.open('?device=wasm&scene=planar.tif&model=none.onnx');
    await coloured(page);
    const held: Socket[] = [];
    server.instead = ({ url, socket }) => url === '/planar.tif' && held.push(socket) > 0;
    await page.locator('#models').selectOption('model.onnx');
    await page.locator('#progress', { hasText: '1 tile under way; 0 done' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    assert.equal(await page.locator('#progress').textContent(), 'Stopped; 0 tiles done');
    await page.locator('#map').focus();
    for (const key of ['ArrowUp', 'ArrowDown']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(1500); // animations of the view, on a busy machine, too
    }
    assert.equal(await page.locator('#progress').textContent(), 'Stopped; 0 tiles done');
    server.instead = undefined;
    for (const socket of held) socket.destroy();
    await page.getByRole('button', { name: 'Go on' }).click();
    await unmixed(page);
    assert.equal(await page.getByRole('button', { name: /^(Stop|Go on)$/ }).isVisible(), false);
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    await page.close();
  });

  it('says that the server is gone, lives on, and tries again when told to', async () => {
    const first = await serve();
    const page = await site.chromium.open(`${first.url}?device=wasm`);
    await coloured(page);
    // The model is a file of this computer: it needs no server, but for the runtime's files, which are there before the server goes.
    await page.getByText('By URL, or files').click();
    const model = { name: 'model.onnx', mimeType: '', buffer: Buffer.from(site.files['model.onnx']!) };
    let broken: Promise<void> | undefined;
    await page.exposeFunction('begun', () => {
      broken ??= first.close();
    });
    await page.evaluate(() => {
      const { begun } = window as unknown as { begun(): void };
      new MutationObserver(() => document.getElementById('layer')!.hidden || begun()).observe(
        document.getElementById('layer')!,
        { attributes: true },
      );
    });
    await page.getByLabel('Files of a scene, or a model').setInputFiles(model);
    await alert(page).waitFor();
    await broken;
    assert.match(await said(page), /planar\.tif: the connection failed \(.*\), 3 times in a row; try again later/);
    assert.equal(await page.locator('#alerts .notice').count(), 1);
    assert.equal(await page.locator('#progress').textContent(), '0 tiles done');
    await page.locator('#map').focus();
    await page.keyboard.press('+');
    const again = page.getByRole('button', { name: 'Try again' });
    await again.click();
    await again.waitFor();
    const second = await serve(first.port);
    await again.click();
    await page.locator('#progress', { hasText: /^[1-9] tiles? done/ }).waitFor();
    await page.keyboard.press('-');
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    assert.equal(await alert(page).count(), 0);
    await page.close();
    await second.close();
  });
});
