import assert from 'node:assert/strict';
import type { Scene } from '@egunet/raster';
import { lossChart } from 'egunet/dist/report/loss-chart.js';
import { escapeHtml, html, raw } from 'egunet/dist/report/markup.js';
import { type Report, renderReport } from 'egunet/dist/report/page.js';
import { colourBands, colourPng, mapPng, type Picture, readPicture } from 'egunet/dist/report/picture.js';
import { lineColour, viridis } from 'egunet/dist/report/ramp.js';
import { scaleBar } from 'egunet/dist/report/scale-bar.js';
import { spectraChart, spectrumPoints } from 'egunet/dist/report/spectra-chart.js';
import { pixelSize } from 'egunet/dist/support/ground.js';
import { decode } from 'fast-png';

const HOSTILE = `<script>alert("x")</script>&'`;

/** A scene in memory: `planes[band][pixel]`, NaN where there is no data. */
function sceneOf(rows: number, cols: number, planes: number[][], wavelengths: (number | undefined)[] = []): Scene {
  const bands = planes.map((_, b) => ({
    name: `band ${b + 1}`,
    bad: false,
    gain: 1,
    offset: 0,
    ...(wavelengths[b] === undefined ? {} : { wavelength: wavelengths[b] }),
  }));
  const scene = {
    name: 'memory',
    format: 'memory',
    rows,
    cols,
    sampleType: 'float32',
    bands,
    facts: {},
    block: { rows: 3, cols },
  };
  return {
    ...scene,
    readSpectra: async (window: { row: number; rows: number }, wanted: readonly number[]) => {
      const pixels = Array.from({ length: window.rows * cols }, (_, i) => window.row * cols + i);
      return {
        rows: window.rows,
        cols,
        bands: wanted.length,
        spectra: Float32Array.from(pixels.flatMap((pixel) => wanted.map((band) => planes[band]![pixel]!))),
        valid: Uint8Array.from(pixels, (pixel) =>
          wanted.every((band) => Number.isFinite(planes[band]![pixel]!)) ? 1 : 0,
        ),
      };
    },
  } as unknown as Scene;
}

const picture = (cols: number, ...planes: number[][]): Picture => ({
  rows: planes[0]!.length / cols,
  cols,
  step: 1,
  planes: planes.map((plane) => Float32Array.from(plane)),
});

describe('report pictures', () => {
  it('takes every n-th pixel of a scene, whatever its blocks', async () => {
    const plane = Array.from({ length: 7 * 10 }, (_, i) => i);
    const thinned = await readPicture(sceneOf(7, 10, [plane]), [0], 5);
    assert.equal(thinned.step, 2);
    assert.deepEqual([thinned.rows, thinned.cols], [4, 5]);
    // Rows 0, 2, 4, 6 and columns 0, 2, 4, 6, 8: value = 10 * row + column.
    assert.deepEqual(
      [...thinned.planes[0]!],
      [0, 2, 4, 6, 8].flatMap((_, i, all) => all.map((col) => col + 20 * i)).slice(0, 20),
    );
  });

  it('leaves pixels without data transparent', async () => {
    const thinned = await readPicture(sceneOf(1, 3, [[0, Number.NaN, 1]]), [0]);
    const { data, channels } = decode(mapPng(thinned, 0));
    assert.equal(channels, 4);
    assert.deepEqual(
      [...data].filter((_, i) => i % 4 === 3),
      [255, 0, 255],
    );
  });

  it('draws abundance 0 and 1 in the ends of the viridis ramp', () => {
    const { data } = decode(mapPng(picture(2, [0, 1]), 0));
    assert.deepEqual([...data], [0x44, 0x01, 0x54, 255, 0xfd, 0xe7, 0x25, 255]);
  });

  it('stretches each colour from its 2 % to its 98 % point', () => {
    const ramp = Array.from({ length: 101 }, (_, i) => i / 100);
    const { data } = decode(colourPng(picture(101, ramp, ramp, ramp)));
    const red = [...data].filter((_, i) => i % 4 === 0);
    assert.equal(red[2], 0);
    assert.equal(red[98], 255);
    assert.equal(red[26], 64); // (0.26 - 0.02) / 0.96 * 255 = 63.75
    assert.equal(red[0], 0);
    assert.equal(red[100], 255);
  });

  it('draws a scene without contrast in grey instead of dividing by zero', () => {
    const { data } = decode(colourPng(picture(1, [0.3], [0.3], [0.3])));
    assert.deepEqual([...data], [128, 128, 128, 255]);
  });

  it('finds red, green and blue by wavelength, also where the bands are not in order', () => {
    const found = colourBands(sceneOf(1, 1, [[0], [0], [0], [0]], [902, 471, 655, 548]));
    assert.deepEqual(found.bands, [2, 3, 1]);
    assert.equal(found.caption, 'true colour (655, 548, 471 nm)');
  });

  it('says that the colours are false where the visible bands are missing', () => {
    const found = colourBands(sceneOf(1, 1, [[0], [0], [0], [0], [0]]));
    assert.deepEqual(found.bands, [3, 2, 1]);
    assert.match(found.caption, /false colour \(bands 4, 3, 2\)/);
  });

  it('has a ramp that grows lighter all the way, so that it reads in grey', () => {
    const grey = Array.from({ length: 100 }, (_, i) => viridis(i / 99)).map(
      ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b,
    );
    for (let i = 1; i < grey.length; i++) assert.ok(grey[i]! > grey[i - 1]! - 0.5, `grey falls at ${i}`);
    assert.notEqual(lineColour(0), lineColour(1));
  });
});

describe('the scale bar', () => {
  it('is a round length of at most 40 % of the width', () => {
    // 128 pixels x 30 m = 3840 m; 40 % is 1536 m, so 1 km = 26.04 %.
    const bar = scaleBar(3840);
    assert.equal(bar.label, '1 km');
    assert.ok(Math.abs(bar.share - 1000 / 3840) < 1e-12);
    assert.equal(scaleBar(1250).label, '500 m');
  });

  it('is given in metres below a kilometre', () => {
    assert.equal(scaleBar(600).label, '200 m'); // 40 % is 240 m
  });

  it('needs pixels that are measured in metres', () => {
    const affine = [30, 0, 360000, 0, -30, 5800000] as const;
    assert.equal(pixelSize({ affine, epsg: 32633 }), 30);
    assert.equal(pixelSize({ affine: [0, 20, 0, 20, 0, 0], epsg: 32733 }), 20); // rotated by 90 degrees
    assert.equal(pixelSize({ affine, epsg: 25832 }), 30);
    for (const epsg of [4326, 3857, 32661]) assert.equal(pixelSize({ affine, epsg }), undefined);
    assert.equal(pixelSize({ affine }), undefined);
    assert.equal(pixelSize(undefined), undefined);
  });
});

describe('report charts', () => {
  it('sorts bands by wavelength and breaks the line where bands were removed', () => {
    const points = spectrumPoints([500, 490, 510, 700, 710, 720], [0.2, 0.1, 0.3, 0.4, 0.5, 0.6]);
    assert.deepEqual(points, [
      [490, 0.1],
      [500, 0.2],
      [510, 0.3],
      [605, null],
      [700, 0.4],
      [710, 0.5],
      [720, 0.6],
    ]);
  });

  it('counts bands where wavelengths are not known', async () => {
    assert.deepEqual(spectrumPoints([null, null], [0.1, Number.NaN]), [
      [1, 0.1],
      [2, null],
    ]);
    const svg = await spectraChart({ wavelengths: [null, null], names: ['a'], spectra: [[0.1, 0.2]] });
    assert.match(svg, />band</);
  });

  it('draws spectra without a browser: axes with units, a line and a name for each', async () => {
    const set = {
      wavelengths: [400, 410, 420],
      names: ['tree', HOSTILE],
      spectra: [
        [0.1, 0.2, 0.3],
        [0.3, 0.2, 0.1],
      ],
    };
    const svg = await spectraChart(set, {
      reference: { ...set, names: ['tree, reference', 'b'] },
      background: 'white',
    });
    assert.match(svg, /^<svg/);
    assert.match(svg, />wavelength \(nm\)</);
    assert.match(svg, />reflectance \(1 = 100 %\)</);
    assert.match(svg, />tree</);
    assert.ok(!svg.includes('<script'), 'a name from a file must not become markup');
    assert.equal(svg.match(/stroke-dasharray="5,3"/g)?.length, 2);
    assert.ok(!svg.includes('>tree, reference<'), 'a dashed line has the colour that the legend names');
  });

  it('has room for ten endmembers with long names, each in a colour of its own', async () => {
    const names = Array.from({ length: 10 }, (_, c) => `weathered construction concrete of roof ${c + 1}`);
    const set = { wavelengths: [900, 1000, 1100], names, spectra: names.map((_, c) => [0, c / 10, 0.1]) };
    const svg = await spectraChart(set, { reference: set });
    assert.equal(new Set(names.map((_, c) => lineColour(c))).size, 10);
    const [width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.slice(1).map(Number) as [number, number];
    const legend = [...svg.matchAll(/transform="translate\(([\d.]+),([\d.]+)\)"[^>]*>(weathered[^<]*)</g)];
    assert.deepEqual(
      legend.map(([, , , name]) => name),
      names,
    );
    const [, left, top] = /translate\(([\d.]+),([\d.]+)\)/.exec(svg)!.map(Number) as [number, number, number];
    for (const [, x, y, name] of legend) {
      assert.ok(left + Number(x) + 6 * name!.length < width, 'letters of 12 px are about 6 px wide');
      assert.ok(top + Number(y) + 6 < height);
    }
  });

  const labelsOf = (svg: string) => [...svg.matchAll(/>([\d.,e-]+)<\/text>/g)].map(([, label]) => label!);

  it('labels wavelengths as they are written, and epochs as whole numbers however few there are', async () => {
    const set = { wavelengths: [900, 1300, 2400], names: ['a'], spectra: [[0.2, 0.4, 0.3]] };
    assert.ok(labelsOf(await spectraChart(set)).includes('1000'));
    const epochs = await lossChart(
      [1, 2, 3].map((epoch) => ({ epoch, loss: 1, crossEntropy: 0.5, reconstruction: 0.4 })),
    );
    assert.deepEqual(
      labelsOf(epochs).filter((label) => Number(label) > 1 && Number(label) < 10),
      ['2', '3'],
    );
  });

  it('rules a logarithmic axis by powers of ten around the values', async () => {
    const history = [3, 0.5].map((loss, i) => ({ epoch: i + 1, loss, crossEntropy: loss, reconstruction: loss / 100 }));
    assert.deepEqual(labelsOf(await lossChart(history)).slice(-5), ['0.001', '0.01', '0.1', '1', '10']);
  });

  it('shades between two edges of a spectrum, which the axis holds, but not where bands were removed', async () => {
    const set = { wavelengths: [400, 410, 420, 900], names: ['tree'], spectra: [[0.1, 0.2, 0.3, 0.2]] };
    const plain = await spectraChart(set);
    const spread = { low: [[0.05, 0.1, 0.2, 0.1]], high: [[0.2, 0.3, 0.9, 0.3]] };
    const shaded = await spectraChart({ ...set, spread });
    assert.ok(!plain.includes('fill-opacity="0.16"'));
    const area = /<path[^>]*d="([^"]*)"[^>]*fill-opacity="0.16"|fill-opacity="0.16"[^>]*d="([^"]*)"/.exec(shaded)!;
    const path = area[1] ?? area[2]!;
    assert.equal(path.match(/Z/g)?.length, 2, 'one piece on each side of the gap');
    assert.ok(!path.includes('NaN'));
    const most = (svg: string) =>
      Math.max(
        ...labelsOf(svg)
          .map(Number)
          .filter((label) => label < 2),
      );
    assert.ok(most(plain) < 0.5 && most(shaded) >= 0.8, `${most(plain)} and ${most(shaded)}`);
  });

  it('draws the losses of a network that does not reconstruct on a linear axis, counted in steps', async () => {
    const svg = await lossChart(
      [2, 1.5, 1].map((loss, i) => ({ epoch: i + 1, loss, crossEntropy: loss })),
      'step',
    );
    assert.match(svg, />step</);
    assert.ok(!svg.includes('UR-Net') && !svg.includes('E-Net'));
    assert.ok(labelsOf(svg).includes('1.5'));
  });

  it('draws losses on a logarithmic axis and passes over values that have no logarithm', async () => {
    const history = [1, 0.1, 0].map((loss, i) => ({
      epoch: i + 1,
      loss,
      crossEntropy: loss / 2,
      reconstruction: loss / 4,
    }));
    const svg = await lossChart(history);
    assert.match(svg, />reconstruction \(UR-Net\)</);
    assert.ok(!svg.includes('NaN'), 'no coordinate may be NaN');
  });
});

describe('the report page', () => {
  const png = mapPng(picture(1, [0.5]), 0);
  const report: Report = {
    title: `Unmixing ${HOSTILE}`,
    lead: HOSTILE,
    command: `egunet demo -o '${HOSTILE}'`,
    highlights: [{ value: HOSTILE, label: HOSTILE }],
    quicklook: { title: HOSTILE, png, caption: HOSTILE },
    maps: [{ title: HOSTILE, png, caption: HOSTILE }],
    references: [{ title: 'reference', png, caption: 'exact' }],
    scaleBar: { label: '1 km', share: 0.25 },
    charts: [{ title: HOSTILE, svg: '<svg></svg>', caption: HOSTILE }],
    metrics: [{ title: HOSTILE, header: ['metric', HOSTILE], rows: [['aRMSE', HOSTILE]] }],
    definitions: [{ term: HOSTILE, definition: HOSTILE }],
    facts: [{ title: 'Timings', header: [], rows: [['training', '12 s']] }],
  };
  const page = renderReport(report);

  it('escapes every text that may come from a file', () => {
    assert.ok(!page.includes('<script'));
    // title 2, lead, command, highlights 2, two figures with 4 each (heading, caption, both in the alt text), chart 2, table 3,
    // definition 2
    assert.equal(page.split(escapeHtml(HOSTILE)).length - 1, 21);
  });

  it('leaves out the sections that it has nothing for, and says first what is to be known', () => {
    const { quicklook: _, scaleBar: __, ...rest } = report;
    const less = renderReport({ ...rest, maps: [], references: [], metrics: [], definitions: [], charts: [] });
    for (const heading of ['Scene', 'Abundances', 'Accuracy'])
      assert.ok(!less.includes(`<h2>${heading}</h2>`), heading);
    assert.ok(!less.includes('class="notice"'));
    const origin = { title: HOSTILE, tables: [{ title: 'a', header: [], rows: [['b', HOSTILE]] }] };
    const more = renderReport({ ...rest, notice: HOSTILE, origin, metricsTitle: HOSTILE });
    assert.ok(!more.includes('<script'));
    assert.ok(more.indexOf('class="notice"') < more.indexOf('class="highlights"'));
    assert.ok(!more.includes('<h2>Accuracy</h2>'));
  });

  it('needs nothing from elsewhere', () => {
    assert.ok(!/(src|href)="(?!data:)/.test(page));
    assert.ok(!/url\(|@import|<script|<link/.test(page));
    assert.ok(page.includes(`data:image/png;base64,${Buffer.from(png).toString('base64')}`));
  });

  it('shows where there is no data, on the screen and on paper', () => {
    assert.match(page, /img, \.hole \{ background: repeating-linear-gradient/);
    assert.match(page, /<div class="hole"[^>]*><\/div><em>no data<\/em>/);
    assert.match(page, /@media print \{[^@]*print-color-adjust: exact/); // else the colour bar is not printed
  });

  it("follows the reader's choice of light or dark", () => {
    assert.match(page, /prefers-color-scheme: dark/);
  });

  it('draws the scale bar as long as it says', () => {
    assert.match(page, /<div style="width:25.00%"><\/div><span>1 km<\/span>/);
  });

  it('escapes by default and takes only marked pieces as they are', () => {
    assert.equal(
      html`<p title="${'"'}">${['<', raw('<br>'), 3, undefined]}</p>`.html,
      '<p title="&quot;">&lt;<br>3</p>',
    );
  });
});
