/** The launcher's HTTP port: /metrics for Prometheus, /healthz and /readyz for supervisors. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { TransportError } from '../proto/errors.js';

export interface StatusServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** True while the run trains. */
  isReady(): boolean;
}

export class StatusServer implements AsyncDisposable {
  readonly #server: Server;
  /** `http://host:port`, with the port that was chosen. */
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /**
   * Listens.
   * @throws TransportError `TRANSPORT_ADDRESS_IN_USE`, `TRANSPORT_BIND_FAILED`
   */
  static async open(options: StatusServerOptions): Promise<StatusServer> {
    const { host, port, registry } = options;
    const server = createServer((request, response) => {
      const reply = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
        response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : body);
      };
      if (request.method !== 'GET' && request.method !== 'HEAD') return reply(405, 'only GET\n');
      switch (new URL(request.url ?? '/', 'http://local').pathname) {
        case '/metrics':
          registry.metrics().then(
            (text) => reply(200, text, registry.contentType),
            (error: unknown) => reply(500, `${String(error)}\n`),
          );
          return;
        case '/healthz':
          return reply(200, 'ok\n');
        case '/readyz':
          return options.isReady() ? reply(200, 'ready\n') : reply(503, 'not training\n');
        case '/':
          return reply(200, 'Lockstep: /metrics /healthz /readyz\n');
        default:
          return reply(404, 'not found\n');
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => reject(bindError(host, port, cause)));
      server.listen(port, host, resolve);
    });
    // The run's end, not this port, decides how long the process lives.
    server.unref();
    const { address, port: bound, family } = server.address() as AddressInfo;
    return new StatusServer(server, `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function bindError(host: string, port: number, cause: NodeJS.ErrnoException): TransportError {
  if (cause.code === 'EADDRINUSE') {
    return new TransportError('TRANSPORT_ADDRESS_IN_USE', `--metrics-port: ${host}:${port} is already in use`, {
      hint: 'choose another port, or 0 for any free one; another run may still be using it',
      details: { host, port },
      cause,
    });
  }
  return new TransportError(
    'TRANSPORT_BIND_FAILED',
    `--metrics-host: cannot listen on ${host}:${port}: ${cause.code}`,
    {
      hint: 'use an address of this host, such as 127.0.0.1 or 0.0.0.0',
      details: { host, port },
      cause,
    },
  );
}
