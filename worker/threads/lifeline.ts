/** Watches the pipe that the launcher holds open: it closes when the launcher ends, in whatever way. */
import { Socket } from 'node:net';

/**
 * Calls `onClosed` once, when the other end of `fd` is closed or reading fails. Works in a worker thread while the main thread is busy. The
 * descriptor belongs to the lifeline from now on.
 */
export function watchLifeline(fd: number, onClosed: () => void): { close(): void } {
  let watching = true;
  const ended = (): void => {
    if (!watching) return;
    watching = false;
    onClosed();
  };
  let socket: Socket;
  try {
    socket = new Socket({ fd, readable: true, writable: false });
  } catch {
    // No such descriptor, or no pipe: the launcher was gone before we looked.
    ended();
    return { close: () => {} };
  }
  socket.on('close', ended);
  socket.on('error', ended);
  // What the launcher writes means nothing; it must be read for the end to be seen.
  socket.resume();
  return {
    close: () => {
      watching = false;
      socket.destroy();
    },
  };
}
