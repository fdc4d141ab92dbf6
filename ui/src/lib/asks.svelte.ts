// What sessions ask: one card at a time, which is answered once, and never by mistake.

import { Draft } from './draft.svelte';
import type { Host } from './host';
import type { Answer, Card, RequestId, Row, RowAsk, SessionId } from './wire';

/** A card that has just come, or moved, takes no click that was meant for something else. */
const GUARD = 500;
/** How long a word about an answer stands in its row. */
const NEWS = 8_000;

interface Open {
  id: SessionId;
  /** The request whose card it is; none where it can be answered in its terminal only. */
  request: RequestId | undefined;
}

export class Asks {
  /** Whose card is open. */
  open = $state.raw<Open>();
  /** All of it, as soon as it has come. */
  card = $state.raw<Card>();
  /** What was begun to be answered to it. */
  draft = $state.raw(new Draft());
  /** The answer that is under way. */
  pending = $state.raw<Answer['kind']>();
  /** Nothing has moved for a while: a click is meant. */
  calm = $state(false);
  /** What became of an answer, said in its row. */
  said = $state.raw<{ id: SessionId; text: string }>();
  /** Counts the cards that are to take the focus. */
  focus = $state(0);
  /** Whose card has gone last; a new object each time. */
  over = $state.raw<{ id: SessionId }>();

  /** Answered from here: what the board still says of it is old. */
  #answered = new Map<RequestId, Answer['kind']>();
  #drafts = new Map<RequestId, Draft>();
  /** Closed by the user, until the row asks something else. */
  #closed = new Set<string>();
  #advance: SessionId | undefined;
  /** Counts how often somebody has looked away. */
  #turn = 0;
  /** Whose card was asked for. */
  #asked: RequestId | undefined;
  /** Answered last: what it asks next is expected. */
  #last: SessionId | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #news: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Pick<Host, 'card' | 'answer'>,
    /** Told when the rows are to be looked at anew. */
    private readonly onanswered: () => void,
  ) {}

  /** What a row asks and was not answered already. The card that is open stays before an older one. */
  asks(row: Row | undefined): RowAsk | undefined {
    const ask = row?.ask ?? undefined;
    const own = this.open?.id === row?.id ? this.open?.request : undefined;
    const behind = ask?.behind?.find((one) => one.request === own);
    if (ask && behind && !this.#answered.has(behind.request)) {
      const { request, agent = null, until = null } = behind;
      return { ...ask, request, agent, until };
    }
    const given = ask?.request ? this.#answered.get(ask.request) : undefined;
    // A released request is asked in the terminal from then on.
    return given && !(given === 'release' && ask?.elsewhere != null) ? undefined : ask;
  }

  /** What a row asks in the card that is open; nothing once that is over. */
  shown(row: Row): RowAsk | undefined {
    const ask = this.open?.id === row.id ? this.asks(row) : undefined;
    return ask && (ask.request ?? undefined) === this.open?.request ? ask : undefined;
  }

  /** Whether a row can be answered from here. */
  can(row: Row): boolean {
    const ask = this.asks(row);
    return ask !== undefined && ask.request != null && ask.elsewhere == null;
  }

  /** Opens the card of a row, as the user asked. */
  review(row: Row): void {
    const ask = this.asks(row);
    if (!ask) return;
    const { open } = this;
    if (open?.id !== row.id || open.request !== (ask.request ?? undefined)) this.#show(row.id, ask);
    this.focus += 1;
  }

  /** Closes the open card, which stays closed until its row asks something else. */
  dismiss(): void {
    if (this.open) this.#closed.add(this.#name(this.open.id, this.open.request));
    this.#hide();
  }

  /** The popover was hidden. */
  reset(): void {
    this.#turn += 1;
    this.#hide();
    this.#closed.clear();
    this.#advance = this.#last = this.said = undefined;
    clearTimeout(this.#news);
  }

  /** Something has moved. */
  disturb(): void {
    clearTimeout(this.#timer);
    this.calm = false;
    if (this.open) this.#timer = setTimeout(() => (this.calm = true), GUARD);
  }

  /** Follows the rows, in their order. A card comes by itself only where nothing is moved by it. */
  keep(rows: readonly Row[], still: boolean): void {
    const known = new Set(rows.flatMap(({ ask }) => [ask?.request ?? [], ...(ask?.behind ?? []).map((one) => one.request)].flat()));
    for (const kept of [this.#answered, this.#drafts]) {
      for (const id of kept.keys()) if (!known.has(id)) kept.delete(id);
    }
    const at = rows.findIndex((row) => row.id === (this.#advance ?? this.open?.id));
    if (this.#advance !== undefined) {
      const own = rows[at];
      // What else the same session asks comes with the next board.
      if (own?.ask?.request && own.ask.more > 0 && !this.asks(own)) return;
      const from = Math.max(at, 0);
      const next = [...rows.slice(from), ...rows.slice(0, from)].find((row) => this.can(row));
      this.#advance = undefined;
      this.#hide();
      if (next) this.review(next);
      return;
    }
    if (this.open) {
      const row = rows[at];
      const ask = this.asks(row);
      if (!row || !ask) return this.#hide();
      if (this.open.request !== (ask.request ?? undefined)) {
        // What was written was for another request, and so was the focus.
        this.#hide();
        this.#show(row.id, ask);
      } else if (ask.elsewhere == null) this.#read();
      return;
    }
    const needs = rows.filter((row) => row.section === 'NeedsYou' && this.asks(row));
    const first = still ? needs.find((row) => row.id === this.#last) : needs[0];
    const ask = this.asks(first);
    if (!first || !ask || this.#closed.has(this.#name(first.id, ask.request))) return;
    this.focus = 0;
    this.#show(first.id, ask);
  }

  /** Answers what is open. */
  answer(answer: Answer): void {
    const { open } = this;
    if (!open?.request || !this.calm || this.pending) return;
    const { id, request } = open;
    this.pending = answer.kind;
    this.said = undefined;
    this.#last = id;
    const turn = this.#turn;
    this.host.answer(id, request, answer).then(
      () => {
        this.#answered.set(request, answer.kind);
        // The popover was hidden: no card is to stand there, ready, when it is shown again.
        if (turn !== this.#turn) return;
        // The board may have been faster, and have taken the card away.
        if (!this.open || this.open.request === request) this.#advance = id;
        this.onanswered();
      },
      (error: unknown) => {
        if (this.open?.request === request) this.pending = undefined;
        this.#say(id, String(error));
      },
    );
  }

  /** Says in a row what became of something. */
  say(id: SessionId, text: string): void {
    this.#say(id, text);
  }

  #say(id: SessionId, text: string): void {
    this.said = { id, text };
    clearTimeout(this.#news);
    this.#news = setTimeout(() => (this.said = undefined), NEWS);
  }

  #name(id: SessionId, request: RequestId | null | undefined): string {
    return `${id} ${request ?? ''}`;
  }

  #show(id: SessionId, ask: RowAsk): void {
    const request = ask.request ?? undefined;
    this.open = { id, request };
    this.card = this.pending = undefined;
    this.#asked = undefined;
    this.draft = (request && this.#drafts.get(request)) || new Draft();
    if (request) this.#drafts.set(request, this.draft);
    this.disturb();
    if (ask.elsewhere == null) this.#read();
  }

  /** Asks for all of what is open, once: one that was paused may be answered later. */
  #read(): void {
    const { id, request } = this.open ?? {};
    if (!id || !request || this.#asked === request) return;
    this.#asked = request;
    this.host.card(id, request).then(
      (card) => {
        if (this.open?.request !== request) return;
        if (!card) return this.#say(id, 'This request is no longer pending: it was answered elsewhere or returned to the terminal.');
        this.card = card;
        this.disturb();
      },
      (error: unknown) => {
        if (this.open?.request !== request) return;
        // The next board tries again.
        this.#asked = undefined;
        this.#say(id, String(error));
      },
    );
  }

  #hide(): void {
    clearTimeout(this.#timer);
    if (this.open) this.over = { id: this.open.id };
    this.focus = 0;
    this.open = this.card = this.pending = undefined;
    this.calm = false;
  }
}
