import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnose, doctorExitCode, type Finding } from '../../../coordinator/setup/doctor.js';
import { printFindings } from '../../../coordinator/setup/doctor-report.js';

describe('the doctor', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-doctor-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds wasm as the engine where pip and compiler are missing, and says what to install', async () => {
    const findings = await diagnose({ PATH: folder, LOCKSTEP_CACHE: join(folder, 'cache') });
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    expect(byId.get('node')?.status).toBe('ok');
    expect(byId.get('pip')).toMatchObject({ status: 'warn', value: 'not found' });
    expect(byId.get('compiler')?.fix).toMatch(/install/i);
    expect(byId.get('engine.wasm')?.status).toBe('ok');
    expect(byId.get('zeromq')?.status).toBe('ok');
    expect(byId.get('sharp')?.status).toBe('ok');
    expect(findings.at(-1)).toMatchObject({ id: 'decision', status: 'warn' });
    expect(findings.at(-1)?.value).toContain('wasm on the CPU');
    expect(doctorExitCode(findings)).toBe(0);
  });

  it('ends with 69 only when something cannot run', () => {
    const finding = (status: Finding['status']): Finding => ({ id: 'x', title: 'X', status, value: '' });
    expect(doctorExitCode([finding('ok'), finding('warn'), finding('info')])).toBe(0);
    expect(doctorExitCode([finding('ok'), finding('fail')])).toBe(69);
  });

  it('prints one line per finding and numbers what would help', () => {
    let text = '';
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    printFindings(
      [
        { id: 'a', title: 'First', status: 'ok', value: 'good' },
        { id: 'b', title: 'Second one', status: 'warn', value: 'bad', fix: 'Do this.' },
        { id: 'c', title: 'Third', status: 'fail', value: 'worse\nand more', fix: 'Do that.' },
      ],
      sink,
    );
    expect(text).toMatch(/First {6}\s+good\n/);
    expect(text).toMatch(/worse\n {16}and more\n/);
    expect(text).toContain('1. Second one: Do this.\n  2. Third: Do that.\n');
  });
});
