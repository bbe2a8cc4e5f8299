// Files on web servers, from a real one that misbehaves on demand.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createGeoTiff, type HttpOptions, httpIdentity, openHttp } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { hasSecrets, isUrl, publicPath } from '@egunet/raster/url';
import fc from 'fast-check';
import { serveFiles } from '../support/http-server.js';
import { metadataXml, product, THREE } from './enmap-support.js';
import { assertRefused } from './memory.js';
import { memorySink } from './memory-sink.js';

const SIZE = 9_000_000;
const bytes = Uint8Array.from({ length: SIZE }, (_, i) => (i * 2654435761) >>> 24);
const BLOCK = 65536;

describe('a file over HTTP', () => {
  const small = Uint8Array.of(1, 2, 3);
  const server = serveFiles({ 'scene.tif': bytes, 'small.bin': small, 'empty.bin': new Uint8Array(0) });
  const quick: HttpOptions = { pause: 0.001 };
  const open = (options: HttpOptions = quick, file = 'scene.tif') => openHttp(server.url + file, options);

  /** The next requests, `times` of them, are answered so. */
  const nextAre = (times: number, act: (response: ServerResponse) => void) => {
    const last = server.asked.length + times;
    server.instead = (_, response, number) => {
      if (number > last) return false;
      act(response);
      return true;
    };
  };

  it('is read anywhere, in pieces of any size', async () => {
    const source = await open();
    assert.equal(source.size, SIZE);
    await fc.assert(
      fc.asyncProperty(fc.nat(SIZE), fc.oneof(fc.nat(300_000), fc.nat(8_500_000)), async (offset, length) => {
        const wanted = bytes.subarray(offset, offset + length);
        assert.ok(Buffer.from(await source.read(offset, wanted.length)).equals(wanted));
      }),
      { numRuns: 30, seed: 5 },
    );
    await source.close();
  });

  it('is read whole when it is smaller than a block', async () => {
    const source = await open(quick, 'small.bin');
    assert.deepEqual([source.size, ...(await source.read(0, 3))], [3, 1, 2, 3]);
    assert.deepEqual([...(await source.read(1, 0))], []);
  });

  it('gives bytes that the receiver may change', async () => {
    const source = await open();
    (await source.read(10, 100)).fill(0);
    assert.deepEqual(await source.read(10, 100), bytes.slice(10, 110));
  });

  it('is asked once for what lies close together', async () => {
    const source = await open();
    for (let at = 0; at < 20; at++) await source.read(at * 1000, 900);
    assert.equal(server.asked.length, 1);
    await Promise.all(Array.from({ length: 20 }, (_, i) => source.read(5 * BLOCK + 3000 * i, 900)));
    assert.deepEqual(
      server.asked.map(({ range }) => range),
      ['bytes=0-65535', `bytes=${5 * BLOCK}-${6 * BLOCK - 1}`],
    );
  });

  it('is asked for no more than six ranges at a time', async () => {
    const source = await open();
    let [open_, most] = [0, 0];
    server.instead = (_, response) => {
      most = Math.max(most, ++open_);
      response.on('close', () => open_--);
      return false;
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => source.read(i * 200_000, 100_000)));
    assert.ok(most <= 6, `${most}`);
  });

  it('refuses to read what is not there', async () => {
    const source = await open();
    await assertRefused(
      () => source.read(SIZE - 2, 3),
      /bytes 8999998\.\.9000001 are not in the file of 9000000 bytes/,
    );
    await assertRefused(() => open(quick, 'empty.bin'), /empty\.bin: is empty \(0 bytes\)/);
  });

  it('refuses a server that ignores ranges, and says what to do', async () => {
    server.instead = (_, response) => {
      response.writeHead(200, { 'content-length': SIZE }).end(bytes);
      return true;
    };
    await assertRefused(
      open,
      /scene\.tif: the server ignores byte ranges \(answered 200 .* download the file and name/,
    );
    assert.equal(server.asked.length, 1);
  });

  for (const [status, says] of [
    [401, /the server wants a login \(401\)/],
    [403, /denies access \(403\); check the URL and whether a signed link has expired/],
    [404, /no such file on the server \(404\); check the URL/],
    [410, /gone from the server \(410\)/],
    [416, /ends before the bytes that were asked for \(416\)/],
    [418, /answered 418, expected 206; check the URL/],
  ] as const)
    it(`asks only once when the answer is ${status}`, async () => {
      nextAre(99, (response) => response.writeHead(status).end());
      await assertRefused(open, says);
      assert.equal(server.asked.length, 1);
    });

  for (const status of [408, 425, 429, 500, 502, 503, 504])
    it(`asks again when the answer is ${status}`, async () => {
      nextAre(2, (response) => response.writeHead(status).end());
      const source = await open();
      nextAre(3, (response) => response.writeHead(status).end());
      assert.deepEqual(await source.read(5e6, 100), bytes.slice(5e6, 5e6 + 100));
      assert.equal(server.asked.length, 2 + 1 + 3 + 1);
    });

  it('asks again when the connection breaks, before and inside an answer', async () => {
    nextAre(1, (response) => response.destroy());
    const source = await open();
    nextAre(2, (response) => {
      response.writeHead(206, { 'content-range': `bytes 1000000-1099999/${SIZE}`, 'content-length': 100_000 });
      response.write(bytes.subarray(1e6, 1e6 + 50_000), () => response.destroy());
    });
    assert.deepEqual(await source.read(1e6, 100_000), bytes.slice(1e6, 1e6 + 100_000));
    assert.equal(server.asked.length, 5);
  });

  it('asks again when an answer without a length is too short, or too long', async () => {
    const source = await open();
    for (const size of [99_999, 100_001]) {
      nextAre(1, (response) => {
        response.writeHead(206, { 'content-range': `bytes 1000000-1099999/${SIZE}` });
        response.end(bytes.subarray(1e6, 1e6 + size));
      });
      assert.deepEqual(await source.read(1e6, 100_000), bytes.slice(1e6, 1e6 + 100_000));
    }
    assert.equal(server.asked.length, 1 + 2 + 2);
  });

  it('gives up after as many repetitions as it may make', async () => {
    nextAre(99, (response) => response.writeHead(503).end());
    await assertRefused(() => open({ ...quick, retries: 2 }), /answered 503, 3 times in a row; try again later/);
    assert.equal(server.asked.length, 3);
    await assertRefused(() => open({ ...quick, retries: 0 }), /answered 503, 1 time; try again later/);
  });

  it('waits as long as the server asks, within reason', async () => {
    nextAre(1, (response) => response.writeHead(429, { 'retry-after': '1' }).end());
    const start = performance.now();
    await open();
    assert.ok(performance.now() - start >= 990);
    nextAre(1, (response) =>
      response.writeHead(503, { 'retry-after': new Date(Date.now() - 5000).toUTCString() }).end(),
    );
    await open();
    nextAre(1, (response) => response.writeHead(503, { 'retry-after': '86400' }).end());
    await assertRefused(open, /busy \(503\) and asks to wait 86400 s; try again then/);
  });

  it('bounds the time of a request, its answer included', async () => {
    nextAre(1, () => {}); // never answers
    const source = await open({ ...quick, timeout: 0.2 });
    nextAre(1, (response) => {
      response.writeHead(206, { 'content-range': `bytes 1000000-1099999/${SIZE}`, 'content-length': 100_000 });
      response.write('never ends');
    });
    assert.deepEqual(await source.read(1e6, 100_000), bytes.slice(1e6, 1e6 + 100_000));
    nextAre(99, () => {});
    await assertRefused(() => open({ ...quick, timeout: 0.05, retries: 1 }), /no whole answer within 0\.05 s, 2 times/);
  });

  it('stops at once when it is aborted: while it waits for an answer, and between two', async () => {
    for (const act of [() => {}, (response: ServerResponse) => response.writeHead(503).end()]) {
      const controller = new AbortController();
      nextAre(99, act);
      const opening = open({ pause: 1000, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 50);
      await assert.rejects(opening, /^Error: enough$/);
    }
    await assert.rejects(open({ signal: AbortSignal.abort(new Error('before')) }), /^Error: before$/);
  });

  it('ends what is under way when it is closed', async () => {
    const source = await open();
    nextAre(99, () => {});
    const reading = source.read(1e6, 100);
    await source.close();
    await assert.rejects(reading, /was closed/);
  });

  for (const [what, etags, dates, sizes] of [
    ['its ETag', ['"a"', '"b"'], ['x', 'x'], [SIZE, SIZE]],
    ['its date, without ETag', [undefined, undefined], ['x', 'y'], [SIZE, SIZE]],
    ['its size', [undefined, undefined], ['x', 'x'], [SIZE, SIZE + 1]],
  ] as const)
    it(`is refused when it changes while it is read, told by ${what}`, async () => {
      const version = (now: 0 | 1) => {
        server.instead = (request, response) => {
          const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range!)!;
          if (etags[now] !== undefined) response.setHeader('etag', etags[now]);
          response.writeHead(206, {
            'last-modified': dates[now],
            'content-range': `bytes ${first}-${last}/${sizes[now]}`,
          });
          response.end(bytes.subarray(Number(first), Number(last) + 1));
          return true;
        };
      };
      version(0);
      const source = await open();
      await source.read(1e6, 100);
      version(1);
      await assertRefused(
        () => source.read(2e6, 100),
        /scene\.tif: changed on the server while it was read; start again/,
      );
    });

  it('is the same file under another date, if its ETag says so', async () => {
    server.etag = '"one"';
    const source = await open();
    server.instead = (_, response) => {
      response.setHeader('last-modified', 'another');
      return false;
    };
    assert.equal((await source.read(1e6, 100)).length, 100);
  });

  it('refuses an answer with other bytes than were asked for', async () => {
    const source = await open();
    for (const [header, says] of [
      [`bytes 0-99/${SIZE}`, /asked for bytes 983040-1048575 .* answered with Content-Range 'bytes 0-99\/9000000'/],
      ['bytes 983040-1048575/*', /of a known length/],
      ['', /answered with (no Content-Range|Content-Range '')/],
    ] as const) {
      nextAre(1, (response) => response.writeHead(206, { 'content-range': header }).end('x'));
      await assertRefused(() => source.read(1e6, 100), says);
    }
  });

  it('is found behind a redirection', async () => {
    server.instead = (request, response) => {
      if (!request.url!.startsWith('/moved')) return false;
      response.writeHead(302, { location: '/scene.tif' }).end();
      return true;
    };
    const source = await open(quick, 'moved.tif');
    assert.deepEqual(await source.read(1e6, 100), bytes.slice(1e6, 1e6 + 100));
    server.instead = (_, response) => !!response.writeHead(302, { location: '/moved.tif' }).end();
    await assertRefused(() => open(quick, 'moved.tif'), /the connection failed \(redirect count exceeded\)/);
  });

  it('gives up at once where nothing answers', async () => {
    await assertRefused(
      () => openHttp('http://127.0.0.1:1/x.tif'),
      /the connection failed \(.*\); check the URL and the network/,
    );
    await assertRefused(() => openHttp('http://a b/x.tif'), /http:\/\/a b\/x\.tif: is not a URL/);
  });

  it('gets user and password, which are never shown, nor is a query', async () => {
    const secret = `${server.url.replace('//', '//me:p%40ss@')}missing.tif?signature=abc#d`;
    const shown = await openHttp(secret).then(
      () => '',
      (error) => JSON.stringify([error, error.message, error.stack, error.path]),
    );
    assert.match(shown, /missing\.tif: there is no such file/);
    assert.ok(!/p%40ss|p@ss|signature|abc/.test(shown), shown);
    assert.equal(server.asked[0]!.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    assert.equal(server.asked[0]!.path, '/missing.tif?signature=abc');
    const source = await openHttp(secret.replace('missing', 'scene'));
    assert.equal(source.name, `${server.url}scene.tif`);
    assert.equal(source.identity, `${server.url}scene.tif 9000000 version unknown`);
  });
});

describe('URLs', () => {
  it('are told from paths and shown without secrets', () => {
    assert.deepEqual(['https://a/b', 'HTTP://a/b', 'http:/a', './https://a', 's3://a/b'].map(isUrl), [
      true,
      true,
      false,
      false,
      false,
    ]);
    assert.equal(publicPath('https://u:p@w@h.org:8/a@b/c.tif?x=1#y'), 'https://h.org:8/a@b/c.tif');
    assert.equal(publicPath('/a/b?c#d'), '/a/b?c#d');
    assert.deepEqual(['https://h/a', 'https://h/a?b', 'https://u@h/a'].map(hasSecrets), [false, true, true]);
  });
});

describe('a scene over HTTP', () => {
  const HDR = 'ENVI\nsamples = 2\nlines = 1\nbands = 1\ndata type = 1\ninterleave = bsq\n';
  const utf8 = (text: string | Uint8Array) => (typeof text === 'string' ? Buffer.from(text) : text);
  const files: Record<string, Uint8Array> = {
    'pair.hdr': utf8(HDR),
    'pair.img': Uint8Array.of(5, 7),
    'other.dat': Uint8Array.of(1, 2),
    'archive.zip': utf8('PK\x03\x04'),
    'Q-METADATA.XML': utf8(metadataXml(THREE)),
  };
  for (const [name, content] of Object.entries(product('Y-'))) files[name.replace('.HDR', '.hdr')] = utf8(content);
  files['X-METADATA.XML'] = files['Y-METADATA.XML']!;
  files['X-QL_QUALITY_CLOUD.TIF'] = Uint8Array.of(0, 1);
  files['Y-QL_QUALITY_CLOUD.BSQ'] = Uint8Array.of(0, 1);
  before(async () => {
    const sink = memorySink();
    const size = { rows: 1, cols: 2, sampleType: 'int16' } as const;
    const writer = createGeoTiff(sink, { ...size, bands: [{}, {}, {}] });
    await writer.writeWindow({ row: 0, col: 0, rows: 1, cols: 2 }, Int16Array.of(100, 200, 300, 0, 0, 0));
    await writer.close();
    files['X-SPECTRAL_IMAGE.TIF'] = sink.bytes();
  });
  const server = serveFiles(files);

  for (const file of ['pair.hdr', 'pair.img'])
    it(`is an ENVI image by its ${file}, whose other file is found by its name`, async () => {
      const scene = await openScene(`${server.url}${file}?token=1`);
      assert.deepEqual([...(await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 2 })).data], [5, 7]);
      await scene.close();
      assert.ok(server.asked.every(({ path }) => path.endsWith('?token=1')));
    });

  for (const file of ['X-METADATA.XML', 'X-SPECTRAL_IMAGE.TIF', 'Y-SPECTRAL_IMAGE.BSQ'])
    it(`is an EnMAP product by its ${file}`, async () => {
      const scene = await openScene(server.url + file);
      assert.equal(scene.format, 'EnMAP L2A');
      const { data } = await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 1 });
      assert.deepEqual([...data], [100, 200, 300]);
      assert.equal(scene.facts['quality layers'], 'CLOUD');
      await scene.close();
    });

  it('is refused where a file is missing, or it is an archive, or no file is named', async () => {
    await assertRefused(() => openScene(`${server.url}other.dat`), /other\.dat: not a format that is read/);
    await assertRefused(() => openScene(`${server.url}Q-METADATA.XML`), /no SPECTRAL_IMAGE .* beside Q-METADATA\.XML/);
    await assertRefused(
      () => openScene(`${server.url}archive.zip`),
      /archive\.zip: an archive in a place where none is unpacked; get a copy/,
    );
    for (const url of [server.url, 'http://', 'https://host'])
      await assertRefused(() => openScene(url), /names no file/);
  });

  it('is refused where a server fails while the files beside it are looked for', async () => {
    server.instead = (request, response) => {
      if (!request.url!.endsWith('.hdr')) return false;
      response.writeHead(401).end();
      return true;
    };
    await assertRefused(() => openScene(`${server.url}pair.img`), /pair\.\w+(\.hdr)?: the server wants a login/);
  });

  it('has an identity of its files and their versions, but not of what is secret', async () => {
    server.etag = '"v1"';
    assert.deepEqual(await httpIdentity(`${server.url.replace('//', '//u:p@')}pair.img?sig=1`), [
      `${server.url}pair.img 2 "v1"`,
      `${server.url}pair.hdr ${HDR.length} "v1"`,
    ]);
  });
});
