/** The GPUs that a run may use, by the names that CUDA knows them under. */
import type { HostFacts } from '../../configs/launch-settings.js';
import type { Gpu, MigDevice, NvidiaDriver } from '../setup/nvidia.js';

/** Returns what the settings' compiler must know about this host's GPUs. */
export function gpuFacts(driver: NvidiaDriver | undefined, env: NodeJS.ProcessEnv): Omit<HostFacts, 'numCores'> {
  const gpus = driver?.gpus ?? [];
  return {
    gpus: gpus.map(({ index }) => String(index)),
    deviceIds: gpus.flatMap(({ uuid, mig }) => [uuid, ...mig.map((device) => device.uuid)]),
    offeredGpus: visible(gpus, env.CUDA_VISIBLE_DEVICES).flatMap(({ id, mig }) =>
      mig.length > 0 ? mig.map((device) => device.uuid) : [id],
    ),
  };
}

interface Offer {
  readonly id: string;
  readonly mig: readonly MigDevice[];
}

/** What a batch system, or the user, has left visible; as CUDA reads it, the list ends at the first name that is none. */
function visible(gpus: readonly Gpu[], variable: string | undefined): Offer[] {
  if (variable === undefined) return gpus.map(({ index, mig }) => ({ id: String(index), mig }));
  const offers: Offer[] = [];
  for (const name of variable.split(',').map((part) => part.trim())) {
    const gpu = gpus.find(
      ({ index, uuid }) => name === String(index) || (name.startsWith('GPU-') && uuid.startsWith(name)),
    );
    const part = gpus.flatMap(({ mig }) => mig).find(({ uuid }) => uuid === name);
    if (gpu !== undefined) offers.push({ id: String(gpu.index), mig: gpu.mig });
    else if (part !== undefined) offers.push({ id: part.uuid, mig: [] });
    else break;
  }
  return offers;
}
