/**
 * Checkpoints: one safetensors file that proves itself, and a JSON manifest beside it for people and tools.
 *
 * The weights carry PyTorch's names and layouts, so the file loads there by name; what only a resumed run needs lies
 * under `train/`. The header holds our metadata, a hash per tensor and a hash of itself: a flipped bit anywhere is found.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { CheckpointError } from '../../proto/errors.js';
import { type AtomicWriteOptions, writeAtomically } from './atomic-file.js';
import {
  encodeHeader,
  layOutTensors,
  readHeader,
  readTensor,
  type SafetensorsHeader,
  type TensorEntry,
  writeData,
  writeFully,
} from './safetensors.js';
import type { TensorMap } from './tensor.js';
import { tensorSha256 } from './weights-hash.js';

/** Grows when an older program could no longer understand the file. */
export const CHECKPOINT_VERSION = 1;
const TRAIN_PREFIX = 'train/';
const KEY = {
  version: 'lockstep.version',
  metadata: 'lockstep.metadata',
  tensorHashes: 'lockstep.tensor_sha256',
  headerHash: 'lockstep.header_sha256',
} as const;

/** What a checkpoint says about itself. Further keys survive a round trip; all values must survive JSON. */
export interface CheckpointMetadata {
  /** Last finished epoch, from 0. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** The run is over and the file holds nothing to resume from. */
  readonly finished: boolean;
  readonly fitness: number;
  readonly bestFitness: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The box similarity that the weights were trained with (Q55). */
  readonly boxLoss: string;
  /** The compiled configuration of the run. */
  readonly config: object;
  readonly [key: string]: unknown;
}

export interface CheckpointContent {
  /** The weights to use (the EMA), under PyTorch's names and layouts. */
  readonly state: TensorMap;
  /** What a resumed run needs besides, such as `model/…` and `momentum/…`; stored under `train/`. */
  readonly train?: TensorMap | undefined;
  readonly metadata: CheckpointMetadata;
}

export interface Checkpoint {
  readonly path: string;
  readonly state: TensorMap;
  /** Names without their `train/`; empty in a finished or foreign file. */
  readonly train: TensorMap;
  /** Undefined for a file made elsewhere. */
  readonly metadata: CheckpointMetadata | undefined;
}

export interface CheckpointHeader {
  readonly header: SafetensorsHeader;
  readonly metadata: CheckpointMetadata | undefined;
  /** By full name; undefined for a file made elsewhere. */
  readonly tensorHashes: Readonly<Record<string, string>> | undefined;
}

/** Returns the path of the manifest: `last.json` for `last.safetensors`. */
export function manifestPath(checkpointPath: string): string {
  return `${checkpointPath.replace(/\.safetensors$/, '')}.json`;
}

/**
 * Writes a checkpoint and its manifest; each is whole or absent, and until the rename the previous one stays.
 * @returns size and SHA-256 of the file
 * @throws CheckpointError `CHECKPOINT_NO_SPACE`, `CHECKPOINT_CANNOT_WRITE`
 */
export async function writeCheckpoint(
  path: string,
  content: CheckpointContent,
  options: AtomicWriteOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  const tensors = new Map(content.state);
  for (const [name, tensor] of content.train ?? []) tensors.set(TRAIN_PREFIX + name, tensor);
  const entries = layOutTensors(tensors);
  const tensorHashes = Object.fromEntries([...entries.keys()].map((name) => [name, tensorSha256(tensors.get(name)!)]));
  const metadata = {
    [KEY.version]: String(CHECKPOINT_VERSION),
    [KEY.metadata]: JSON.stringify(content.metadata),
    [KEY.tensorHashes]: JSON.stringify(tensorHashes),
  };
  const head = encodeHeader(entries, { ...metadata, [KEY.headerHash]: headerSha256(entries, metadata) });

  const fileHash = createHash('sha256').update(head);
  let numBytes = head.length;
  await writeAtomically(
    path,
    async (file) => {
      await writeFully(file, head);
      await writeData(
        file,
        tensors,
        entries,
        (piece) => {
          fileHash.update(piece);
          numBytes += piece.length;
        },
        options,
      );
    },
    options,
  );
  const result = { bytes: numBytes, sha256: fileHash.digest('hex') };
  const manifest = {
    format: CHECKPOINT_VERSION,
    ...content.metadata,
    file: { ...result, name: path.slice(path.lastIndexOf('/') + 1) },
    tensors: Object.fromEntries(
      [...entries].map(([name, { dtype, shape }]) => [name, { dtype, shape, sha256: tensorHashes[name] }]),
    ),
  };
  await writeAtomically(manifestPath(path), (file) => file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`), {
    signal: options.signal,
  });
  return result;
}

/**
 * Reads a checkpoint of ours, or a plain safetensors file made elsewhere.
 * @param options.verify compare every tensor with its hash. @defaultValue true
 * @throws CheckpointError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_NOT_SAFETENSORS`, `CHECKPOINT_TRUNCATED`,
 *   `CHECKPOINT_DAMAGED` (names the tensor), `CHECKPOINT_NEWER_VERSION`
 */
export async function readCheckpoint(
  path: string,
  options: { verify?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Checkpoint> {
  return withFile(path, async (file) => {
    const { header, metadata, tensorHashes } = await readOpenHeader(file, path);
    const state = new Map();
    const train = new Map();
    for (const [name, entry] of header.entries) {
      options.signal?.throwIfAborted();
      const tensor = await readTensor(file, header, entry, path);
      if (options.verify !== false && tensorHashes !== undefined && tensorSha256(tensor) !== tensorHashes[name]) {
        throw damaged(path, `the values of tensor ${name} do not match their SHA-256`, name);
      }
      if (metadata !== undefined && name.startsWith(TRAIN_PREFIX)) train.set(name.slice(TRAIN_PREFIX.length), tensor);
      else state.set(name, tensor);
    }
    return { path, state, train, metadata };
  });
}

/** Reads only the header and metadata of a checkpoint; the errors are those of {@link readCheckpoint}. */
export async function readCheckpointHeader(path: string): Promise<CheckpointHeader> {
  return withFile(path, (file) => readOpenHeader(file, path));
}

/**
 * Returns the metadata when a run can continue from this checkpoint.
 * @throws CheckpointError `CHECKPOINT_FINISHED` for a final file, `CHECKPOINT_NOT_RESUMABLE` for one made elsewhere
 */
export function requireResumable(checkpoint: Checkpoint): CheckpointMetadata {
  const { path, metadata } = checkpoint;
  if (metadata === undefined) {
    throw new CheckpointError('CHECKPOINT_NOT_RESUMABLE', `${path} holds weights only, nothing to resume from`, {
      hint: `Start a new run from it: --weights ${path}`,
      details: { path },
    });
  }
  if (metadata.finished) {
    throw new CheckpointError(
      'CHECKPOINT_FINISHED',
      `${path} belongs to a run that finished at epoch ${metadata.epoch}`,
      {
        hint: `Start a new run from it: --weights ${path}`,
        details: { path, epoch: metadata.epoch },
      },
    );
  }
  return metadata;
}

/**
 * Rewrites a checkpoint for good: only the weights, marked as finished. Unlike the reference's it keeps float32, so the
 * SHA-256 of the weights stays what it was. The errors are those of reading and writing.
 */
export async function stripCheckpoint(
  path: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<{ bytes: number; sha256: string }> {
  const { state, metadata } = await readCheckpoint(path);
  if (metadata === undefined) {
    throw new CheckpointError('CHECKPOINT_NOT_RESUMABLE', `${path} was not written by this program`, {
      hint: 'Only checkpoints of a run can be stripped.',
      details: { path },
    });
  }
  return writeCheckpoint(path, { state, metadata: { ...metadata, ...changes, finished: true } });
}

async function withFile<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new CheckpointError('CHECKPOINT_NOT_FOUND', `cannot open ${path}: ${String(cause)}`, {
      hint: 'Check the path; a run keeps its checkpoints under weights/.',
      details: { path },
      cause,
    });
  }
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}

async function readOpenHeader(file: FileHandle, path: string): Promise<CheckpointHeader> {
  if (!(await file.stat()).isFile()) {
    throw new CheckpointError('CHECKPOINT_NOT_FOUND', `${path} is not a file`, {
      hint: 'Give the .safetensors file itself.',
      details: { path },
    });
  }
  const header = await readHeader(file, path);
  const version = header.metadata[KEY.version];
  if (version === undefined) {
    if (Object.keys(header.metadata).some((key) => key.startsWith('lockstep.'))) {
      throw damaged(path, 'the header has lost its version');
    }
    return { header, metadata: undefined, tensorHashes: undefined };
  }
  if (Number(version) > CHECKPOINT_VERSION) {
    throw new CheckpointError(
      'CHECKPOINT_NEWER_VERSION',
      `${path} has format version ${version}, this program reads up to ${CHECKPOINT_VERSION}`,
      { hint: 'Use the version of Lockstep that wrote it, or a newer one.', details: { path, version } },
    );
  }
  const { [KEY.headerHash]: headerHash, ...hashed } = header.metadata;
  if (headerSha256(header.entries, hashed) !== headerHash) throw damaged(path, 'the header does not match its SHA-256');
  return {
    header,
    metadata: parseOurs<CheckpointMetadata>(header.metadata[KEY.metadata], path),
    tensorHashes: parseOurs<Record<string, string>>(header.metadata[KEY.tensorHashes], path),
  };
}

/** The header's hash vouches that we wrote this text, so its shape is ours. */
function parseOurs<T>(text: string | undefined, path: string): T {
  try {
    return JSON.parse(text ?? '') as T;
  } catch {
    throw damaged(path, 'the metadata is no JSON');
  }
}

/** Over the parsed content in data order, so that neither spacing nor the order of keys matters. */
function headerSha256(entries: ReadonlyMap<string, TensorEntry>, metadata: Readonly<Record<string, string>>): string {
  const sortedMetadata = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const table = [...entries].map(([name, { dtype, shape, begin, end }]) => [name, dtype, shape, begin, end]);
  return createHash('sha256')
    .update(JSON.stringify([sortedMetadata, table]))
    .digest('hex');
}

function damaged(path: string, what: string, tensor?: string): CheckpointError {
  return new CheckpointError('CHECKPOINT_DAMAGED', `${path} is damaged: ${what}`, {
    hint: 'Use an earlier checkpoint of the run, or copy the file again.',
    details: tensor === undefined ? { path } : { path, tensor },
  });
}
