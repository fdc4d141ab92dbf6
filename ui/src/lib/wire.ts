// The types that come over the wire, by their short names.

import type { components } from '../schema';

type Schemas = components['schemas'];

export type Ask = Schemas['Ask'];
export type Board = Schemas['Board'];
export type BoardDelta = Schemas['BoardDelta'];
export type ConnectCard = Schemas['ConnectCard'];
export type Glyph = Schemas['Glyph'];
export type Health = Schemas['Health'];
export type PauseKind = Schemas['PauseKind'];
export type PopoverEvent = Schemas['PopoverEvent'];
export type Reasons = Schemas['Reasons'];
export type Row = Schemas['Row'];
export type RowAction = Schemas['RowAction'];
export type Section = Schemas['Section'];
export type SessionId = Schemas['SessionId'];
