// The requests of sessions: one card at a time, answered once, and never by mistake.

import { Draft } from './draft.svelte';
import type { Host } from './host';
import type { Answer, Card, RemedyButton, RequestId, Row, RowAsk, SessionId } from './wire';

/**
 * How long, in milliseconds, a card that has just appeared or moved accepts no click, which may
 * have been meant for something else.
 */
const GUARD = 500;
/** How long, in milliseconds, a message about an answer stays in its row. */
const NEWS = 8_000;

interface Open {
  id: SessionId;
  /** The request of the card; undefined where only the terminal can answer. */
  request: RequestId | undefined;
}

export class Asks {
  /** The session and request of the open card. */
  open = $state.raw<Open>();
  /** The card in full, once loaded. */
  card = $state.raw<Card>();
  /** The draft of an answer to the open card. */
  draft = $state.raw(new Draft());
  /** The kind of the answer that is being sent. */
  pending = $state.raw<Answer['kind']>();
  /** Nothing has moved for a while, so a click is meant for what is there. */
  calm = $state(false);
  /** The message about an answer that is shown in the session's row. */
  said = $state.raw<{ id: SessionId; text: string; remedy?: RemedyButton }>();
  /** A counter of the cards that should take the focus. */
  focus = $state(0);
  /** The session whose card closed last; a new object each time. */
  over = $state.raw<{ id: SessionId }>();

  /** Requests answered from here, which the board may still list. */
  #answered = new Map<RequestId, Answer['kind']>();
  #drafts = new Map<RequestId, Draft>();
  /** Cards that the user closed; each stays closed until its row has another request. */
  #closed = new Set<string>();
  #advance: SessionId | undefined;
  /** A counter of how often the popover was hidden. */
  #turn = 0;
  /** The request whose card was asked for last. */
  #asked: RequestId | undefined;
  /** The session that was answered last; its next request is expected. */
  #last: SessionId | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #news: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Pick<Host, 'card' | 'answer'>,
    /** Called when the rows have to be checked for the next request. */
    private readonly onanswered: () => void,
  ) {}

  /**
   * The request of a row that is not answered yet. The open card takes precedence over an older
   * request.
   */
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

  /** The request of a row whose card is open; undefined once that request is over. */
  shown(row: Row): RowAsk | undefined {
    const ask = this.open?.id === row.id ? this.asks(row) : undefined;
    return ask && (ask.request ?? undefined) === this.open?.request ? ask : undefined;
  }

  /** Whether a row's request can be answered from here. */
  can(row: Row): boolean {
    const ask = this.asks(row);
    return ask !== undefined && ask.request != null && ask.elsewhere == null;
  }

  /** Opens the card of a row, at the user's request. */
  review(row: Row): void {
    const ask = this.asks(row);
    if (!ask) return;
    const { open } = this;
    if (open?.id !== row.id || open.request !== (ask.request ?? undefined)) this.#show(row.id, ask);
    this.focus += 1;
  }

  /** Closes the open card, which stays closed until its row has another request. */
  dismiss(): void {
    if (this.open) this.#closed.add(this.#name(this.open.id, this.open.request));
    this.#hide();
  }

  /** Forgets everything but the drafts and answers, because the popover was hidden. */
  reset(): void {
    this.#turn += 1;
    this.#hide();
    this.#closed.clear();
    this.#advance = this.#last = this.said = undefined;
    clearTimeout(this.#news);
  }

  /** Restarts the wait for calm, because something has moved. */
  disturb(): void {
    clearTimeout(this.#timer);
    this.calm = false;
    if (this.open) this.#timer = setTimeout(() => (this.calm = true), GUARD);
  }

  /**
   * Follows the rows, in their order. A card opens by itself only where that moves no row the user
   * may be aiming at: with `still`, only the next card of the session that was answered last.
   */
  keep(rows: readonly Row[], still: boolean): void {
    const known = new Set(rows.flatMap(({ ask }) => [ask?.request ?? [], ...(ask?.behind ?? []).map((one) => one.request)].flat()));
    for (const kept of [this.#answered, this.#drafts]) {
      for (const id of kept.keys()) if (!known.has(id)) kept.delete(id);
    }
    const at = rows.findIndex((row) => row.id === (this.#advance ?? this.open?.id));
    if (this.#advance !== undefined) {
      const own = rows[at];
      // The next request of the same session comes with the next board.
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
        // The draft and the focus belonged to the other request.
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

  /** Answers the open request. */
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
        // The popover was hidden meanwhile: no card should be ready to answer when it is shown
        // again.
        if (turn !== this.#turn) return;
        // The board may have come first and removed the card.
        if (!this.open || this.open.request === request) this.#advance = id;
        this.onanswered();
      },
      (error: unknown) => {
        if (this.open?.request === request) this.pending = undefined;
        this.#say(id, String(error));
      },
    );
  }

  /** Shows in a row how something ended, and what helps. */
  say(id: SessionId, text: string, remedy?: RemedyButton): void {
    this.#say(id, text, remedy);
  }

  #say(id: SessionId, text: string, remedy?: RemedyButton): void {
    this.said = { id, text, remedy };
    clearTimeout(this.#news);
    // A message with a button stays until the popover closes or says something else.
    if (!remedy) this.#news = setTimeout(() => (this.said = undefined), NEWS);
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

  /** Loads the open card, once. A request of a paused session may become answerable later. */
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
