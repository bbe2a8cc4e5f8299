import { type Html, html, raw } from './markup.js';
import { viridisGradient } from './ramp.js';
import type { ScaleBar } from './scale-bar.js';
import { stylesheet } from './style.js';

/** A picture with what stands below it. */
export interface Figure {
  readonly title: string;
  readonly png: Uint8Array;
  readonly caption: string;
}

/** An SVG chart with what it shows. */
export interface Chart {
  readonly title: string;
  readonly svg: string;
  readonly caption: string;
}

/** A table; the first column is a heading. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Everything a report shows. Texts are escaped; only the charts' SVG is taken as it is. */
export interface Report {
  readonly title: string;
  readonly lead: string;
  /** What to type to get this again. */
  readonly command: string;
  /** The figures that matter, as large numbers. */
  readonly highlights: readonly { readonly value: string; readonly label: string }[];
  readonly quicklook?: Figure;
  /** What is to be known before anything else. */
  readonly notice?: string;
  /** Tables of what the model was trained on. */
  readonly origin?: { readonly title: string; readonly tables: readonly Table[] };
  /** Abundances in [0, 1], drawn with the viridis ramp. */
  readonly maps: readonly Figure[];
  /** Reference abundances, in the order of `maps`. */
  readonly references: readonly Figure[];
  readonly scaleBar?: ScaleBar;
  readonly charts: readonly Chart[];
  readonly metrics: readonly Table[];
  /** Heading of the metrics where they do not compare with a reference. */
  readonly metricsTitle?: string;
  /** What each figure means. */
  readonly definitions: readonly { readonly term: string; readonly definition: string }[];
  readonly facts: readonly Table[];
}

const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;

function bar(scale: ScaleBar | undefined): Html {
  if (!scale) return html``;
  const width = raw(`${(100 * scale.share).toFixed(2)}%`);
  return html`<div class="scale"><div style="width:${width}"></div><span>${scale.label}</span></div>`;
}

function picture({ title, png, caption }: Figure, scale?: ScaleBar): Html {
  return html`<figure><h3>${title}</h3><img src="${raw(dataUri(png))}" alt="${title}: ${caption}">${bar(scale)}
<figcaption>${caption}</figcaption></figure>`;
}

function table({ title, header, rows }: Table): Html {
  // Without a heading the cells are texts rather than figures.
  const kind = header.length > 0 ? 'table' : 'table facts';
  return html`<div class="${kind}"><h3>${title}</h3><table>
${header.length > 0 ? html`<thead><tr>${header.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>` : undefined}
<tbody>${rows.map(
    ([first, ...rest]) => html`<tr><th scope="row">${first ?? ''}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}

const colourBar = html`<div class="legend"><span>0</span><div class="ramp" role="img" aria-label="colour bar from 0 to 1"></div><span>1</span>
<em>abundance (share of the pixel)</em><div class="hole" role="img" aria-label="hatched"></div><em>no data</em></div>`;

function maps({ maps: figures, references, scaleBar }: Report): Html | undefined {
  if (figures.length === 0) return undefined;
  return html`<section><h2>Abundances</h2>${colourBar}
<div class="grid">${figures.map((figure) => picture(figure, scaleBar))}</div>
${references.length > 0 ? html`<h3>Reference</h3><div class="grid">${references.map((figure) => picture(figure, scaleBar))}</div>` : undefined}
</section>`;
}

function accuracy({ metrics, metricsTitle = 'Accuracy', definitions }: Report): Html | undefined {
  if (metrics.length === 0) return undefined;
  return html`<section><h2>${metricsTitle}</h2><div class="tables">${metrics.map(table)}</div>
<dl>${definitions.map(({ term, definition }) => html`<dt>${term}</dt><dd>${definition}</dd>`)}</dl></section>`;
}

/** The report as one HTML page that needs nothing else: pictures are data URIs, charts inline SVG. */
export function renderReport(report: Report): string {
  const { title, lead, command, highlights, quicklook, notice, origin, charts, facts } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(stylesheet(viridisGradient))}</style>
</head>
<body>
<header><h1>${title}</h1><p>${lead}</p><pre><code>${command}</code></pre></header>
<main>
${notice === undefined ? undefined : html`<p class="notice" role="note">${notice}</p>`}
<section class="highlights">${highlights.map(({ value, label }) => html`<div><b>${value}</b><span>${label}</span></div>`)}</section>
${quicklook && html`<section><h2>Scene</h2><div class="scene">${picture(quicklook, report.scaleBar)}</div></section>`}
${origin && html`<section><h2>${origin.title}</h2><div class="tables">${origin.tables.map(table)}</div></section>`}
${maps(report)}
${accuracy(report)}
${charts.map((chart) => html`<section><h2>${chart.title}</h2><div class="chart">${raw(chart.svg)}</div><p>${chart.caption}</p></section>`)}
<section><h2>How it was made</h2><div class="tables">${facts.map(table)}</div></section>
</main>
</body>
</html>
`;
  return page.html;
}
