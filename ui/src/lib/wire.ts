// The types that come over the wire, by their short names.

import type { components } from '../schema';

type Schemas = components['schemas'];

export type Board = Schemas['Board'];
export type BoardDelta = Schemas['BoardDelta'];
export type Glyph = Schemas['Glyph'];
export type Health = Schemas['Health'];
export type PopoverEvent = Schemas['PopoverEvent'];
export type Reasons = Schemas['Reasons'];
export type Row = Schemas['Row'];
export type Section = Schemas['Section'];
export type SessionId = Schemas['SessionId'];
