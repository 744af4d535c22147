import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZipReader } from '../../../proto/zip-reader.js';

interface Member {
  name: string;
  content: Buffer;
  method?: 0 | 8;
  /** Put sizes and offset into a zip64 field, as archives over 4 GiB do. */
  zip64?: boolean;
}

/** Writes an archive as APPNOTE.TXT lays it out: local headers with data, directory, end record. */
function zipOf(members: readonly Member[], options: { zip64End?: boolean; comment?: string } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 8, zip64 = false } of members) {
    const data = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    // A local extra field of its own length, as writers put there for alignment.
    local.writeUInt16LE(4, 28);
    const extra = zip64 ? Buffer.alloc(28) : Buffer.alloc(0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(zip64 ? 0xffffffff : data.length, 20);
    central.writeUInt32LE(zip64 ? 0xffffffff : content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(zip64 ? 0xffffffff : offset, 42);
    if (zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(content.length), 4);
      extra.writeBigUInt64LE(BigInt(data.length), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
    }
    parts.push(local, Buffer.from(name), Buffer.alloc(4), data);
    directory.push(central, Buffer.from(name), extra);
    offset += 30 + name.length + 4 + data.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const comment = Buffer.from(options.comment ?? '');
  end.writeUInt16LE(comment.length, 20);
  parts.push(directoryBytes);
  if (options.zip64End) {
    end.writeUInt16LE(0xffff, 10);
    end.writeUInt32LE(0xffffffff, 12);
    end.writeUInt32LE(0xffffffff, 16);
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(members.length), 32);
    end64.writeBigUInt64LE(BigInt(directoryBytes.length), 40);
    end64.writeBigUInt64LE(BigInt(offset), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(offset + directoryBytes.length), 8);
    parts.push(end64, locator);
  } else {
    end.writeUInt16LE(members.length, 10);
    end.writeUInt32LE(directoryBytes.length, 12);
    end.writeUInt32LE(offset, 16);
  }
  return Buffer.concat([...parts, end, comment]);
}

describe('ZipReader', () => {
  const text = Buffer.from('detect '.repeat(1000));
  let folder = '';
  const archive = async (bytes: Buffer) => {
    const path = join(folder, 'a.zip');
    await writeFile(path, bytes);
    return path;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-zip-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads deflated, stored and empty entries', async () => {
    const path = await archive(
      zipOf([
        { name: 'a/deflated.txt', content: text },
        { name: 'stored.txt', content: text, method: 0 },
        { name: 'empty', content: Buffer.alloc(0), method: 0 },
      ]),
    );
    await using zip = await ZipReader.open(path);
    expect(zip.entries.map((entry) => [entry.name, entry.bytes])).toEqual([
      ['a/deflated.txt', 7000],
      ['stored.txt', 7000],
      ['empty', 0],
    ]);
    for (const entry of zip.entries) {
      expect((await zip.read(entry)).equals(entry.bytes === 0 ? Buffer.alloc(0) : text)).toBe(true);
    }
  });

  it('extracts into new folders and tells the SHA-256 of what it wrote', async () => {
    await using zip = await ZipReader.open(await archive(zipOf([{ name: 'x', content: text }])));
    const target = join(folder, 'deep', 'er', 'x');
    const sha256 = await zip.extract(zip.entries[0]!, target);
    expect(await readFile(target)).toEqual(text);
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('understands zip64 sizes and the zip64 end record, and a comment after it', async () => {
    const bytes = zipOf([{ name: 'big', content: text, zip64: true }], { zip64End: true, comment: 'made by hand' });
    await using zip = await ZipReader.open(await archive(bytes));
    expect(zip.entries).toHaveLength(1);
    expect(await zip.read(zip.entries[0]!)).toEqual(text);
  });

  it('refuses content that does not match its CRC-32', async () => {
    const bytes = zipOf([{ name: 'x', content: text, method: 0 }]);
    bytes[30 + 1 + 4 + 10]! ^= 1;
    await using zip = await ZipReader.open(await archive(bytes));
    await expect(zip.read(zip.entries[0]!)).rejects.toMatchObject({ code: 'ENGINE_ARCHIVE_DAMAGED' });
  });

  it('refuses a deflate stream that is broken', async () => {
    const bytes = zipOf([{ name: 'x', content: text }]);
    // Block type 3 does not exist in deflate.
    bytes[30 + 1 + 4] = 0xff;
    await using zip = await ZipReader.open(await archive(bytes));
    await expect(zip.extract(zip.entries[0]!, join(folder, 'x'))).rejects.toMatchObject({
      code: 'ENGINE_ARCHIVE_DAMAGED',
    });
  });

  it('refuses a file that was cut off, at any length', async () => {
    const bytes = zipOf([{ name: 'x', content: Buffer.from('hello') }]);
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(ZipReader.open(await archive(bytes.subarray(0, length)))).rejects.toMatchObject({
        code: 'ENGINE_ARCHIVE_DAMAGED',
      });
    }
  });
});
