/** A server of the files of a folder, with range requests. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** Paths asked for, with ` bytes=a-b` where a range was. */
  readonly requests: string[];
  /** Called with what is about to be sent of a path; may change it. */
  spoil: (bytes: Buffer, path: string) => void;
}

/** Opens one on a free port. */
export async function serveFiles(folder: string): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname);
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    requests.push(range === null ? path : `${path} ${range[0]}`);
    void readFile(join(folder, path)).then(
      (bytes) => {
        const part = range === null ? bytes : bytes.subarray(Number(range[1]), Number(range[2]) + 1);
        files.spoil(part, path);
        response.writeHead(range === null ? 200 : 206).end(part);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const files: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spoil: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return files;
}
