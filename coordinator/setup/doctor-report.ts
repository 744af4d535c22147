/** Prints what the doctor found. */
import pc from 'picocolors';
import { diagnose, doctorExitCode, type Finding } from './doctor.js';

const MARKS: Readonly<Record<Finding['status'], string>> = {
  ok: pc.green('✓'),
  info: pc.dim('·'),
  warn: pc.yellow('!'),
  fail: pc.red('✗'),
};

/** Writes one line per finding, then a numbered list of what to do. */
export function printFindings(findings: readonly Finding[], stream: NodeJS.WritableStream = process.stdout): void {
  const width = Math.max(...findings.map((finding) => finding.title.length));
  for (const { title, status, value } of findings) {
    // A value of several lines (a compiler's or loader's words) is indented under its first.
    const text = value.split('\n').join(`\n${' '.repeat(width + 6)}`);
    stream.write(`  ${MARKS[status]} ${title.padEnd(width)}  ${text}\n`);
  }
  const fixes = findings.filter((finding) => finding.fix !== undefined);
  if (fixes.length === 0) return;
  stream.write('\nWhat would help:\n');
  fixes.forEach(({ title, fix }, index) => {
    stream.write(`  ${index + 1}. ${title}: ${fix}\n`);
  });
}

/**
 * The `doctor` command: prints the findings and resolves to the exit code, 0 or 69 when nothing can run.
 * @param options.json print `{ findings, exitCode }` as JSON instead
 */
export async function runDoctor(options: { json: boolean }): Promise<number> {
  const findings = await diagnose();
  const exitCode = doctorExitCode(findings);
  if (options.json) process.stdout.write(`${JSON.stringify({ findings, exitCode }, null, 2)}\n`);
  else printFindings(findings);
  return exitCode;
}
