// Redis or Valkey, where the queue lies. What is secret in its URL is never shown.
import { Redis, type RedisOptions } from 'ioredis';
import { CommandError, UsageError } from '../support/errors.js';

/** Where a queue lies. */
export interface QueuePlace {
  readonly options: Omit<RedisOptions, 'retryStrategy'>;
  /** Of the queue: several may lie in one database. */
  readonly name: string;
  /** Without user and password. */
  readonly shown: string;
}

/** All keys of a queue begin with this. */
export const PREFIX = 'egunet';

/** ms */
const PATIENCE = 5000;

/** Reads `redis://user:password@host:6379/0?name=NAME`; `rediss` is with TLS. The password may stand in EGUNET_QUEUE_PASSWORD. Throws UsageError. */
export function queuePlace(url: string, env: NodeJS.ProcessEnv = process.env): QueuePlace {
  const found = URL.canParse(url) ? new URL(url) : undefined;
  const protocol = found?.protocol.replace('valkey', 'redis');
  const database = /^\/?(\d{0,5})$/.exec(found?.pathname ?? '')?.[1];
  if (!found?.hostname || !['redis:', 'rediss:'].includes(protocol!) || database === undefined)
    throw new UsageError(
      '--queue: expected redis://HOST:PORT, rediss://HOST:PORT (TLS), or either with /DATABASE and ?name=NAME behind it',
    );
  const name = found.searchParams.get('name') ?? 'maps';
  if (!/^[\w.-]{1,100}$/.test(name))
    throw new UsageError('--queue: expected a name of letters, digits, dots and dashes');
  const password = decodeURIComponent(found.password) || env.EGUNET_QUEUE_PASSWORD;
  const port = Number(found.port || 6379);
  return {
    name,
    shown: `${found.protocol}//${found.hostname}:${port}/${database || 0}?name=${name}`,
    options: {
      ...{ host: found.hostname.replace(/^\[|\]$/g, ''), port, db: Number(database || 0) },
      ...(found.username && { username: decodeURIComponent(found.username) }),
      ...(password && { password }),
      ...(protocol === 'rediss:' && { tls: {} }),
      ...{ connectTimeout: PATIENCE, maxRetriesPerRequest: null },
    },
  };
}

/** Throws CommandError, saying what to do, unless the server answers. */
export async function assertReachable({ options, shown }: QueuePlace): Promise<void> {
  const redis = new Redis({ ...options, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  let last: Error | undefined;
  redis.on('error', (error: Error) => {
    last = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw new CommandError(`${shown}: ${reasonOf(last ?? (error as Error), error as Error)}`, { cause: error });
  } finally {
    redis.disconnect();
  }
}

function reasonOf(...errors: readonly Error[]): string {
  const said = errors.map((error) => `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`).join(' ');
  if (/WRONGPASS|NOAUTH|NOPERM|invalid password/i.test(said))
    return 'the server wants another user or password: give them in the URL, or the password in EGUNET_QUEUE_PASSWORD';
  if (/ECONNREFUSED/.test(said))
    return 'nothing listens there: start Redis or Valkey, or see whether host and port are right';
  if (/ENOTFOUND|EAI_AGAIN/.test(said)) return 'there is no such host: see whether its name is right';
  if (/ETIMEDOUT|timeout/i.test(said)) return 'no answer within 5 s: see whether a firewall lies between';
  if (/LOADING/.test(said)) return 'the server is still loading its data; try again soon';
  return `cannot be used (${errors[0]!.message}); is it Redis or Valkey, with TLS only where it is rediss://?`;
}
