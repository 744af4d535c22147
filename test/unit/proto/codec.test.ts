import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkCredentials,
  decodeDataMessage,
  decodeEnvelope,
  encodeDataHeader,
  encodeEnvelope,
  MAX_PAYLOAD_BYTES,
  runTag,
  SequenceCheck,
} from '../../../proto/codec.js';
import { type LockstepError, ProtocolError } from '../../../proto/errors.js';
import { control, data } from '../../../proto/messages.js';

const CONTEXT = { runId: 'run-1', token: 'secret', generation: 3, sequence: 7 };

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('envelopes', () => {
  it('come back with their context and body', () => {
    const frame = encodeEnvelope(CONTEXT, { heartbeat: { rank: 2, progress: 2 ** 40, phase: 'forward' } });
    const envelope = decodeEnvelope(frame);
    expect(envelope.body).toBe('heartbeat');
    expect(envelope.heartbeat).toMatchObject({ rank: 2, progress: 2 ** 40, phase: 'forward' });
    expect(envelope).toMatchObject({ versionMajor: 1, runId: 'run-1', generation: 3, sequence: 7 });
  });

  it('of another major version are refused with both versions', () => {
    const frame = control.Envelope.encode({ versionMajor: 9, versionMinor: 4, runId: 'run-1' }).finish();
    expect(() => decodeEnvelope(frame)).toThrow('the peer speaks protocol 9.4, this process 1.0');
    expect(codeOf(() => decodeEnvelope(frame))).toBe('PROTOCOL_VERSION_MISMATCH');
  });

  it('of a newer minor version with an unknown message are read, with no body', () => {
    // Field 999, length-delimited, empty: tag (999 << 3) | 2 = 7994 = varint 0xba 0x3e.
    const known = control.Envelope.encode({ versionMajor: 1, versionMinor: 9 }).finish();
    expect(decodeEnvelope(Buffer.concat([known, Buffer.from([0xba, 0x3e, 0])])).body).toBeUndefined();
  });

  it('beyond the size limit are refused before they are parsed', () => {
    expect(codeOf(() => decodeEnvelope(new Uint8Array(101), { maxBytes: 100 }))).toBe('PROTOCOL_FRAME_TOO_LARGE');
  });

  it('made of arbitrary bytes give a ProtocolError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => decodeEnvelope(bytes))).toMatch(
          /^(PROTOCOL_BAD_FRAME|PROTOCOL_VERSION_MISMATCH|no error)$/,
        );
      }),
      { numRuns: 500 },
    );
    expect(codeOf(() => decodeEnvelope(new Uint8Array(0)))).toBe('PROTOCOL_BAD_FRAME');
  });

  it('of another run or with another token are told apart, without leaking the token', () => {
    const envelope = decodeEnvelope(encodeEnvelope(CONTEXT, { drain: { reason: 'x' } }));
    expect(codeOf(() => checkCredentials(envelope, { runId: 'run-1', token: 'secret' }))).toBe('no error');
    expect(codeOf(() => checkCredentials(envelope, { runId: 'run-2', token: 'secret' }))).toBe('PROTOCOL_WRONG_RUN');
    expect(codeOf(() => checkCredentials(envelope, { runId: 'run-1', token: 'other' }))).toBe('PROTOCOL_WRONG_TOKEN');
    try {
      checkCredentials(envelope, { runId: 'run-1', token: 'other' });
    } catch (error) {
      expect(JSON.stringify((error as LockstepError).details) + (error as Error).message).not.toContain('secret');
    }
  });
});

describe('a sequence check', () => {
  it('counts gaps and refuses what was passed already', () => {
    const check = new SequenceCheck();
    check.accept(1);
    check.accept(4); // 2 and 3 are lost
    expect(check.numLost).toBe(2);
    expect(codeOf(() => check.accept(4))).toBe('PROTOCOL_REPLAYED');
    expect(codeOf(() => check.accept(0))).toBe('PROTOCOL_REPLAYED');
  });
});

describe('data messages', () => {
  const tag = runTag('secret');
  const payload = new TextEncoder().encode('123456789');
  const header = () => encodeDataHeader({ runTag: tag, round: 5, sender: 1, phase: data.Phase.RESULT }, payload);

  it('carry the CRC-32 of their payload', () => {
    // The check value of CRC-32 for the digits 1 to 9 is 0xcbf43926.
    expect(data.Header.decode(header()).crc32).toBe(0xcbf43926);
  });

  it('come back with header and payload', () => {
    const message = decodeDataMessage([header(), payload], { runTag: tag });
    expect(message.header).toMatchObject({ round: 5, sender: 1, phase: data.Phase.RESULT, payloadBytes: 9 });
    expect(message.payload).toBe(payload);
  });

  it('with any one bit of the payload flipped are refused', () => {
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const damaged = Uint8Array.from(payload);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeOf(() => decodeDataMessage([header(), damaged], { runTag: tag }))).toBe('PROTOCOL_BAD_CHECKSUM');
    }
  });

  it('of another run, of a wrong size or shape, or of another version are refused', () => {
    expect(codeOf(() => decodeDataMessage([header(), payload], { runTag: tag ^ 1 }))).toBe('PROTOCOL_WRONG_TOKEN');
    expect(codeOf(() => decodeDataMessage([header(), payload.subarray(1)], { runTag: tag }))).toBe(
      'PROTOCOL_BAD_FRAME',
    );
    expect(codeOf(() => decodeDataMessage([header()], { runTag: tag }))).toBe('PROTOCOL_BAD_FRAME');
    const foreign = data.Header.encode({ versionMajor: 2, runTag: tag }).finish();
    expect(codeOf(() => decodeDataMessage([foreign, payload], { runTag: tag }))).toBe('PROTOCOL_VERSION_MISMATCH');
    const huge = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
    expect(codeOf(() => decodeDataMessage([header(), huge], { runTag: tag }))).toBe('PROTOCOL_FRAME_TOO_LARGE');
  });

  it('made of arbitrary bytes give a ProtocolError and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), (frames) => {
        expect(codeOf(() => decodeDataMessage(frames, { runTag: tag }))).toMatch(/^PROTOCOL_/);
      }),
      { numRuns: 500 },
    );
  });
});
