/** What the native engine is made of: pinned wheels with their checksums, and how the addon is compiled. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';

/** A wheel on the Python package index, fixed to the byte. */
export interface PinnedWheel {
  /** Name as pip takes it. */
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export type EngineVariant = 'cpu' | 'gpu';

/** How one variant is staged on one platform. */
export interface EngineRecipe {
  readonly variant: EngineVariant;
  /** Such as `linux-x64`. */
  readonly platform: string;
  readonly tensorflow: PinnedWheel;
  /** NVIDIA's libraries; empty for the CPU. */
  readonly cuda: readonly PinnedWheel[];
  /** pip's platform tags for the wheels, best first. */
  readonly platformTags: readonly string[];
  /** Bytes that staging needs on the cache's disk at its peak: wheel plus unpacked libraries. */
  readonly requiredBytes: number;
}

const TENSORFLOW_VERSION = '2.21.0';
const X64_TAGS = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux2010_x86_64'];
const ARM64_TAGS = ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'];

/** Oldest C library that the wheels run on, as their tag says. */
const MIN_GLIBC: readonly [number, number] = [2, 27];

/** CUDA 12 as the extra `and-cuda` of the TensorFlow wheel asks for it; newest versions inside its ranges. */
const CUDA_WHEELS: readonly PinnedWheel[] = [
  wheel('nvidia-cublas-cu12', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  wheel('nvidia-cuda-cupti-cu12', '12.8.90', 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'),
  wheel('nvidia-cuda-nvcc-cu12', '12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'),
  wheel('nvidia-cuda-nvrtc-cu12', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
  wheel('nvidia-cuda-runtime-cu12', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'),
  wheel('nvidia-cudnn-cu12', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
  wheel('nvidia-cufft-cu12', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
  wheel('nvidia-curand-cu12', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  wheel('nvidia-cusolver-cu12', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  wheel('nvidia-cusparse-cu12', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
  wheel('nvidia-nccl-cu12', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  wheel('nvidia-nvjitlink-cu12', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
];

function wheel(name: string, version: string, sha256: string): PinnedWheel {
  return { name, version, sha256 };
}

const RECIPES: readonly EngineRecipe[] = [
  {
    variant: 'cpu',
    platform: 'linux-x64',
    tensorflow: wheel(
      'tensorflow-cpu',
      TENSORFLOW_VERSION,
      '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    ),
    cuda: [],
    platformTags: X64_TAGS.slice(0, 1),
    requiredBytes: 1_300_000_000,
  },
  {
    // On this platform the plain wheel is the one without CUDA.
    variant: 'cpu',
    platform: 'linux-arm64',
    tensorflow: wheel(
      'tensorflow',
      TENSORFLOW_VERSION,
      '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    ),
    cuda: [],
    platformTags: ARM64_TAGS.slice(0, 1),
    requiredBytes: 1_300_000_000,
  },
  {
    variant: 'gpu',
    platform: 'linux-x64',
    tensorflow: wheel(
      'tensorflow',
      TENSORFLOW_VERSION,
      '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    ),
    cuda: CUDA_WHEELS,
    platformTags: X64_TAGS,
    requiredBytes: 9_000_000_000,
  },
];

/** Flags of the compiler; Node-API 8 is in every Node that Lockstep supports, so one addon serves them all. */
export const COMPILE_FLAGS: readonly string[] = [
  '-O2',
  '-std=c++17',
  '-fPIC',
  '-shared',
  '-DNAPI_VERSION=8',
  '-DBUILDING_NODE_EXTENSION',
];

/** Where the addon's sources lie: inside the npm package, whose own build script is never run. */
export const ADDON_SOURCES: string = join(repoRoot, 'node_modules', '@tensorflow', 'tfjs-node-gpu', 'binding');

/** What tells whether the wheels run on this machine; replaced in tests. */
export interface HostPlatform {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Version of the GNU C library, such as `2.36`; undefined on other C libraries. */
  readonly glibc: string | undefined;
}

/** The platform of this process. */
export function hostPlatform(): HostPlatform {
  const isLinux = process.platform === 'linux';
  return { platform: process.platform, arch: process.arch, glibc: isLinux ? glibcVersion() : undefined };
}

let glibc: { readonly version: string | undefined } | undefined;

function glibcVersion(): string | undefined {
  // The report costs some ten milliseconds, and its answer stays.
  if (glibc !== undefined) return glibc.version;
  // Without this the report resolves the host's network interfaces, which may take seconds.
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  glibc = { version: header.glibcVersionRuntime };
  return glibc.version;
}

/**
 * The recipe for a variant on this machine.
 * @throws EngineError ENGINE_UNSUPPORTED_PLATFORM where no wheel fits
 */
export function findRecipe(variant: EngineVariant, host: HostPlatform = hostPlatform()): EngineRecipe {
  const platform = `${host.platform}-${host.arch}`;
  const recipe = RECIPES.find((candidate) => candidate.variant === variant && candidate.platform === platform);
  if (recipe === undefined) {
    throw new EngineError('ENGINE_UNSUPPORTED_PLATFORM', `no native ${variant} engine for ${platform}`, {
      hint: 'The wasm engine runs here: --engine wasm. The native one needs Linux on x64, or arm64 without a GPU.',
      details: { variant, platform },
    });
  }
  const [major = 0, minor = 0] = (host.glibc ?? '0.0').split('.').map(Number);
  if (major < MIN_GLIBC[0] || (major === MIN_GLIBC[0] && minor < MIN_GLIBC[1])) {
    const found = host.glibc === undefined ? 'another C library (musl?)' : `glibc ${host.glibc}`;
    throw new EngineError(
      'ENGINE_UNSUPPORTED_PLATFORM',
      `the native engine needs glibc ${MIN_GLIBC.join('.')}, this system has ${found}`,
      {
        hint: 'Use a distribution with a newer glibc (Debian 10, Ubuntu 18.10, RHEL 8.1 or later), or --engine wasm.',
        details: { glibc: host.glibc },
      },
    );
  }
  return recipe;
}

/**
 * The name of the cache folder of a recipe: readable, and different whenever what would be staged differs.
 * @param sources folder with the addon's sources
 */
export function recipeKey(recipe: EngineRecipe, sources: string = ADDON_SOURCES): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([recipe.tensorflow, recipe.cuda, recipe.platformTags, COMPILE_FLAGS]));
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const short = hash.digest('hex').slice(0, 10);
  return `tensorflow-${recipe.variant}-${recipe.tensorflow.version}-${recipe.platform}-${short}`;
}
