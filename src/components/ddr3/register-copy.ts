/** Numbers and typed arrays of an object, by name. */
export type Fields = Record<string, unknown>;

/** Copies the numbers and typed arrays that an object itself holds: its registers, in classes that keep nothing else that changes. */
export function saveFields(owner: object): Fields {
  const saved: Fields = {};
  for (const [name, value] of Object.entries(owner))
    if (typeof value === 'number' || typeof value === 'boolean' || ArrayBuffer.isView(value))
      saved[name] = structuredClone(value);
  return saved;
}

/** Puts saved registers back, typed arrays where they are. */
export function restoreFields(owner: object, saved: Fields): void {
  const target = owner as Fields;
  for (const [name, value] of Object.entries(saved)) {
    if (ArrayBuffer.isView(value)) {
      const now = target[name] as { set(values: unknown): void };
      now.set(value);
    } else target[name] = value;
  }
}
