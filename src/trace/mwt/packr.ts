import { Packr } from 'msgpackr';

/** The one that packs and unpacks payloads: maps as maps, bytes as bytes, so that any reader of MessagePack reads them. */
export const packr = new Packr({ moreTypes: true, useRecords: false });
