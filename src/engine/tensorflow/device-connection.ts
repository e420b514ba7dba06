/** One life of the device process: started, asked, and gone. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import type { DeviceReady, Frame, FrameHead } from "./device-frames.js";
import { decodeText, encodeFrame, FRAME, FrameReader } from "./device-frames.js";

export interface DeviceCommand {
  /** The compiled `device-process.js`. */
  readonly script: string;
  /** Removed by the process, should its parent be gone before it. */
  readonly scratchFolder: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface DeviceDeath {
  /** `SIGKILL`, `status 1`, or why it did not start. */
  readonly how: string;
  /** Whether it was ended from outside: by a person, or for want of memory. */
  readonly killed: boolean;
  /** The last lines of its stderr. */
  readonly lastLines: readonly string[];
}

export interface DeviceEvents {
  /** A line of its stderr. */
  readonly line: (line: string) => void;
  readonly ready: (ready: DeviceReady) => void;
  /** An answer, in the order of the questions. `reason` is what went wrong. */
  readonly answer: (id: number, payload: Uint8Array, reason: string | undefined) => void;
  /** Once, whatever the cause; nothing else is said after it. */
  readonly death: (death: DeviceDeath) => void;
}

const KEPT_LINES = 40;

export class DeviceConnection {
  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly events: DeviceEvents;
  private readonly lines: string[] = [];
  private over = false;
  private killedHere = false;

  constructor(command: DeviceCommand, events: DeviceEvents) {
    this.events = events;
    this.child = spawn(process.execPath, [command.script, command.scratchFolder], {
      env: command.environment,
      // stdout belongs to the service's log.
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.pipe = this.child.stdio[3] as Duplex;
    const reader = new FrameReader((frame) => this.take(frame));
    this.pipe.on("data", (chunk: Uint8Array) => {
      try {
        reader.push(chunk);
      } catch {
        this.kill();
      }
    });
    // What happens to the pipe happens to the process: its exit tells.
    this.pipe.on("error", () => this.child.kill("SIGKILL"));
    this.readLines();
    this.child.once("error", (error) => this.end(error.message, false));
    // `close` and not `exit`: what it answered before it died still lies in the pipe.
    this.child.once("close", (code, signal) => {
      const fromOutside = signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT";
      this.end(signal ?? `status ${code}`, fromOutside && !this.killedHere);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(head: FrameHead, parts: readonly Uint8Array[] = []): void {
    this.pipe.cork();
    for (const buffer of encodeFrame(head, parts)) this.pipe.write(buffer);
    this.pipe.uncork();
  }

  kill(): void {
    this.killedHere = true;
    this.child.kill("SIGKILL");
  }

  /** Lets it end by itself; `death` tells when it has. */
  hangUp(): void {
    this.pipe.end();
    this.pipe.destroy();
  }

  private take(frame: Frame): void {
    if (frame.kind === FRAME.ready) this.events.ready(JSON.parse(decodeText(frame.payload)) as DeviceReady);
    else if (frame.kind === FRAME.done) this.events.answer(frame.id, frame.payload, undefined);
    else this.events.answer(frame.id, new Uint8Array(0), decodeText(frame.payload));
  }

  private readLines(): void {
    let rest = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines.filter((entry) => entry.trim() !== "")) {
        this.lines.push(line);
        if (this.lines.length > KEPT_LINES) this.lines.shift();
        this.events.line(line);
      }
    });
  }

  private end(how: string, killed: boolean): void {
    if (this.over) return;
    this.over = true;
    this.events.death({ how, killed, lastLines: this.lines });
  }
}
