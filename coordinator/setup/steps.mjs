/** Progress lines of the set-up, one per step, and the set-up's own error. */

/** An expected failure before the build exists, when proto/errors.ts cannot be imported yet. */
export class SetupError extends Error {
  name = 'SetupError';
  isSetupError = true;

  constructor(code, message, hint) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Formats a duration in milliseconds as seconds: `0.3 s`, `21 s`. */
export function formatSeconds(ms) {
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/**
 * Runs `work` under one line on `stream`: the label at once, the seconds when it is done, `failed` when it throws.
 * `work` gets a function that shows a passing detail; only a terminal shows details.
 */
export async function step(label, work, stream = process.stderr) {
  const live = stream.isTTY === true;
  const startedAt = performance.now();
  const head = `set-up: ${label} `;
  stream.write(`${head}… `);
  const detail = (text) => {
    if (live) stream.write(`\r\x1b[K${head}… ${text} `);
  };
  const end = (text) => stream.write(live ? `\r\x1b[K${head}… ${text}\n` : `${text}\n`);
  try {
    const result = await work(detail);
    end(formatSeconds(performance.now() - startedAt));
    return result;
  } catch (error) {
    end(`failed after ${formatSeconds(performance.now() - startedAt)}`);
    throw error;
  }
}
