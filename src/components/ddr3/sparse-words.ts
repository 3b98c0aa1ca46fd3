import { ConfigError } from '../../kernel/index.js';
import { WORD_BYTES } from '../axi/channels.js';

/** Words of a page: 64 KiB. A multiple of every bus width, so a beat never lies in two pages. */
const PAGE_WORDS = 32_768;
const UNTOUCHED = new Int16Array(PAGE_WORDS);

/** Saved contents: the pages that were written, in the order of their numbers. */
export interface SavedWords {
  readonly numbers: readonly number[];
  readonly pages: readonly Int16Array[];
}

/**
 * The contents of a large memory of 16-bit words, kept in pages of which only the written ones exist; the rest reads as
 * zero. Addresses are word numbers, 0 to 2^52; a word's low byte is the one at the even byte address.
 */
export class SparseWords {
  private readonly pages = new Map<number, Int16Array>();
  /** The page that {@link seek} found. Read-only for the caller. */
  page: Int16Array = UNTOUCHED;
  private pageNumber = -1;

  /** Makes {@link page} the one of word `address`; returns the word's place in it. */
  seek(address: number): number {
    const number = Math.floor(address / PAGE_WORDS);
    if (number !== this.pageNumber) {
      this.pageNumber = number;
      this.page = this.pages.get(number) ?? UNTOUCHED;
    }
    return address - number * PAGE_WORDS;
  }

  /** Like {@link seek}, for writing: the page exists afterwards. */
  seekForWrite(address: number): number {
    const offset = this.seek(address);
    if (this.page === UNTOUCHED) {
      this.page = new Int16Array(PAGE_WORDS);
      this.pages.set(this.pageNumber, this.page);
    }
    return offset;
  }

  /** Writes all of `words` from word `address` on. */
  load(address: number, words: Int16Array): void {
    for (let done = 0; done < words.length;) {
      const offset = this.seekForWrite(address + done);
      const count = Math.min(words.length - done, PAGE_WORDS - offset);
      this.page.set(words.subarray(done, done + count), offset);
      done += count;
    }
  }

  /** A copy of `count` words from word `address` on. */
  dump(address: number, count: number): Int16Array {
    const words = new Int16Array(count);
    for (let done = 0; done < count;) {
      const offset = this.seek(address + done);
      const here = Math.min(count - done, PAGE_WORDS - offset);
      words.set(this.page.subarray(offset, offset + here), done);
      done += here;
    }
    return words;
  }

  /** Bytes of host memory that the contents take. */
  get bytesHeld(): number {
    return this.pages.size * PAGE_WORDS * 2;
  }

  save(): SavedWords {
    const numbers = [...this.pages.keys()].sort((a, b) => a - b);
    return { numbers, pages: numbers.map((number) => this.pages.get(number)!.slice()) };
  }

  restore(saved: SavedWords): void {
    this.pages.clear();
    this.pageNumber = -1;
    saved.numbers.forEach((number, i) => this.pages.set(number, saved.pages[i]!.slice()));
  }
}

/** Holds the host's back door to the words that there are. @throws ConfigError naming `path` */
export function checkWords(path: string, address: number, words: number, capacityBytes: number): void {
  if (!Number.isInteger(address) || address < 0 || address % WORD_BYTES !== 0)
    throw new ConfigError(path, 'address', 'an even integer of 0 or more', address);
  if (address + words * WORD_BYTES > capacityBytes)
    throw new ConfigError(
      path,
      'address + words',
      `within the capacity of ${capacityBytes} bytes`,
      `${address} + ${words} words`,
    );
}
