import { crc32, inflateRawSync } from 'node:zlib';
import { fileError } from './errors.js';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/**
 * Unpacks a zip archive: stored and deflated entries, found through the central directory (PKWARE APPNOTE 6.3,
 * sections 4.3.7, 4.3.12 and 4.3.16). No encryption, no archives in parts, nothing past 4 GiB.
 *
 * @param file name used in messages
 * @returns entry name to its bytes, in directory order
 * @throws FileFormatError naming the file, and the entry where one is damaged
 */
export function unzip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view, file);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== directoryEntry) {
      throw fileError(
        file,
        `directory entry ${i}`,
        'inside the file and begin with PK 01 02',
        'something else',
      );
    }
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    entries.set(name, readEntry(bytes, view, at, name, file));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

function findEnd(view: DataView, file: string): number {
  // The record is 22 bytes and may be followed by a comment of up to 65,535.
  const least = Math.max(0, view.byteLength - 22 - 65_535);
  for (let at = view.byteLength - 22; at >= least; at--) {
    if (view.getUint32(at, true) === endOfDirectory) return at;
  }
  throw fileError(file, 'zip directory', 'at the end of the file', 'none: not a zip archive, or truncated');
}

function readEntry(bytes: Uint8Array, view: DataView, at: number, name: string, file: string): Uint8Array {
  const method = view.getUint16(at + 10, true);
  const checksum = view.getUint32(at + 16, true);
  const packedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const header = view.getUint32(at + 42, true);
  if (packedSize === 0xffff_ffff || size === 0xffff_ffff || header === 0xffff_ffff) {
    throw fileError(file, name, 'smaller than 4 GiB', 'a zip64 entry');
  }
  if ((view.getUint16(at + 8, true) & 1) !== 0)
    throw fileError(file, name, 'unencrypted', 'an encrypted entry');
  if (header + 30 > bytes.length || view.getUint32(header, true) !== localHeader) {
    throw fileError(file, name, 'inside the file and begin with PK 03 04', 'something else');
  }
  // The local header's own extra field may differ in length from the directory's: numpy pads it.
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + packedSize > bytes.length) {
    throw fileError(
      file,
      name,
      `${packedSize} bytes`,
      `truncated: ${Math.max(0, bytes.length - start)} bytes`,
    );
  }
  const data = unpack(bytes.subarray(start, start + packedSize), method, size, name, file);
  if (data.length !== size) throw fileError(file, name, `${size} bytes unpacked`, `${data.length}`);
  if (crc32(data) !== checksum) throw fileError(file, name, 'undamaged', 'another checksum');
  return data;
}

function unpack(packed: Uint8Array, method: number, size: number, name: string, file: string): Uint8Array {
  if (method === 0) return packed;
  if (method !== 8) throw fileError(file, name, 'stored or deflated', `zip method ${method}`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw fileError(file, name, 'undamaged', cause instanceof Error ? cause.message : 'not readable');
  }
}
