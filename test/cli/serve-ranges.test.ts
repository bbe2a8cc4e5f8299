import assert from 'node:assert/strict';
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { rangeOf } from 'egunet/dist/serve/ranges.js';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { ask, serving, writeFolder } from './serving.js';

describe('a range of bytes', () => {
  it('is read as RFC 9110 says, of a file of ten bytes', () => {
    for (const [header, expected] of [
      ['bytes=0-4', { first: 0, last: 4 }],
      ['bytes=0-0', { first: 0, last: 0 }],
      ['Bytes=9-9', { first: 9, last: 9 }],
      ['bytes=5-', { first: 5, last: 9 }],
      ['bytes=5-99999999999999999999999', { first: 5, last: 9 }],
      ['bytes=-3', { first: 7, last: 9 }],
      ['bytes=-500', { first: 0, last: 9 }],
      ['bytes=10-', 'none'],
      ['bytes=10-20', 'none'],
      ['bytes=99999999999999999999999-', 'none'],
      ['bytes=-0', 'none'],
      [undefined, 'whole'],
      ['', 'whole'],
      ['bytes=', 'whole'],
      ['bytes=-', 'whole'],
      ['bytes=4-3', 'whole'],
      ['bytes=0-1,4-5', 'whole'],
      ['bytes=a-b', 'whole'],
      ['bytes=1.5-3', 'whole'],
      ['bytes=--3', 'whole'],
      ['lines=0-4', 'whole'],
    ] as const)
      assert.deepEqual(rangeOf(header, 10), expected, header);
  });

  it('of an empty file holds nothing', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) assert.equal(rangeOf(header, 0), 'none');
    assert.equal(rangeOf(undefined, 0), 'whole');
  });

  it('lies inside the file, whatever is asked for', () => {
    const ends = fc.oneof(fc.constant(''), fc.nat({ max: 50 }).map(String), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(ends, ends, fc.nat({ max: 40 }), (from, to, size) => {
        const range = rangeOf(`bytes=${from}-${to}`, size);
        if (typeof range === 'string') return;
        assert.ok(0 <= range.first && range.first <= range.last && range.last < size);
      }),
    );
  });
});

describe('a file that is served', () => {
  const folder = temporaryFolder();
  const content = Buffer.from(Array.from({ length: 1_000_003 }, (_, i) => (i * 7) % 251));
  const LARGE = 5 * 2 ** 30;
  const viewer = serving(() => {
    const page = writeFolder(folder, { 'index.html': 'x', 'data.wasm': content, 'empty.wasm': '' });
    const large = join(folder, 'large.wasm');
    writeFileSync(large, '');
    truncateSync(large, LARGE); // takes no room on the disk
    const file = openSync(large, 'r+');
    writeSync(file, 'the end', LARGE - 7);
    closeSync(file);
    return { page };
  });
  const get = (headers: Record<string, string>, path = '/data.wasm', method = 'GET') =>
    ask(viewer, path, { headers, method });

  it('comes in the parts that are asked for', async () => {
    for (const [range, first, last] of [
      ['bytes=0-0', 0, 0],
      ['bytes=262143-262144', 262_143, 262_144],
      ['bytes=100-700000', 100, 700_000],
      ['bytes=1000000-', 1_000_000, 1_000_002],
      ['bytes=-500', 999_503, 1_000_002],
      ['bytes=-9999999', 0, 1_000_002],
      ['bytes=999999-2000000', 999_999, 1_000_002],
    ] as const) {
      const { status, headers, body } = await get({ range });
      assert.equal(status, 206, range);
      assert.equal(headers['content-range'], `bytes ${first}-${last}/1000003`);
      assert.equal(headers['content-length'], String(last - first + 1));
      assert.equal(headers['accept-ranges'], 'bytes');
      assert.ok(body.equals(content.subarray(first, last + 1)), range);
    }
  });

  it('comes whole where no range, or none that is heeded, is asked for', async () => {
    for (const headers of [{}, { range: 'bytes=0-1,5-6' }, { range: 'bytes=5-1' }, { range: 'pixels=0-1' }]) {
      const answer = await get(headers as Record<string, string>);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-range'], undefined);
      assert.ok(answer.body.equals(content));
    }
  });

  it('says its size where nothing of it is asked for', async () => {
    for (const [path, range, size] of [
      ['/data.wasm', 'bytes=1000003-', 1_000_003],
      ['/data.wasm', 'bytes=-0', 1_000_003],
      ['/empty.wasm', 'bytes=0-', 0],
    ] as const) {
      const { status, headers, body } = await get({ range }, path);
      assert.deepEqual([status, headers['content-range'], body.length], [416, `bytes */${size}`, 0]);
    }
  });

  it('ignores a range of HEAD, for which none is defined', async () => {
    const { status, headers } = await get({ range: 'bytes=0-4' }, '/data.wasm', 'HEAD');
    assert.deepEqual([status, headers['content-length']], [200, '1000003']);
  });

  it('has a strong ETag, which decides about ranges and about what the client has already', async () => {
    const { etag } = (await get({})).headers as { etag: string };
    assert.match(etag, /^"[^"]+"$/);
    const range = 'bytes=3-5';
    assert.equal((await get({ range, 'if-range': etag })).status, 206);
    for (const other of ['"another"', `W/${etag}`, 'Wed, 21 Oct 2015 07:28:00 GMT'])
      assert.equal((await get({ range, 'if-range': other })).status, 200, other);
    for (const known of [etag, `W/${etag}`, `"a", ${etag}`, '*']) {
      const { status, headers, body } = await get({ 'if-none-match': known });
      assert.deepEqual([status, headers.etag, body.length], [304, etag, 0], known);
    }
    assert.equal((await get({ 'if-none-match': '"another"' })).status, 200);
    assert.notEqual((await get({}, '/empty.wasm')).headers.etag, etag);
  });

  it('may be larger than 4 GiB', async () => {
    const { headers, body } = await get({ range: 'bytes=-7' }, '/large.wasm');
    assert.equal(body.toString(), 'the end');
    assert.equal(headers['content-range'], `bytes ${LARGE - 7}-${LARGE - 1}/${LARGE}`);
    const head = await get({}, '/large.wasm', 'HEAD');
    assert.equal(head.headers['content-length'], String(LARGE));
  });
});
