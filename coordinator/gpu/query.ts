/** What `nvidia-smi --query-gpu` says, robustly: fields that a GPU or a driver does not know read as undefined. */

/** Figures of one GPU at one moment. Undefined where the driver does not tell (`[N/A]`, `[Not Supported]`, …). */
export interface GpuFigures {
  readonly index: number;
  readonly uuid: string;
  /** Share of the last sampling period in which a kernel ran, from 0 to 1. */
  readonly utilization: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly powerWatts: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly smClockHertz: number | undefined;
  readonly memoryClockHertz: number | undefined;
}

const FIELDS = [
  'index',
  'uuid',
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'power.draw',
  'temperature.gpu',
  'clocks.sm',
  'clocks.mem',
] as const;

/** Arguments of nvidia-smi for figures that {@link parseFigures} reads, again every `intervalSeconds`. */
export function figuresArguments(intervalSeconds: number): string[] {
  return [`--query-gpu=${FIELDS.join()}`, '--format=csv,noheader,nounits', '-l', String(intervalSeconds)];
}

/** Reads one line; undefined for anything that is not a row of figures (headers, warnings, half a line). */
export function parseFigures(line: string): GpuFigures | undefined {
  const fields = line.split(',').map((field) => field.trim());
  const [index = '', uuid = '', ...rest] = fields;
  if (fields.length !== FIELDS.length || !/^\d+$/.test(index) || !uuid.startsWith('GPU-')) return undefined;
  const [percent, used, total, watts, celsius, smMegahertz, memoryMegahertz] = rest.map(toNumber);
  return {
    index: Number(index),
    uuid,
    utilization: times(percent, 0.01),
    memoryUsedBytes: times(used, 2 ** 20),
    memoryTotalBytes: times(total, 2 ** 20),
    powerWatts: watts,
    temperatureCelsius: celsius,
    smClockHertz: times(smMegahertz, 1e6),
    memoryClockHertz: times(memoryMegahertz, 1e6),
  };
}

/** A number; undefined for `[N/A]` and its kin. Some drivers write units even when asked not to. */
function toNumber(field: string): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)(?:\s*(?:%|MiB|W|C|MHz))?$/.exec(field);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
