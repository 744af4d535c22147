/** The further forward passes of a validation with test-time augmentation (`val --augment`). */
import { ProgramBuilder } from './engine/builder.js';
import type { DeviceTensor, Engine, Executable } from './engine/engine.js';
import {
  AUGMENTED_PASSES,
  type FloatImages,
  imagesOfPass,
  joinPasses,
  type PassPredictions,
} from './eval/test-time-augmentation.js';
import { decode } from './model/decode.js';
import { type Model, valuesPerAnchor } from './model/model.js';
import { buildNetwork, parameterInputs } from './model/network.js';

const IMAGES_INPUT = 'images';
const PREDICTIONS_OUTPUT = 'predictions';

export class AugmentedInference {
  readonly #engine: Engine;
  readonly #model: Model;
  readonly #compiled = new Map<string, Executable>();

  constructor(engine: Engine, model: Model) {
    this.#engine = engine;
    this.#model = model;
  }

  /**
   * Predicts a batch at the other sizes and joins all predictions.
   * @param batch pictures of a batch, uint8 [numImages, height, width, 3]
   * @param weights on the device, by state name
   * @param plain predictions of the pictures as they are, [numImages, boxes, 5 + classes]
   * @returns [numImages, more boxes, 5 + classes], in pixels of the batch
   */
  extend(
    batch: { readonly images: Uint8Array; readonly numImages: number; readonly height: number; readonly width: number },
    weights: ReadonlyMap<string, DeviceTensor>,
    plain: Float32Array,
  ): Float32Array {
    const { numImages, height, width } = batch;
    const images = { data: Float32Array.from(batch.images, (level) => level / 255), numImages, height, width };
    const stride = Math.max(...this.#model.strides);
    const passes = AUGMENTED_PASSES.map((pass, i): PassPredictions => {
      const data = i === 0 ? plain : this.#predict(imagesOfPass(images, pass, stride), weights);
      return { pass, data };
    });
    const numLayers = this.#model.numDetectionLayers;
    return joinPasses(passes, { numImages, valuesPerBox: valuesPerAnchor(this.#model), numLayers, width });
  }

  dispose(): void {
    for (const executable of this.#compiled.values()) executable.dispose();
    this.#compiled.clear();
  }

  #predict({ data, numImages, height, width }: FloatImages, weights: ReadonlyMap<string, DeviceTensor>): Float32Array {
    const shape = [numImages, height, width, 3];
    const input = this.#engine.tensor(data, shape);
    let predictions = new Float32Array(0);
    this.#program(shape).run({ ...Object.fromEntries(weights), [IMAGES_INPUT]: input }, (_name, tensor) => {
      predictions = Float32Array.from(tensor.read());
      tensor.dispose();
    });
    input.dispose();
    return predictions;
  }

  #program(shape: readonly number[]): Executable {
    const key = shape.join('x');
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const model = this.#model;
      const b = new ProgramBuilder();
      const options = { training: false };
      const x = b.input(IMAGES_INPUT, shape);
      const { heads } = buildNetwork(b, model, x, parameterInputs(b, model.state, options), options);
      b.output(PREDICTIONS_OUTPUT, decode(b, heads, model));
      compiled = this.#engine.compile(b.finish(), { name: `augmented-${key}` });
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }
}
