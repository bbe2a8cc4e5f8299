import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { InferError, readCard, readModelMetadata } from '@egunet/infer';
import { ModelCardError } from '@egunet/models/card';
import fc from 'fast-check';
import { golden, modelPath } from './support.js';

const model = readFileSync(modelPath);
const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (value: string) => [...new TextEncoder().encode(value)];

/** A length-delimited field of fewer than 128 bytes. */
const field = (number: number, content: readonly number[]) => [number * 8 + 2, content.length, ...content];
const entry = (key: string, value: string) => field(14, [...field(1, text(key)), ...field(2, text(value))]);
const GRAPH = field(7, []);

describe('the metadata of a model file', () => {
  it('are the pairs that Python wrote', () => {
    const metadata = readModelMetadata(model);
    assert.deepEqual([...metadata.keys()], ['model_type', 'egunet']);
    assert.equal(metadata.get('model_type'), '"Regressor"');
    assert.deepEqual([...readModelMetadata(readFileSync(golden('foreign.onnx')))], [['author', 'someone else']]);
  });

  it('are found among fields of every wire type, in any order', () => {
    const varint = [1 * 8 + 0, 0x88, 0x01];
    const wide = [(9 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const narrow = [(10 << 3) | 5, 1, 2, 3, 4];
    const file = bytes(...varint, ...entry('a', 'ä'), ...wide, ...GRAPH, ...narrow, ...entry('b', ''));
    assert.deepEqual(
      [...readModelMetadata(file)],
      [
        ['a', 'ä'],
        ['b', ''],
      ],
    );
  });

  it('are refused, with the reason, where the bytes are no whole model', () => {
    const refused = (file: Uint8Array, message: RegExp) =>
      assert.throws(() => readModelMetadata(file), { _tag: 'InferError', message });
    refused(bytes(), /no graph/);
    refused(bytes(...entry('a', 'b')), /no graph/);
    refused(bytes(8), /ends inside a number/);
    refused(bytes(8, ...new Array(10).fill(0x80)), /more than 10 bytes/);
    refused(bytes(...GRAPH, 14 * 8 + 2, 100, 1), /reaches past the end/);
    refused(bytes(...GRAPH, 14 * 8 + 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), /reaches past the end/);
    refused(bytes(...GRAPH, (9 << 3) | 1, 1), /reaches past the end/);
    refused(bytes(...GRAPH, 8 + 3), /wire type 3/);
    refused(bytes(2, 0), /numbered 0/);
    refused(bytes(...GRAPH, ...field(14, field(1, [0xff]))), /not UTF-8/);
  });
});

describe('the card of a model file', () => {
  it('is that which Python wrote', () => {
    const card = readCard(model);
    assert.equal(card.sensor, 'Test imager');
    assert.deepEqual(
      card.bands.map((band) => band.wavelength),
      [450, 550, 650, 750, 990, 985, 1650, 2200],
    );
    assert.deepEqual(
      card.endmembers.map(({ name }) => name),
      ['tree', 'water', 'soil'],
    );
  });

  it('is missing from the models of others, which is said', () => {
    assert.throws(() => readCard(readFileSync(golden('foreign.onnx'))), {
      _tag: 'InferError',
      message: /not one of egunet's: its metadata has no 'egunet' entry; give a model made by 'egunet export'/,
    });
  });

  it('is refused where it is wrong', () => {
    assert.throws(() => readCard(bytes(...GRAPH, ...entry('egunet', '{'))), ModelCardError);
  });

  it('of a damaged or truncated file is a tagged error or a valid card, never anything else', () => {
    const tagged = (damaged: Uint8Array) => {
      try {
        readCard(damaged);
      } catch (error) {
        assert.ok(error instanceof InferError || error instanceof ModelCardError, String(error));
        assert.doesNotMatch(error.message, /\n/);
      }
    };
    for (let length = 0; length < model.length; length++) {
      assert.throws(() => readCard(model.subarray(0, length)), { _tag: 'InferError' });
    }
    const edits = fc.array(fc.tuple(fc.nat(model.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1 });
    fc.assert(
      fc.property(edits, (changes) => {
        const damaged = model.slice();
        for (const [at, value] of changes) damaged[at] = value;
        tagged(damaged);
      }),
      { seed: 4, numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), tagged), { seed: 5, numRuns: 1000 });
  });
});
