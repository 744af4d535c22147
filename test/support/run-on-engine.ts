/** Runs a program once on an engine and reads everything back, for comparisons. */
import { type DeviceTensor, type Engine, runAll, type TypedArray } from '../../worker/engine/engine.js';
import type { Program, Shape } from '../../worker/engine/program.js';

/** Host data with its shape. */
export interface HostTensor {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** Compiles, feeds by input name (extra names are ignored), runs, and returns all outputs by name. */
export function runOnEngine(
  engine: Engine,
  program: Program,
  feeds: Readonly<Record<string, HostTensor>>,
): Record<string, Float32Array> {
  const tensors: Record<string, DeviceTensor> = {};
  for (const { name } of program.inputs) {
    const feed = feeds[name];
    if (feed !== undefined) tensors[name] = engine.tensor(feed.data, feed.shape);
  }
  const executable = engine.compile(program, { name: 'test' });
  const outputs = runAll(executable, tensors);
  const read = Object.entries(outputs).map(([name, output]) => {
    const data = output.read(new Float32Array(output.shape.reduce((product, size) => product * size, 1)));
    output.dispose();
    return [name, data as Float32Array] as const;
  });
  for (const tensor of Object.values(tensors)) tensor.dispose();
  executable.dispose();
  return Object.fromEntries(read);
}
