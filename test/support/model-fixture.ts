/** The reduced models of the fixtures: resolved from our YAMLs, with the recorded weights. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../proto/paths.js';
import { toEngineLayout } from '../../worker/model/layout.js';
import type { Model } from '../../worker/model/model.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import type { RecordedArchitecture } from './architecture.js';
import { readFixture, type TensorEntry, tensor } from './fixtures.js';
import type { HostTensor } from './run-on-engine.js';

/** One numbered layer's output, in short. */
export interface LayerTrace {
  i: number;
  shape: number[];
  sum: number;
  l2: number;
  first: number[];
}

/** A model fixture file. */
export interface ModelFixture extends RecordedArchitecture {
  model: string;
  width_multiple: number;
  depth_multiple: number;
  nc: number;
  input: TensorEntry;
  state: Record<string, TensorEntry & { value?: number }>;
  eval: {
    head: TensorEntry[];
    decoded: TensorEntry;
    decoded_with_test_time_augmentation: TensorEntry;
    layer_trace: LayerTrace[];
    noise: { decoded: { max_abs_diff_to_f64: number }; head: { max_abs_diff_to_f64: number }[] };
  };
  train: {
    head: TensorEntry[];
    layer_trace: LayerTrace[];
    targets: TensorEntry;
    hyp: {
      box: number;
      obj: number;
      cls: number;
      cls_pw: number;
      obj_pw: number;
      fl_gamma: number;
      anchor_t: number;
      label_smoothing: number;
    };
    loss: number;
    items_box_obj_cls: TensorEntry;
    grads: Record<string, TensorEntry>;
    bn_after_one_forward: Record<string, TensorEntry>;
    num_batches_tracked_after: number;
    noise: { grads: Record<string, { max_abs_diff_to_f64: number; max_abs: number }> };
  };
}

/** A reduced model and its state. */
export interface ReducedModel {
  readonly fixture: ModelFixture;
  readonly model: Model;
  /** PyTorch's layout, by name. */
  readonly state: Map<string, Float32Array>;
}

/** Reads `model_tiny`, `model_yolov3` or `model_spp`. */
export function reducedModel(name: string): ReducedModel {
  const fixture = readFixture<ModelFixture>(name);
  const path = join(repoRoot, 'configs/models', `${fixture.model}.yaml`);
  const yaml = readFileSync(path, 'utf8')
    .replace(/^width_multiple: .*/m, `width_multiple: ${fixture.width_multiple}`)
    .replace(/^depth_multiple: .*/m, `depth_multiple: ${fixture.depth_multiple}`);
  const model = resolveModel(parseModelYaml(yaml, path), { nc: fixture.nc });
  const state = new Map(
    Object.entries(fixture.state).map(([key, entry]) => [
      key,
      entry.value === undefined ? tensor(entry).data : Float32Array.of(entry.value),
    ]),
  );
  return { fixture, model, state };
}

/** A state as feeds in the engine's layout, by name. */
export function stateFeeds(
  model: Pick<Model, 'state'>,
  state: ReadonlyMap<string, Float32Array>,
): Record<string, HostTensor> {
  return Object.fromEntries(
    model.state.map((entry) => [
      entry.name,
      { data: toEngineLayout(entry, state.get(entry.name)!), shape: entry.engineShape },
    ]),
  );
}
