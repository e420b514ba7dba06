/** The device process as a child process: frames over a pipe, lines from its stderr, and its exit. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Duplex, Readable } from "node:stream";
import type { DeviceReady, Frame, FrameHead } from "./device-frames.js";
import { decodeText, encodeFrame, FRAME, FrameReader } from "./device-frames.js";
import { HEART_FD, Heartbeats } from "./device-heartbeats.js";
import { SharedMemory } from "./device-memory.js";

export interface DeviceCommand {
  /** The compiled `device-process.js`. */
  readonly script: string;
  /** A folder for files of the process; the process removes it where the parent could not, because it was killed. */
  readonly scratchFolder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How a device process ended. */
export interface DeviceExit {
  /** The signal (`SIGKILL`), the exit status (`status 1`), or why the process did not start. */
  readonly how: string;
  /** Whether the process was killed from outside: by a person, or by the system for want of memory. */
  readonly killed: boolean;
  /** The last lines that it wrote to stderr. */
  readonly lastLines: readonly string[];
}

export interface ConnectionEvents {
  /** A line that the process wrote to stderr. */
  readonly line: (line: string) => void;
  readonly ready: (ready: DeviceReady) => void;
  /** An answer to the frame of that id, in the order of the frames. `reason` says why the task failed. */
  readonly answer: (id: number, payload: Uint8Array, reason: string | undefined) => void;
  /** The process has ended. Called once; no other event follows. */
  readonly exit: (exit: DeviceExit) => void;
}

const KEPT_LINES = 40;

export class DeviceConnection {
  private readonly child: ChildProcess;
  /** Undefined where the process could not be started for want of file descriptors. */
  private readonly pipe: Duplex | undefined;
  private readonly events: ConnectionEvents;
  private readonly lines: string[] = [];
  private hasEnded = false;
  private killedHere = false;

  private readonly heartbeats: Heartbeats | undefined;
  /** For the payloads of frames to the process, and of those from it; undefined where there is none. */
  private readonly memory: readonly [SharedMemory, SharedMemory] | undefined;
  private readonly killAtExit = (): void => {
    this.child.kill("SIGKILL");
  };

  /**
   * Starts the process. Where that fails, `exit` says why.
   * @param silentMs it is killed when it has not beaten for longer. That counts as killed from outside: the task that it
   *   was working on is not to blame.
   */
  constructor(command: DeviceCommand, silentMs: number, events: ConnectionEvents) {
    this.events = events;
    this.memory = sharedMemory();
    const descriptors = (this.memory ?? []).map(({ descriptor }) => descriptor);
    this.child = spawn(
      process.execPath,
      [command.script, command.scratchFolder, ...(this.memory === undefined ? [] : ["shared"])],
      {
        env: command.environment,
        // stdout is the service's log: TensorFlow must not write into it.
        stdio: ["ignore", "ignore", "pipe", "pipe", "pipe", ...descriptors],
      },
    );
    this.child.once("error", (error) => this.end(error.message, false));
    // A stopped process does not see that its pipe has closed: it would outlive this one.
    process.once("exit", this.killAtExit);
    // Without file descriptors for pipes Node makes none, and no process.
    const pipes: ChildProcess["stdio"] | undefined = this.child.stdio;
    if (pipes === undefined) return;
    this.heartbeats = new Heartbeats(pipes[HEART_FD] as Readable, silentMs, () => {
      this.lines.push(`It was silent for ${silentMs / 1000} s.`);
      this.child.kill("SIGKILL");
    });
    this.pipe = pipes[3] as Duplex;
    const reader = new FrameReader((frame) => this.take(frame), this.memory?.[1]);
    this.pipe.on("data", (chunk: Uint8Array) => {
      try {
        reader.push(chunk);
      } catch {
        this.kill();
      }
    });
    // A process without its pipe is of no use; its exit is then reported below.
    this.pipe.on("error", () => this.child.kill("SIGKILL"));
    this.readLines();
    // `close` comes after `exit`, when everything that the process wrote has been read: also its last answers.
    this.child.once("close", (code, signal) => {
      const fromOutside = signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT";
      this.end(signal ?? `status ${code}`, fromOutside && !this.killedHere);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether the process has said nothing for longer than it should. */
  get isSilent(): boolean {
    return this.heartbeats?.isSilent === true;
  }

  /** Writes a frame. The parts are not copied: they must not change until they are written. */
  send(head: FrameHead, parts: readonly Uint8Array[] = []): void {
    this.pipe?.cork();
    for (const buffer of encodeFrame(head, parts, this.memory?.[0])) this.pipe?.write(buffer);
    this.pipe?.uncork();
  }

  /** Kills the process; `exit` reports it as not killed from outside. */
  kill(): void {
    this.killedHere = true;
    this.child.kill("SIGKILL");
  }

  /** Closes the pipe, upon which the process ends by itself; `exit` is called when it has. */
  hangUp(): void {
    this.pipe?.end();
    this.pipe?.destroy();
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
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.heartbeats?.stop();
    for (const { descriptor } of this.memory ?? []) closeSync(descriptor);
    process.off("exit", this.killAtExit);
    this.events.exit({ how, killed, lastLines: this.lines });
  }
}

function sharedMemory(): readonly [SharedMemory, SharedMemory] | undefined {
  const requests = SharedMemory.create();
  if (requests === undefined) return undefined;
  const answers = SharedMemory.create();
  if (answers !== undefined) return [requests, answers];
  closeSync(requests.descriptor);
  return undefined;
}
