import { writeFileSync } from 'node:fs';

/**
 * Closes a test run with the one plain line that CI reads: `N passed, N failed, N skipped`. Under `npm test`, which has
 * checks of its own to add, the counts go into the file that LOCKSTEP_TEST_COUNTS names instead.
 */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      // A file that does not even load has no tests to count, yet the run has failed.
      if (module.state() === 'failed' && module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed' || state === 'failed') count[state] += 1;
        else count.skipped += 1;
      }
    }
    count.failed += unhandledErrors.length;
    const path = process.env.LOCKSTEP_TEST_COUNTS;
    if (path) writeFileSync(path, JSON.stringify(count));
    else process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
