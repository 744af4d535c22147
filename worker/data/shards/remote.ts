/** Reads from an HTTP(S) server, such as the public or presigned endpoint of an object store. */
import { DataError } from '../../../proto/errors.js';

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;
const PARTIAL_CONTENT = 206;
/** Answers after which it is worth asking again. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface RemoteOptions {
  readonly signal?: AbortSignal | undefined;
}

/** An address without what may be secret in it. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function remoteError(url: string, why: string, cause?: unknown): DataError {
  return new DataError('DATA_REMOTE', `${shown(url)}: ${why}`, {
    hint: 'check the address and the permissions of the store; it must answer range requests',
    details: { url: shown(url) },
    cause,
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** One answer's body, or what went wrong and whether to ask again. */
async function ask(
  url: string,
  range: string | undefined,
  options: RemoteOptions,
): Promise<Uint8Array | { readonly error: DataError; readonly again: boolean }> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  try {
    const response = await fetch(url, { signal, headers: range === undefined ? {} : { range } });
    const wanted = range === undefined ? response.ok : response.status === PARTIAL_CONTENT;
    if (wanted) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    const why = response.ok ? 'the server does not answer range requests' : `HTTP status ${response.status}`;
    return { error: remoteError(url, why), again: RETRIED_STATUS.has(response.status) };
  } catch (cause) {
    options.signal?.throwIfAborted();
    const { message, cause: inner } = cause as Error;
    return { error: remoteError(url, inner instanceof Error ? inner.message : message, cause), again: true };
  }
}

async function askRepeatedly(url: string, range: string | undefined, options: RemoteOptions): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(url, range, options);
    if (answer instanceof Uint8Array) return answer;
    if (!answer.again || attempt === ATTEMPTS) throw answer.error;
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
}

/**
 * The whole content of an address. Failures that may pass are tried again, four times in all.
 * @throws DataError `DATA_REMOTE`
 */
export function fetchWhole(url: string, options: RemoteOptions = {}): Promise<Uint8Array> {
  return askRepeatedly(url, undefined, options);
}

/**
 * `bytes` bytes of an address from `offset` on, as {@link fetchWhole}.
 * @throws DataError `DATA_REMOTE`
 */
export async function fetchRange(
  url: string,
  offset: number,
  bytes: number,
  options: RemoteOptions = {},
): Promise<Uint8Array> {
  if (bytes === 0) return new Uint8Array(0);
  const answer = await askRepeatedly(url, `bytes=${offset}-${offset + bytes - 1}`, options);
  if (answer.length === bytes) return answer;
  throw remoteError(url, `${answer.length} bytes came where ${bytes} were asked for`);
}
