/** A part of a lock file that is a lock file itself, so that `npm ci` installs some packages exactly as all would be. */

const EDGES = ["dependencies", "optionalDependencies", "peerDependencies"];
/** Stands for the registry that npm is set up with: npm replaces it, see `install.mjs`. */
export const ANY_REGISTRY = "registry.invalid";

/**
 * The places in node_modules that packages and all they depend on have in the lock file.
 * @param packages the entries of the lock file by place, such as `node_modules/a/node_modules/b`
 * @param names packages that the project itself depends on
 * @returns {Set<string>}
 */
export function closure(packages, names) {
  const found = new Set();
  const visit = (place) => {
    if (place === undefined || found.has(place)) return;
    found.add(place);
    for (const name of neededBy(packages[place])) visit(placeOf(packages, place, name));
  };
  for (const name of names) visit(placeOf(packages, "", name));
  return found;
}

/**
 * @param manifest package.json
 * @param lock package-lock.json, version 3
 * @param wanted packages that the project itself depends on
 * @param present those that are installed already, with all they depend on: nothing of theirs is in the result
 * @param hasAddresses whether each package's tarball is named, which saves npm a request for each; the address
 *   follows the registry's convention, which not every registry keeps to
 * @returns {{manifest: object, lock: object, places: string[]}} both files, and the places that are then filled
 */
export function lockSubset({ manifest, lock, wanted, present, hasAddresses }) {
  const { packages } = lock;
  const installed = closure(packages, present);
  const places = [...closure(packages, wanted)].filter((place) => !installed.has(place)).sort();
  const missing = new Set(places);
  const direct = (group) =>
    onlyNamed(manifest[group], (name) => wanted.includes(name) && missing.has(`node_modules/${name}`));
  const own = {
    name: manifest.name,
    version: manifest.version,
    private: true,
    dependencies: { ...direct("dependencies"), ...direct("devDependencies") },
    optionalDependencies: direct("optionalDependencies"),
  };
  const entries = places.map((place) => {
    const { dev, devOptional, ...entry } = packages[place];
    for (const group of EDGES) {
      if (entry[group] === undefined) continue;
      entry[group] = onlyNamed(entry[group], (name) => missing.has(placeOf(packages, place, name)));
    }
    if (hasAddresses) entry.resolved = addressOf(entry.name ?? nameAt(place), entry.version);
    return [place, entry];
  });
  return {
    manifest: { ...own, overrides: manifest.overrides },
    lock: { ...lock, packages: Object.fromEntries([["", own], ...entries]) },
    places,
  };
}

/** The folder directly in node_modules that a place lies in: `node_modules/a` of `node_modules/a/node_modules/b`. */
export function outermost(place) {
  return /^node_modules\/(@[^/]+\/)?[^/]+/.exec(place)[0];
}

function neededBy({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }) {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/** Where Node finds a package that is required from a place: there, or in a node_modules further out. */
function placeOf(packages, from, name) {
  for (
    let folder = from;
    ;
    folder = folder.slice(0, folder.lastIndexOf("node_modules/")).replace(/\/$/, "")
  ) {
    const place = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (folder === "") return undefined;
  }
}

function nameAt(place) {
  return place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
}

function addressOf(name, version) {
  return `https://${ANY_REGISTRY}/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
}

function onlyNamed(record, holds) {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([name]) => holds(name)));
}
