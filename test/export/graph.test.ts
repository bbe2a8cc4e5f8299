import assert from 'node:assert/strict';
import {
  addConstant,
  addInput,
  addInt64,
  addNode,
  addNodes,
  addOutput,
  appendGraph,
  attr,
  boolTensor,
  createBuilder,
  finishGraph,
  float32Tensor,
  type Graph,
  int32Tensor,
  int64Tensor,
  prefixNames,
  renameValues,
  simplifyGraph,
} from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { onCpuBackend, runGraph, traceLike } from './support.js';

const scalar = { type: 'float32', shape: [] } as const;

/** x -> (x + 1) * 2, with constants and names of its own. */
function small(): Graph {
  const b = createBuilder('small');
  addInput(b, { name: 'x', ...scalar });
  const sum = addNode(b, 'Add', ['x', addConstant(b, float32Tensor([1], []))]);
  addNode(b, 'Mul', [sum, addConstant(b, float32Tensor([2], []))], { outputs: ['y'] });
  addOutput(b, { name: 'y', ...scalar });
  return finishGraph(b);
}

const namesOf = (graph: Graph) => [
  ...graph.inputs.map(({ name }) => name),
  ...graph.initializers.map(({ name }) => name),
  ...graph.nodes.flatMap(({ outputs }) => outputs),
];

describe('graph building', () => {
  onCpuBackend();

  it('runs a graph made by hand', async () => {
    const [y] = await runGraph(small(), [tf.scalar(3)]);
    assert.deepEqual([y!.shape, y!.values], [[], [8]]);
  });

  it('joins two graphs under names that do not clash', async () => {
    const b = createBuilder('both');
    addInput(b, { name: 'x', ...scalar });
    const first = prefixNames(small(), 'a/', ['x']);
    appendGraph(b, first);
    const second = renameValues(prefixNames(small(), 'b/'), new Map([['b/x', 'a/y']]));
    appendGraph(b, second);
    addOutput(b, { name: 'b/y', ...scalar });
    const graph = finishGraph(b);
    assert.equal(new Set(namesOf(graph)).size, namesOf(graph).length);
    const [y] = await runGraph(graph, [tf.scalar(3)]);
    assert.deepEqual(y!.values, [18]); // ((3 + 1) * 2 + 1) * 2
    assert.equal(graph.initializers.length, 2, 'the constants 1 and 2 are shared');
  });

  it('runs a traced function as the body of a Loop that reads a value from outside', async () => {
    // state <- tanh(state w) for each of three rows of shifts, added from the outer graph
    const w = tf.tensor2d([0.5, -1, 2, 0.25], [2, 2]);
    const step = (state: tf.Tensor, shift: tf.Tensor) => tf.add(tf.tanh(tf.matMul(state, w)), shift);
    const traced = traceLike((state, shift) => step(state!, shift!), [tf.ones([1, 2]), tf.ones([1, 2])], {
      outputs: ['next'],
    });
    const body = createBuilder('body');
    addInput(body, { name: 'iteration', type: 'int64', shape: [] });
    addInput(body, { name: 'go_on', type: 'bool', shape: [] });
    addInput(body, { name: 'input0', type: 'float32', shape: [1, 2] });
    const row = addNode(body, 'Gather', ['shifts', 'iteration'], { attributes: { axis: attr.int(0) } });
    addNode(body, 'Unsqueeze', [row, addInt64(body, [0])], { outputs: ['input1'] });
    const inner = prefixNames(traced, 'step/', ['input0', 'input1']);
    appendGraph(body, inner);
    addOutput(body, { name: addNode(body, 'Identity', ['go_on']), type: 'bool', shape: [] });
    for (const output of inner.outputs) addOutput(body, output);

    const outer = createBuilder('outer');
    addInput(outer, { name: 'start', type: 'float32', shape: [1, 2] });
    addInput(outer, { name: 'shifts', type: 'float32', shape: [3, 2] });
    const go = addConstant(outer, boolTensor([true], []));
    const loop = { attributes: { body: attr.graph(finishGraph(body)) }, outputs: ['end'] };
    addNodes(outer, 'Loop', [addInt64(outer, [3], []), go, 'start'], loop);
    addOutput(outer, { name: 'end', type: 'float32', shape: [1, 2] });

    const [start, shifts] = [tf.tensor2d([1, 2], [1, 2]), tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])];
    const [end] = await runGraph(finishGraph(outer), [start, shifts]);
    let state: tf.Tensor = start;
    for (const shift of tf.split(shifts, 3)) state = step(state, shift);
    assert.deepEqual(end!.values, Array.from(state.dataSync()));
  });

  it('renames what bodies read from outside, and keeps optional inputs empty', () => {
    const body = createBuilder('body');
    addNode(body, 'Add', ['outside', 'x'], { outputs: ['sum'] });
    addOutput(body, { name: 'sum', ...scalar });
    const b = createBuilder('outer');
    addInput(b, { name: 'x', ...scalar });
    addNode(b, 'Neg', ['x'], { outputs: ['outside'] });
    addNodes(b, 'If', ['x', ''], { attributes: { then_branch: attr.graph(finishGraph(body)) }, outputs: ['y'] });
    addOutput(b, { name: 'y', ...scalar });
    const graph = prefixNames(finishGraph(b), 'p/');
    assert.deepEqual(graph.nodes[1]!.inputs, ['p/x', '']);
    const inner = graph.nodes[1]!.attributes.then_branch!.value as Graph;
    assert.deepEqual([inner.nodes[0]!.inputs, inner.outputs[0]!.name], [['p/outside', 'p/x'], 'p/sum']);
    assert.equal(graph.nodes[0]!.op, 'Neg', 'what only a body reads is kept');
  });

  it('refuses names that are taken, and graphs whose inputs are not there', () => {
    const b = createBuilder('b');
    addInput(b, { name: 'x', ...scalar });
    assert.throws(() => addInput(b, { name: 'x', ...scalar }), {
      _tag: 'ExportError',
      message: "graph b: the name 'x' is taken already; give each value its own name",
    });
    assert.throws(() => addConstant(b, int32Tensor([1], []), 'x'), { message: /'x' is taken/ });
    assert.throws(() => addNode(b, 'Exp', ['x'], { outputs: ['x'] }), { message: /'x' is taken/ });
    assert.throws(() => appendGraph(createBuilder('empty'), small()), {
      message: "graph empty: nothing is named 'x', an input of small; make it first",
    });
  });

  it('refuses tensors and attributes that are not what they say', () => {
    assert.throws(() => float32Tensor([1, 2], [3]), {
      _tag: 'ExportError',
      message: 'tensor: 2 values for shape [3]; expected 3',
    });
    for (const value of [0.5, Number.NaN, 2 ** 53])
      for (const make of [() => attr.int(value), () => attr.ints([value]), () => int64Tensor([value])])
        assert.throws(make, { _tag: 'ExportError', message: /is not a whole number that a double holds exactly/ });
  });

  it('gives fresh names in order, around those taken', () => {
    const b = createBuilder('b');
    addInput(b, { name: 'Exp_1', ...scalar });
    const names = [1, 2, 3].map(() => addNode(b, 'Exp', ['Exp_1']));
    assert.deepEqual(names, ['Exp_0', 'Exp_2', 'Exp_3']);
    assert.deepEqual(addNodes(b, 'Split', ['Exp_1'], { outputs: 2 }), ['Split_0', 'Split_1']);
  });
});

describe('simplifyGraph', () => {
  onCpuBackend();

  it('bypasses Identity nodes, also in front of outputs', () => {
    const b = createBuilder('b');
    addInput(b, { name: 'x', ...scalar });
    const one = addNode(b, 'Identity', ['x']);
    const two = addNode(b, 'Exp', [addNode(b, 'Identity', [one])]);
    addNode(b, 'Identity', [addNode(b, 'Identity', [two])], { outputs: ['y'] });
    addNode(b, 'Identity', [two], { outputs: ['z'] });
    addNode(b, 'Identity', ['x'], { outputs: ['copy'] });
    for (const name of ['y', 'z', 'copy']) addOutput(b, { name, ...scalar });
    assert.deepEqual(
      finishGraph(b).nodes.map(({ op, inputs, outputs }) => [op, ...inputs, ...outputs]),
      [
        ['Exp', 'x', 'y'],
        ['Identity', 'y', 'z'],
        ['Identity', 'x', 'copy'],
      ],
    );
  });

  it('keeps constants apart that differ in type, shape or bytes', () => {
    const b = createBuilder('b');
    addInput(b, { name: 'x', ...scalar });
    const constants = [float32Tensor([1], []), float32Tensor([1], [1]), int32Tensor([1], []), float32Tensor([2], [])];
    const names = [...constants, ...constants].map((tensor) => addConstant(b, tensor));
    addNode(b, 'Concat', ['x', ...names], { outputs: ['y'] });
    addOutput(b, { name: 'y', ...scalar });
    const graph = finishGraph(b);
    assert.equal(graph.initializers.length, 4);
    assert.deepEqual(graph.nodes[0]!.inputs, ['x', ...names.slice(0, 4), ...names.slice(0, 4)]);
  });

  it('never changes what a graph computes, and is done after once', async () => {
    // Random chains of Add, Identity and constants; the reference is the graph as built.
    const step = fc.record({ op: fc.constantFrom('Add', 'Identity', 'Mul'), a: fc.nat(), b: fc.nat() });
    const program = fc.array(step, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(program, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), async (steps, picked) => {
        const b = createBuilder('random');
        const values = [addInput(b, { name: 'x', ...scalar })];
        for (const value of [1, 0.5, 1]) values.push(addConstant(b, float32Tensor([value], [])));
        const at = (i: number) => values[i % values.length]!;
        for (const { op, a, b: second } of steps)
          values.push(addNode(b, op, op === 'Identity' ? [at(a)] : [at(a), at(second)]));
        for (const [i, index] of picked.entries()) {
          addNode(b, 'Identity', [at(index)], { outputs: [`y${i}`] });
          addOutput(b, { name: `y${i}`, ...scalar });
        }
        const { names: _, ...raw } = b;
        const simple = simplifyGraph(raw);
        const x = [tf.scalar(0.75)];
        assert.deepEqual(await runGraph(simple, x), await runGraph(raw, x));
        assert.deepEqual(simplifyGraph(simple), simple);
        assert.ok(simple.nodes.length <= raw.nodes.length);
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});
