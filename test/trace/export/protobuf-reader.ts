/** Protobuf's wire format, read by hand: each field's number with its values in order. Lengths as bytes, varints as bigint. */
export type Message = Map<number, (bigint | Uint8Array | number)[]>;

export function readMessage(bytes: Uint8Array): Message {
  const message: Message = new Map();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error(`a varint that does not end, byte ${at}`);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    let value: bigint | Uint8Array | number;
    if ((key & 7) === 0) value = varint();
    else if ((key & 7) === 1) {
      value = view.getFloat64(at, true);
      at += 8;
    } else if ((key & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error(`field ${field} reaches beyond its message`);
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`wire type ${key & 7} of field ${field}`);
    const values = message.get(field);
    if (values === undefined) message.set(field, [value]);
    else values.push(value);
  }
  return message;
}

export const one = (message: Message, field: number): bigint | Uint8Array | number | undefined => {
  const values = message.get(field) ?? [];
  if (values.length > 1) throw new Error(`field ${field} ${values.length} times`);
  return values[0];
};

export const string = (value: bigint | Uint8Array | number | undefined): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : '';

export const signed = (value: bigint | Uint8Array | number | undefined): number =>
  Number(BigInt.asIntN(64, value as bigint));
