/** The starting point of a fresh run with anchors that fit its labels. */
import type { RunConfig } from '../configs/run-config.js';
import { ModelError } from '../proto/errors.js';
import { autoAnchor } from './anchors/auto-anchor.js';
import type { Dataset } from './data/dataset.js';
import { anchorsGrid, anchorsName, withAnchors } from './model/model.js';
import type { StartingPoint } from './starting-point.js';

/**
 * Checks the anchors against the training labels and replaces them where they fit badly, in the model and in the state,
 * and so later in weights and average alike. A resumed run keeps its anchors. The same on every rank.
 * @throws ModelError `MODEL_BAD_ANCHORS` if the model has placeholders and the labels give no anchors
 */
export function withFittedAnchors(start: StartingPoint, config: RunConfig, trainSet: Dataset): StartingPoint {
  const { model } = start;
  if (start.resume !== undefined) return start;
  if (!config.autoAnchor) {
    if (!model.anchorsArePlaceholders) return start;
    throw new ModelError(
      'MODEL_BAD_ANCHORS',
      'the model has a number of anchors but no sizes, and --noautoanchor is set',
      {
        hint: 'leave --noautoanchor out, or list anchors in the model YAML',
      },
    );
  }
  const { anchors, notes } = autoAnchor(trainSet, model.anchorsPx.flat(2), {
    imgsz: config.imgsz,
    threshold: config.hyp.anchor_t,
    seed: config.seed,
    placeholders: model.anchorsArePlaceholders,
  });
  if (anchors === undefined) {
    if (!model.anchorsArePlaceholders) return { ...start, notes: [...start.notes, ...notes] };
    throw new ModelError('MODEL_BAD_ANCHORS', `no anchors could be fitted: ${notes.join('; ')}`, {
      hint: 'leave the hyperparameter anchors out, or list anchors in the model YAML',
    });
  }
  // Ascending areas go to the layers from fine to coarse, so a model that lists them the other way round gets them reversed.
  const { strides, numAnchors, numDetectionLayers } = model;
  const fineFirst = strides[0]! <= strides.at(-1)!;
  const perLayer = Array.from({ length: numDetectionLayers }, (_, l) =>
    anchors.subarray(l * numAnchors * 2, (l + 1) * numAnchors * 2),
  );
  if (!fineFirst) perLayer.reverse();
  const grid = Float32Array.from(perLayer.flatMap((sizes, l) => Array.from(sizes, (side) => side / strides[l]!)));
  const fitted = withAnchors(model, grid);
  return {
    ...start,
    model: fitted,
    state: new Map([...start.state, [anchorsName(model), anchorsGrid(fitted)]]),
    notes: [...start.notes, ...notes],
  };
}
