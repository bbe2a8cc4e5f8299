// An epoch as one ONNX graph: a Loop over batches whose body is the traced training step.
// Legend: N mixed pixels, m pseudo-endmembers, B bands, C endmembers, S steps, n pixels and k candidates a batch, P parameters, Q statistics.
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
  type GraphBuilder,
  narrowSplits,
  prefixNames,
  traceFunction,
} from '@egunet/export';
import type * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients
import { trainStep } from '../fit/step.js';
import { type Problem, STATE_KEYS, stateSizes } from './engine.js';

/** Names of the epoch graph's inputs; its outputs are the state's names with `next_` before them, and `losses`. */
export const EPOCH_INPUTS = {
  mixed: 'all_pixels',
  candidates: 'all_candidates',
  labels: 'all_labels',
  order: 'order',
  candidateOrder: 'candidate_order',
  stepSizes: 'step_sizes',
  mixedKeep: 'mixed_keep',
  candidateKeep: 'candidate_keep',
} as const;

/** One training step as a graph: forward, gradients, Adam, moving averages. */
function traceStep({ network, batch, candidateBatch, weightDecay, dropRate }: Problem, mostParts: number): Graph {
  const { bands, endmembers, widths } = network;
  const sizes = stateSizes(network);
  const inputs = [
    { name: 'mixed', shape: [bands, batch] },
    { name: 'candidates', shape: [bands, candidateBatch] },
    { name: 'labels', shape: [candidateBatch, endmembers] },
    { name: 'mixedKeep', shape: [widths[0]!, batch] },
    { name: 'candidateKeep', shape: [widths[0]!, candidateBatch] },
    { name: 'stepSize', shape: [] },
    ...STATE_KEYS.map((name) => ({ name, shape: [sizes[name]] })),
  ];
  const step = (...tensors: tf.Tensor[]) => {
    const given = Object.fromEntries(inputs.map(({ name }, i) => [name, tensors[i]!])) as Record<string, never>;
    const result = trainStep(network, {
      state: given as never,
      batch: given as never,
      stepSize: given.stepSize!,
      weightDecay,
      dropRate,
    });
    return [...STATE_KEYS.map((key) => result[key]), result.losses];
  };
  const traced = traceFunction(step, inputs, {
    graphName: 'step',
    outputs: [...STATE_KEYS.map((key) => `next_${key}`), 'losses'],
  });
  return narrowSplits(traced, mostParts);
}

/** Keep bits [width, rows] of this step as floats, 1 or 0: dequantising is the fastest way from bytes to floats. */
function addKeep(body: GraphBuilder, name: string, bits: string): void {
  const kept = addNode(body, 'Gather', [bits, 'iteration'], { attributes: { axis: attr.int(0) } });
  addNode(body, 'DequantizeLinear', [kept, addConstant(body, float32Tensor([1], []))], { outputs: [name] });
}

const transpose = (graph: GraphBuilder, from: string, name: string) =>
  addNode(graph, 'Transpose', [from], { attributes: { perm: attr.ints([1, 0]) }, outputs: [name] });

function epochBody(problem: Problem, mostParts: number): Graph {
  const body = createBuilder('batch');
  addInput(body, { name: 'iteration', type: 'int64', shape: [] });
  addInput(body, { name: 'go_on', type: 'bool', shape: [] });
  const sizes = stateSizes(problem.network);
  for (const key of STATE_KEYS) addInput(body, { name: key, type: 'float32', shape: [sizes[key]] });
  const pick = (from: string, index: string, name?: string) =>
    addNode(body, 'Gather', [from, index], { attributes: { axis: attr.int(0) }, ...(name && { outputs: [name] }) });
  transpose(body, pick(EPOCH_INPUTS.mixed, pick(EPOCH_INPUTS.order, 'iteration')), 'mixed');
  pick(EPOCH_INPUTS.stepSizes, 'iteration', 'stepSize');
  const chosen = pick(EPOCH_INPUTS.candidateOrder, 'iteration');
  transpose(body, pick(EPOCH_INPUTS.candidates, chosen), 'candidates');
  pick(EPOCH_INPUTS.labels, chosen, 'labels');
  addKeep(body, 'mixedKeep', EPOCH_INPUTS.mixedKeep);
  addKeep(body, 'candidateKeep', EPOCH_INPUTS.candidateKeep);
  const traced = traceStep(problem, mostParts);
  const step = prefixNames(
    traced,
    'step_',
    traced.inputs.map(({ name }) => name),
  );
  appendGraph(body, step);
  addOutput(body, { name: addNode(body, 'Identity', ['go_on']), type: 'bool', shape: [] });
  for (const output of step.outputs) addOutput(body, output);
  return finishGraph(body);
}

/**
 * The graph of a whole epoch: data, draws and state in; state and the losses of every step [S, 3] out. No node splits a tensor into more than `mostParts`.
 */
export function epochGraph(problem: Problem, { mostParts = Number.POSITIVE_INFINITY } = {}): Graph {
  const { network, data, batch, candidateBatch, steps } = problem;
  const { bands, endmembers, widths } = network;
  const candidates = data.labels.length / endmembers;
  const epoch = createBuilder('epoch');
  const float = (name: string, shape: number[]) => addInput(epoch, { name, type: 'float32', shape });
  float(EPOCH_INPUTS.mixed, [data.mixed.length / bands, bands]);
  float(EPOCH_INPUTS.candidates, [candidates, bands]);
  float(EPOCH_INPUTS.labels, [candidates, endmembers]);
  float(EPOCH_INPUTS.stepSizes, [steps]);
  addInput(epoch, { name: EPOCH_INPUTS.order, type: 'int32', shape: [steps, batch] });
  addInput(epoch, { name: EPOCH_INPUTS.candidateOrder, type: 'int32', shape: [steps, candidateBatch] });
  addInput(epoch, { name: EPOCH_INPUTS.mixedKeep, type: 'uint8', shape: [steps, widths[0]!, batch] });
  addInput(epoch, { name: EPOCH_INPUTS.candidateKeep, type: 'uint8', shape: [steps, widths[0]!, candidateBatch] });
  const sizes = stateSizes(network);
  const state = STATE_KEYS.map((key) => float(`initial_${key}`, [sizes[key]]));
  const outputs = [...STATE_KEYS.map((key) => `next_${key}`), 'losses'];
  const loop = { body: attr.graph(epochBody(problem, mostParts)) };
  const go = addConstant(epoch, boolTensor([1], []));
  addNodes(epoch, 'Loop', [addInt64(epoch, [steps], []), go, ...state], { outputs, attributes: loop });
  for (const key of STATE_KEYS) addOutput(epoch, { name: `next_${key}`, type: 'float32', shape: [sizes[key]] });
  addOutput(epoch, { name: 'losses', type: 'float32', shape: [steps, 3] });
  return finishGraph(epoch);
}
