import assert from 'node:assert/strict';
import { type ByteSource, type Folder, RasterError } from '@egunet/raster';

/** A byte source in memory that counts what is asked of it. */
export interface CountingSource extends ByteSource {
  readonly reads: { offset: number; length: number }[];
  closed: boolean;
}

export function memorySource(bytes: Uint8Array, name = 'memory'): CountingSource {
  return {
    name,
    size: bytes.length,
    reads: [],
    closed: false,
    async read(offset, length) {
      this.reads.push({ offset, length });
      if (offset < 0 || offset + length > bytes.length) throw new RasterError(`${name}: cut short`);
      return bytes.slice(offset, offset + length);
    },
    async close() {
      this.closed = true;
    },
  };
}

/** A folder of files in memory; texts are UTF-8. `opened` holds every source that was handed out. */
export function memoryFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  name = 'folder',
): Folder & { readonly opened: CountingSource[] } {
  const opened: CountingSource[] = [];
  return {
    name,
    opened,
    pathOf: (file) => `${name}/${file}`,
    list: async () => Object.keys(files),
    async open(file) {
      const content = files[file];
      if (content === undefined) throw new RasterError(`${name}/${file}: there is no such file`);
      const source = memorySource(
        typeof content === 'string' ? new TextEncoder().encode(content) : content,
        `${name}/${file}`,
      );
      opened.push(source);
      return source;
    },
  };
}

/** Asserts that `action` fails with a one-line RasterError whose message matches. */
export async function assertRefused(action: () => unknown, message: RegExp): Promise<void> {
  await assert.rejects(
    async () => action(),
    (error: Error) => {
      assert.equal((error as { _tag?: string })._tag, 'RasterError', error.stack);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}
