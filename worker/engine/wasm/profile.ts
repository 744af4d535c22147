/** Watching the operators of all programs in this process, for measurements. */
import type { Shape } from '../program.js';
import type { WasmOp } from './fuse.js';

/** One operator call that has ended. */
export interface OperatorCall {
  readonly op: WasmOp;
  readonly inputs: readonly Shape[];
  readonly milliseconds: number;
}

type Observer = (call: OperatorCall) => void;

let observer: Observer | undefined;

/** Calls `observe` after each operator until the function that it returns is called. One observer at a time. */
export function observeOperators(observe: Observer): () => void {
  observer = observe;
  return () => {
    if (observer === observe) observer = undefined;
  };
}

/** Runs one operator, timed when somebody watches. */
export function observed<Result>(op: WasmOp, inputs: () => readonly Shape[], run: () => Result): Result {
  if (observer === undefined) return run();
  const start = performance.now();
  const result = run();
  observer({ op, inputs: inputs(), milliseconds: performance.now() - start });
  return result;
}
