import assert from 'node:assert/strict';
import { readMatFile, readMatMatrix } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import fc from 'fast-check';
import { array, concat, doubles, element, header, matFile, matrix, sourceOf, words } from './matlab-support.js';
import { assertRefused, memorySource } from './memory.js';

describe('MATLAB files', () => {
  for (const bigEndian of [false, true])
    for (const compressed of [false, true])
      it(`are read ${bigEndian ? 'big' : 'little'}-endian, ${compressed ? 'compressed' : 'plain'}`, async () => {
        const values = [0.5, -1e300, 3];
        const variable = { name: 'v', dims: [1, 3], bytes: doubles(values, bigEndian) };
        const arrays = await readMatFile(sourceOf([variable], { bigEndian, compressed }), nodeCodecs);
        assert.deepEqual(arrays.get('v'), { class: 'double', dims: [1, 3], data: Float64Array.from(values) });
      });

  for (const [name, code, type, bytes, expected] of [
    ['single', 7, 7, new Uint8Array(Float32Array.of(1.5, -2).buffer), Float32Array.of(1.5, -2)],
    ['int8', 8, 1, Uint8Array.of(1, 255), Int8Array.of(1, -1)],
    ['uint8', 9, 2, Uint8Array.of(1, 255), Uint8Array.of(1, 255)],
    ['int16', 10, 3, Uint8Array.of(1, 0, 255, 255), Int16Array.of(1, -1)],
    ['uint16', 11, 4, Uint8Array.of(1, 0, 255, 255), Uint16Array.of(1, 65535)],
    ['int32', 12, 5, new Uint8Array(Int32Array.of(7, -8).buffer), Int32Array.of(7, -8)],
    ['uint32', 13, 6, new Uint8Array(Uint32Array.of(7, 4e9).buffer), Uint32Array.of(7, 4e9)],
    ['int64', 14, 12, new Uint8Array(BigInt64Array.of(7n, -8n).buffer), Float64Array.of(7, -8)],
    ['uint64', 15, 13, new Uint8Array(BigUint64Array.of(7n, 8n).buffer), Float64Array.of(7, 8)],
    // A double array of whole numbers, as MATLAB saves it.
    ['double', 6, 4, Uint8Array.of(1, 0, 255, 255), Uint16Array.of(1, 65535)],
  ] as const)
    it(`give class ${name} stored as type ${type}`, async () => {
      const arrays = await readMatFile(sourceOf([{ name: 'v', dims: [2, 1], code, type, bytes }]), nodeCodecs);
      assert.deepEqual(arrays.get('v'), { class: name, dims: [2, 1], data: expected });
    });

  it('give logical arrays, and leave out cells, structs, text, complex and opaque variables', async () => {
    const bytes = Uint8Array.of(1, 0);
    const arrays = await readMatFile(
      sourceOf([
        { name: 'mask', dims: [1, 2], code: 9, flags: 0x200, type: 2, bytes },
        { name: 'cell', dims: [1, 2], code: 1, type: 14, bytes },
        { name: 'text', dims: [1, 2], code: 4, type: 16, bytes },
        { name: 'table', dims: [1, 2], code: 17, bytes },
        { name: 'wave', dims: [1, 1], flags: 0x800, bytes: doubles([1]) },
      ]),
      nodeCodecs,
    );
    assert.deepEqual([...arrays.keys()], ['mask']);
    assert.equal(arrays.get('mask')!.class, 'logical');
  });

  it('give a variable whose name and values stand in tags of the small form', async () => {
    const small = Uint8Array.of(1, 0, 1, 0, 'q'.charCodeAt(0), 0, 0, 0);
    const inner = [element(6, words([9, 0])), element(5, words([1, 3])), small, Uint8Array.of(2, 0, 3, 0, 7, 8, 9, 0)];
    const arrays = await readMatFile(memorySource(concat([header(), element(14, concat(inner))])), nodeCodecs);
    assert.deepEqual(arrays.get('q'), { class: 'uint8', dims: [1, 3], data: Uint8Array.of(7, 8, 9) });
  });

  it('pass over elements that are no variables', async () => {
    const bytes = concat([header(), element(2, Uint8Array.of(1, 2, 3)), matrix(array('v', [1, 1]))]);
    assert.deepEqual([...(await readMatFile(memorySource(bytes), nodeCodecs)).keys()], ['v']);
  });

  it('inflate variables that were packed more than a hundredfold', async () => {
    const zeros = { name: 'z', dims: [300, 1000], code: 9, type: 2, bytes: new Uint8Array(300_000) };
    const arrays = await readMatFile(sourceOf([zeros], { compressed: true }), nodeCodecs);
    assert.equal(arrays.get('z')!.data.length, 300_000);
  });

  for (const [what, bytes, message] of [
    ['a 7.3 file', header('MATLAB 7.3 MAT-file'), /7\.3 \(HDF5\) .*'-v7'/],
    ['a bare HDF5 file', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), /HDF5/],
    ['something else', new Uint8Array(200), /not a MATLAB v5 file/],
    ['a header cut short', header().subarray(0, 100), /not a MATLAB v5 file/],
    ['a header without byte order', header(undefined, '??'), /no byte order/],
    ['a tag cut short', concat([header(), new Uint8Array(4)]), /cut short in the tag/],
    ['a variable cut short', matFile([array('v', [2, 2])]).subarray(0, -8), /cut short: 216 bytes, but .* ends at 224/],
    [
      'values of another count',
      matFile([{ name: 'v', dims: [2, 2], bytes: doubles([1]) }]),
      /'v' should hold 4 numbers, got 8 bytes/,
    ],
    [
      'sizes beyond all memory',
      matFile([{ name: 'v', dims: [4e9, 4e9], bytes: doubles([1]) }]),
      /should hold 16000000000000000000 numbers/,
    ],
    [
      'an unknown storage',
      matFile([{ name: 'v', dims: [1, 1], type: 99, bytes: doubles([1]) }]),
      /got 8 bytes of type 99/,
    ],
    [
      'an integer beyond 2^53',
      matFile([
        { name: 'v', dims: [1, 1], code: 14, type: 12, bytes: new Uint8Array(BigInt64Array.of(2n ** 60n).buffer) },
      ]),
      /1152921504606846976, beyond 2\^53/,
    ],
    ['a variable without flags', concat([header(), element(14, element(1, new Uint8Array(8)))]), /without flags/],
    ['an empty variable', concat([header(), element(14, new Uint8Array(0))]), /ends before its values/],
    [
      'a part longer than its variable',
      concat([header(), element(14, words([6, 800, 1, 1]))]),
      /800 bytes does not fit/,
    ],
    ['a damaged zlib stream', concat([header(), element(15, Uint8Array.of(1, 2, 3, 4))]), /does not decompress/],
  ] as const)
    it(`refuse ${what}`, () => assertRefused(() => readMatFile(memorySource(bytes, 'x.mat'), nodeCodecs), message));

  it('throw nothing but RasterError, and never hang, on damaged bytes', async () => {
    const whole = [false, true].map((compressed) =>
      matFile([array('Y', [3, 4]), { name: 'n', dims: [1, 1], code: 9, type: 2, bytes: Uint8Array.of(4) }], {
        compressed,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (bytes, at, value, cut) => {
          const place = at % bytes.length;
          const damaged = bytes.slice(0, cut ? place : bytes.length);
          if (!cut) damaged[place] = value;
          try {
            await readMatFile(memorySource(damaged), nodeCodecs);
          } catch (error) {
            assert.equal((error as { _tag?: string })._tag, 'RasterError', String((error as Error).stack));
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('matrices in MATLAB files', () => {
  it('come row-major', async () => {
    const matrix = await readMatMatrix(sourceOf([array('M', [2, 3])]), nodeCodecs, 'M');
    assert.deepEqual(matrix, { rows: 2, cols: 3, data: Float64Array.of(0, 2, 4, 1, 3, 5) });
  });

  it('are refused where they have three dimensions, or are not there', async () => {
    const source = () => sourceOf([array('M', [2, 3, 2])]);
    await assertRefused(() => readMatMatrix(source(), nodeCodecs, 'M'), /'M' should be a matrix, got \[2 x 3 x 2\]/);
    await assertRefused(() => readMatMatrix(source(), nodeCodecs, 'A'), /no variable 'A'/);
  });
});
