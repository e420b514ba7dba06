/** Where a chain of layers is cut into an encoder and decoders: its embedding. */
import { outputShape } from "../network/network.js";
import { type Shape, sizeOf } from "../network/shape.js";
import type { Chain } from "./chain.js";
import type { Piece } from "./piece.js";

export interface Parts {
  /** Ends in a vector. */
  readonly encoder: readonly Piece[];
  /** One for each output. */
  readonly decoders: readonly (readonly Piece[])[];
}

/**
 * Cuts a model. With branches, the trunk is the encoder. Without, the encoder ends at the narrowest vector of the trunk;
 * a trunk of sequences alone gets a vector where it is narrowest, by a layer that flattens and one that undoes it.
 *
 * @param trunk the layers that all outputs have; for one output, all layers
 * @param branches by output, the layers after the trunk; none for one output
 */
export function splitAtEmbedding(trunk: Chain, branches: readonly Chain[]): Parts {
  trunk.merge();
  for (const branch of branches) branch.merge();
  if (branches.length === 0) {
    const { end, isVector } = narrowest(trunk);
    const encoder = trunk.pieces.slice(0, end);
    const decoder = trunk.pieces.slice(end);
    return isVector
      ? { encoder, decoders: [decoder] }
      : flattened(trunk, { encoder, decoders: [decoder] }, shapesOf(trunk)[end]!);
  }
  const parts = { encoder: trunk.pieces, decoders: branches.map(({ pieces }) => pieces) };
  return trunk.shape.length === 1 ? parts : flattened(trunk, parts, trunk.shape);
}

/** The number of pieces up to the narrowest vector, or to the narrowest sequence where there is no vector. */
function narrowest(chain: Chain): { end: number; isVector: boolean } {
  const { pieces } = chain;
  const shapes = shapesOf(chain);
  const last = pieces[pieces.length - 1];
  // The output itself is no embedding, nor is it as the vector that a reshape makes rows of.
  const output = last?.layer.kind === "reshape" ? pieces.length - 1 : pieces.length;
  const inner = pieces.map((_, index) => index + 1).filter((end) => end < output);
  const vectors = (among: number[]) => among.filter((end) => shapes[end]!.length === 1);
  const size = (end: number) => sizeOf(shapes[end]!);
  const found = [vectors(inner), inner.slice(), vectors([output])].find(({ length }) => length > 0) ?? [0];
  const least = Math.min(...found.map(size));
  let end = found.find((each) => size(each) === least)!;
  // Dropout behind the embedding belongs to it.
  while (found.includes(end + 1) && pieces[end]!.layer.kind === "dropout") end++;
  return { end, isVector: shapes[end]!.length === 1 };
}

/** By number of pieces, from 0 on, the shape after so many. */
function shapesOf({ pieces, input }: Chain): Shape[] {
  const shapes: Shape[] = [input];
  for (const { layer } of pieces) shapes.push(outputShape([layer], shapes[shapes.length - 1]!));
  return shapes;
}

/** Ends the encoder in a vector, of which each decoder makes the sequence again. */
function flattened(names: Chain, { encoder, decoders }: Parts, shape: Shape): Parts {
  const none = new Map();
  const flatten: Piece = {
    layer: { kind: "flatten", name: names.name("embedding") },
    weights: none,
    isMade: true,
  };
  const again = (): Piece => ({
    layer: { kind: "reshape", name: names.name("embedding_rows"), shape: [shape[0]!, shape[1]!] },
    weights: none,
    isMade: true,
  });
  return {
    encoder: [...encoder, flatten],
    decoders: decoders.map((decoder) => [again(), ...decoder]),
  };
}
