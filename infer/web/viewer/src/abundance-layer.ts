// The layer of abundances. Legend: D bands of its tiles, from 1: an abundance of each endmember, then perhaps the spread of each; band D + 1 says where there is data.
import TileLayer from 'ol/layer/WebGLTile.js';
import type DataTile from 'ol/source/DataTile.js';
import { type LostTiles, watchLostTiles } from './lost-tiles.js';
import { rampStops } from './ramp.js';
import { SWIPED } from './swipe.js';

/** What of the abundances is shown: one band, whose colours reach to `top`, or three endmembers as colours; by their number from 0. */
export type Choice =
  | { readonly mode: 'one'; readonly band: number; readonly top: number }
  | { readonly mode: 'three'; readonly red: number; readonly green: number; readonly blue: number };

/** A choice as the style has it: bands count from 1. */
const variablesOf = (choice: Choice) =>
  choice.mode === 'one'
    ? { three: 0, one: choice.band + 1, top: choice.top, red: 1, green: 1, blue: 1 }
    : { three: 1, one: 1, top: 1, red: choice.red + 1, green: choice.green + 1, blue: choice.blue + 1 };

export interface AbundanceLayer {
  readonly layer: TileLayer;
  readonly lost: LostTiles;
  show(choice: Choice): void;
}

/** A layer of D bands. What is shown changes without unmixing anything again. */
export function makeAbundanceLayer(source: DataTile, D: number, choice: Choice): AbundanceLayer {
  const valid = ['band', D + 1];
  const band = (name: string) => ['band', ['var', name]];
  const layer = new TileLayer({
    className: `ol-layer ${SWIPED}`,
    source,
    style: {
      variables: variablesOf(choice),
      color: [
        'case',
        ...[
          ['==', valid, 0],
          [0, 0, 0, 0],
        ],
        ...[
          ['==', ['var', 'three'], 1],
          ['array', band('red'), band('green'), band('blue'), valid],
        ],
        ['interpolate', ['linear'], ['/', band('one'), ['var', 'top']], ...rampStops()],
      ],
    },
  });
  return { layer, lost: watchLostTiles(source), show: (next) => layer.updateStyleVariables(variablesOf(next)) };
}
