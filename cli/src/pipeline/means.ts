import { openScene } from '@egunet/raster/node';

/** Mean abundance of each endmember over the pixels with data, read back from a map block row by block row: [C]. */
export async function meanAbundances(map: string): Promise<{ name: string; mean: number }[]> {
  const scene = await openScene(map);
  try {
    const { rows, cols, bands } = scene;
    const sums = new Float64Array(bands.length);
    let valid = 0;
    const height = Math.min(scene.block.rows, 512);
    for (let row = 0; row < rows; row += height) {
      const { data } = await scene.readWindow({ row, col: 0, rows: Math.min(height, rows - row), cols });
      for (let at = 0; at < data.length; at += bands.length) {
        if (Number.isNaN(data[at]!)) continue;
        valid++;
        for (let c = 0; c < bands.length; c++) sums[c]! += data[at + c]!;
      }
    }
    return bands.map(({ name }, c) => ({ name, mean: sums[c]! / valid }));
  } finally {
    await scene.close();
  }
}
