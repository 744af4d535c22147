/** Envelopes (control plane) and headers (data plane) to bytes and back, and the checks that keep strangers out. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from '@node-rs/crc32';
import { ProtocolError } from './errors.js';
import { control, data, type wire } from './messages.js';
import { formatVersion, PROTOCOL_VERSION } from './version.js';

/** A decoded envelope; `body` names the message in it, and is undefined for one that only a newer minor version knows. */
export type Envelope = wire.control.Envelope;
/** One message and nothing else, such as `{ heartbeat: { … } }`. */
export type EnvelopeBody = Omit<
  wire.control.Envelope.$Properties,
  'versionMajor' | 'versionMinor' | 'runId' | 'generation' | 'sequence' | 'token' | '$unknowns'
>;
/** What a header says; the version, the checksum and the payload's size are filled in by the codec. */
export type DataHeader = wire.data.Header;

/** What the sender of an envelope states about itself. */
export interface EnvelopeContext {
  readonly runId: string;
  /** The run's secret. */
  readonly token: string;
  readonly generation: number;
  /** Counts this sender's messages from 1. */
  readonly sequence: number;
}

/** The largest envelope that is read or written. A run configuration and a page of stack traces stay far below it. */
export const MAX_ENVELOPE_BYTES = 4 * 1024 * 1024;
/** The largest payload frame: senders cut longer vectors into segments. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
/** A header has fifteen small numbers; with every varint at its longest it stays below this. */
export const MAX_HEADER_BYTES = 256;

/**
 * Returns the bytes of an envelope around one message.
 * @throws ProtocolError PROTOCOL_FRAME_TOO_LARGE beyond {@link MAX_ENVELOPE_BYTES}
 */
export function encodeEnvelope(context: EnvelopeContext, body: EnvelopeBody): Uint8Array {
  const bytes = control.Envelope.encode({
    versionMajor: PROTOCOL_VERSION.major,
    versionMinor: PROTOCOL_VERSION.minor,
    runId: context.runId,
    token: context.token,
    generation: context.generation,
    sequence: context.sequence,
    ...body,
  }).finish();
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) throw tooLarge('envelope', bytes.byteLength, MAX_ENVELOPE_BYTES);
  return bytes;
}

/**
 * Returns the envelope in a frame. Says nothing about whether its sender belongs to the run: see {@link checkCredentials}.
 * @throws ProtocolError PROTOCOL_FRAME_TOO_LARGE, PROTOCOL_BAD_FRAME (not an envelope), PROTOCOL_VERSION_MISMATCH (another major)
 */
export function decodeEnvelope(frame: Uint8Array, limits: { readonly maxBytes?: number } = {}): Envelope {
  const maxBytes = limits.maxBytes ?? MAX_ENVELOPE_BYTES;
  if (frame.byteLength > maxBytes) throw tooLarge('envelope', frame.byteLength, maxBytes);
  let envelope: Envelope;
  try {
    envelope = control.Envelope.decode(frame);
  } catch (error) {
    throw badFrame(`${frame.byteLength} bytes are no envelope`, error);
  }
  // Every version states its major, so an envelope without one is garbage that happens to parse.
  if (envelope.versionMajor === 0) throw badFrame(`an envelope of ${frame.byteLength} bytes states no version`);
  checkVersion(envelope.versionMajor, envelope.versionMinor);
  return envelope;
}

/** The identity of a run, as its members know it. */
export interface Credentials {
  readonly runId: string;
  readonly token: string;
}

/**
 * Returns if the sender belongs to this run.
 * @throws ProtocolError PROTOCOL_WRONG_RUN, PROTOCOL_WRONG_TOKEN (the token itself is never in the message)
 */
export function checkCredentials(envelope: Envelope, expected: Credentials): void {
  if (envelope.runId !== expected.runId) {
    throw new ProtocolError(
      'PROTOCOL_WRONG_RUN',
      `a message of run "${envelope.runId}" reached run "${expected.runId}"`,
      {
        hint: 'Two runs share an address: give each its own --rdzv-endpoint port, and stop processes left from an older run.',
        details: { actual: envelope.runId, expected: expected.runId },
      },
    );
  }
  // Hashed first because timingSafeEqual wants equal lengths.
  if (!timingSafeEqual(sha256(envelope.token), sha256(expected.token))) {
    throw new ProtocolError('PROTOCOL_WRONG_TOKEN', `a message of run "${envelope.runId}" has the wrong token`, {
      hint: "Start every node with the same token; workers get theirs from their node's launcher.",
      details: { runId: envelope.runId },
    });
  }
}

/** Tells new messages of one sender from replayed ones, and counts what was lost in between. */
export class SequenceCheck {
  #last = 0;
  #numLost = 0;

  /** Messages that never came, by the gaps in the sender's count. */
  get numLost(): number {
    return this.#numLost;
  }

  /**
   * Returns if `sequence` is newer than all before it, and remembers it.
   * @throws ProtocolError PROTOCOL_REPLAYED for a number that is 0 or was passed already
   */
  accept(sequence: number): void {
    if (sequence <= this.#last) {
      throw new ProtocolError('PROTOCOL_REPLAYED', `message ${sequence} came after message ${this.#last}`, {
        hint: 'The message is dropped. If this goes on, two processes run under one identity.',
        details: { sequence, last: this.#last },
      });
    }
    this.#numLost += sequence - this.#last - 1;
    this.#last = sequence;
  }
}

/** Returns the first four bytes of the token's SHA-256 as an unsigned number: what data frames carry instead of the token. */
export function runTag(token: string): number {
  return sha256(token).readUInt32BE(0);
}

/** What the sender of a data frame chooses. */
export type DataHeaderFields = Omit<
  wire.data.Header.$Properties,
  'versionMajor' | 'payloadBytes' | 'crc32' | '$unknowns'
> & {
  /** Checksum of the payload where the caller has it already, for one payload sent to several peers. */
  readonly crc32?: number;
};

/** The two numbers of a lane checksum: see worker/simd/assembly/frames.ts. */
export interface LaneChecksum {
  readonly sum: number;
  readonly turn: number;
}

/** Returns the CRC-32 of a payload frame, which may lie in shared memory. */
export function payloadChecksum(payload: Uint8Array): number {
  return crc32(payload);
}

/**
 * Returns the bytes of the header frame that goes before `payload`.
 * @throws ProtocolError PROTOCOL_FRAME_TOO_LARGE beyond {@link MAX_PAYLOAD_BYTES}
 */
export function encodeDataHeader(fields: DataHeaderFields, payload: Uint8Array): Uint8Array {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) throw tooLarge('payload', payload.byteLength, MAX_PAYLOAD_BYTES);
  return data.Header.encode({
    ...fields,
    versionMajor: PROTOCOL_VERSION.major,
    payloadBytes: payload.byteLength,
    crc32: fields.crc32 ?? payloadChecksum(payload),
  }).finish();
}

/**
 * As {@link encodeDataHeader} for a direct connection, where the checksum is of another kind.
 * @throws ProtocolError PROTOCOL_FRAME_TOO_LARGE beyond {@link MAX_PAYLOAD_BYTES}
 */
export function encodeDirectHeader(
  fields: DataHeaderFields,
  payloadBytes: number,
  { sum, turn }: LaneChecksum,
): Uint8Array {
  if (payloadBytes > MAX_PAYLOAD_BYTES) throw tooLarge('payload', payloadBytes, MAX_PAYLOAD_BYTES);
  const { major: versionMajor } = PROTOCOL_VERSION;
  return data.Header.encode({ ...fields, crc32: 0, versionMajor, payloadBytes, laneSum: sum, laneTurn: turn }).finish();
}

/**
 * Returns the header of a data message of two frames, once its version, its run and the payload's size and checksum agree.
 * @throws ProtocolError PROTOCOL_BAD_FRAME, PROTOCOL_FRAME_TOO_LARGE, PROTOCOL_VERSION_MISMATCH, PROTOCOL_WRONG_TOKEN (the
 *   run tag), PROTOCOL_BAD_CHECKSUM
 */
export function decodeDataMessage(
  frames: readonly Uint8Array[],
  expected: { readonly runTag: number },
): { header: DataHeader; payload: Uint8Array } {
  const [headerFrame, payload] = frames;
  if (frames.length !== 2 || headerFrame === undefined || payload === undefined) {
    throw badFrame(`a data message has ${frames.length} frames instead of 2`);
  }
  if (payload.byteLength > MAX_PAYLOAD_BYTES) throw tooLarge('payload', payload.byteLength, MAX_PAYLOAD_BYTES);
  const header = decodeDataHeader(headerFrame, expected);
  if (header.payloadBytes !== payload.byteLength) throw wrongSize(header, payload.byteLength);
  const checksum = payloadChecksum(payload);
  if (header.crc32 !== checksum) throw badChecksum(header, `CRC-32 ${hex(checksum)} instead of ${hex(header.crc32)}`);
  return { header, payload };
}

/**
 * Returns what the first frame of a data message says, once its version and its run agree.
 * @throws ProtocolError PROTOCOL_BAD_FRAME, PROTOCOL_FRAME_TOO_LARGE, PROTOCOL_VERSION_MISMATCH, PROTOCOL_WRONG_TOKEN (the run tag)
 */
export function decodeDataHeader(frame: Uint8Array, expected: { readonly runTag: number }): DataHeader {
  if (frame.byteLength > MAX_HEADER_BYTES) throw tooLarge('header', frame.byteLength, MAX_HEADER_BYTES);
  let header: DataHeader;
  try {
    header = data.Header.decode(frame);
  } catch (error) {
    throw badFrame(`${frame.byteLength} bytes are no data header`, error);
  }
  if (header.versionMajor === 0) throw badFrame('a data header states no version');
  checkVersion(header.versionMajor, 0);
  if (header.runTag !== expected.runTag) {
    throw new ProtocolError('PROTOCOL_WRONG_TOKEN', 'a data frame carries the tag of another run', {
      hint: 'The frame is dropped. Look for processes left from an older run.',
      details: { actual: header.runTag, expected: expected.runTag },
    });
  }
  if (header.payloadBytes > MAX_PAYLOAD_BYTES) throw tooLarge('payload', header.payloadBytes, MAX_PAYLOAD_BYTES);
  return header;
}

/** A payload has another size than its header says. */
export function wrongSize(header: DataHeader, bytes: number | undefined): ProtocolError {
  return badFrame(`a header announces ${header.payloadBytes} bytes, its payload has ${bytes ?? 'no'}`);
}

/** Returns if a direct frame's payload is what was sent. @throws ProtocolError PROTOCOL_BAD_CHECKSUM */
export function checkLanes(header: DataHeader, { sum, turn }: LaneChecksum): void {
  if (header.laneSum === sum && header.laneTurn === turn) return;
  const expected = `${hex(header.laneSum)} ${hex(header.laneTurn)}`;
  throw badChecksum(header, `checksum ${hex(sum)} ${hex(turn)} instead of ${expected}`);
}

function badChecksum(header: DataHeader, what: string): ProtocolError {
  return new ProtocolError(
    'PROTOCOL_BAD_CHECKSUM',
    `a payload of ${header.payloadBytes} bytes from rank ${header.sender} has ${what}`,
    {
      hint: "Data was damaged on its way: check that host's network and memory.",
      details: { sender: header.sender, round: header.round, bucket: header.bucket, phase: header.phase },
    },
  );
}

function checkVersion(major: number, minor: number): void {
  if (major === PROTOCOL_VERSION.major) return;
  const theirs = formatVersion({ major, minor });
  const ours = formatVersion(PROTOCOL_VERSION);
  throw new ProtocolError('PROTOCOL_VERSION_MISMATCH', `the peer speaks protocol ${theirs}, this process ${ours}`, {
    hint: 'Install the same version of Lockstep on every node.',
    details: { theirs, ours },
  });
}

function tooLarge(what: string, bytes: number, maxBytes: number): ProtocolError {
  return new ProtocolError('PROTOCOL_FRAME_TOO_LARGE', `${what} of ${bytes} bytes; at most ${maxBytes} are allowed`, {
    hint: 'A frame from a stranger is dropped; if it is ours, send less in one message.',
    details: { bytes, maxBytes },
  });
}

function badFrame(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('PROTOCOL_BAD_FRAME', message, {
    hint: 'The frame is dropped. Something other than Lockstep talks to this port.',
    cause,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}
