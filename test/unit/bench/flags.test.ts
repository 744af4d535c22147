import { expect, it } from 'vitest';
import { readFlags, writeFlags } from '../../../bench/flags.js';

const DEFAULTS = { cfg: 'yolov3-tiny', python: undefined, json: false } as const;

it('takes what is given, else the defaults', () => {
  expect(readFlags([], DEFAULTS)).toEqual({ cfg: 'yolov3-tiny', json: false });
  const given = ['--cfg', 'yolov3', '--json', '--python', '/usr/bin/python3'];
  expect(readFlags(given, DEFAULTS)).toEqual({ cfg: 'yolov3', json: true, python: '/usr/bin/python3' });
});

it.each([
  ['an unknown flag', ['--cgf', 'yolov3'], /--cgf/],
  ['a flag without its value', ['--cfg'], /--cfg/],
  ['a word that belongs to no flag', ['yolov3'], /yolov3/],
])('refuses %s, and says which there are', (_, args, message) => {
  expect(() => readFlags(args, DEFAULTS)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_USAGE',
      message: expect.stringMatching(message),
      hint: 'flags: --cfg yolov3-tiny --python … --json',
    }),
  );
});

it('writes values as flags that it reads again, without those that are undefined', () => {
  const flags = writeFlags({ cfg: 'yolov3', steps: 6, python: undefined });
  expect(flags).toEqual(['--cfg', 'yolov3', '--steps', '6']);
  expect(readFlags(flags, { cfg: '', steps: '', python: undefined })).toEqual({ cfg: 'yolov3', steps: '6' });
});
