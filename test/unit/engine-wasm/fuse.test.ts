import { describe, expect, it } from 'vitest';
import { gradients } from '../../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import { runAll } from '../../../worker/engine/engine.js';
import type { Program } from '../../../worker/engine/program.js';
import { fuse } from '../../../worker/engine/wasm/fuse.js';
import { openWasmEngine } from '../../../worker/engine/wasm/index.js';

/** A batch norm with SiLU, a loss of both, and the gradients; `watched` also asks for what lies between the two. */
function program({ watched }: { watched: boolean }): Program {
  const b = new ProgramBuilder();
  const [x, scale, offset] = [b.input('x', [3, 2, 2, 5]), b.input('scale', [5]), b.input('offset', [5])];
  const { y, mean, variance } = b.batchNormTrain(x, scale, offset, 1e-3);
  const z = b.silu(y);
  b.output('z', z);
  b.output('mean', mean);
  b.output('variance', variance);
  if (watched) b.output('y', y);
  gradients(b, b.sum(b.mul(z, z), [0, 1, 2, 3], false), [x, scale, offset], ({ id }, gradient) => {
    b.output(`gradient ${id}`, gradient);
  });
  return b.finish();
}

const kinds = (p: Program): string[] => fuse(p.nodes, p.outputs).map(({ op }) => op.kind);

describe('joining batch norm and SiLU', () => {
  it('replaces four operators by two', () => {
    const p = program({ watched: false });
    const found = kinds(p);
    expect(found.filter((kind) => kind.startsWith('batchNorm'))).toEqual(['batchNormSilu', 'batchNormSiluGrad']);
    expect(found).not.toContain('silu');
    expect(found).not.toContain('siluGrad');
    expect(found).toHaveLength(p.nodes.length - 2);
  });

  it('leaves them alone where somebody else reads what lies between them', () => {
    const p = program({ watched: true });
    expect(kinds(p)).toEqual(p.nodes.map(({ op }) => op.kind));
  });

  it('changes no result beyond rounding', async () => {
    const engine = await openWasmEngine({ numThreads: 1, device: 'cpu' });
    const feeds = {
      x: engine.tensor(
        Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 1.7) * 3 + i / 20),
        [3, 2, 2, 5],
      ),
      scale: engine.tensor(Float32Array.of(1, 0.5, -2, 1.5, 3), [5]),
      offset: engine.tensor(Float32Array.of(0, 1, -1, 0.25, 2), [5]),
    };
    const [joined, apart] = [false, true].map((watched) => {
      const executable = engine.compile(program({ watched }), { name: `watched ${watched}` });
      return runAll(executable, feeds);
    });
    for (const [name, tensor] of Object.entries(joined!)) {
      const wanted = [...apart![name]!.read()];
      // The same float32 formulas in another order of passes.
      for (const [i, value] of [...tensor.read()].entries()) expect(value, name).toBeCloseTo(wanted[i]!, 5);
    }
    engine.dispose();
  });
});
