// The head of EGU-Net-ss as a graph: that of the pixel-wise network, whatever its precision, and the spatial layer behind it.
// Legend: H x W pixels, B bands, C endmembers.
import {
  addInput,
  addInt64,
  addNode,
  addOutput,
  appendGraph,
  attr,
  createBuilder,
  finishGraph,
  type Graph,
  prefixNames,
  renameValues,
  traceFunction,
} from '@egunet/export';
import { filterAbundances, type SpatialFilter } from '@egunet/models';
import type * as tf from '@tensorflow/tfjs-core';

/** The layer alone: `pixelwise` [1, H, W, C] and `mask` [1, H, W, 1] -> `smoothed` [1, H, W, C]. */
function layerGraph(filter: SpatialFilter, C: number): Graph {
  const inputs = [
    { name: 'pixelwise', shape: [1, 'rows', 'cols', C] },
    { name: 'mask', shape: [1, 'rows', 'cols', 1] },
  ];
  return traceFunction(
    (abundances, valid) => filterAbundances(abundances as tf.Tensor4D, valid as tf.Tensor4D, filter),
    inputs,
    { outputs: ['smoothed'] },
  );
}

/**
 * `image` [H, W, B] and `valid` [H, W] -> `abundances` [H, W, C], from a head `spectra` [n, B] -> `abundances` [n, C].
 * Beyond the image there are no valid pixels, and those within that are not valid take no part.
 */
export function spatialHeadGraph(
  head: Graph,
  filter: SpatialFilter,
  { bands, endmembers }: { bands: number; endmembers: number },
): Graph {
  const builder = createBuilder('egunet-ss');
  const image = addInput(builder, { name: 'image', type: 'float32', shape: ['rows', 'cols', bands] });
  const valid = addInput(builder, { name: 'valid', type: 'float32', shape: ['rows', 'cols'] });
  const size = addNode(builder, 'Shape', [valid]); // [H, W]
  const join = (parts: readonly string[]) => addNode(builder, 'Concat', parts, { attributes: { axis: attr.int(0) } });
  const reshape = (x: string, shape: string, name?: string) =>
    addNode(builder, 'Reshape', [x, shape], { ...(name && { outputs: [name] }) });
  reshape(image, addInt64(builder, [-1, bands]), 'spectra');
  const flat = 'pixelwise_flat'; // [H W, C]
  appendGraph(builder, prefixNames(renameValues(head, new Map([['abundances', flat]])), 'head_', ['spectra', flat]));
  const [one, C] = [addInt64(builder, [1]), addInt64(builder, [endmembers])];
  reshape(flat, join([one, size, C]), 'pixelwise');
  reshape(valid, join([one, size, one]), 'mask');
  const layer = layerGraph(filter, endmembers);
  appendGraph(builder, prefixNames(layer, 'layer_', ['pixelwise', 'mask', 'smoothed']));
  reshape('smoothed', join([size, C]), 'abundances');
  addOutput(builder, { name: 'abundances', type: 'float32', shape: ['rows', 'cols', endmembers] });
  return finishGraph(builder);
}
