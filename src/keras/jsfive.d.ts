/** What src/keras/hdf5.ts uses of jsfive, which has no types of its own. Values come from the file: nothing is certain. */
declare module "jsfive" {
  export class Group {
    /** The names of the members. */
    readonly keys: string[];
    readonly attrs: Record<string, unknown>;
    /** The member of a name; null for a link that leads nowhere. @throws strings, and whatever else. */
    get(name: string): Group | Dataset | null;
  }
  export class Dataset {
    readonly shape: unknown;
    readonly dtype: unknown;
    readonly value: unknown;
  }
  export class File extends Group {
    constructor(bytes: ArrayBuffer, name?: string);
  }
}
