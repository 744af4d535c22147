import { describe, expect, test } from 'vitest';
import { helpText, readArguments } from '../../../coordinator/cli/arguments.js';
import { LockstepError } from '../../../proto/errors.js';

function failure(line: string[]): LockstepError {
  try {
    readArguments(line);
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error(`${line.join(' ')} was accepted`);
}

describe('flags', () => {
  test('may be shortened to an unambiguous prefix, as in the reference', () => {
    const { flags } = readArguments(['--batch', '32', '--img', '320', '--epo=3', '--nproc-per', '2', '--workers', '4']);
    expect(Object.fromEntries(flags)).toEqual({
      'batch-size': '32',
      imgsz: '320',
      epochs: '3',
      nproc: '2',
      'loader-threads': '4',
    });
  });

  test('keep empty values, negative numbers and spellings with underscores', () => {
    const { flags } = readArguments(['--weights', '', '--save-period', '-1', '--batch_size', '8', '--local_rank=0']);
    expect(Object.fromEntries(flags)).toEqual({
      weights: '',
      'save-period': '-1',
      'batch-size': '8',
      'local-rank': '0',
    });
  });

  test('--resume stands alone or with a path', () => {
    expect(readArguments(['--resume']).flags.get('resume')).toBe('');
    expect(readArguments(['--resume', '--nproc', '2']).flags.get('resume')).toBe('');
    expect(readArguments(['--resume', 'a.safetensors']).flags.get('resume')).toBe('a.safetensors');
  });

  test.each([
    [['--nprocs', '2'], 'CONFIG_UNKNOWN_FLAG', /unknown flag --nprocs/, /did you mean --nproc\?/],
    [['--epcohs', '2'], 'CONFIG_UNKNOWN_FLAG', /--epcohs/, /--epochs/],
    [['--i', '2'], 'CONFIG_UNKNOWN_FLAG', /short for several/, /--imgsz/],
    [['-e', '2'], 'CONFIG_UNKNOWN_FLAG', /unknown flag -e/, /./],
    [['--device', '0', '--device', '1'], 'CONFIG_USAGE', /--device is given twice/, /--device 0,1/],
    [['--img', '320', '--imgsz', '320'], 'CONFIG_USAGE', /--img and --imgsz are the same flag/, /once/],
    [['--epochs'], 'CONFIG_USAGE', /--epochs needs a value/, /epochs/],
    [['--epochs', '--adam'], 'CONFIG_USAGE', /--epochs needs a value/, /epochs/],
    [['--adam', 'yes'], 'CONFIG_USAGE', /unexpected argument 'yes'/, /./],
    [['trian'], 'CONFIG_USAGE', /unknown command 'trian'/, /train/],
    [['val', '--epochs', '3'], 'CONFIG_UNKNOWN_FLAG', /val has no flag --epochs/, /belongs to train/],
  ])('%j is refused with %s and exit code 2', (line, code, message, hint) => {
    const error = failure(line);
    expect([error.code, error.exitCode]).toEqual([code, 2]);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test.each(['--evolve', '--save-json', '--save-txt', '--half', '--upload_d'])(
    '%s is named as not in this version',
    (flag) => {
      expect(failure([flag]).code).toBe('CONFIG_NOT_IN_VERSION');
    },
  );

  test.each(['detect', 'export', 'bench'])('the command %s is named as not in this version', (command) => {
    expect(failure([command]).code).toBe('CONFIG_NOT_IN_VERSION');
  });

  test('train is the command when none is named', () => {
    expect(readArguments([]).command).toBe('train');
    expect(readArguments(['--help'])).toMatchObject({ command: 'train', help: true });
    expect(readArguments(['--version']).command).toBe('version');
    expect(readArguments(['doctor', '--json'])).toMatchObject({ command: 'doctor', json: true });
  });

  test('the help lists every group and a default', async () => {
    const text = await helpText('train');
    for (const part of ['Model and data:', 'Processes:', 'Logs and metrics:', '--virtual-ranks', '[default: 300]'])
      expect(text).toContain(part);
  });
});
