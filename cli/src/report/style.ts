/** The report's style sheet; `ramp` is the CSS gradient of the abundance maps. Light and dark follow the reader's own setting. */
export const stylesheet = (ramp: string): string => `
:root { --paper: #fbfbf9; --ink: #1c1e21; --soft: #5c636b; --line: #dcdfe3; --card: #ffffff; --code: #f0f1f3; --hatch: #d3d6da; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e6e8ea; --soft: #9aa2ab; --line: #32373d; --card: #1d2024; --code: #24282d; --hatch: #3d4349; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 0 0 .4rem; font-weight: 600; }
p, dd { color: var(--soft); margin: .3rem 0; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 6px; padding: .7rem .9rem; margin: .8rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Consolas, monospace; }
figure { margin: 0; }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; overflow-wrap: anywhere; }
img { display: block; width: 100%; image-rendering: pixelated; border-radius: 3px; }
img, .hole { background: repeating-linear-gradient(135deg, var(--hatch) 0 1px, transparent 1px 6px); }
.notice { margin: 1.2rem 0 0; padding: .7rem .9rem; border: 1px solid var(--line); border-left: 4px solid var(--ink); border-radius: 6px; background: var(--card); color: var(--ink); white-space: pre-line; }
.scene { max-width: 520px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); column-gap: 1.2rem; margin-bottom: 1.4rem; }
.grid figure { display: grid; grid-template-rows: subgrid; grid-row: span 4; margin-bottom: 1.2rem; }
.grid h3 { align-self: end; }
.scale { margin: .45rem 0 .2rem; font-size: .78rem; color: var(--soft); line-height: 1.2; }
.scale div { height: 5px; border: 1px solid currentColor; border-top: 0; margin-bottom: .2rem; }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin-bottom: 1rem; font-size: .85rem; color: var(--soft); }
.ramp { width: 220px; height: 12px; border-radius: 2px; background: ${ramp}; }
.hole { width: 22px; height: 12px; border: 1px solid var(--line); border-radius: 2px; margin-left: .8rem; }
.highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .9rem; margin-top: 1.4rem; }
.highlights div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; }
.highlights b { display: block; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.highlights span { color: var(--soft); font-size: .82rem; }
.tables { display: flex; flex-wrap: wrap; gap: 1.4rem 2.4rem; }
.table { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .88rem; }
th, td { text-align: right; padding: .28rem .8rem .28rem 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { font-weight: 500; }
thead th { color: var(--soft); }
tr > :first-child { text-align: left; }
td { overflow-wrap: anywhere; }
.facts td { text-align: left; white-space: pre-line; }
.facts th { vertical-align: top; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; font-size: .85rem; margin: 1.2rem 0 0; }
dt { font-weight: 500; }
dd { margin: 0; }
.chart { overflow-x: auto; }
.chart svg { width: 100%; min-width: 640px; height: auto; }
@media print {
  :root { --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc; --card: #ffffff; --code: #f4f4f4; --hatch: #cccccc; }
  body { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3 { break-after: avoid; }
  figure, tr, .chart, .highlights div { break-inside: avoid; }
  .chart svg { min-width: 0; }
}
@media (max-width: 600px) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
`;
