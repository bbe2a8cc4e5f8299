import { openFile } from '../node-files.js';

type Kind = 'zip' | 'tar' | undefined;

/** Tells an archive by its first bytes; undefined for any other file. */
export async function archiveKind(path: string): Promise<Kind> {
  const source = await openFile(path);
  try {
    const bytes = await source.read(0, Math.min(262, source.size));
    const text = String.fromCharCode(...bytes);
    if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return 'zip';
    return text.startsWith('\x1f\x8b') || text.startsWith('ustar', 257) ? 'tar' : undefined;
  } finally {
    await source.close();
  }
}
