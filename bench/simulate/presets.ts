/** Networks and compressions to predict for. */
import type { CodecSpeeds } from './link-sample.js';
import { type Compression, type Link, NO_COMPRESSION } from './model.js';

/** Between hosts, per host and direction: nine tenths of the line rate, and the latency of TCP through a switch. */
export const NETWORKS: Readonly<Record<string, Link>> = {
  '1GbE': { latencySeconds: 50e-6, bytesPerSecond: 0.9 * 125e6 },
  '10GbE': { latencySeconds: 30e-6, bytesPerSecond: 0.9 * 1.25e9 },
  '25GbE': { latencySeconds: 25e-6, bytesPerSecond: 0.9 * 3.125e9 },
  '100GbE': { latencySeconds: 20e-6, bytesPerSecond: 0.9 * 12.5e9 },
};

/** Ways for gradients to travel, by name, with codecs of the measured speeds. */
export function compressions({ bf16, int8 }: CodecSpeeds): Compression[] {
  return [
    NO_COMPRESSION,
    { name: 'bf16', wireShare: 1 / 2, codecBytesPerSecond: bf16 },
    { name: 'int8', wireShare: 1 / 4, codecBytesPerSecond: int8 },
  ];
}
