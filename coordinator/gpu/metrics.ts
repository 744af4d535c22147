/** The figures of the leading host's GPUs as Prometheus metrics, labelled with the rank that computes on them. */
import { Gauge, type Registry } from 'prom-client';
import type { GpuFigures } from './query.js';

const LABELS = ['gpu', 'uuid', 'rank'] as const;

/** Which rank computes on a GPU; undefined for GPUs that the run leaves alone. */
export type RankOfGpu = (gpu: Pick<GpuFigures, 'index' | 'uuid'>) => number | undefined;

/**
 * Returns which rank has which GPU.
 * @param devices CUDA_VISIBLE_DEVICES by local rank: an index, or a UUID or its beginning
 * @param firstRank of the host
 */
export function rankOfGpu(devices: readonly string[], firstRank: number): RankOfGpu {
  return ({ index, uuid }) => {
    const localRank = devices.findIndex(
      (device) => device === String(index) || (device.startsWith('GPU-') && uuid.startsWith(device)),
    );
    return localRank < 0 ? undefined : firstRank + localRank;
  };
}

/** Declares the metrics and returns what fills them. A figure that the driver no longer tells disappears. */
export function registerGpuMetrics(registry: Registry, rankOf: RankOfGpu): (figures: GpuFigures) => void {
  const gauge = (name: string, help: string): Gauge<(typeof LABELS)[number]> =>
    new Gauge({ name: `lockstep_gpu_${name}`, help, labelNames: LABELS, registers: [registry] });
  const gauges = [
    [gauge('utilization_ratio', 'Share of time in which the GPU ran kernels'), (f: GpuFigures) => f.utilization],
    [gauge('memory_used_bytes', 'Memory in use on the GPU, by any process'), (f: GpuFigures) => f.memoryUsedBytes],
    [gauge('memory_size_bytes', 'Memory of the GPU'), (f: GpuFigures) => f.memoryTotalBytes],
    [gauge('power_watts', 'Power that the GPU draws'), (f: GpuFigures) => f.powerWatts],
    [gauge('temperature_celsius', 'Temperature of the GPU'), (f: GpuFigures) => f.temperatureCelsius],
    [gauge('sm_clock_hertz', 'Clock of the multiprocessors'), (f: GpuFigures) => f.smClockHertz],
    [gauge('memory_clock_hertz', "Clock of the GPU's memory"), (f: GpuFigures) => f.memoryClockHertz],
  ] as const;
  return (figures) => {
    const rank = rankOf(figures);
    if (rank === undefined) return;
    const labels = { gpu: String(figures.index), uuid: figures.uuid, rank: String(rank) };
    for (const [target, read] of gauges) {
      const value = read(figures);
      if (value === undefined) target.remove(labels);
      else target.set(labels, value);
    }
  };
}
