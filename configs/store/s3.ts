/**
 * Addresses `s3://bucket/key` of Amazon S3 and of stores that speak its protocol. Credentials, region and endpoint come from
 * the variables and files that the AWS tools read; without credentials requests go unsigned, which public buckets answer.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../proto/errors.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface S3Settings {
  readonly region: string;
  /** Base address of another store than Amazon's; buckets are the first part of the path there. */
  readonly endpoint?: string | undefined;
  readonly credentials?: S3Credentials | undefined;
}

const DEFAULT_REGION = 'us-east-1';

/** Whether an address is one of an S3 store. */
export function isS3(url: string): boolean {
  return /^s3:\/\//i.test(url);
}

/** The keys of a profile in a file of the AWS tools; none where the file or the profile is missing. */
function readProfile(path: string, profile: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  const keys: Record<string, string> = {};
  let isIn = false;
  for (const line of text.split('\n').map((l) => l.trim())) {
    const section = /^\[\s*(?:profile\s+)?([^\]]+?)\s*\]$/.exec(line);
    if (section !== null) isIn = section[1] === profile;
    const entry = /^([\w-]+)\s*=\s*(.*)$/.exec(line);
    if (isIn && entry !== null) keys[entry[1]!] = entry[2]!;
  }
  return keys;
}

/**
 * What the environment says: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or
 * `AWS_DEFAULT_REGION`), `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`); else the profile `AWS_PROFILE` of `~/.aws`.
 */
export function readS3Settings(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): S3Settings {
  const profile = env.AWS_PROFILE || 'default';
  const config = readProfile(env.AWS_CONFIG_FILE || join(home, '.aws', 'config'), profile);
  const secrets = readProfile(env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials'), profile);
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || config.endpoint_url;
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || config.region || DEFAULT_REGION;
  // Keys and token belong together: they are never taken from different places.
  const fromEnv = env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY;
  const id = fromEnv ? env.AWS_ACCESS_KEY_ID : secrets.aws_access_key_id;
  const secret = fromEnv ? env.AWS_SECRET_ACCESS_KEY : secrets.aws_secret_access_key;
  const token = fromEnv ? env.AWS_SESSION_TOKEN : secrets.aws_session_token;
  const credentials = id && secret ? { accessKeyId: id, secretAccessKey: secret, sessionToken: token } : undefined;
  return { region, endpoint, credentials };
}

/**
 * Where an object is over HTTP(S).
 * @throws DataError `DATA_REMOTE` for an address without a bucket or a key
 */
export function s3ToHttp(address: string, { endpoint, region }: S3Settings): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.host === '' || url.pathname.length < 2) {
    throw new DataError('DATA_REMOTE', `${address} is not the address of an object`, {
      hint: 'write s3://bucket/path/to/train.shards.json',
      details: { url: address },
    });
  }
  const bucket = url.host;
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}${url.pathname}`;
  // A dot in the bucket's name would not fit the certificate of its own host.
  return bucket.includes('.')
    ? `https://s3.${region}.amazonaws.com/${bucket}${url.pathname}`
    : `https://${bucket}.s3.${region}.amazonaws.com${url.pathname}`;
}

/**
 * The request for an object: signed (AWS Signature Version 4) where there are credentials.
 * @param headers such as `range`
 */
export async function s3Request(
  address: string,
  headers: Readonly<Record<string, string>>,
  settings: S3Settings = readS3Settings(),
): Promise<Request> {
  const url = s3ToHttp(address, settings);
  const { credentials, region } = settings;
  if (credentials === undefined) return new Request(url, { headers });
  // Only runs on such stores need it.
  const { AwsClient } = await import('aws4fetch');
  const { sessionToken, ...keys } = credentials;
  const client = new AwsClient({ ...keys, ...(sessionToken && { sessionToken }), region, service: 's3' });
  return client.sign(url, { method: 'GET', headers });
}
