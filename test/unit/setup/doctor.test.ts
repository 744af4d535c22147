import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

  it('shows driver and GPUs, and that training will take them', async () => {
    const rows = ['GPU-aa, NVIDIA L4, 23034', 'GPU-bb, NVIDIA L4, [N/A]'];
    const script = `#!/bin/sh
case "$*" in
  *driver_version*) ${rows.map((row, i) => `echo '${i}, ${row}, 550.54.15'`).join('; ')};;
  *compute_cap*) echo '0, 612, 0, Default, 8.9, [N/A]'; echo '1, [N/A], [N/A], [N/A], [N/A], [N/A]';;
  *) exit 6;;
esac`;
    await writeFile(join(folder, 'nvidia-smi'), script, { mode: 0o755 });
    for (const tool of ['python3', 'c++']) {
      await writeFile(join(folder, tool), '#!/bin/sh\necho "pip 24.0 (g++ 12)"\n', { mode: 0o755 });
    }
    const path = `${folder}:/bin:/usr/bin`;
    const findings = await diagnose({ PATH: path, LOCKSTEP_CACHE: join(folder, 'cache') });
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    expect(byId.get('gpu')).toMatchObject({ status: 'ok', value: 'driver 550.54.15, 2 GPU(s)' });
    expect(byId.get('gpu.0')).toMatchObject({ status: 'ok' });
    expect(byId.get('gpu.0')?.value).toContain('8.9 (--amp fp16 and bf16, TF32)');
    // What the second one does not tell is left out, not guessed.
    expect(byId.get('gpu.1')).toMatchObject({ status: 'ok' });
    expect(byId.get('gpu.1')?.value).not.toContain('N/A');
    expect(byId.get('decision')).toMatchObject({ status: 'ok' });
    expect(byId.get('decision')?.value).toMatch(/^tensorflow on the GPUs/);
  });

  it('says which driver to install where it is too old, and trains on the CPU', async () => {
    await writeFile(join(folder, 'nvidia-smi'), "#!/bin/sh\necho '0, GPU-aa, Tesla K80, 11441, 470.82.01'\n", {
      mode: 0o755,
    });
    const findings = await diagnose({ PATH: `${folder}:/bin`, LOCKSTEP_CACHE: join(folder, 'cache') });
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    expect(byId.get('gpu')).toMatchObject({ status: 'warn', fix: expect.stringContaining('525.60.13') as string });
    expect(byId.get('decision')?.value).not.toContain('GPU');
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
