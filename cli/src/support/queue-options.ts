import type { QueuePlace } from '../queue/connection.js';
import { UsageError } from './errors.js';
import { text } from './options.js';

/** Where jobs lie. */
export const queueOption = {
  ...text(
    'queue',
    'Redis or Valkey: redis://HOST:PORT, rediss:// with TLS, either with /DATABASE and ?name=NAME behind it; a password in EGUNET_QUEUE_PASSWORD [default: EGUNET_QUEUE]',
  ),
  takes: 'URL',
};

/** The queue that is meant, which answers. Throws UsageError where none is named, CommandError where it cannot be used. */
export async function openPlace(given: string | undefined): Promise<QueuePlace> {
  const url = given ?? process.env.EGUNET_QUEUE;
  if (!url) throw new UsageError('--queue is required, or EGUNET_QUEUE: redis://HOST:PORT');
  const { assertReachable, queuePlace } = await import('../queue/connection.js');
  const place = queuePlace(url);
  await assertReachable(place);
  return place;
}
