import { describe, expect, it } from 'vitest';
import { datasetHelp, runDatasetCommand } from '../../../coordinator/cli/dataset.js';

describe('the command line of launch dataset', () => {
  const refused: readonly (readonly [argv: string[], code: string, message: string, hint: string])[] = [
    [['chek'], 'CONFIG_USAGE', "no action 'chek'", "did you mean 'check'?"],
    [['check', '--dta', 'x'], 'CONFIG_UNKNOWN_FLAG', 'no flag --dta', 'did you mean --data?'],
    [['pack', '--images=x'], 'CONFIG_UNKNOWN_FLAG', 'no flag --images=x', ''],
    [['check'], 'CONFIG_USAGE', '--data is missing', '--data NAME|FILE'],
    [['pack', '--data', 'shapes'], 'CONFIG_USAGE', '--out is missing', '--out FOLDER'],
    [['stats', '--data', 'shapes', '--img', 'big'], 'CONFIG_USAGE', "--imgsz: 'big' is not a number", ''],
    [['check', '--data', 'shapes', '--on-bad-sample', 'drop'], 'CONFIG_USAGE', "'drop' is not skip or fail", ''],
    [['autosplit', '--images', '.', '--weights', '1,2,3,4'], 'CONFIG_USAGE', "'1,2,3,4' is not a list", '0.8,0.1,0.1'],
    [['stats', 'shapes'], 'CONFIG_USAGE', 'shapes', ''],
  ];
  it.each(refused)('refuses %j before anything is read or started', async (argv, code, message, hint) => {
    await expect(runDatasetCommand(argv)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
      hint: expect.stringContaining(hint) as unknown,
    });
  });

  it('has a help that names every action and flag', () => {
    const help = datasetHelp();
    for (const word of [
      'check',
      'stats',
      'pack',
      'verify',
      'autosplit',
      'crops',
      'flatten',
      '--data',
      '--shard-mb',
      '--annotated-only',
    ]) {
      expect(help).toContain(word);
    }
  });
});
