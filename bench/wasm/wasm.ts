/**
 * Where the time of a training step goes on the wasm engine, operator by operator:
 * `npm run bench -- wasm --cfg yolov3-tiny --batch 2 --img 320 --steps 4`.
 */
import { readFileSync } from 'node:fs';
import { numElements } from '../../worker/engine/program.js';
import { type OperatorCall, observeOperators } from '../../worker/engine/wasm/profile.js';
import { initialState } from '../../worker/model/initial-state.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { readFlags } from '../flags.js';
import { noiseBatch } from '../noise-batch.js';
import { compileFlags, openSingleProcess } from '../single-process.js';

/** The first steps compile the kernels. */
const WARM_UP_STEPS = 2;

/** Two operations per product that a convolution or one of its gradients adds up; 0 for other operators. */
function floatingPointOperations({ op, inputs }: OperatorCall): number {
  const [first, second] = inputs;
  if (op.kind === 'conv2dInputGrad') return 2 * numElements(second!.slice(0, 3)) * numElements(first!);
  if (op.kind === 'conv2dFilterGrad') return 2 * numElements(second!.slice(0, 3)) * numElements(op.filterShape);
  if (op.kind !== 'conv2d') return 0;
  const { strides, padding } = op;
  const height = Math.floor((first![1]! + padding.top + padding.bottom - second![0]!) / strides[0]) + 1;
  const width = Math.floor((first![2]! + padding.left + padding.right - second![1]!) / strides[1]) + 1;
  return 2 * first![0]! * height * width * numElements(second!);
}

interface Row {
  readonly operator: string;
  numCalls: number;
  milliseconds: number;
  operations: number;
}

function rowOf(rows: Map<string, Row>, operator: string): Row {
  const row = rows.get(operator) ?? { operator, numCalls: 0, milliseconds: 0, operations: 0 };
  rows.set(operator, row);
  return row;
}

function label({ op, inputs }: OperatorCall, byShape: boolean): string {
  const name = 'fn' in op ? `${op.kind} ${op.fn}` : op.kind;
  return byShape ? `${name} ${inputs.map((shape) => shape.join('×')).join(', ')}` : name;
}

const gigaflops = ({ operations, milliseconds }: Pick<Row, 'operations' | 'milliseconds'>): number =>
  Number((operations / milliseconds / 1e6).toFixed(1));

/** Runs the benchmark with its flags. */
export async function benchWasm(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    batch: '2',
    img: '320',
    nc: '80',
    steps: '4',
    shapes: false,
    json: false,
  });
  const [numSteps, nc] = [Number(options.steps), Number(options.nc)];
  const config = await compileFlags({
    data: 'shapes',
    cfg: options.cfg,
    'batch-size': options.batch,
    imgsz: options.img,
    engine: 'wasm',
    'threads-per-worker': '1',
  });
  const model = resolveModel(parseModelYaml(readFileSync(config.cfg, 'utf8'), config.cfg), { nc });
  const subject = await openSingleProcess({
    config,
    model,
    initialState: initialState(model, 0),
    iterationsPerEpoch: 100,
    numImages: config.batchSize,
  });
  const batch = noiseBatch(config.batchSize, config.imgsz, nc);
  const rows = new Map<string, Row>();
  const steps: { seconds: number; program: number; operations: number }[] = [];
  for (let step = 0; step < numSteps + WARM_UP_STEPS; step++) {
    let operations = 0;
    const stop = observeOperators((call) => {
      const count = floatingPointOperations(call);
      operations += count;
      if (step < WARM_UP_STEPS) return;
      const row = rowOf(rows, label(call, options.shapes));
      row.numCalls += 1 / numSteps;
      row.milliseconds += call.milliseconds / numSteps;
      row.operations += count / numSteps;
    });
    const { seconds, phases } = await subject.trainer.step([batch], subject.schedule.at(step));
    stop();
    const program = phases.find(({ phase }) => phase === 'forward_backward')?.seconds ?? seconds;
    if (step >= WARM_UP_STEPS) steps.push({ seconds, program, operations });
  }
  subject.dispose();
  const rateOf = ({ operations, program }: (typeof steps)[number]): number =>
    gigaflops({ operations, milliseconds: program * 1e3 });
  const median = steps.sort((a, b) => a.program - b.program)[Math.floor(steps.length / 2)]!;
  const summary = {
    engine: subject.engineVersion,
    cfg: options.cfg,
    batch: config.batchSize,
    img: config.imgsz,
    secondsPerStep: Number(median.seconds.toFixed(4)),
    imagesPerSecond: Number((config.batchSize / median.seconds).toFixed(2)),
    forwardBackwardSeconds: Number(median.program.toFixed(4)),
    gigaflopsPerSecond: rateOf(median),
    fastestGigaflopsPerSecond: rateOf(steps[0]!),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    operators: [...rows.values()]
      .sort((a, b) => b.milliseconds - a.milliseconds)
      .map((row) => ({
        operator: row.operator,
        calls: Math.round(row.numCalls),
        milliseconds: Number(row.milliseconds.toFixed(2)),
        ...(row.operations > 0 ? { gigaflopsPerSecond: gigaflops(row) } : {}),
      })),
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const { operators, ...head } = summary;
  process.stdout.write(`${JSON.stringify(head)}\n`);
  for (const { operator, calls, milliseconds, gigaflopsPerSecond } of operators) {
    const rate = gigaflopsPerSecond === undefined ? '' : `${gigaflopsPerSecond.toFixed(1)} GFLOP/s`;
    process.stdout.write(
      `${milliseconds.toFixed(2).padStart(9)} ms ${String(calls).padStart(5)}  ${operator}  ${rate}\n`,
    );
  }
}
