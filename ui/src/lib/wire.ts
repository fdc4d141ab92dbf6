// Short names for the types of the wire format.

import type { components } from '../schema';

type Schemas = components['schemas'];

export type Answer = Schemas['Answer'];
export type AppNote = Schemas['AppNote'];
export type Ask = Schemas['Ask'];
export type Board = Schemas['Board'];
export type BoardDelta = Schemas['BoardDelta'];
export type Card = Schemas['Card'];
export type CardLine = Schemas['CardLine'];
export type CardQuestion = Schemas['CardQuestion'];
export type ConnectCard = Schemas['ConnectCard'];
export type Glyph = Schemas['Glyph'];
export type Health = Schemas['Health'];
export type JumpFailure = Schemas['JumpFailure'];
export type RemedyAction = Schemas['RemedyAction'];
export type RemedyButton = Schemas['RemedyButton'];
export type PauseKind = Schemas['PauseKind'];
export type PopoverEvent = Schemas['PopoverEvent'];
export type Reasons = Schemas['Reasons'];
export type RequestId = Schemas['RequestId'];
export type Row = Schemas['Row'];
export type RowAction = Schemas['RowAction'];
export type RowAsk = Schemas['RowAsk'];
export type Section = Schemas['Section'];
export type SessionId = Schemas['SessionId'];
