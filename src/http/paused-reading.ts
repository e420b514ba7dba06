/** Stops the reading of a connection for a while. */
import type { Socket } from "node:net";

/**
 * Node reads a connection again when the body of a request is read from it; here it does not.
 * @returns what goes on with the reading; to be called once.
 */
export function pauseReading(socket: Socket): () => void {
  // At its event "resume" Node reads on. The event "pause" stops it: `pause` alone emits none where it was called
  // since.
  const stayPaused = (): void => {
    socket.pause().emit("pause");
  };
  socket.on("resume", stayPaused);
  socket.pause();
  return () => {
    socket.off("resume", stayPaused).resume();
  };
}
