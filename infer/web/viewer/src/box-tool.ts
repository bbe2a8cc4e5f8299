// Rectangles on the map: drawn by a person, and shown.
import type { Extent } from 'ol/extent.js';
import DragBox from 'ol/interaction/DragBox.js';
import type OlMap from 'ol/Map.js';
import { html } from './dom.js';

export interface BoxTool {
  /** Lets a person draw one with mouse or finger instead of moving the map, until it is done or stopped. */
  draw(done: (box: Extent) => void): void;
  stop(): void;
  /** Shows one; none when absent. */
  outline(box?: Extent): void;
}

export function makeBoxTool(map: OlMap, target: HTMLElement): BoxTool {
  const shown = html('div', { class: 'box' });
  let box: Extent | undefined;
  map.on('postrender', () => {
    const corners = box && [
      map.getPixelFromCoordinate([box[0]!, box[3]!]),
      map.getPixelFromCoordinate([box[2]!, box[1]!]),
    ];
    shown.hidden = !corners?.[0] || !corners[1];
    if (!corners?.[0] || !corners[1]) return;
    const [[left, top], [right, bottom]] = corners as [[number, number], [number, number]];
    Object.assign(shown.style, {
      transform: `translate(${left}px, ${top}px)`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
  });
  map.getOverlayContainer()?.append(shown);
  let drawing: DragBox | undefined;
  const stop = () => {
    if (drawing) map.removeInteraction(drawing);
    drawing = undefined;
    target.classList.remove('drawing');
  };
  return {
    draw(done) {
      stop();
      const tool = new DragBox({ className: 'box' });
      tool.on('boxend', () => {
        const drawn = tool.getGeometry().getExtent();
        stop();
        done(drawn);
      });
      drawing = tool;
      map.addInteraction(tool);
      target.classList.add('drawing');
    },
    stop,
    outline(next) {
      box = next;
      map.render();
    },
  };
}
