/** A list of float32 numbers that grows. */
export class FloatList {
  #values = new Float32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) this.#grow(this.length + 1);
    this.#values[this.length++] = value;
  }

  append(values: Float32Array): void {
    if (this.length + values.length > this.#values.length) this.#grow(this.length + values.length);
    this.#values.set(values, this.length);
    this.length += values.length;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  /** A copy of what the list holds. */
  toArray(): Float32Array<ArrayBuffer> {
    return this.#values.slice(0, this.length);
  }

  #grow(least: number): void {
    const larger = new Float32Array(Math.max(least, this.#values.length * 2));
    larger.set(this.#values);
    this.#values = larger;
  }
}
