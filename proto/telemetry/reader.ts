/** What becomes of a process when whoever reads its output goes away, as `| head` does. Node's own answer is an uncaught EPIPE. */

type Output = Pick<NodeJS.WriteStream, 'on'>;

/** For a command whose purpose is its output: it ends quietly as soon as nobody reads that any more. What it says beside it may be lost. */
export function endWithoutReader(stdout: Output = process.stdout, stderr: Output = process.stderr): void {
  onGone(stdout, () => process.exit());
  onGone(stderr, () => {});
}

/** For a command that does more than speak: it goes on, and what it has to say is lost. */
export function outliveReader(stdout: Output = process.stdout, stderr: Output = process.stderr): void {
  for (const stream of [stdout, stderr]) onGone(stream, () => {});
}

function onGone(stream: Output, act: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    act();
  });
}
