/** Reads from an HTTP(S) server or an S3 store. */
import { DataError } from '../../proto/errors.js';
import { isS3, s3Request } from './s3.js';

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
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function remoteError(url: string, why: string, cause?: unknown): DataError {
  return new DataError('DATA_REMOTE', `${shownUrl(url)}: ${why}`, {
    hint: isS3(url)
      ? 'check the address, AWS_REGION (or AWS_ENDPOINT_URL) and the credentials (AWS_ACCESS_KEY_ID or ~/.aws/credentials)'
      : 'check the address and the permissions of the store; it must answer range requests',
    details: { url: shownUrl(url) },
    cause,
  });
}

/** The status, and the code of S3's errors (`AccessDenied`, `NoSuchKey`), which tell far more. */
async function refusal(response: Response): Promise<string> {
  const isXml = response.headers.get('content-type')?.includes('xml') === true;
  const code = isXml ? /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] : undefined;
  return `HTTP status ${response.status}${code === undefined ? '' : ` (${code})`}`;
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
    const headers: Record<string, string> = range === undefined ? {} : { range };
    const response = await fetch(isS3(url) ? await s3Request(url, headers) : new Request(url, { headers }), { signal });
    const wanted = range === undefined ? response.ok : response.status === PARTIAL_CONTENT;
    if (wanted) return new Uint8Array(await response.arrayBuffer());
    const why = response.ok ? 'the server does not answer range requests' : await refusal(response);
    if (!response.bodyUsed) await response.body?.cancel();
    return { error: remoteError(url, why), again: RETRIED_STATUS.has(response.status) };
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof DataError) return { error: cause, again: false };
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
