/** A server of the files of a folder, with range requests. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  /** Paths asked for, with ` bytes=a-b` where a range was. */
  readonly requests: string[];
  /** Ranges that were sent. */
  readonly ranges: string[];
  /** Called with the number of a request, from 0; may answer it with a status instead. */
  refuse: (requestNumber: number) => number | undefined;
  /** Called with what is about to be sent of a path; may change it. */
  spoil: (bytes: Buffer, path: string) => void;
}

/** Opens one on a free port. */
export async function serveFiles(folder: string): Promise<FileServer> {
  const requests: string[] = [];
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname);
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    const status = files.refuse(requests.length);
    requests.push(range === null ? path : `${path} ${range[0]}`);
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    void readFile(join(folder, path)).then(
      (bytes) => {
        const part = range === null ? bytes : bytes.subarray(Number(range[1]), Number(range[2]) + 1);
        files.spoil(part, path);
        if (range !== null) ranges.push(range[0]);
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
    ranges,
    refuse: () => undefined,
    spoil: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return files;
}
