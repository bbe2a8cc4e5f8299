// Everything that is served, by its path. What a request asks for is looked up here and nowhere else: no file name ever comes from a request.
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { html } from '../report/markup.js';
import { fileType, HTML, JSON_TYPE, pageType } from './headers.js';
import type { NamedScene, NamedThing } from './scenes.js';
import type { FileToSend } from './send-file.js';

/** A file on disk, or a text made at the start. */
export type Served = FileToSend | { readonly text: string; readonly type: string };

/** A file as the page sees it: `url` is a path on this server. */
export interface ListedFile {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
}

/** A scene as the page sees it: its own file, and all files that belong to it, that one too. */
export interface ListedScene extends ListedFile {
  readonly format: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly sampleType: string;
  readonly files: readonly ListedFile[];
}

/** `/api/list.json`. */
export interface Listing {
  readonly scenes: readonly ListedScene[];
  readonly models: readonly ListedFile[];
}

/** Names and files of what was named, as they are listed and served. */
export interface NamedThings {
  readonly scenes: readonly NamedScene[];
  readonly models: readonly NamedThing[];
}

/** The regular files of a folder and those below, for which `wanted` holds, by their paths below `url`; links are left out. */
export async function servedFolder(
  folder: string,
  url: string,
  wanted: (file: string) => boolean = () => true,
): Promise<Map<string, Served>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && wanted(entry.name));
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [`${url}${relative(folder, path).replaceAll(sep, '/')}`, { path, type: pageType(path) }];
    }),
  );
}

const fileUrl = (n: number, name: string): string => `/files/${n}/${encodeURIComponent(name)}`;

const listed = ({ files }: NamedThing, n: number): ListedFile[] =>
  files.map(({ name, bytes }) => ({ name, url: fileUrl(n, name), bytes }));

/** What was named, numbered from 1, scenes first. */
export function listThings({ scenes, models }: NamedThings): Listing {
  return {
    scenes: scenes.map((scene, i) => {
      const { name, format, rows, cols, bands, sampleType } = scene;
      const files = listed(scene, i + 1);
      return { ...files[0]!, name, format, rows, cols, bands, sampleType, files };
    }),
    models: models.map((model, i) => listed(model, scenes.length + i + 1)[0]!),
  };
}

/** The files of what was named, and the list of them. */
export function servedThings(named: NamedThings, listing: Listing): Map<string, Served> {
  const files = [...named.scenes, ...named.models].flatMap((thing, i) =>
    thing.files.map(({ name, path }): [string, Served] => [`/files/${i + 1}/${name}`, { path, type: fileType(name) }]),
  );
  return new Map<string, Served>([...files, ['/api/list.json', { text: JSON.stringify(listing), type: JSON_TYPE }]]);
}

/** A page that stands in for the viewer: links to all that is served. */
export function plainPage({ scenes, models }: Listing): Served {
  const link = ({ name, url, bytes }: ListedFile) => html`<li><a href="${url}">${name}</a>, ${bytes} bytes</li>\n`;
  const scene = ({ name, format, rows, cols, bands, files }: ListedScene) =>
    html`<li>${name}: ${format}, ${rows} x ${cols} pixels, ${bands} bands\n<ul>\n${files.map(link)}</ul></li>\n`;
  const section = (heading: string, items: readonly { readonly html: string }[]) =>
    html`<h2>${heading}</h2>\n${items.length === 0 ? html`<p>None was named.</p>\n` : html`<ul>\n${[...items]}</ul>\n`}`;
  const { html: text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>egunet serve</title></head><body>
<h1>egunet serve</h1>
<p>The viewer is not installed; these are the files that it would show, with <a href="/api/list.json">their list</a>.</p>
${section('Scenes', scenes.map(scene))}${section('Models', models.map(link))}</body></html>
`;
  return { text, type: HTML };
}
