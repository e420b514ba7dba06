/** Child processes of the setup, and the one program that a script is for. */
import { spawn } from "node:child_process";

/** The signals that ask a program to end. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"];
const WATCH_PARENT = new URL("parent.mjs", import.meta.url).href;
const isPosix = process.platform !== "win32";

/** Runs a command whose output goes to stderr; rejects with a sentence where its exit status is not 0. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", 2, 2], ...options });
    child.once("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once("exit", (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args[0]} failed with status ${code ?? signal}.`)),
    );
  });
}

/**
 * Ends this process as the program ends, with the same exit status or by the same signal. Where Node can
 * (`process.execve`), the program takes this process's place; elsewhere it runs as a child and is sent the signals
 * that come in here. Standard input and output are the program's either way.
 * @param program the path of a JavaScript file
 */
export function become(node, program, args, { canReplace = isPosix } = {}) {
  const isWatching = isPosix && process.env.npm_lifecycle_event !== undefined;
  const argv = [...(isWatching ? ["--import", WATCH_PARENT] : []), program, ...args];
  if (canReplace && process.execve !== undefined) process.execve(node, [node, ...argv]);
  const child = spawn(node, argv, { stdio: "inherit" });
  const passOn = (signal) => {
    // Windows has no signals: the console sends Ctrl-C to all its processes, and `kill` ends a process at once.
    if (isPosix) child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, passOn);
  if (isWatching) void import(WATCH_PARENT);
  child.once("error", (error) => {
    console.error(`${node} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    for (const each of PASSED_ON) process.off(each, passOn);
    if (signal === null) process.exit(code);
    // Whoever started this process sees how the program ended; some signals have no effect here, hence the status.
    process.exitCode = 1;
    process.kill(process.pid, signal);
  });
}
