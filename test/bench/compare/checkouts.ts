/** The two sides of a comparison: folders with a built checkout, or git revisions that are checked out and built. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { repository } from "../../server-process.js";

/**
 * The folder of a built checkout. A revision gets a worktree that is removed when this process ends.
 * @param side a folder, or whatever git takes for a commit; a folder goes first
 * @throws Error where it is neither, or cannot be built
 */
export function builtCheckout(side: string): string {
  if (existsSync(join(side, "package.json"))) {
    const folder = resolve(side);
    if (!existsSync(join(folder, "dist", "test", "bench", "run.js"))) {
      throw new Error(`${side} is not built: run node src/setup.mjs in it.`);
    }
    return folder;
  }
  const folder = mkdtempSync(join(tmpdir(), "residua-compare-"));
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
    git(["worktree", "prune"]);
  });
  const commit = git(["rev-parse", "--verify", "--quiet", `${side}^{commit}`]).trim();
  git(["worktree", "add", "--detach", folder, commit]);
  execFileSync(process.execPath, [join(folder, "src", "setup.mjs")], { stdio: ["ignore", 2, 2] });
  return folder;
}

function git(args: readonly string[]): string {
  try {
    return execFileSync("git", ["-C", repository, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`git ${args.join(" ")} failed: ${stderr?.trim() || "it names no folder and no commit"}.`);
  }
}
