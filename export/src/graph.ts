// A small typed picture of an ONNX graph: plain data, no protobuf objects. Values are edges, known by their names.

import { ExportError } from './error.js';

/** Element types of tensors, as in ONNX. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'bool';

/** A size, or the name of one that is known only at run time. */
export type Dimension = number | string;

/** An input or output of a graph. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** A constant tensor. */
export interface Tensor<Type extends ElementType = ElementType> {
  readonly type: Type;
  readonly shape: readonly number[];
  /** Row-major elements, little-endian; a bool is one byte. */
  readonly data: Uint8Array;
}

/** A constant with a name. */
export interface Initializer extends Tensor {
  readonly name: string;
}

/** An attribute of a node; make one with `attr`. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One application of an ONNX operator (default domain). An input '' is an optional one left out. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Nodes in an order in which they can run. A body (Loop, If) may also use the names of the graph around it. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Makers of attributes: `{ axis: attr.int(0) }`. */
export const attr = {
  int: (value: number): Attribute => ({ kind: 'int', value: whole(value) }),
  ints: (value: readonly number[]): Attribute => ({ kind: 'ints', value: value.map(whole) }),
  float: (value: number): Attribute => ({ kind: 'float', value }),
  string: (value: string): Attribute => ({ kind: 'string', value }),
  tensor: (value: Tensor): Attribute => ({ kind: 'tensor', value }),
  graph: (value: Graph): Attribute => ({ kind: 'graph', value }),
};

function whole(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new ExportError(`${value} is not a whole number that a double holds exactly; give another`);
}

/** A float32 tensor. Throws ExportError, as those below do, when the number of values is not that of the shape. */
export function float32Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor<'float32'> {
  return tensor('float32', shape, Float32Array.from(values));
}

/** An int32 tensor. */
export function int32Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor<'int32'> {
  return tensor('int32', shape, Int32Array.from(values));
}

/** A uint8 tensor. */
export function uint8Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor<'uint8'> {
  return tensor('uint8', shape, Uint8Array.from(values));
}

/** An int8 tensor. */
export function int8Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor<'int8'> {
  return tensor('int8', shape, Int8Array.from(values));
}

/** A float16 tensor, from the bits of its elements. */
export function float16Tensor(bits: Uint16Array, shape: readonly number[]): Tensor<'float16'> {
  return tensor('float16', shape, bits);
}

/** An int64 tensor, from whole numbers that a double holds exactly. */
export function int64Tensor(values: readonly number[], shape: readonly number[] = [values.length]): Tensor<'int64'> {
  return tensor(
    'int64',
    shape,
    BigInt64Array.from(values, (value) => BigInt(whole(value))),
  );
}

/** A bool tensor. */
export function boolTensor(values: ArrayLike<number | boolean>, shape: readonly number[]): Tensor<'bool'> {
  return tensor(
    'bool',
    shape,
    Uint8Array.from(values, (value) => (value ? 1 : 0)),
  );
}

function tensor<Type extends ElementType>(
  type: Type,
  shape: readonly number[],
  values: Float32Array | Int32Array | BigInt64Array | Uint16Array | Uint8Array | Int8Array,
): Tensor<Type> {
  const size = shape.reduce((a, b) => a * b, 1);
  if (values.length !== size)
    throw new ExportError(`tensor: ${values.length} values for shape [${shape}]; expected ${size}`);
  return { type, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** The elements of a float32 tensor. */
export function float32Values(tensor: Tensor): Float32Array {
  return new Float32Array(tensor.data.slice().buffer);
}

/** The elements of an int64 tensor. */
export function int64Values(tensor: Tensor): number[] {
  return Array.from(new BigInt64Array(tensor.data.slice().buffer), Number);
}

/** The graphs that are attributes of a node. */
export function bodiesOf(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((a) => (a.kind === 'graph' ? [a.value] : []));
}
