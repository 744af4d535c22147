/**
 * The compiled configuration of a run: every value filled in, checked and frozen. The command line and the YAML files
 * are compiled into it once (`compile.ts`), on the leading node; workers receive it as JSON and never look at a flag.
 */
import type { TraceSetting } from './trace-window.js';

/** Hyperparameters under the reference's names (reference defaults: hyp.scratch). */
export interface Hyp {
  readonly lr0: number;
  readonly lrf: number;
  readonly momentum: number;
  readonly weight_decay: number;
  /** Epochs of warm-up; never fewer than `warmup_min_iterations` iterations. */
  readonly warmup_epochs: number;
  /** Ours: the floor of the warm-up in iterations. @defaultValue 1000, as in the reference */
  readonly warmup_min_iterations: number;
  readonly warmup_momentum: number;
  readonly warmup_bias_lr: number;
  readonly box: number;
  readonly cls: number;
  readonly cls_pw: number;
  readonly obj: number;
  readonly obj_pw: number;
  readonly iou_t: number;
  readonly anchor_t: number;
  /** Anchors per layer; replaces those of the model YAML by placeholders for AutoAnchor. */
  readonly anchors?: number | undefined;
  readonly fl_gamma: number;
  readonly hsv_h: number;
  readonly hsv_s: number;
  readonly hsv_v: number;
  readonly degrees: number;
  readonly translate: number;
  readonly scale: number;
  readonly shear: number;
  readonly perspective: number;
  readonly flipud: number;
  readonly fliplr: number;
  readonly mosaic: number;
  readonly mixup: number;
  readonly copy_paste: number;
  /** Ours: probability that a mosaic has nine tiles instead of four. @defaultValue 0; the reference never makes them */
  readonly mosaic9: number;
  /** Ours: probabilities of the filters that the reference applies where Albumentations is installed, at its values. */
  readonly blur: number;
  readonly median_blur: number;
  readonly gray: number;
  readonly clahe: number;
  readonly brightness_contrast: number;
  readonly gamma: number;
  readonly compression: number;
}

/** Box losses: 1 − similarity, by the paper's table. */
export type BoxLossName = 'iou' | 'giou' | 'diou' | 'ciou' | 'sca';

/** Mixed precision: `off` is float32 throughout. */
export type Amp = 'auto' | 'off' | 'fp16' | 'bf16';

/** A data set after its YAML has been read: absolute paths, class names filled in. */
export interface DatasetConfig {
  /** The YAML that it came from, for messages. */
  readonly yaml: string;
  /** Folders, list files or COCO instances JSON files; absolute. */
  readonly train: readonly string[];
  readonly val: readonly string[];
  readonly test: readonly string[];
  readonly nc: number;
  readonly names: readonly string[];
}

/** What gradients lose on their way between workers. */
export type CompressionMethod = 'none' | 'bf16' | 'fp16' | 'int8' | 'powersgd' | 'topk';

export interface CompressionConfig {
  readonly method: CompressionMethod;
  /** How bf16, fp16 and int8 round. */
  readonly rounding: 'nearest' | 'stochastic';
  /** Rank of PowerSGD's matrices. */
  readonly powerSgdRank: number;
  /** Share of the elements that top-k sends, in (0, 1]. */
  readonly topKRatio: number;
}

/** How gradients are summed over workers; `auto` is decided when the world is known. */
export type CollectiveChoice = 'auto' | 'direct' | 'ring' | 'hierarchical';

export interface RunConfig {
  /** `val` validates `weights` once on `data.val` and trains nothing. */
  readonly mode: 'train' | 'val';
  readonly runId: string;
  /** Where the run's files go; made by the launcher, absolute. */
  readonly saveDir: string;
  /** The command line as typed, for the record. */
  readonly command: readonly string[];
  /** Absolute path of the model YAML; empty: taken from the checkpoint. */
  readonly cfg: string;
  /** Absolute path of a safetensors file to start from; empty: random initialisation. */
  readonly weights: string;
  /** Absolute path of the checkpoint to continue; empty: a fresh run. */
  readonly resume: string;
  readonly data: DatasetConfig;
  readonly hyp: Hyp;
  readonly epochs: number;
  /** Images per step over all virtual ranks. */
  readonly batchSize: number;
  /** Side of the square training image in pixels, a multiple of 32. */
  readonly imgsz: number;
  readonly seed: number;
  readonly optimizer: 'sgd' | 'adam';
  readonly boxLoss: BoxLossName;
  /** Weight of SCA's corner term. @defaultValue 1 */
  readonly scaAlpha: number;
  /** `rank`: each virtual rank's own means, summed (the reference's DDP). `global`: normalised by counts over all virtual ranks. */
  readonly lossNorm: 'rank' | 'global';
  readonly syncBn: boolean;
  /** Type of convolutions and activations; `auto` stands only until the launcher knows the engine (see `precision.ts`). */
  readonly amp: Amp;
  /** Whether NVIDIA's libraries may round float32 factors to TF32. */
  readonly tf32: boolean;
  readonly linearLr: boolean;
  readonly labelSmoothing: number;
  /** Epochs without a better fitness before training stops; 0: never. */
  readonly patience: number;
  /** Layers 0 … freeze−1 do not train. */
  readonly freeze: number;
  /** Also keep `epoch{n}` every so many epochs; -1: off. */
  readonly savePeriod: number;
  readonly nosave: boolean;
  readonly noval: boolean;
  readonly singleCls: boolean;
  /** Rectangular training batches: no mosaics, no shuffling. */
  readonly rect: boolean;
  /** Four images share one of twice the size. */
  readonly quad: boolean;
  /** Each step at a size of its own, from half to one and a half of `imgsz`. */
  readonly multiScale: boolean;
  /** Images are drawn by the weights of their classes. */
  readonly imageWeights: boolean;
  /** Where decoded training and validation images are kept. */
  readonly cache: 'off' | 'ram' | 'disk';
  /** `auto`: JPEG files of at least four times `imgsz` are decoded at a fraction of their size for training. @defaultValue 'off' */
  readonly jpegScaling?: 'auto' | 'off';
  /** Whether a fresh run checks, and where they fit badly replaces, the anchors. */
  readonly autoAnchor: boolean;
  /** Batch that the schedule refers to (accumulation, weight decay). @defaultValue 64 */
  readonly nominalBatchSize: number;
  readonly val: {
    readonly confThres: number;
    readonly iouThres: number;
    readonly maxDet: number;
    /** Test-time augmentation: predict at three sizes, once mirrored. */
    readonly augment: boolean;
  };
  /** Microbatches per step, fixed for the run; the weights' bits depend on it, and not on the number of workers. */
  readonly virtualRanks: number;
  readonly worldSize: number;
  readonly threadsPerWorker: number;
  /** Threads per worker that decode and augment images. */
  readonly loaderThreads: number;
  /** Target size of an all-reduce bucket in MiB; `auto`: chosen after measuring the first steps. */
  readonly bucketMb: number | 'auto';
  /** Steps whose trace is written into the run folder. @defaultValue none */
  readonly trace?: TraceSetting | undefined;
  readonly collective: CollectiveChoice;
  readonly compression: CompressionConfig;
  readonly engine: 'tensorflow' | 'wasm';
  readonly onBadSample: 'skip' | 'fail';
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
}
