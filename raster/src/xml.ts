import { RasterError } from './error.js';
import { refuse } from './refuse.js';
import type { ByteSource } from './source.js';

/** What is needed of a parser, whatever it makes of names. */
interface XmlParser {
  on(event: 'error', handler: (error: Error) => void): void;
  write(text: string): { close(): unknown };
}

const CHUNK = 1 << 18;

/** Feeds a parser with a file, a piece at a time. Rejects with RasterError, which ends with `advice`, where the file is no well-formed XML or the parser's own listeners throw. */
export async function readXml(source: ByteSource, parser: XmlParser, advice: string): Promise<void> {
  const decoder = new TextDecoder();
  parser.on('error', (error) => {
    throw error;
  });
  try {
    for (let at = 0; at < source.size; at += CHUNK) {
      const bytes = await source.read(at, Math.min(CHUNK, source.size - at));
      parser.write(decoder.decode(bytes, { stream: true }));
    }
    parser.write(decoder.decode()).close();
  } catch (cause) {
    if (cause instanceof RasterError) throw cause;
    const reason = String((cause as Error).message).split('\n')[0];
    refuse(source.name, `damaged or cut short XML (${reason}); ${advice}`, cause);
  }
}
