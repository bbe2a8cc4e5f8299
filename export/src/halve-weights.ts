import { addConstant, addInput, addNode, addNodes, addOutput, createBuilder, finishGraph } from './builder.js';
import { ExportError } from './error.js';
import { attr, float16Tensor, float32Values, type Graph } from './graph.js';
import { elementTypeNumber } from './model.js';

/** Half of the distance from the largest half-precision number, 65504, to the next there would be. */
const TOO_LARGE = 65520;

/** The bits of the nearest half-precision numbers (IEEE 754 binary16), ties to even. Throws ExportError for what they do not reach. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(values, (value, i) => {
    const size = Math.abs(value);
    if (!(size < TOO_LARGE))
      throw new ExportError(`float16: ${value} is beyond the largest half-precision number, 65504`);
    const exponent = Math.max(((bits[i]! >>> 23) & 0xff) - 127, -14); // below, the numbers are as far apart as at -14
    const count = roundToEven(size / 2 ** (exponent - 10)); // units of the last place
    return (bits[i]! >>> 31) * 0x8000 + (exponent + 14) * 1024 + count; // 1024 units are one more in the exponent
  });
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The same graph with its float32 matrices stored in half precision. A runtime makes float32 of them when it loads the model. */
export function halveWeights(graph: Graph): Graph {
  const builder = createBuilder(graph.name);
  for (const input of graph.inputs) addInput(builder, input);
  for (const constant of graph.initializers) {
    const { name, type, shape } = constant;
    if (type !== 'float32' || shape.length < 2) {
      addConstant(builder, constant, name);
      continue;
    }
    const half = addConstant(builder, float16Tensor(toFloat16(float32Values(constant)), shape), `${name}_half`);
    addNode(builder, 'Cast', [half], { outputs: [name], attributes: { to: attr.int(elementTypeNumber('float32')) } });
  }
  for (const node of graph.nodes) addNodes(builder, node.op, node.inputs, node);
  for (const output of graph.outputs) addOutput(builder, output);
  return finishGraph(builder);
}
