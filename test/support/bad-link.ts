/** A link between ranks that damages payload frames: whoever sends to its endpoint reaches the rank behind it. */
import { type DataHeader, runTag } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { PayloadReceiver, PayloadSender } from '../../proto/transport/zmq.js';
import { type Reroute, RUN } from './stub-coordinator.js';

type Header = DataHeader;

/** Names a frame, however often it is sent. */
export function frameName({ sender, phase, round, bucket, chunk, segment, virtualBegin }: Header): string {
  return [sender, phase, round, bucket, chunk, segment, virtualBegin].join('/');
}

export class BadLinks implements AsyncDisposable {
  /** How many frames were damaged. */
  numDamaged = 0;
  readonly #links: (PayloadReceiver | PayloadSender)[] = [];
  readonly #isDamaged: (header: Header, time: number) => boolean;

  /** @param isDamaged whether a frame of the all-reduce is damaged; `time` counts from 1 how often it has come by its link */
  constructor(isDamaged: (header: Header, time: number) => boolean) {
    this.#isDamaged = isDamaged;
  }

  /** Puts a link before each rank's endpoint for other hosts. */
  readonly reroute: Reroute = async (endpoint) => {
    const receiver = new PayloadReceiver();
    const sender = new PayloadSender(endpoint);
    this.#links.push(receiver, sender);
    const bound = await receiver.bind('tcp://127.0.0.1:0');
    void this.#pass(receiver, sender);
    return bound;
  };

  async #pass(receiver: PayloadReceiver, sender: PayloadSender): Promise<void> {
    const times = new Map<string, number>();
    for await (const [header, payload] of receiver.messages()) {
      const passed = this.#passed(data.Header.decode(header!), payload!, times);
      // A link that is being closed sends no more.
      await sender.send([header!, passed]).catch(() => {});
    }
  }

  #passed(header: Header, payload: Uint8Array, times: Map<string, number>): Uint8Array {
    const isReduced = header.phase === data.Phase.PARTIAL || header.phase === data.Phase.RESULT;
    if (!isReduced || header.runTag !== runTag(RUN.token)) return payload;
    const name = frameName(header);
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    if (!this.#isDamaged(header, time)) return payload;
    this.numDamaged++;
    const damaged = Uint8Array.from(payload);
    damaged[payload.length >> 1]! ^= 0x10;
    return damaged;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }
}
