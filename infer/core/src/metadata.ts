// The metadata_props of an ONNX file, read without a protobuf library: three message types, one field each.
// Source: onnx.proto (ModelProto, StringStringEntryProto) and the protobuf wire format.
import { type ModelCard, ModelCardError, parseModelCard } from '@egunet/models/card';
import { InferError } from './error.js';

const MODEL_GRAPH = 7;
const MODEL_METADATA_PROPS = 14;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;

/** The key of the model card in metadata_props. */
const CARD_KEY = 'egunet';

/** A field of a message: `bytes` is a view of its content where it is length-delimited, else empty. */
interface Field {
  readonly number: number;
  readonly delimited: boolean;
  readonly bytes: Uint8Array;
}

function damaged(what: string, options?: ErrorOptions): InferError {
  return new InferError(`not a complete ONNX model: ${what}; copy or export the model again`, options);
}

/** The unsigned varint at `at` and the position after it. Values above 2^53 lose low bits, which no length or tag has. */
function readVarint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw damaged('it ends inside a number');
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
  throw damaged('a number of more than 10 bytes');
}

/** The fields of a message in file order. Nothing is allocated: contents are views, and lengths are checked before use. */
function* readFields(message: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const [tag, content] = readVarint(message, at);
    const wireType = tag % 8;
    let from = content;
    if (wireType === 0) at = readVarint(message, content)[1];
    else if (wireType === 1) at = content + 8;
    else if (wireType === 5) at = content + 4;
    else if (wireType === 2) {
      const [length, first] = readVarint(message, content);
      from = first;
      at = first + length;
    } else throw damaged(`a field of wire type ${wireType}`);
    if (at > message.length) throw damaged('a field reaches past the end');
    const number = Math.floor(tag / 8);
    if (number === 0) throw damaged('a field numbered 0');
    yield { number, delimited: wireType === 2, bytes: message.subarray(from, wireType === 2 ? at : from) };
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw damaged('its metadata is not UTF-8', { cause });
  }
}

/**
 * The `metadata_props` of an ONNX model, by key, without loading the model.
 * Throws InferError where the bytes are not a whole ONNX model: garbage, truncated, or without a graph.
 */
export function readModelMetadata(model: Uint8Array): Map<string, string> {
  const metadata = new Map<string, string>();
  let hasGraph = false;
  for (const { number, delimited, bytes } of readFields(model)) {
    if (!delimited) continue;
    if (number === MODEL_GRAPH) hasGraph = true;
    if (number !== MODEL_METADATA_PROPS) continue;
    let key = '';
    let value = '';
    for (const field of readFields(bytes)) {
      if (field.delimited && field.number === ENTRY_KEY) key = decodeText(field.bytes);
      if (field.delimited && field.number === ENTRY_VALUE) value = decodeText(field.bytes);
    }
    metadata.set(key, value);
  }
  if (!hasGraph) throw new InferError('not an ONNX model: there is no graph in it; give the .onnx file of a model');
  return metadata;
}

/**
 * The model card of an ONNX model. Throws InferError where the bytes are not a model or a model that egunet did not
 * export, ModelCardError where the card itself is wrong.
 */
export function readCard(model: Uint8Array): ModelCard {
  const json = readModelMetadata(model).get(CARD_KEY);
  if (json === undefined)
    throw new InferError(
      `an ONNX model, but not one of egunet's: its metadata has no '${CARD_KEY}' entry; give a model made by 'egunet export'`,
    );
  return parseModelCard(json);
}

/** The same, with errors that name the file. */
export function readCardOf(path: string, bytes: Uint8Array): ModelCard {
  try {
    return readCard(bytes);
  } catch (cause) {
    if (cause instanceof InferError) throw new InferError(`${path}: ${cause.message}`, { cause });
    if (cause instanceof ModelCardError) throw new ModelCardError(`${path}: ${cause.message}`, { cause });
    throw cause;
  }
}
