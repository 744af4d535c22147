/** What `launch dataset …` asks of the worker-side process that does it; handed over as JSON on its standard input. */
import type { DatasetConfig, Hyp, RunConfig } from './run-config.js';

/** Looks at every image and label, draws pictures, and writes a report. */
export interface CheckRequest {
  readonly command: 'check';
  readonly data: DatasetConfig;
  /** Absolute path of the model YAML whose anchors are compared with the labels. */
  readonly cfg: string;
  readonly hyp: Hyp;
  /** Long side of the training images, pixels. */
  readonly imgsz: number;
  readonly seed: number;
  /** `fail`: images that cannot be used make the exit code 65. */
  readonly onBadSample: RunConfig['onBadSample'];
  /** Folder of the report and the pictures; absolute. */
  readonly out: string;
  /** Print the report as JSON instead of tables. */
  readonly json: boolean;
}

/** Counts images and labels per split and class. */
export interface StatsRequest {
  readonly command: 'stats';
  readonly data: DatasetConfig;
  readonly imgsz: number;
  readonly json: boolean;
  /** Folder for `stats.json` and small pictures; absolute. @defaultValue they are not written */
  readonly out?: string | undefined;
}

/** Cuts every labelled box out of its image. */
export interface CropsRequest {
  readonly command: 'crops';
  readonly data: DatasetConfig;
  /** Absolute. */
  readonly out: string;
}

/** Copies the files of a tree of folders into one folder. */
export interface FlattenRequest {
  readonly command: 'flatten';
  /** Both absolute. */
  readonly images: string;
  readonly out: string;
}

/** Packs every split into tar files with an index. */
export interface PackRequest {
  readonly command: 'pack';
  readonly data: DatasetConfig;
  readonly out: string;
  readonly shardBytes: number;
  readonly onBadSample: RunConfig['onBadSample'];
}

/** Compares the tar files of packed splits with the checksums in their indexes. */
export interface VerifyRequest {
  readonly command: 'verify';
  readonly data: DatasetConfig;
  readonly json: boolean;
}

/** Splits a folder of images at random into list files. */
export interface AutosplitRequest {
  readonly command: 'autosplit';
  /** Folder of images; absolute. */
  readonly images: string;
  /** Shares of train, val and test. */
  readonly weights: readonly [number, number, number];
  /** Leave out images without a label file. */
  readonly annotatedOnly: boolean;
  readonly seed: number;
}

export type DatasetRequest =
  | CheckRequest
  | StatsRequest
  | PackRequest
  | VerifyRequest
  | AutosplitRequest
  | CropsRequest
  | FlattenRequest;
