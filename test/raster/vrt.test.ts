// Virtual mosaics, as gdalbuildvrt makes them.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@egunet/fixtures';
import { readVrt, type SampleType } from '@egunet/raster';
import { createMap } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { memorySource } from './memory.js';
import { mutated, readAll } from './mutate.js';

const [ROWS, COLS] = [20, 30];

const read = (xml: string | Uint8Array) =>
  readVrt(memorySource(typeof xml === 'string' ? new TextEncoder().encode(xml) : xml, 'm.vrt'));

describe('a virtual mosaic', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  /** Two bands at `row`, `col` of a grid. */
  async function write(
    name: string,
    row: number,
    col: number,
    { size = 30, noData = undefined as number | undefined, type = 'int16' as SampleType } = {},
  ) {
    const map = await createMap(at(name), {
      rows: ROWS,
      cols: COLS,
      sampleType: type,
      bands: [{}, {}],
      georeference: { affine: [size, 0, 360000 + 30 * col, 0, -size, 5820000 - 30 * row], epsg: 32633 },
      ...(noData !== undefined && { noData }),
    });
    await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, type === 'int16' ? new Int16Array(ROWS * COLS * 2) : new Float32Array(ROWS * COLS * 2)); // biome-ignore format: one call
    await map.close();
  }

  before(async function () {
    requireGdal(this);
    await write('a.tif', 0, 0);
    await write('b.tif', 7, 11);
    await write('c & d.tif', -3, 40, { noData: -7 });
    await write('nan.tif', 5, 5, { noData: Number.NaN, type: 'float32' });
    await write('coarse.tif', 0, 0, { size: 60 });
    await write('half.tif', 0.5, 0.5);
  });

  /** Makes a mosaic of files with these options, and reads it. */
  function built(files: readonly string[], ...options: string[]) {
    run('gdalbuildvrt', ['-q', '-overwrite', ...options, at('m.vrt'), ...files.map(at)]);
    return read(readFileSync(at('m.vrt')));
  }
  const place = (row: number, col: number) => ({ row, col, rows: ROWS, cols: COLS });

  it('names its files in their order, with their places and what is NoData', async () => {
    // The topmost and leftmost of them begin the mosaic: row -3, column 0.
    assert.deepEqual((await built(['b.tif', 'c & d.tif', 'a.tif'])).sources, [
      { file: 'b.tif', relative: true, place: place(10, 11) },
      { file: 'c & d.tif', relative: true, place: place(0, 40), noData: -7 },
      { file: 'a.tif', relative: true, place: place(3, 0) },
    ]);
    const elsewhere = read(run('gdalbuildvrt', ['-q', '/vsistdout/', at('nan.tif')]));
    assert.deepEqual((await elsewhere).sources, [
      { file: at('nan.tif'), relative: false, place: place(0, 0), noData: Number.NaN },
    ]);
  });

  it('may have overviews to come, colours, statistics, names and another NoData', async () => {
    assert.equal((await built(['a.tif', 'b.tif'], '-vrtnodata', '-9', '-r', 'bilinear')).sources.length, 2);
    run(
      'gdalinfo',
      ['-q', '-stats', at('m.vrt')].filter((word) => word !== '-q'),
    );
    const { sources, bands } = await read(readFileSync(at('m.vrt')));
    assert.deepEqual(bands, [{}, {}]);
    assert.deepEqual(sources[0], { file: 'a.tif', relative: true, place: place(0, 0) });
  });

  it('of pixels of another size, parts, chosen or separate bands, another extent or computed values is refused', async () => {
    const cases: [files: string[], options: string[], message: RegExp][] = [
      [['a.tif', 'coarse.tif'], [], /makes 13\.3\d* x 20 pixels of a\.tif, which has 20 x 30; resampling cannot be honoured: bring all scenes to one pixel size with gdalwarp$/],
      [['a.tif', 'half.tif'], [], /[xy]Off of half\.tif should be a whole number, got '0\.5\d*'/],
      [['a.tif', 'b.tif'], ['-te', '360000', '5819700', '360600', '5820000'], /takes \d+ x \d+ pixels at row 0, column 0 of a\.tif, which has 20 x 30; a part of a scene/],
      [['a.tif'], ['-te', '359700', '5819100', '361200', '5820300'], /has 40 rows x 50 columns, but its sources reach from row 10 to 30 and from column 10 to 40; another extent cannot be honoured: make it without -te$/],
      [['a.tif', 'b.tif'], ['-separate'], /band 2 is band 1 of b\.tif; bands in another order, chosen or separate/],
      [['a.tif', 'b.tif'], ['-b', '2'], /band 1 is band 2 of a\.tif; /],
    ]; // biome-ignore format: a table
    for (const [files, options, message] of cases)
      await assert.rejects(built(files, ...options), (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /^m\.vrt: /);
        return '_tag' in error && error._tag === 'RasterError';
      });
    run('gdalwarp', ['-q', '-of', 'VRT', '-overwrite', '-t_srs', 'EPSG:32632', at('a.tif'), at('w.vrt')]);
    await assert.rejects(read(readFileSync(at('w.vrt'))), /a VRTWarpedDataset, which cannot be honoured/);
    run('gdal_translate', ['-q', '-of', 'VRT', '-scale', '0', '10', '0', '20', at('a.tif'), at('s.vrt')]);
    await assert.rejects(read(readFileSync(at('s.vrt'))), /<Scale(Offset|Ratio)> in <ComplexSource> cannot be honoured; make it with gdalbuildvrt alone, or name the scenes/); // biome-ignore format: one call
    run('gdal_translate', ['-q', '-of', 'VRT', '-r', 'average', '-outsize', '50%', '50%', at('a.tif'), at('s.vrt')]);
    await assert.rejects(
      read(readFileSync(at('s.vrt'))),
      /makes 10 x 15 pixels of a\.tif.* resampling cannot be honoured/,
    );
  });

  describe('that was changed by hand', () => {
    let whole: string;
    before(async () => {
      await built(['a.tif', 'c & d.tif']);
      whole = readFileSync(at('m.vrt'), 'utf8');
    });

    for (const [what, from, to, message] of [
      ['has bands of different files', /(band="2"[\s\S]*?)a\.tif/, '$1x.tif', /source 1 of band 2 is x\.tif .*, of band 1 a\.tif .*; bands of different files/],
      ['lacks a source of a band', /(band="2"[\s\S]*?)<SimpleSource>[\s\S]*?<\/SimpleSource>/, '$1', /source 1 of band 2 is c & d\.tif .*, of band 1 a\.tif/],
      ['lacks the last source of a band', /<ComplexSource>(?![\s\S]*<ComplexSource>)[\s\S]*?<\/ComplexSource>/, '', /band 2 has 1 sources, band 1 2; bands of different files/],
      ['has a source too many', /(<VRTRasterBand[^>]*band="2">)/, '$1<SimpleSource><SourceFilename>z</SourceFilename><SourceBand>2</SourceBand><SourceProperties RasterXSize="1" RasterYSize="1"/><SrcRect xOff="0" yOff="0" xSize="1" ySize="1"/><DstRect xOff="0" yOff="0" xSize="1" ySize="1"/></SimpleSource>', /source 1 of band 2 is z/],
      ['has a computed band', /<VRTRasterBand /, '<VRTRasterBand subClass="VRTDerivedRasterBand" ', /a VRTDerivedRasterBand, which cannot be honoured/],
      ['has a mask', /<VRTRasterBand /, '<MaskBand/><VRTRasterBand ', /<MaskBand> in <VRTDataset> cannot be honoured/],
      ['opens its sources in a way of its own', /<SourceBand>1/, '<OpenOptions/><SourceBand>1', /<OpenOptions> in <SimpleSource> cannot be honoured/],
      ['has a source without a place', /<DstRect[^>]*>/, '', /makes 0 x 0 pixels of a\.tif/],
      ['has a source without a name', />a\.tif</, '> <', /band 1 has a source without a name/],
      ['has a place that is no number', /DstRect xOff="0"/, 'DstRect xOff="left"', /xOff of a\.tif should be a whole number, got 'left'/],
      ['has a NoData value that is no number', /<NODATA>-7/, '<NODATA>none', /NODATA of c & d\.tif should be a number, got 'none'/],
      ['has no band', /<VRTRasterBand[\s\S]*<\/VRTRasterBand>/, '', /a virtual mosaic without a source/],
      ['has no size', / rasterXSize="\d+"/, '', /rasterXSize should be a whole number, got 'nothing'/],
      ['is something else', /^[\s\S]*$/, '<kml><Document/></kml>', /not a virtual mosaic of GDAL: begins with <kml>; name a scene, or make it again/],
      ['is cut off', /<\/VRTDataset>\s*$/, '', /damaged or cut short XML \(.*\); make it again with gdalbuildvrt/],
      ['is no XML', /^[\s\S]*$/, 'II*\0', /damaged or cut short XML/],
      ['is empty', /^[\s\S]*$/, '', /damaged or cut short XML|without a source/],
      ['is nested without end', /<SRS/, `${'<a>'.repeat(3)}<SRS`, /<a> in <VRTDataset> cannot be honoured/],
      ['has metadata nested without end', /<VRTRasterBand /, `<Metadata>${'<a>'.repeat(200)}${'</a>'.repeat(200)}</Metadata><VRTRasterBand `, /more than 100 elements inside each other/],
    ] as const) // biome-ignore format: a table
      it(`and ${what} is refused`, async () => {
        const changed = whole.replace(from, to);
        assert.notEqual(changed, whole);
        await assert.rejects(read(changed), { _tag: 'RasterError', message });
      });

    it('and says the same is read', async () => {
      const plain = whole.replaceAll(/<SourceProperties[^>]*>/g, '');
      assert.deepEqual(await read(plain), await read(whole));
      const cdata = whole.replace(/>a\.tif</g, '><![CDATA[a.tif]]><').replaceAll('<SourceBand>1</SourceBand>', '');
      assert.deepEqual(await read(cdata), await read(whole));
    });

    it('and scales its bands says so', async () => {
      const scaled = whole.replace(/(band="2">)/, '$1<Offset>-0.1</Offset><Scale>1.0E-4</Scale>');
      assert.deepEqual((await read(scaled)).bands, [{}, { offset: -0.1, gain: 1e-4 }]);
    });

    it('at random is read or refused, 2,000 files', async () => {
      const { uniform } = seededRandom(11);
      const bytes = new TextEncoder().encode(whole);
      const files = Array.from({ length: 2000 }, () => mutated(bytes, uniform));
      const { read: well, refused } = await readAll(files, (one) => read(one));
      assert.equal(well + refused, 2000);
      assert.ok(well > 20 && refused > 20, `${well} ${refused}`);
    });
  });

  it('of bands without sources is refused at the second one', async () => {
    let many = '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand/><VRTRasterBand/>';
    many += '<VRTRasterBand subClass="x"/></VRTDataset>'; // which would be another error
    await assert.rejects(read(many), /m\.vrt: a virtual mosaic of 1 bands and more, the first of 0 sources; make/);
  });

  it('says nothing secret of the URLs in it', async () => {
    const source = (xOff: number) =>
      `<SimpleSource><SourceFilename relativeToVRT="0">/vsicurl/https://me:pass@host/a.tif?sig=topsecret</SourceFilename><SourceBand>1</SourceBand><SrcRect xOff="${xOff}" yOff="0" xSize="1" ySize="1"/><DstRect xOff="0" yOff="0" xSize="1" ySize="1"/></SimpleSource>`;
    const one = `<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand band="1">${source(1)}</VRTRasterBand></VRTDataset>`;
    await assert.rejects(read(one), (error: Error) => {
      assert.match(error.message, /takes 1 x 1 pixels at row 0, column 1 of \/vsicurl\/https:\/\/host\/a\.tif, which/);
      assert.doesNotMatch(error.message, /pass|topsecret/);
      return true;
    });
  });

  it('of a size that none has is refused unread', async () => {
    const source = { ...memorySource(new Uint8Array(1), 'm.vrt'), size: 2 ** 28 + 1 };
    await assert.rejects(readVrt(source), {
      _tag: 'RasterError',
      message: /m\.vrt: a virtual mosaic of 268435457 bytes, more than 268435456; name its scenes in a list instead/,
    });
    assert.deepEqual(source.reads, []);
  });

  it('of many files is read a piece at a time, whatever letters its names have', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `szene-ä-日本-${i}.tif`);
    const sources = names.map(
      (name, i) =>
        `<SimpleSource><SourceFilename relativeToVRT="1">${name}</SourceFilename><SourceBand>1</SourceBand><SourceProperties RasterXSize="5" RasterYSize="1"/><SrcRect xOff="0" yOff="0" xSize="5" ySize="1"/><DstRect xOff="0" yOff="${i}" xSize="5" ySize="1"/></SimpleSource>`,
    );
    const xml = `<VRTDataset rasterXSize="5" rasterYSize="3000"><VRTRasterBand dataType="Int16" band="1">${sources.join('\n')}</VRTRasterBand></VRTDataset>`;
    writeFileSync(at('many.vrt'), xml);
    assert.deepEqual(
      (await read(xml)).sources.map(({ file }) => file),
      names,
    );
  });
});
