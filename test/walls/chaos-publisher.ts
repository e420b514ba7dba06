/** The other programs of the chaos test: they publish, copy, remove, and write aliases, whole or in part. */
import type { Bundles } from "./chaos-bundles.js";
import { SIMULATED, type SimulatedFiles } from "./simulated-files.js";
import type { SimulatedTime } from "./simulated-time.js";

export class ChaosPublisher {
  readonly #time: SimulatedTime;
  readonly #files: SimulatedFiles;
  readonly #bundles: Bundles;
  readonly #trace: string[];
  /** Versions that are whole on the disk, by `name/version`. */
  readonly whole = new Set<string>();
  #begun = 0;

  constructor(time: SimulatedTime, files: SimulatedFiles, bundles: Bundles, trace: string[]) {
    this.#time = time;
    this.#files = files;
    this.#bundles = bundles;
    this.#trace = trace;
  }

  #folder(name: string, version: number): string {
    return `${SIMULATED}/${name}/${version}`;
  }

  /** A number belongs to one publisher, as with renaming. */
  #take(name: string, version: number): boolean {
    return !this.#files.has(this.#folder(name, version));
  }

  publish(name: string, version: number): void {
    if (!this.#take(name, version)) return;
    this.#begun += 1;
    const temporary = `${SIMULATED}/${name}/.tmp-${this.#begun}`;
    this.#files.mkdir(temporary);
    for (const [file, { bytes }] of this.#bundles.get(`${name}/${version}`)!.files) {
      this.#files.write(`${temporary}/${file}`, bytes);
    }
    this.#files.rename(temporary, this.#folder(name, version));
    this.whole.add(`${name}/${version}`);
    this.#trace.push(`${name} ${version} is published`);
  }

  /** As `cp -r` does: file by file, in any order, each first in part. */
  async publishInPieces(name: string, version: number): Promise<void> {
    if (!this.#take(name, version)) return;
    const folder = this.#folder(name, version);
    this.#files.mkdir(folder);
    const files = [...this.#bundles.get(`${name}/${version}`)!.files].sort(() => this.#time.random() - 0.5);
    for (const [file, { bytes }] of files) {
      await this.#time.later();
      this.#files.write(`${folder}/${file}`, bytes.subarray(0, this.#time.below(bytes.length)));
      await this.#time.later();
      this.#files.write(`${folder}/${file}`, bytes);
    }
    this.whole.add(`${name}/${version}`);
    this.#trace.push(`${name} ${version} is copied`);
  }

  remove(name: string, version: number): void {
    if (version === 1 || !this.whole.delete(`${name}/${version}`)) return;
    this.#files.remove(this.#folder(name, version));
    this.#trace.push(`${name} ${version} is removed`);
  }

  /** What another program writes, at times in part. */
  async writeAliases(name: string, version: number): Promise<void> {
    const bytes = Buffer.from(JSON.stringify({ candidate: String(version) }));
    const file = `${SIMULATED}/${name}/aliases.json`;
    if (this.#time.random() < 0.5) this.#files.write(file, bytes.subarray(0, this.#time.below(bytes.length)));
    await this.#time.later();
    this.#files.write(file, bytes);
  }
}
