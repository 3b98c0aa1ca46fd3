/** Where two runs of one image first part. */
export interface Difference {
  readonly image: number;
  readonly layer: string;
  /** Place in the layer's output, [channel, row, column] flattened. */
  readonly index: number;
  readonly wanted: number;
  readonly got: number;
}

/** The first element, layer by layer, in which the outputs of an image differ; null when none does. */
export function firstDifference(
  image: number,
  layers: readonly { readonly name: string }[],
  wanted: readonly Int16Array[],
  got: readonly Int16Array[],
): Difference | null {
  for (const [s, layer] of layers.entries()) {
    const index = wanted[s]!.findIndex((value, i) => value !== got[s]![i]);
    if (index >= 0)
      return { image, layer: layer.name, index, wanted: wanted[s]![index]!, got: got[s]![index]! };
  }
  return null;
}
