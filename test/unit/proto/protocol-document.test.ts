/** PROTOCOL.md says what every message and every field of the .proto files is for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../../proto/paths.js';

const proto = (name: string): string => readFileSync(join(repoRoot, 'proto', name), 'utf8');

/** By the full name inside its package: the fields of each message and the values of each enum. */
function declared(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (scope: protobuf.NamespaceBase, prefix: string): void => {
    for (const one of scope.nestedArray) {
      const name = `${prefix}${one.name}`;
      if (one instanceof protobuf.Enum) found.set(name, Object.keys(one.values));
      if (one instanceof protobuf.Type) {
        found.set(
          name,
          one.fieldsArray.map((field) => field.name),
        );
        visit(one, `${name}.`);
      }
    }
  };
  for (const file of ['control', 'data']) {
    const { root } = protobuf.parse(proto(`messages/${file}.proto`), { keepCase: true });
    visit(root.lookup(`lockstep.${file}`) as protobuf.Namespace, '');
  }
  return found;
}

/** By its name: what the row of a message lists as its fields. A row is | `Message` | direction | what for | fields |. */
function documented(): Map<string, string[]> {
  const rows = proto('PROTOCOL.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 6 && /^`[A-Z]\w+(\.\w+)?`$/.test(cells[1]!));
  return new Map(
    rows.map((cells) => [cells[1]!.slice(1, -1), [...cells[4]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)]),
  );
}

describe('PROTOCOL.md', () => {
  const inDocument = documented();
  const inFiles = declared();

  it('has a row for every message and enum of the .proto files, and for no other', () => {
    expect([...inDocument.keys()].sort()).toEqual([...inFiles.keys()].sort());
    // An empty comparison would hold too.
    expect(inFiles.size).toBeGreaterThanOrEqual(30);
  });

  it.each([...inFiles])('names every field of %s in the order of its number', (name, fields) => {
    expect(inDocument.get(name)).toEqual(fields);
  });
});
