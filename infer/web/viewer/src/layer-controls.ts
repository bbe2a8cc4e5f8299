// What a person chooses of the abundances, and the legend.
import type { Choice } from './abundance-layer.js';
import { byId, offer } from './dom.js';
import { rampImage } from './ramp.js';

export interface LayerControls {
  /** Offers these endmembers. */
  offer(names: readonly string[]): void;
  readonly choice: Choice;
  /** From 0 to 1. */
  readonly opacity: number;
}

/** Controls that call `changed` when a person chooses. */
export function makeLayerControls(changed: () => void): LayerControls {
  const select = (id: string) => byId(id, HTMLSelectElement);
  const [mode, endmember] = [select('mode'), select('endmember')];
  const colours = [select('red'), select('green'), select('blue')] as const;
  const opacity = byId('opacity', HTMLInputElement);
  byId('ramp', HTMLElement).style.background = rampImage();
  const show = () => {
    const three = mode.value === 'three';
    byId('one', HTMLElement).hidden = three;
    byId('three', HTMLElement).hidden = !three;
    byId('ramp-name', HTMLElement).textContent = endmember.selectedOptions[0]?.text ?? '';
  };
  for (const control of [mode, endmember, ...colours, opacity])
    control.addEventListener('input', () => {
      show();
      changed();
    });
  return {
    offer(names) {
      offer(endmember, names);
      for (const [i, colour] of colours.entries()) offer(colour, names, Math.min(i, names.length - 1));
      show();
    },
    get choice(): Choice {
      if (mode.value === 'one') return { mode: 'one', endmember: Number(endmember.value) };
      const [red, green, blue] = colours.map(({ value }) => Number(value)) as [number, number, number];
      return { mode: 'three', red, green, blue };
    },
    get opacity() {
      return Number(opacity.value) / 100;
    },
  };
}
