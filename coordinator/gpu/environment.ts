/** What a worker's environment says about GPUs. CUDA, cuDNN and TensorFlow read it once, while they load. */

export interface GpuEnvironmentOptions {
  /** The GPU that the worker shall see: index, UUID or MIG UUID; undefined hides all. */
  readonly device: string | undefined;
  /** See `RunConfig.tf32`. */
  readonly tf32: boolean;
  /** Most device memory that TensorFlow may take, in MiB; undefined: as much as there is. */
  readonly memoryLimitMb: number | undefined;
}

/** Returns the variables to set on top of `base`; what the user set for memory growth stays. */
export function gpuEnvironment(
  base: NodeJS.ProcessEnv,
  { device, tf32, memoryLimitMb }: GpuEnvironmentOptions,
): Record<string, string> {
  if (device === undefined) return { CUDA_VISIBLE_DEVICES: '-1' };
  return {
    CUDA_VISIBLE_DEVICES: device,
    // CUDA's own order puts the fastest first; nvidia-smi, which people read indices from, goes by bus.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    // Without this TensorFlow takes the whole GPU at once.
    TF_FORCE_GPU_ALLOW_GROWTH: base.TF_FORCE_GPU_ALLOW_GROWTH ?? 'true',
    ...(memoryLimitMb !== undefined && { TF_PER_DEVICE_MEMORY_LIMIT_MB: String(memoryLimitMb) }),
    // Honoured by cuBLAS and cuDNN, whatever the program asks for.
    ...(!tf32 && { NVIDIA_TF32_OVERRIDE: '0' }),
  };
}
