// GDAL's metadata tag: <GDALMetadata><Item name= sample= role= domain=>text</Item>...</GDALMetadata>.
import { SaxesParser } from 'saxes';
import { refuse } from '../refuse.js';

/** One item of metadata: of the data set, or of a band where `sample` (from 0) is given. */
export interface GdalItem {
  readonly name: string;
  readonly value: string;
  readonly sample?: number;
  /** `description`, `scale`, `offset`, `unittype`, `colorinterp`. */
  readonly role?: string;
  readonly domain?: string;
}

/** Reads the tag's XML; throws RasterError naming `source` where it is not well-formed. */
export function parseGdalMetadata(xml: string, source: string): GdalItem[] {
  const items: GdalItem[] = [];
  const parser = new SaxesParser<{ xmlns: false }>({ xmlns: false });
  let depth = 0;
  let item: Omit<GdalItem, 'value'> | undefined;
  let value = '';
  parser.on('error', (error) =>
    refuse(source, `GDAL_METADATA is not valid XML: ${error.message}; write it again`, error),
  );
  parser.on('opentag', ({ name, attributes }) => {
    depth++;
    if (depth !== 2 || name !== 'Item') return;
    const { sample, role, domain } = attributes;
    item = {
      name: attributes.name ?? '',
      ...(sample !== undefined && { sample: Number(sample) }),
      ...(role !== undefined && { role }),
      ...(domain !== undefined && { domain }),
    };
    value = '';
  });
  parser.on('text', (text) => {
    if (item) value += text;
  });
  parser.on('cdata', (text) => {
    if (item) value += text;
  });
  parser.on('closetag', () => {
    if (depth === 2 && item) {
      items.push({ ...item, value: unescapeXml(value) });
      item = undefined;
    }
    depth--;
  });
  parser.write(xml).close();
  return items;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]!);

const CHARACTERS = new Map(Object.entries(ENTITIES).map(([character, entity]) => [entity, character]));

/** GDAL escapes the values of items twice, and undoes it twice when it reads. */
const unescapeXml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot);/g, (entity) => CHARACTERS.get(entity)!);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the very characters that XML 1.0 has no way to hold
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The tag's XML for `items`; throws RasterError naming `sink` where a text cannot be held by XML. */
export function formatGdalMetadata(items: readonly GdalItem[], sink: string): string {
  const lines = items.map(({ name, value, sample, role, domain }) => {
    if (NOT_XML.test(name) || NOT_XML.test(value))
      refuse(sink, `metadata '${name}' holds a control character; remove it`);
    const attributes = [
      `name="${escapeXml(name)}"`,
      ...(sample === undefined ? [] : [`sample="${sample}"`]),
      ...(role === undefined ? [] : [`role="${escapeXml(role)}"`]),
      ...(domain === undefined ? [] : [`domain="${escapeXml(domain)}"`]),
    ];
    return `  <Item ${attributes.join(' ')}>${escapeXml(escapeXml(value))}</Item>\n`;
  });
  return `<GDALMetadata>\n${lines.join('')}</GDALMetadata>\n`;
}
