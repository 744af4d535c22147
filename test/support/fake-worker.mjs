// A worker that speaks the protocol and computes nothing. FAKE is a JSON object:
//   steps      steps to make (default 5); 0: until told to drain
//   failRank   this rank reports a Failure after the first step and exits with code 65
//   exitRank   this rank exits with code 7 after the first step, without a word
//   deaf       ignores Abort, as a worker inside a long kernel would
//   silent     never says hello
//   differ     this rank reports another hash
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { checkCredentials, decodeEnvelope, encodeEnvelope } from '../../dist/proto/codec.js';
import { ControlClient } from '../../dist/proto/transport/zmq.js';

const env = process.env;
const fake = JSON.parse(env.FAKE ?? '{}');
const rank = Number(env.RANK);
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
// A socket, not a file stream: a read that waits in libuv's pool would keep the process from exiting.
const lifeline = new Socket({ fd: Number(env.LOCKSTEP_LIFELINE_FD), readable: true, writable: false });
const die = () => process.kill(process.pid, 'SIGKILL');
lifeline.on('close', die).on('error', die).resume();

console.log(JSON.stringify({ level: 'info', time: new Date().toISOString(), rank, msg: 'fake worker starts' }));
console.error(`plain line of rank ${rank}`);

const client = ControlClient.open(`tcp://${env.MASTER_ADDR}:${env.MASTER_PORT}`, { identity: `rank-${rank}` });
let sequence = 0;
const send = (body) =>
  client.send(
    encodeEnvelope({ runId: env.RUN_ID, token: env.LOCKSTEP_TOKEN, generation: 1, sequence: ++sequence }, body),
  );

let drained = false;
let step = 0;
let phase = 'join';

async function leave(resumable) {
  const weightsSha256 = fake.differ === rank ? 'b'.repeat(64) : 'a'.repeat(64);
  const results = { precision: 0.5, recall: 0.5, map50: 0.625, map: 0.25, ap65: 0, ap75: 0, ap80: 0, ap90: 0 };
  const summary = { mode: 'train', results, epochs: 1, lastWeights: '/run/weights/last.safetensors' };
  await send({ farewell: { rank, weightsSha256, resumable, summaryJson: rank === 0 ? JSON.stringify(summary) : '' } });
  await client.close();
  process.exit(0);
}

async function oneStep() {
  step++;
  phase = 'forward';
  await send({
    stepReport: {
      rank,
      step,
      epoch: 0,
      stepInEpoch: step - 1,
      stepsPerEpoch: fake.steps || 1000,
      images: 4,
      localImages: 4 / Number(env.WORLD_SIZE),
      targets: 9,
      boxLoss: 0.1,
      objLoss: 0.2,
      clsLoss: 0.3,
      learningRates: [0.01, 0.01, 0.1],
      momentum: 0.9,
      phases: [
        { phase: 'forward', seconds: 0.01 },
        { phase: 'allreduce_wait', seconds: 0.01 },
      ],
      allreduceBytes: 1000,
      allreduceSeconds: 0.01,
      stepSeconds: 0.02,
      imageSize: 64,
    },
  });
  await send({ heartbeat: { rank, step, phase, residentBytes: 64 * 2 ** 20, progress: step } });
  if (step === 1 && fake.failRank === rank) {
    await send({
      failure: {
        rank,
        code: 'DATA_ALL_UNREADABLE',
        message: 'no image could be read',
        hint: 'check the files',
        phase: 'data',
      },
    });
    await client.close();
    process.exit(65);
  }
  if (step === 1 && fake.exitRank === rank) process.exit(7);
  if (drained) return leave(true);
  if (step === fake.steps) return leave(false);
  setTimeout(() => void oneStep(), 20);
}

if (!fake.silent) {
  await send({
    workerHello: {
      rank,
      localRank: Number(env.LOCAL_RANK),
      nodeRank: Number(env.GROUP_RANK),
      pid: process.pid,
      host: hostname(),
      hostId: `${hostname()}-${env.GROUP_RANK}`,
      localEndpoint: `ipc://${env.LOCKSTEP_RUNTIME_DIR}/${rank}`,
      engine: { name: env.LOCKSTEP_ENGINE, version: '0', device: 'cpu', numThreads: Number(env.LOCKSTEP_THREADS) },
    },
  });
}
let world = false;
for await (const frame of client.messages()) {
  const envelope = decodeEnvelope(frame);
  checkCredentials(envelope, { runId: env.RUN_ID, token: env.LOCKSTEP_TOKEN });
  if (envelope.world && !world) {
    world = true;
    const { peers, worldSize } = envelope.world;
    if (peers.length !== worldSize) throw new Error('peers are missing');
    setTimeout(() => void oneStep(), 0);
  }
  if (envelope.drain) drained = true;
  if (envelope.abort && !fake.deaf) process.exit(1);
}
