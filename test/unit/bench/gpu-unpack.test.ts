/** bench/gpu/unpack.sh on an archive of a few bytes, on machines that hold CUDA in different places. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../../proto/paths.js';
import { useTempFolder } from '../../support/temp-folder.js';

const hasTools = ['xz', 'tar', 'sha256sum', 'split'].every((tool) => spawnSync(tool, ['--version']).status === 0);

/** A node that tells how it was called. */
const NODE = `#!/bin/sh
echo "node $*"
echo "libraries=\${LD_LIBRARY_PATH-none}"
echo "xla=\${XLA_FLAGS-none}"
echo "python=$PYTHONPATH rivals=$LOCKSTEP_RIVALS engine=\${LOCKSTEP_TF_LIB_DIR-none}"
`;

describe.skipIf(!hasTools)('unpacking on another machine', () => {
  const inFolder = useTempFolder();

  function write(path: string, text: string): void {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text, { mode: 0o755 });
  }

  /** Packs as gpu-pack does, into several pieces. */
  function pack(name: string, engineFiles: readonly string[]): string {
    write(inFolder(name, 'staging', 'lockstep', 'bin', 'node'), NODE);
    for (const file of engineFiles) write(inFolder(name, 'staging', 'lockstep', 'engine', file), file);
    const pieces = inFolder(name, 'pieces');
    mkdirSync(pieces);
    const script = `tar -C "$0" -cf - lockstep | xz -0 | split -b 200 - "$1/lockstep.tar.xz."
      cp "$2" "$1/unpack.sh"; cd "$1" && sha256sum * > "$0/SUMS" && mv "$0/SUMS" SHA256SUMS`;
    const args = ['-c', script, inFolder(name, 'staging'), pieces, join(repoRoot, 'bench', 'gpu', 'unpack.sh')];
    expect(spawnSync('sh', args).status).toBe(0);
    return pieces;
  }

  /** @param cuda folders in which this machine's PyTorch keeps CUDA */
  function unpack(name: string, pieces: string, cuda: readonly string[] = []) {
    write(inFolder(name, 'python'), `#!/bin/sh\n${cuda.map((folder) => `echo ${folder}`).join('\n')}\n`);
    const target = inFolder(name, 'target');
    const done = spawnSync('sh', [join(pieces, 'unpack.sh'), target], {
      env: { PATH: process.env.PATH, PYTHON: inFolder(name, 'python') },
      encoding: 'utf8',
    });
    const run = (...args: string[]): string =>
      spawnSync(join(target, 'lockstep', 'run'), args, { env: { PATH: process.env.PATH }, encoding: 'utf8' }).stdout;
    return { ...done, run, root: join(target, 'lockstep') };
  }

  it('finds CUDA where PyTorch has it, lets another version stand in, and nothing for what is nowhere', () => {
    const cuda = inFolder('torch', 'nvidia', 'cu13', 'lib');
    const cudnn = inFolder('torch', 'nvidia', 'cudnn', 'lib');
    for (const path of [join(cudnn, 'libcudnn.so.9'), join(cuda, 'libcublas.so.13'), join(cuda, 'libcublasLt.so.13')])
      write(path, '');
    const pieces = pack('gpu', ['lib/libcudart.so.12', 'cuda/bin/ptxas', 'empty.so']);
    const { status, stderr, stdout, run, root } = unpack('gpu', pieces, [cuda, cudnn]);
    expect(status, stderr).toBe(0);
    const standIn = join(root, 'engine', 'stand-in');
    expect(readlinkSync(join(standIn, 'libcublas.so.12'))).toBe(join(cuda, 'libcublas.so.13'));
    expect(readlinkSync(join(standIn, 'libcublasLt.so.12'))).toBe(join(cuda, 'libcublasLt.so.13'));
    expect(stdout).toContain(`libcudnn.so.9: ${cudnn}\n`);
    // What came along needs no other; each folder is named once.
    expect(stdout).not.toContain('libcudart');
    expect(run('node')).toContain(`libraries=${standIn}:${root}/engine/lib:${cuda}:${cudnn}\n`);
    expect(run('node')).toContain(`xla=--xla_gpu_cuda_data_dir=${root}/engine/cuda\n`);
  });

  it('makes a program that runs benchmarks, the command line and Node from there', () => {
    const { run, root } = unpack('cpu', pack('cpu', ['lib/tfjs_binding.node']));
    expect(run('gpu', '--device', 'cpu')).toContain(`node ${root}/app/dist/bench/main.js gpu --device cpu\n`);
    expect(run('launch', 'doctor')).toContain(`node ${root}/app/dist/coordinator/cli/index.js doctor\n`);
    expect(run('node', 'a b')).toContain('node a b\n');
    expect(run('node')).toContain(`libraries=${root}/engine/lib\nxla=none\n`);
    expect(run('node')).toContain(
      `python=${root}/python rivals=${inFolder('cpu', 'python')} engine=${root}/engine/lib\n`,
    );
  });

  it('names no engine where none came along', () => {
    const { run } = unpack('wasm', pack('wasm', []));
    expect(run('node')).toMatch(/libraries=none\nxla=none\n.*engine=none\n/);
  });

  it('refuses pieces that were damaged or lost on the way', () => {
    const pieces = pack('damaged', ['lib/tfjs_binding.node']);
    writeFileSync(join(pieces, 'lockstep.tar.xz.ab'), 'something else');
    const { status, stdout, stderr } = unpack('damaged', pieces);
    expect(status).toBe(65);
    expect(stdout).toContain('lockstep.tar.xz.ab: FAILED');
    expect(stderr).toContain('copy those again');
  });
});
