import { render } from 'svelte/server';
import { expect, test } from 'vitest';
import App from '../src/App.svelte';
import { BoardStore } from '../src/lib/board.svelte';
import RowView from '../src/lib/Row.svelte';
import type { Glyph, RemedyButton, Row } from '../src/lib/wire';
import { act, board, host, needs, row, working } from './rows';

const now = Date.parse('2026-01-01T00:00:12Z');
const nothing = () => {};
const quiet = {
  waits: false, asking: undefined, listing: false, telling: false, asks: undefined, said: undefined as { text: string; remedy?: RemedyButton } | undefined,
  onpulsed: nothing, onwhy: nothing, onact: nothing, onyes: nothing, onno: nothing,
  onopen: nothing, onjump: nothing, onremedy: nothing, onend: nothing, onlist: nothing,
};
const draw = (what: Row, more: Partial<typeof quiet> = {}) =>
  render(RowView, {
    props: { row: what, now, current: false, reachable: true, pulsing: false, reasons: undefined, reveal: () => {}, ...quiet, ...more },
  }).body;
const app = (store: BoardStore) => render(App, { props: { host: host(), store } }).body;

test('one element, one sentence, its age spelled out', () => {
  const html = draw(row('api', { ...needs, sentence: 'api, Permission, wants to run Bash' }));
  expect(html).toContain('aria-label="api, Permission, wants to run Bash, for 12 seconds"');
  expect(html).toContain('data-status="Permission"');
  expect(html).toContain('data-section="NeedsYou"');
  expect(html).toMatch(/class="age[^>]*>12s</);
  expect(html).toContain('title="Idle: the registry says so"');
});

test('whatever a session is called stays text', () => {
  const evil = '"><img src=x onerror=alert(1)>';
  const html = draw(row(evil, { detail: evil, word: evil, why: evil, sentence: evil, since: evil }));
  expect(html).not.toContain('<img');
  expect(html.match(/=""/)).toBeNull();
  expect(html).toContain('now');
});

test('detached and inferred show', () => {
  expect(draw(row('a'))).not.toContain('Detached');
  const html = draw(row('a', { badges: ['Detached'], inferred: true }));
  expect(html).toContain('Detached');
  expect(html).toMatch(/class="word tone[^"]*inferred/);
});

test('the button for the terminal says before what it does not do', () => {
  expect(draw(row('a'))).toContain('title="Open terminal"');
  const html = draw(row('a', { jump_note: 'brings Warp to the front; find its tab yourself' }));
  expect(html).toContain('title="Open terminal: brings Warp to the front; find its tab yourself"');
});

test('no two shapes are alike', () => {
  // All glyphs: the compiler rejects the record if one is missing.
  const every: Record<Glyph, 0> = {
    permission: 0, question: 0, plan: 0, trust: 0, working: 0, starting: 0, paused: 0, finished: 0, idle: 0,
    shell: 0, menu: 0, failed: 0, stopped: 0, unknown: 0,
  };
  const glyphs = Object.keys(every) as Glyph[];
  const shapes = glyphs.map((glyph) => /<svg[^>]*>(.*?)<\/svg>/s.exec(draw(row('a', { glyph })))?.[1]);
  expect(new Set(shapes).size).toBe(glyphs.length);
});

test('a button says what it does and what that means, before it is pressed', () => {
  expect(draw(row('a'))).not.toContain('class="act');
  const html = draw(row('a', { action: act('Pause', { label: 'Pause now', hint: 'Claude Code freezes' }) }));
  expect(html).toContain('title="Pause now: Claude Code freezes"');
  expect(html).toContain('aria-label="Pause now"');
  expect(html).toContain('aria-disabled="false"');
  expect(draw(row('a', { action: act('Pause') }), { waits: true })).toContain('aria-disabled="true"');
  expect(draw(row('a', { action: act('Pause', { enabled: false }) }))).toContain('aria-disabled="true"');
  const icons = (['Pause', 'Interrupt', 'Resume'] as const).map((does) =>
    /class="act[^>]*>(.*?)<\/button>/s.exec(draw(row('a', { action: act(does) })))?.[1]);
  expect(new Set(icons).size).toBe(3);
});

test('failures, cautions and refusals are text in the row', () => {
  const evil = '<img src=x onerror=alert(1)>';
  const html = draw(row('a', { failure: evil, caution: 'may repeat', refusal: evil }), { telling: true });
  expect(html).not.toContain('<img');
  expect(html.match(/role="alert"/g)).toHaveLength(2);
  expect(html).toContain('may repeat');
  expect(draw(row('a', { refusal: 'why not' }))).not.toContain('why not');
});

test('who answered outside the app is text in the row, and no alert', () => {
  const html = draw(row('a', { answered: 'approved at a terminal, pts/7 <img src=x>' }));
  expect(html).toContain('approved at a terminal, pts/7');
  expect(html).not.toContain('<img');
  expect(html).not.toContain('role="alert"');
});

test('the whole popover: list, empty, failed, problems, and no inline style', () => {
  const store = new BoardStore();
  expect(app(store)).not.toContain('No Claude Code session');
  store.apply({ kind: 'Board', ...board([row('n', needs), row('w', working)], 7) });
  const list = app(store);
  expect(list).toContain('data-revision="7"');
  expect(list).toContain('Needs you');
  expect(list).not.toContain('Quiet');
  expect(list).not.toContain('<footer');
  expect(list).not.toContain('style=');
  const health = [{ source: 'Tmux' as const, subject: '/tmp/t', message: 'does not respond', since: '2026-01-01T00:00:00Z' }];
  store.apply({ kind: 'Board', ...board([]), health });
  expect(app(store)).toContain('No Claude Code session is running.');
  expect(app(store)).toContain('does not respond');
  store.apply({ kind: 'Failed', message: 'the reason' });
  expect(app(store)).toContain('the reason');
});
