import { addConstant, addInput, addInt64, addNodes, addOutput, createBuilder, finishGraph } from './builder.js';
import { type Graph, int64Values, type Node } from './graph.js';

/**
 * The same graph without splits into more than `most` parts (at least 2): such a one becomes one into groups, each of which is split again. A GPU's
 * shader binds few outputs: WebGPU promises 8, one of them for what is split. Sizes must be constants; bodies stay as they are.
 */
export function narrowSplits(graph: Graph, most: number): Graph {
  const builder = createBuilder(graph.name);
  for (const input of graph.inputs) addInput(builder, input);
  for (const constant of graph.initializers) addConstant(builder, constant, constant.name);
  const sizesOf = ({ inputs }: Node) => {
    const sizes = graph.initializers.find(({ name }) => name === inputs[1]);
    return sizes && int64Values(sizes);
  };
  const split = (of: string, parts: { outputs: readonly string[]; sizes: readonly number[] }, like: Node): void => {
    const { outputs, sizes } = parts;
    const { attributes } = like;
    if (outputs.length <= most) {
      addNodes(builder, 'Split', [of, addInt64(builder, sizes)], { outputs, attributes });
      return;
    }
    const each = Math.ceil(outputs.length / most);
    const groups = Array.from({ length: Math.ceil(outputs.length / each) }, (_, g) => ({
      outputs: outputs.slice(g * each, (g + 1) * each),
      sizes: sizes.slice(g * each, (g + 1) * each),
    }));
    const totals = groups.map((group) => group.sizes.reduce((a, b) => a + b));
    const names = groups.map((group) => `${group.outputs[0]}_and_${group.outputs.length - 1}_more`);
    addNodes(builder, 'Split', [of, addInt64(builder, totals)], { outputs: names, attributes });
    for (const [g, group] of groups.entries()) split(names[g]!, group, like);
  };
  for (const node of graph.nodes) {
    const sizes = node.op === 'Split' && node.outputs.length > most ? sizesOf(node) : undefined;
    if (sizes) split(node.inputs[0]!, { outputs: node.outputs, sizes }, node);
    else addNodes(builder, node.op, node.inputs, node);
  }
  for (const output of graph.outputs) addOutput(builder, output);
  return finishGraph(builder);
}
