import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addInput,
  addNode,
  addOutput,
  attr,
  boolTensor,
  createBuilder,
  decodeModel,
  type ElementType,
  elementTypeNumber,
  encodeModel,
  finishGraph,
  float32Tensor,
  type Graph,
  int32Tensor,
  int64Tensor,
} from '@egunet/export';
import fc from 'fast-check';
import { root, temporaryFolder } from '../support/index.js';

/** A node with an attribute of each kind. */
function everyKind(): Graph {
  const b = createBuilder('kinds');
  addInput(b, { name: 'x', type: 'float32', shape: ['pixels', 3] });
  addNode(b, 'Anything', ['x', '', 'x'], {
    outputs: ['y'],
    attributes: {
      whole: attr.int(-3),
      list: attr.ints([1, -2, 3_000_000_000]),
      none: attr.ints([]),
      real: attr.float(0.25),
      text: attr.string('µm'),
      tensor: attr.tensor(float32Tensor([1, 2], [2, 1])),
      body: attr.graph({ ...createBuilder('inner'), inputs: [{ name: 'i', type: 'int64', shape: [] }] }),
    },
  });
  addOutput(b, { name: 'y', type: 'bool', shape: [4] });
  return finishGraph(b);
}

describe('encodeModel and decodeModel', () => {
  it('write IR 8, opset 17, producer, version, text and metadata in the order given', () => {
    const model = decodeModel(
      encodeModel(everyKind(), {
        metadata: { zeta: '1', alpha: '{"b":"µ"}' },
        docString: 'what it is',
        producerVersion: '1.2.3',
      }),
    );
    const { graph: _, ...head } = model;
    assert.deepEqual(head, {
      metadata: { zeta: '1', alpha: '{"b":"µ"}' },
      docString: 'what it is',
      producerName: 'egunet',
      producerVersion: '1.2.3',
      irVersion: 8,
      opset: 17,
    });
    assert.deepEqual(Object.keys(model.metadata), ['zeta', 'alpha']);
  });

  it('give back graphs with attributes of every kind', () => {
    const graph = everyKind();
    const decoded = decodeModel(encodeModel(graph)).graph;
    const body = decoded.nodes[0]!.attributes.body!.value as Graph;
    assert.deepEqual(body.inputs, [{ name: 'i', type: 'int64', shape: [] }]);
    assert.deepEqual(encodeModel(decoded), encodeModel(graph));
    assert.deepEqual(decoded.inputs, graph.inputs);
    assert.deepEqual(decoded.outputs, graph.outputs);
    assert.deepEqual(decoded.nodes[0]!.attributes.list, attr.ints([1, -2, 3_000_000_000]));
    assert.deepEqual(decoded.nodes[0]!.attributes.text, attr.string('µm'));
  });

  it('give back constants of every type, bit for bit', () => {
    const values = fc.array(fc.float({ noDefaultInfinity: false }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, (list) => {
        const tensors = [
          float32Tensor(list, [list.length]),
          int32Tensor(
            list.map((v) => Math.trunc(v) || 0),
            [list.length, 1],
          ),
          int64Tensor(list.map((_, i) => i * 2 ** 40 - 5)),
          boolTensor(
            list.map((v) => v > 0),
            [1, list.length],
          ),
        ];
        const initializers = tensors.map((tensor, i) => ({ ...tensor, name: `c${i}` }));
        const graph: Graph = { name: 'g', nodes: [], inputs: [], outputs: [], initializers };
        assert.deepEqual(decodeModel(encodeModel(graph)).graph, graph);
      }),
      { seed: 3 },
    );
  });

  it('number element types as ONNX does', () => {
    // TensorProto.DataType in onnx.proto
    const proto = readFileSync(join(root, 'export/proto/onnx.proto'), 'utf8');
    const names: Record<ElementType, string> = {
      float32: 'FLOAT',
      float64: 'DOUBLE',
      float16: 'FLOAT16',
      uint8: 'UINT8',
      int8: 'INT8',
      uint16: 'UINT16',
      int16: 'INT16',
      int32: 'INT32',
      int64: 'INT64',
      bool: 'BOOL',
    };
    for (const [type, name] of Object.entries(names)) {
      const [, number] = new RegExp(`^    ${name} = (\\d+);`, 'm').exec(proto)!;
      assert.equal(elementTypeNumber(type as ElementType), Number(number), type);
    }
  });

  it('writes bytes of their own, that no other buffer shares', () => {
    const bytes = encodeModel(everyKind());
    assert.equal(bytes.buffer.byteLength, bytes.length);
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  });

  it('refuse bytes that are not a whole model', () => {
    const bytes = encodeModel(everyKind());
    for (const bad of [bytes.subarray(0, bytes.length - 3), Uint8Array.of(255, 255, 255)])
      assert.throws(() => decodeModel(bad), { _tag: 'ExportError', message: /not a whole ModelProto|has no graph/ });
    assert.throws(() => decodeModel(new Uint8Array()), { message: /it has no graph/ });
  });

  it('refuse a truncated model at every length, with an ExportError or a smaller model', () => {
    const bytes = encodeModel(everyKind());
    for (let length = 0; length < bytes.length; length++)
      try {
        decodeModel(bytes.subarray(0, length));
      } catch (error) {
        assert.equal((error as { _tag?: string })._tag, 'ExportError', `${length}: ${error}`);
      }
  });

  it('refuse what a graph cannot hold, saying what', () => {
    // ModelProto { graph (7) { initializer (5) { dims 1, data_type (2), raw_data (9) } } }, written by hand.
    const model = (...tensor: number[]) => {
      const graph = [0x2a, tensor.length, ...tensor];
      return Uint8Array.of(0x3a, graph.length, ...graph);
    };
    assert.throws(() => decodeModel(model(0x08, 1, 0x10, 16, 0x4a, 2, 0, 0)), { message: /element type 16 is not/ });
    assert.throws(() => decodeModel(model(0x08, 1, 0x10, 1)), { message: /tensor '' has no raw data/ });
    const node = (...attribute: number[]) => {
      const inner = [0x2a, attribute.length, ...attribute];
      return Uint8Array.of(0x3a, inner.length + 2, 0x0a, inner.length, ...inner);
    };
    // attribute { name 'a', type (20) FLOATS = 6 }
    assert.throws(() => decodeModel(node(0x0a, 1, 0x61, 0xa0, 0x01, 6)), { message: /attribute 'a' is of kind 6/ });
    // graph.input (11) { name 'a' } without a type
    assert.throws(() => decodeModel(Uint8Array.of(0x3a, 5, 0x5a, 3, 0x0a, 1, 0x61)), {
      message: /'a' is not a tensor/,
    });
  });
});

describe('the code generated from onnx.proto', () => {
  const folder = temporaryFolder();

  it('is what protobufjs-cli makes of it', () => {
    const script = join(root, 'export/proto/generate.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const file of ['onnx.js', 'onnx-types.d.ts'])
      assert.equal(
        readFileSync(join(folder, file), 'utf8'),
        readFileSync(join(root, 'export/src/generated', file), 'utf8'),
        `${file}: run node export/proto/generate.mjs`,
      );
  });
});
