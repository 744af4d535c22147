/** Hyperparameter files: the reference's names and defaults (hyp.scratch), checked. */
import * as z from 'zod/mini';
import { ConfigError } from '../../proto/errors.js';
import type { Hyp } from '../run-config.js';
import { checkYaml, nearestWord, type YamlSource } from './yaml.js';

/** The reference's hyp.scratch, plus our own keys at the reference's constants. */
export const DEFAULT_HYP: Hyp = Object.freeze({
  lr0: 0.01,
  lrf: 0.1,
  momentum: 0.937,
  weight_decay: 0.0005,
  warmup_epochs: 3,
  warmup_min_iterations: 1000,
  warmup_momentum: 0.8,
  warmup_bias_lr: 0.1,
  box: 0.05,
  cls: 0.5,
  cls_pw: 1,
  obj: 1,
  obj_pw: 1,
  iou_t: 0.2,
  anchor_t: 4,
  fl_gamma: 0,
  hsv_h: 0.015,
  hsv_s: 0.7,
  hsv_v: 0.4,
  degrees: 0,
  translate: 0.1,
  scale: 0.5,
  shear: 0,
  perspective: 0,
  flipud: 0,
  fliplr: 0.5,
  mosaic: 1,
  mixup: 0,
  copy_paste: 0,
  mosaic9: 0,
  blur: 0.01,
  median_blur: 0.01,
  gray: 0.01,
  clahe: 0.01,
  brightness_contrast: 0,
  gamma: 0,
  compression: 0,
});

const positive = z.number().check(z.positive());
const atLeast0 = z.number().check(z.nonnegative());
const share = z.number().check(z.gte(0), z.lte(1));

const shape: Record<keyof Hyp, z.ZodMiniType<number | undefined>> = {
  lr0: positive,
  lrf: positive,
  momentum: share,
  weight_decay: atLeast0,
  warmup_epochs: atLeast0,
  warmup_min_iterations: z.int().check(z.nonnegative()),
  warmup_momentum: share,
  warmup_bias_lr: atLeast0,
  box: atLeast0,
  cls: atLeast0,
  cls_pw: positive,
  obj: atLeast0,
  obj_pw: positive,
  iou_t: share,
  anchor_t: z.number().check(z.gt(1)),
  anchors: z.int().check(z.gte(1)),
  fl_gamma: atLeast0,
  hsv_h: share,
  hsv_s: share,
  hsv_v: share,
  degrees: atLeast0,
  translate: share,
  scale: share,
  shear: atLeast0,
  perspective: z.number().check(z.gte(0), z.lte(0.001)),
  flipud: share,
  fliplr: share,
  mosaic: share,
  mixup: share,
  copy_paste: share,
  mosaic9: share,
  blur: share,
  median_blur: share,
  gray: share,
  clahe: share,
  brightness_contrast: share,
  gamma: share,
  compression: share,
};

/** Every hyperparameter's name. */
export const HYP_KEYS = Object.keys(shape) as readonly (keyof Hyp)[];

const optionalShape = Object.fromEntries(Object.entries(shape).map(([key, type]) => [key, z.optional(type)]));
/** A mapping of some hyperparameters. */
export const hypSchema: z.ZodMiniType<Partial<Hyp>> = z.strictObject(optionalShape) as z.ZodMiniType<Partial<Hyp>>;

/**
 * Reads hyperparameters from a parsed YAML file; missing ones keep the reference's default.
 * @throws ConfigError `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID_VALUE`
 */
export function readHyp(source: YamlSource, base: Hyp = DEFAULT_HYP): Hyp {
  return Object.freeze({ ...base, ...checkYaml(source, hypSchema, HYP_KEYS) });
}

/**
 * Applies `name=value` overrides as they come from `--set-hyp`.
 * @throws ConfigError `CONFIG_USAGE` for an unknown name or a value out of range
 */
export function overrideHyp(base: Hyp, text: string): Hyp {
  const result: Record<string, number | undefined> = { ...base };
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const [name = '', value = ''] = pair.split('=').map((part) => part.trim());
    const type = shape[name as keyof Hyp];
    if (!type) {
      const near = nearestWord(name, HYP_KEYS);
      throw new ConfigError('CONFIG_USAGE', `--set-hyp: unknown hyperparameter '${name}'`, {
        hint: near ? `did you mean '${near}'?` : `known: ${HYP_KEYS.join(', ')}`,
      });
    }
    const checked = type.safeParse(value === '' ? undefined : Number(value));
    if (!checked.success) {
      throw new ConfigError('CONFIG_USAGE', `--set-hyp: '${value}' is out of range for ${name}`, {
        hint: `the default is ${DEFAULT_HYP[name as keyof Hyp] ?? 'not set'}`,
      });
    }
    result[name] = checked.data;
  }
  return Object.freeze(result as unknown as Hyp);
}
