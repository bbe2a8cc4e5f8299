// Tiles that could not be loaded: they are asked for again when they are looked at again.
import { type Extent, intersects } from 'ol/extent.js';
import type DataTile from 'ol/source/DataTile.js';
import type Tile from 'ol/Tile.js';
import TileState from 'ol/TileState.js';

/** What is in view; the resolution in units of the map for a pixel of the screen. */
export interface View {
  readonly extent: Extent;
  readonly resolution: number;
}

export interface LostTiles {
  /** Loads those again that are in view. */
  reload(view: View): void;
}

/** Remembered at most; OpenLayers keeps fewer. */
const MOST = 1000;

export function watchLostTiles(source: DataTile): LostTiles {
  const grid = source.getTileGrid()!;
  const lost = new Set<Tile>();
  source.on('tileloaderror', ({ tile }) => {
    lost.add(tile);
    for (const oldest of lost) if (lost.size > MOST) lost.delete(oldest);
  });
  return {
    reload({ extent, resolution }) {
      const z = grid.getZForResolution(resolution, source.zDirection);
      for (const tile of lost) {
        const seen = tile.tileCoord[0] === z && intersects(grid.getTileCoordExtent(tile.tileCoord), extent);
        if (!seen || tile.getState() !== TileState.ERROR) continue;
        lost.delete(tile);
        tile.load();
      }
    },
  };
}
