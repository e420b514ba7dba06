/**
 * Files in memory under /simulated, in place of those of node:fs/promises: every operation is a step that a test decides
 * about, so that it comes late, in another order, or fails.
 */
import { Buffer } from "node:buffer";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

export const SIMULATED = "/simulated";

type Folder = Map<string, Entry>;
interface Entry {
  readonly ino: number;
  changed: number;
  readonly content: Folder | { bytes: Uint8Array };
}

/** Called before an operation has its effect, and after it; it may wait, and throw. */
export type Step = (operation: string) => Promise<void>;

export class SimulatedFiles {
  #step: Step = async () => undefined;
  #count = 0;
  #root: Entry = this.#entry(new Map());

  /** Begins anew, with nothing in the folder. */
  reset(step: Step): void {
    this.#step = step;
    this.#root = this.#entry(new Map());
  }

  #entry(content: Entry["content"]): Entry {
    this.#count += 1;
    return { ino: this.#count, changed: this.#count, content };
  }

  #touch(entry: Entry): void {
    this.#count += 1;
    entry.changed = this.#count;
  }

  #find(path: string): Entry {
    let entry = this.#root;
    for (const part of path.split("/").slice(2)) {
      const next = entry.content instanceof Map ? entry.content.get(part) : undefined;
      if (next === undefined) throw failure("ENOENT", path);
      entry = next;
    }
    return entry;
  }

  #folder(path: string): { entry: Entry; names: Folder } {
    const entry = this.#find(path);
    if (!(entry.content instanceof Map)) throw failure("ENOTDIR", path);
    return { entry, names: entry.content };
  }

  has(path: string): boolean {
    try {
      return this.#find(path) !== undefined;
    } catch {
      return false;
    }
  }

  /** Makes a folder with those before it. */
  mkdir(path: string): void {
    let at = "";
    for (const part of path.split("/").slice(1)) {
      at += `/${part}`;
      if (!this.has(at)) this.#put(at, new Map());
    }
  }

  write(path: string, bytes: Uint8Array): void {
    this.#put(path, { bytes });
  }

  #put(path: string, content: Entry["content"]): void {
    const { entry, names } = this.#folder(path.slice(0, path.lastIndexOf("/")));
    names.set(path.slice(path.lastIndexOf("/") + 1), this.#entry(content));
    this.#touch(entry);
  }

  remove(path: string): void {
    const { entry, names } = this.#folder(path.slice(0, path.lastIndexOf("/")));
    names.delete(path.slice(path.lastIndexOf("/") + 1));
    this.#touch(entry);
  }

  rename(from: string, to: string): void {
    const moved = this.#find(from);
    this.remove(from);
    this.#put(to, moved.content);
  }

  readonly #stat = (path: string) => this.#described(this.#find(path));

  #described({ content, ino, changed }: Entry) {
    const isFolder = content instanceof Map;
    const size = isFolder ? 0 : content.bytes.length;
    return {
      dev: 1,
      ino,
      size,
      mtimeNs: changed,
      ctimeNs: changed,
      mtimeMs: changed,
      isFile: () => !isFolder,
      isDirectory: () => isFolder,
      isSymbolicLink: () => false,
    };
  }

  readonly #readdir = (path: string, options?: { withFileTypes?: boolean }) =>
    [...this.#folder(path).names].map(([name, entry]) =>
      options?.withFileTypes === true ? { name, ...this.#described(entry) } : name,
    );

  readonly #open = (path: string, flags: unknown) => {
    if (flags === "wx") this.write(path, new Uint8Array(0));
    // What was opened stays what it was, also where the name stands for another file by now.
    const entry = this.#find(path);
    const { content } = entry;
    const step = this.#step;
    const operation = async <T>(name: string, effect: () => T): Promise<T> => {
      await step(name);
      return effect();
    };
    return {
      stat: () => operation("fstat", () => this.#described(entry)),
      sync: () => operation("fsync", () => undefined),
      close: async () => undefined,
      writeFile: (bytes: Uint8Array) =>
        operation("write", () => {
          if (!(content instanceof Map)) content.bytes = bytes;
          this.#touch(entry);
        }),
      read: (into: Uint8Array, at: number, length: number, position: number) =>
        operation("read", () => {
          const bytes = content instanceof Map ? Buffer.alloc(0) : content.bytes;
          const part = bytes.subarray(position, position + length);
          into.set(part, at);
          return { bytesRead: part.length };
        }),
    };
  };

  /** Takes the place of node:fs/promises for paths under SIMULATED. @returns what undoes that. */
  install(): () => void {
    const real = { ...fs };
    const replace = (name: keyof typeof fs, effect: (...args: never[]) => unknown): void => {
      const original = fs[name] as (...args: unknown[]) => unknown;
      Object.assign(fs, {
        [name]: async (path: string, ...rest: unknown[]) => {
          if (!String(path).startsWith(SIMULATED)) return original(path, ...rest);
          await this.#step(name);
          return (effect as (...args: unknown[]) => unknown)(path, ...rest);
        },
      });
    };
    replace("stat", this.#stat);
    replace("lstat", this.#stat);
    replace("readdir", this.#readdir);
    replace("open", this.#open);
    replace("realpath", (path: string) => path);
    replace("rename", (from: string, to: string) => this.rename(from, to));
    replace("rm", (path: string) => {
      if (this.has(path)) this.remove(path);
    });
    syncBuiltinESMExports();
    return () => {
      Object.assign(fs, real);
      syncBuiltinESMExports();
    };
  }
}

export function failure(code: string, path: string): Error {
  const errno = { ENOENT: -2, ENOTDIR: -20, EIO: -5, EMFILE: -24, ESTALE: -116, EAGAIN: -11 }[code];
  return Object.assign(new Error(`${code}: ${path}`), { code, errno, syscall: "simulated" });
}
