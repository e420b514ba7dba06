/**
 * Reads files and folders in the folder of models, where anybody may have put anything: a pipe, a device, a link to
 * somewhere else, a file without end, a network volume that does not answer. Each becomes an error with a sentence, and
 * none holds up whoever reads.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath } from "node:fs/promises";
import { sep } from "node:path";
import { getSystemErrorMap } from "node:util";
import { InputError } from "../errors.js";

/** How long one operation on a file may take. On a disk it is milliseconds; a network volume may never answer. */
const ANSWER_MS = 10_000;
/** How much is read at a time, so that the event loop is never blocked for long. */
const CHUNK_BYTES = 1024 * 1024;

/** Errors that come from the machine and may be gone the next time; they say nothing about the file. */
const PASSING_ERRORS = new Set(["EAGAIN", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE", "ETIMEDOUT"]);

/** How many operations have not come back yet though their time was over, by the model's folder. */
const stuck = new Map<string, number>();

/**
 * Waits for an operation on the files of a model, but not for ever. Each one that does not come back keeps a thread of
 * Node's pool, so for that model none other is started until it has.
 * @param modelFolder the folder that the operation is counted against.
 * @param onLate gets what the operation gave after its time, such as a file that has to be closed.
 * @throws Error with code ETIMEDOUT, and what the operation throws.
 */
export async function inTime<T>(
  modelFolder: string,
  start: () => Promise<T>,
  withinMs = ANSWER_MS,
  onLate: (value: T) => void = () => undefined,
): Promise<T> {
  if (stuck.has(modelFolder)) throw noAnswer(withinMs);
  const operation = start();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      stuck.set(modelFolder, (stuck.get(modelFolder) ?? 0) + 1);
      const back = (): void => {
        const left = (stuck.get(modelFolder) ?? 1) - 1;
        if (left === 0) stuck.delete(modelFolder);
        else stuck.set(modelFolder, left);
      };
      operation.then((value) => {
        back();
        onLate(value);
      }, back);
      reject(noAnswer(withinMs));
    }, withinMs);
  });
  try {
    return await Promise.race([operation, late]);
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(withinMs: number): Error {
  const error = new Error(`the volume has not answered within ${withinMs / 1000} s`);
  return Object.assign(error, { code: "ETIMEDOUT" });
}

/** What is wrong, without the path: reasons are answered to clients, and paths are nobody's business but the log's. */
export function explain(error: unknown): string {
  const { code, errno, message, why } = error as NodeJS.ErrnoException & { readonly why?: string };
  if (errno === undefined) return why ?? message ?? String(error);
  return `${getSystemErrorMap().get(errno)?.[1] ?? "it failed"} (${code})`;
}

/** As `explain`, with a full stop. */
export function explainInSentence(error: unknown): string {
  const text = explain(error);
  return text.endsWith(".") ? text : `${text}.`;
}

/** Whether an error says that this process may not write there. */
export function isReadOnly({ code }: NodeJS.ErrnoException): boolean {
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}

/** Turns an error of the file system into an InputError, unless it is one of PASSING_ERRORS. */
export function refuse(what: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === "ENOENT") throw new InputError(`${what} is missing.`, { cause: error });
    if (error instanceof InputError || PASSING_ERRORS.has(error.code ?? "")) throw error;
    throw new InputError(`${what} cannot be read: ${explain(error)}.`);
  };
}

/**
 * Reads a regular file piece by piece.
 * @param modelFolder as for `inTime`.
 * @param name as messages have it.
 * @param checkSize throws where the file has too many bytes.
 * @param take gets each piece that was read.
 * @throws InputError where the file is missing, may not be read, is a link, a pipe or a device, or becomes shorter;
 *   and errors of the machine that may pass.
 */
export async function readRegularFile(
  modelFolder: string,
  path: string,
  name: string,
  checkSize: (bytes: number) => void,
  take: (piece: Uint8Array) => void = () => {},
): Promise<Uint8Array> {
  const handle = await openRegularFile(modelFolder, path, name);
  try {
    // Of the open file: the name may stand for another one by now.
    const found = await inTime(modelFolder, () => handle.stat());
    if (!found.isFile()) throw new InputError(`${name} is not a file.`);
    checkSize(found.size);
    const bytes = new Uint8Array(found.size);
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(CHUNK_BYTES, bytes.length - at);
      const { bytesRead } = await inTime(modelFolder, () => handle.read(bytes, at, length, at));
      if (bytesRead === 0) throw new InputError(`${name} became shorter while it was read.`);
      take(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    return bytes;
  } catch (error) {
    return refuse(name)(error as NodeJS.ErrnoException);
  } finally {
    // Not waited for: it comes after a read that may never end.
    handle.close().catch(() => undefined);
  }
}

async function openRegularFile(modelFolder: string, path: string, name: string): Promise<FileHandle> {
  try {
    // Before it is opened: opening alone makes some devices act.
    const found = await inTime(modelFolder, () => lstat(path));
    if (found.isSymbolicLink()) throw new InputError(`${name} is a link; it has to be a file.`);
    if (!found.isFile()) throw new InputError(`${name} is not a file.`);
    // Should it have become a link or a pipe meanwhile: neither is followed, nor waited for.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const close = (handle: FileHandle): void => void handle.close().catch(() => undefined);
    return await inTime(modelFolder, () => open(path, flags), ANSWER_MS, close);
  } catch (error) {
    return refuse(name)(error as NodeJS.ErrnoException);
  }
}

/** The names in a folder. @throws InputError as `readRegularFile` does. */
export async function listNames(modelFolder: string, folder: string): Promise<string[]> {
  return inTime(modelFolder, () => readdir(folder)).catch(refuse("The folder"));
}

/**
 * Checks that a folder is one: itself, or through a link to another place in the folder of models.
 * @throws InputError where it is missing, something else, or a link that leads out, nowhere, or to itself.
 */
export async function checkFolder(modelFolder: string, folder: string, modelsFolder: string): Promise<void> {
  const found = await inTime(modelFolder, () => lstat(folder)).catch(refuse("The folder"));
  if (found.isDirectory()) return;
  if (!found.isSymbolicLink()) throw new InputError("It is not a folder.");
  const [target, root] = await inTime(modelFolder, () =>
    Promise.all([realpath(folder), realpath(modelsFolder)]),
  ).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new InputError("It is a link to nothing.");
    if (error.code === "ELOOP") throw new InputError("It is a link that leads back to itself.");
    return refuse("The folder")(error);
  });
  if (!target.startsWith(root + sep)) throw new InputError("It is a link out of the folder of models.");
}
