import { ExportError } from './error.js';
import * as generated from './generated/onnx.js';
import type { onnx } from './generated/onnx-types.js';
import type { Attribute, ElementType, Graph, Initializer, Node, Tensor, ValueInfo } from './graph.js';

// What every runtime that we know accepts.
const IR_VERSION = 8;
const OPSET = 17;

/** What of the generated code is used. */
interface Codec {
  encode(message: onnx.ModelProto.$Properties, writer?: undefined, depth?: undefined): { finish(): Uint8Array };
  decode(bytes: Uint8Array, length?: number, end?: number, depth?: number, target?: undefined): onnx.ModelProto;
}
const modelProto: Codec = generated.onnx.ModelProto;

/** TensorProto.DataType. */
const elementTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** The number by which ONNX knows an element type, as in the `to` of Cast. */
export function elementTypeNumber(type: ElementType): number {
  return elementTypes[type];
}

function elementTypeOf(number: number): ElementType {
  for (const [type, code] of Object.entries(elementTypes)) if (code === number) return type as ElementType;
  throw new ExportError(`ONNX model: element type ${number} is not supported; expected one of 1-7, 9-11`);
}

/** What a model file says beside its graph. */
export interface ModelOptions {
  /** `metadata_props`, in the order given. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly docString?: string;
  /** Version of egunet, the producer. */
  readonly producerVersion?: string;
}

/** A model as read from its bytes. */
export interface Model {
  readonly graph: Graph;
  readonly metadata: Record<string, string>;
  readonly docString: string;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly irVersion: number;
  readonly opset: number;
}

/** The bytes of an ONNX model file (ModelProto, IR 8, opset 17) of this graph. The same graph gives the same bytes. */
export function encodeModel(graph: Graph, options: ModelOptions = {}): Uint8Array {
  const message: onnx.ModelProto.$Properties = {
    irVersion: IR_VERSION,
    producerName: 'egunet',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: graphProto(graph),
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  };
  if (options.producerVersion !== undefined) message.producerVersion = options.producerVersion;
  if (options.docString !== undefined) message.docString = options.docString;
  return Uint8Array.from(modelProto.encode(message).finish()); // a copy: Node's Buffers may share a pool
}

function graphProto(graph: Graph): onnx.GraphProto.$Properties {
  return {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    initializer: graph.initializers.map((one) => ({ ...tensorProto(one), name: one.name })),
    input: graph.inputs.map(valueInfoProto),
    output: graph.outputs.map(valueInfoProto),
  };
}

function nodeProto(node: Node): onnx.NodeProto.$Properties {
  return {
    name: node.outputs[0]!, // profilers show it
    opType: node.op,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, a]) => ({ name, ...attributeProto(a) })),
  };
}

function attributeProto(attribute: Attribute): onnx.AttributeProto.$Properties {
  switch (attribute.kind) {
    case 'float':
      return { type: 1, f: attribute.value };
    case 'int':
      return { type: 2, i: attribute.value };
    case 'string':
      return { type: 3, s: new TextEncoder().encode(attribute.value) };
    case 'tensor':
      return { type: 4, t: tensorProto(attribute.value) };
    case 'graph':
      return { type: 5, g: graphProto(attribute.value) };
    case 'ints':
      return { type: 7, ints: [...attribute.value] };
  }
}

function tensorProto(tensor: Tensor): onnx.TensorProto.$Properties {
  return { dims: [...tensor.shape], dataType: elementTypes[tensor.type], rawData: tensor.data };
}

function valueInfoProto({ name, type, shape }: ValueInfo): onnx.ValueInfoProto.$Properties {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

/** Reads a model that uses what `Graph` can hold (tensors as raw data); throws ExportError on anything else. */
export function decodeModel(bytes: Uint8Array): Model {
  const model = parse(bytes);
  if (!model.graph) throw new ExportError('ONNX model: it has no graph; expected the bytes of an .onnx file');
  return {
    graph: readGraph(model.graph),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
    docString: model.docString,
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    irVersion: Number(model.irVersion),
    opset: Number(model.opsetImport.find(({ domain }) => !domain)?.version ?? 0),
  };
}

function parse(bytes: Uint8Array): onnx.ModelProto {
  try {
    return modelProto.decode(bytes);
  } catch (cause) {
    throw new ExportError(`ONNX model: ${bytes.length} bytes that are not a whole ModelProto; write the file again`, {
      cause,
    });
  }
}

function readGraph(graph: onnx.GraphProto.$Properties): Graph {
  return {
    name: graph.name ?? '',
    nodes: (graph.node ?? []).map((node) => ({
      op: node.opType ?? '',
      inputs: node.input ?? [],
      outputs: node.output ?? [],
      attributes: Object.fromEntries((node.attribute ?? []).map((a) => [a.name ?? '', readAttribute(a)])),
    })),
    initializers: (graph.initializer ?? []).map(readInitializer),
    inputs: (graph.input ?? []).map(readValueInfo),
    outputs: (graph.output ?? []).map(readValueInfo),
  };
}

function readAttribute(a: onnx.AttributeProto.$Properties): Attribute {
  if (a.type === 1) return { kind: 'float', value: a.f ?? 0 };
  if (a.type === 2) return { kind: 'int', value: Number(a.i ?? 0) };
  if (a.type === 3) return { kind: 'string', value: new TextDecoder().decode(a.s ?? new Uint8Array()) };
  if (a.type === 4 && a.t) return { kind: 'tensor', value: readInitializer(a.t) };
  if (a.type === 5 && a.g) return { kind: 'graph', value: readGraph(a.g) };
  if (a.type === 7) return { kind: 'ints', value: (a.ints ?? []).map(Number) };
  throw new ExportError(`ONNX model: attribute '${a.name}' is of kind ${a.type}; expected one of 1-5, 7`);
}

function readInitializer(tensor: onnx.TensorProto.$Properties): Initializer {
  const shape = (tensor.dims ?? []).map(Number);
  if (!tensor.rawData?.length && !shape.includes(0))
    throw new ExportError(
      `ONNX model: tensor '${tensor.name}' has no raw data; expected it inside the file, as raw data`,
    );
  return {
    name: tensor.name ?? '',
    type: elementTypeOf(tensor.dataType ?? 0),
    shape,
    data: Uint8Array.from(tensor.rawData ?? []),
  };
}

function readValueInfo({ name, type }: onnx.ValueInfoProto.$Properties): ValueInfo {
  const tensor = type?.tensorType;
  if (!tensor?.shape) throw new ExportError(`ONNX model: '${name}' is not a tensor with a shape`);
  const shape = (tensor.shape.dim ?? []).map(({ dimValue, dimParam }) => dimParam || Number(dimValue ?? 0));
  return { name: name ?? '', type: elementTypeOf(tensor.elemType ?? 0), shape };
}
