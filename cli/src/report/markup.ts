/** A piece of HTML that needs no more escaping. */
export interface Html {
  readonly html: string;
}

type Content = Html | string | number | readonly Content[] | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text made safe as HTML content and attribute value. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** HTML made elsewhere (a chart's SVG, our own style sheet) that is to be taken as it is. */
export const raw = (html: string): Html => ({ html });

function render(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content));
  return 'html' in content ? content.html : content.map(render).join('');
}

/** Template tag: everything interpolated is escaped, except pieces that this tag or `raw` made. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  return raw(parts.map((part, i) => part + render(contents[i])).join(''));
}
