// The rectangle that a person draws: what is in it of each endmember.
import type { RemoteModel } from '@egunet/infer-web';
import { pixelArea } from '@egunet/raster';
import type { Extent } from 'ol/extent.js';
import { byId, showWhole } from './dom.js';
import type { SceneMap } from './map.js';
import { pixelsIn, type Shown } from './place.js';
import { type RectangleFacts, rectangleCsv, rectangleTable } from './rectangle-table.js';
import { saveText } from './save.js';
import { sumAbundances } from './zonal.js';

/** What is summed. */
export interface RectangleSubject {
  readonly shown: Shown;
  readonly model: RemoteModel;
  readonly resample: boolean;
}

export interface RectangleTool {
  /** Takes what is shown away, and lets rectangles be drawn over a scene that is unmixed; none when absent. */
  offer(subject?: RectangleSubject): void;
}

const fileName = (path: string): string => path.replace(/^.*\//, '');

const systemOf = ({ ground }: Shown): string =>
  ground?.epsg === undefined ? "the scene's coordinates" : `EPSG:${ground.epsg}`;

/** The controls of the section, as one. */
function controls() {
  const button = (id: string) => byId(id, HTMLButtonElement);
  return {
    section: byId('rectangle', HTMLElement),
    draw: button('draw'),
    view: button('take-view'),
    work: byId('rectangle-work', HTMLElement),
    progress: byId('rectangle-progress', HTMLProgressElement),
    cancel: button('rectangle-cancel'),
    facts: byId('rectangle-facts', HTMLElement),
    save: button('rectangle-save'),
  };
}

/** Connects the section of the page. `fail` is told what goes wrong. */
export function makeRectangleTool(map: SceneMap, fail: (error: unknown) => void): RectangleTool {
  const { section, draw, view, work, progress, cancel, facts, save } = controls();
  let subject: RectangleSubject | undefined;
  let last = new AbortController();
  let saved: RectangleFacts | undefined;

  const say = (...content: (string | Node)[]) => facts.replaceChildren(...content);
  const stopDrawing = () => {
    map.boxes.stop();
    draw.setAttribute('aria-pressed', 'false');
  };
  const begin = () => {
    stopDrawing();
    last.abort();
    last = new AbortController();
    saved = undefined;
    save.hidden = true;
    work.hidden = true;
    say();
    map.boxes.outline();
    return last.signal;
  };

  async function sum(box: Extent): Promise<void> {
    const signal = begin();
    if (!subject) return;
    const { shown, model, resample } = subject;
    const found = pixelsIn(shown, box);
    if (!found) return say('No middle of a pixel lies in the rectangle: draw it over the scene, or larger.');
    const { window, extent } = found;
    map.boxes.outline(extent);
    progress.value = 0;
    work.hidden = false;
    const area = shown.ground && pixelArea(shown.ground);
    try {
      const sums = await sumAbundances({ scene: shown.scene, model }, window, {
        ...{ resample, area, signal },
        progress: (part) => {
          progress.value = part;
        },
      });
      const names = model.card.endmembers.map(({ name }) => name);
      const areaSystem = systemOf(shown);
      const system = shown.inPixels ? 'columns, minus rows' : areaSystem;
      saved = { scene: fileName(shown.scene.name), system, extent, names, sums, area, areaSystem };
      say(...rectangleTable(saved));
      save.hidden = false;
      work.hidden = true;
      showWhole(section);
    } catch (error) {
      if (!signal.aborted) fail(error);
    } finally {
      if (signal === last.signal) work.hidden = true;
    }
  }

  draw.addEventListener('click', () => {
    if (draw.getAttribute('aria-pressed') === 'true') return stopDrawing();
    draw.setAttribute('aria-pressed', 'true');
    map.boxes.draw(sum);
  });
  addEventListener('keydown', ({ key }) => key === 'Escape' && stopDrawing());
  view.addEventListener('click', () => void sum(map.view().extent));
  cancel.addEventListener('click', () => {
    begin();
    say('Cancelled.');
    draw.focus();
  });
  save.addEventListener('click', () => saved && saveText('rectangle.csv', rectangleCsv(saved), 'text/csv'));
  return {
    offer(next) {
      begin();
      subject = next;
      section.hidden = !next;
    },
  };
}
