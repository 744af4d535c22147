/** Networks and compressions to predict for. */
import { type Compression, type Link, NO_COMPRESSION } from './model.js';

/** Between hosts, per host and direction: nine tenths of the line rate, and the latency of TCP through a switch. */
export const NETWORKS: Readonly<Record<string, Link>> = {
  '1GbE': { latencySeconds: 50e-6, bytesPerSecond: 0.9 * 125e6 },
  '10GbE': { latencySeconds: 30e-6, bytesPerSecond: 0.9 * 1.25e9 },
  '25GbE': { latencySeconds: 25e-6, bytesPerSecond: 0.9 * 3.125e9 },
  '100GbE': { latencySeconds: 20e-6, bytesPerSecond: 0.9 * 12.5e9 },
};

/** Ways for gradients to travel, by name; the codecs run at the speed that was measured for bf16. */
export function compressions(codecBytesPerSecond: number): Compression[] {
  return [
    NO_COMPRESSION,
    { name: 'bf16', wireShare: 1 / 2, codecBytesPerSecond },
    { name: 'int8', wireShare: 1 / 4, codecBytesPerSecond },
  ];
}
