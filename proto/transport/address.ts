/** Endpoints as text: `tcp://host:port` and `ipc:///path`. */
import { TransportError } from '../errors.js';

/** The parts of an endpoint. `port` 0 lets the system choose. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'ipc'; readonly path: string };

/** What `sockaddr_un` holds on Linux, without its final zero. */
const MAX_IPC_PATH_BYTES = 107;

/**
 * Returns the parts of an endpoint.
 * @throws TransportError TRANSPORT_BAD_ADDRESS, TRANSPORT_PATH_TOO_LONG
 */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith('ipc://')) return { kind: 'ipc', path: checkIpcPath(text.slice('ipc://'.length)) };
  const match = /^tcp:\/\/(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]/]+):(\d+|\*)$/.exec(text);
  const host = match?.[1];
  const portText = match?.[2];
  const port = portText === '*' ? 0 : Number(portText);
  if (host === undefined || !(port >= 0 && port <= 65_535)) {
    throw new TransportError('TRANSPORT_BAD_ADDRESS', `"${text}" is no address`, {
      hint: 'Write tcp://HOST:PORT (IPv6 hosts in brackets, port 0 to 65535) or ipc:///absolute/path.',
      details: { address: text },
    });
  }
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port };
}

/** Returns the endpoint as text for connecting; IPv6 hosts in brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'ipc') return `ipc://${checkIpcPath(endpoint.path)}`;
  return tcpEndpoint(endpoint.host, endpoint.port);
}

/** Returns `tcp://host:port`; IPv6 hosts in brackets. */
export function tcpEndpoint(host: string, port: number): string {
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Tells whether an endpoint needs IPv6 switched on. */
export function isIpv6(endpoint: Endpoint): boolean {
  return endpoint.kind === 'tcp' && endpoint.host.includes(':');
}

function checkIpcPath(path: string): string {
  if (path === '') {
    throw new TransportError('TRANSPORT_BAD_ADDRESS', 'an ipc address needs a path', {
      hint: 'Write ipc:///absolute/path.',
    });
  }
  if (Buffer.byteLength(path) > MAX_IPC_PATH_BYTES) {
    throw new TransportError(
      'TRANSPORT_PATH_TOO_LONG',
      `the socket path "${path}" has ${Buffer.byteLength(path)} bytes; Linux allows ${MAX_IPC_PATH_BYTES}`,
      { hint: 'Set TMPDIR to a shorter folder.', details: { path } },
    );
  }
  return path;
}
