// A pixel's facts on the page.
import type { ModelCard } from '@egunet/models/card';
import { type Line, lineChart } from './chart.js';
import { html } from './dom.js';
import type { PixelFacts } from './pixel.js';

/** Colours that those who see colours differently tell apart; with more endmembers they come again, with dashes. */
const TONES = 7;
const toneOf = (c: number): string => `tone-${c % TONES}${c < TONES ? '' : ' again'}`;

/** Abundances as bars with numbers, and an ensemble's spread: the legend of the endmembers' lines, too. */
function bars(names: readonly string[], abundances: Float32Array, spread: Float32Array | undefined): HTMLElement {
  const rows = names.map((name, c) => {
    const value = abundances[c]!;
    const bar = html('div', { class: `bar ${toneOf(c)}` });
    bar.style.width = `${(100 * value).toFixed(1)}%`;
    return html(
      'tr',
      {},
      html('th', { scope: 'row' }, html('span', { class: `swatch ${toneOf(c)}` }, String(c + 1)), ` ${name}`),
      html('td', { class: 'track' }, bar),
      html('td', { class: 'number' }, value.toFixed(3)),
      ...(spread ? [html('td', { class: 'spread' }, spread[c]!.toFixed(3))] : []),
    );
  });
  const caption = spread ? 'Abundance, and how far the networks disagree about it' : 'Abundance';
  return html('table', { class: 'bars' }, html('caption', {}, caption), html('tbody', {}, ...rows));
}

export interface PixelTexts {
  /** Where it is, in words. */
  readonly places: readonly string[];
  /** Of the axis: `wavelength, nm` or `band`. */
  readonly axis: string;
  /** Of the model, where it unmixes the scene. */
  readonly card: ModelCard | undefined;
}

/** The lines of a pixel: endmembers behind, where they are wanted. */
function linesOf({ measured, modelled, endmembers = [] }: PixelFacts, names: readonly string[], all: boolean): Line[] {
  return [
    ...(all ? endmembers : []).map((points, c) => ({
      ...{ name: names[c]!, mark: String(c + 1), points },
      kind: `endmember ${toneOf(c)}`,
    })),
    { name: 'measured', kind: 'measured', points: measured },
    ...(modelled ? [{ name: 'mixture of endmembers', kind: 'modelled', points: modelled }] : []),
  ];
}

/** The plot, and whether the endmembers are in it: as a person chose it last, in `box`. */
function plot(
  box: HTMLElement,
  facts: PixelFacts,
  { axis, names }: { axis: string; names: readonly string[] },
): Node[] {
  const draw = (all: boolean) => {
    const lines = linesOf(facts, names, all);
    const title = `Reflectance over ${axis}: ${lines.map(({ name }) => name).join(', ')}`;
    return lineChart(lines, { title, x: axis, y: 'reflectance' });
  };
  if (!facts.endmembers) return [draw(false)];
  const chosen = box.querySelector<HTMLInputElement>('#with-endmembers')?.checked ?? true;
  const tick = html('input', { type: 'checkbox', id: 'with-endmembers' });
  tick.checked = chosen;
  let chart = draw(chosen);
  tick.addEventListener('input', () => {
    const next = draw(tick.checked);
    chart.replaceWith(next);
    chart = next;
  });
  return [chart, html('label', { class: 'tick' }, tick, 'Endmembers in the plot')];
}

/** Shows a pixel in a box. */
export function showPixel(box: HTMLElement, facts: PixelFacts, { places, axis, card }: PixelTexts): void {
  const { abundances, spread, measured } = facts;
  const names = card?.endmembers.map(({ name }) => name) ?? [];
  const dark = measured.every(([, y]) => Number.isNaN(y));
  box.replaceChildren(
    ...places.map((text) => html('p', { class: 'place' }, text)),
    ...(abundances ? [bars(names, abundances, spread)] : []),
    ...(card && !abundances ? [html('p', {}, "No data here in at least one of the model's bands.")] : []),
    ...(dark ? [] : plot(box, facts, { axis, names })),
  );
}
