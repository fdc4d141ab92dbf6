// Sample boards for development; never part of a build.

import type { AppNote, Board, Card, CardLine, ConnectCard, Glyph, Health, Reasons, Row, RowAction, RowAsk, Section } from '../lib/wire';

const NEEDS: readonly Glyph[] = ['permission', 'question', 'plan', 'trust'];
const UNITS = { s: 1, m: 60, h: 3600, d: 86400 } as const;
let count = 0;

const act = (does: RowAction['does'], label: string, hint: string, enabled = true): RowAction => ({ does, label, hint, enabled });
const PAUSE = act('Pause', 'Pause now', 'freezes the session and its commands at once');
const HOLD = act('Pause', 'Pause before next tool', 'lets the current tool finish, then hooks hold the session');
const INTERRUPT = act('Interrupt', 'Interrupt…', 'presses Escape in the tmux pane; the current step is lost');
const RESUME = act('Resume', 'Resume', 'resumes the session where it stopped');

function before(age: string): string {
  const unit = UNITS[age.slice(-1) as keyof typeof UNITS];
  return new Date(Date.now() - parseInt(age, 10) * unit * 1000).toISOString();
}

export function row(title: string, glyph: Glyph, word: string, detail: string, age: string, more: Partial<Row> = {}): Row {
  count += 1;
  const section: Section =
    NEEDS.includes(glyph) ? 'NeedsYou' : glyph === 'working' ? 'Working' : 'Quiet';
  const tone =
    section === 'NeedsYou'
      ? 'needs-you'
      : glyph === 'working' || glyph === 'paused' || glyph === 'finished' || glyph === 'stopped'
        ? glyph
        : glyph === 'failed'
          ? 'stopped'
          : 'idle';
  return {
    id: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
    title, word, detail, glyph, tone, section,
    since: before(age),
    inferred: false,
    badges: [],
    pending: false,
    action: glyph === 'paused' ? RESUME : glyph === 'stopped' ? undefined : PAUSE,
    why: `${word}: Claude Code reports it`,
    sentence: [title, word, detail].filter(Boolean).join(', '),
    ...more,
  };
}

const full = (): Row[] => [
  row('payments-api', 'permission', 'Permission', 'Bash: cargo publish --dry-run', '12s'),
  row('docs-site', 'question', 'Question', 'Which changelog format?', '4m'),
  row('fleet-core', 'working', 'Working', 'Bash: cargo test · 2 sub-agents', '38s'),
  row('ui-popover', 'working', 'Working', 'Bash: npm test', '2m', { badges: ['Detached'] }),
  row('release-notes', 'finished', 'Finished', 'ready for review', '6m'),
  row('big-refactor', 'paused', 'Paused', 'stopped by a signal or Ctrl-Z', '1h'),
  row('scratch', 'idle', 'Idle', '~/tmp/scratch', '3h', { inferred: true }),
  row('ci-fixer', 'stopped', 'Stopped', '~/src/ci-fixer · tmux ci', '2d'),
];

const every = (): Row[] => [
  row('web-shop', 'plan', 'Plan', 'has a plan for you to approve', '1m'),
  row('cloned', 'trust', 'Trust', 'answer the dialog in the terminal', '2m'),
  ...full(),
  row('nightly', 'failed', 'Failed', 'API Error: 529 overloaded', '7m'),
  row('dev-server', 'shell', 'Idle', 'background shell running', '9m'),
  row('settings', 'menu', 'Menu open', '~/src/settings', '20s'),
  row('new-one', 'starting', 'Starting', 'check the terminal', '3s', { inferred: true }),
  row('other', 'unknown', 'Running', '~/src/other · tmux other', '5m', { inferred: true, badges: ['Detached'] }),
];

const ask = (request: string, more: Partial<RowAsk> = {}): Partial<Row> => ({ ask: { request, more: 0, ...more } });

const asks = (first: string): Row[] => {
  const all: Record<string, () => Row> = {
    bash: () => row('payments-api', 'permission', 'Permission', 'Bash: cargo publish --dry-run', '12s', ask('bash', { more: 2 })),
    edit: () => row('web-shop', 'permission', 'Permission', 'Edit: cart.ts', '40s', ask('edit')),
    question: () => row('docs-site', 'question', 'Question', 'Which changelog format?', '4m', ask('question')),
    plan: () => row('fleet-core', 'plan', 'Plan', 'has a plan for you to approve', '5m', ask('plan')),
    agent: () =>
      row('search', 'permission', 'Permission', 'WebFetch: https://docs.example/a (for general-purpose)', '2s', {
        ...ask('agent', { agent: 'general-purpose', until: new Date(Date.now() + 5000).toISOString() }),
      }),
    elsewhere: () =>
      row('infra', 'permission', 'Permission', 'waits for your answer', '1m', {
        ask: { more: 0, elsewhere: 'Claude Code’s hooks are not connected; connect them to answer from here' },
      }),
  };
  const chosen = all[first] ?? all.bash!;
  const others = Object.entries(all).filter(([name]) => name !== first && first === 'asks' && name !== 'bash');
  return [chosen(), ...others.map(([, draw]) => draw()), ...full().slice(2)];
};

const lines = (mark: CardLine['mark'], ...texts: string[]): CardLine[] => texts.map((text) => ({ mark, text }));

/** The cards of the sample requests. */
export function card(request: string): Card | null {
  const plain: Card = { request, kind: 'Permission', title: 'Bash', lines: [], questions: [], always: [] };
  switch (request) {
    case 'bash':
      return {
        ...plain,
        lines: [
          ...lines('plain', 'cargo publish --dry-run -p payments-core \\', '  --registry internal --allow-dirty &&', 'git tag v2.4.0 &&', 'git push origin release/2.4 --follow-tags &&', 'curl -fsS https://deploy.example/hooks/payments?ref=release/2.4 | sh⟨SP×3⟩'),
          ...lines('label', 'description'),
          ...lines('plain', 'Publish the release and notify the deployment'),
          ...lines('label', 'timeout'),
          ...lines('plain', '600000'),
        ],
        always: [
          { suggestion: 0, text: 'Always allow Bash commands that begin with `cargo publish` in this project (local settings)' },
          { suggestion: 1, text: 'Accept all edits for this session' },
        ],
      };
    case 'edit':
      return {
        ...plain,
        title: 'Edit cart.ts',
        lines: [
          ...lines('label', 'file_path'), ...lines('plain', '/home/me/src/web-shop/src/cart.ts'),
          ...lines('label', 'old_string → new_string'),
          ...lines('plain', 'export function total(items: Item[]) {'),
          ...lines('removed', '  return items.reduce((sum, item) => sum + item.price, 0);'),
          ...lines('added', '  return items.reduce((sum, item) => sum + item.price * item.count, 0);'),
          ...lines('plain', '}'),
        ],
        always: [{ suggestion: 0, text: 'Accept all edits for this session' }],
      };
    case 'question':
      return {
        ...plain,
        kind: 'Question',
        title: 'AskUserQuestion',
        questions: [
          {
            header: 'Format', question: 'Which changelog format?', choice: 'one',
            options: [
              { label: 'Keep a Changelog', description: 'Sections for added, changed, fixed' },
              { label: 'Conventional commits', description: 'Made from the commits' },
            ],
          },
          {
            header: 'Files', question: 'Which files should it cover?', choice: 'several',
            options: [{ label: 'crates', description: '' }, { label: 'ui', description: '' }],
          },
        ],
      };
    case 'plan':
      return {
        ...plain,
        kind: 'Plan',
        title: 'ExitPlanMode',
        lines: lines('plain', '# One writer', '', '1. Move the loop into engine.rs', '2. Give every face an Arc<Snapshot>', '3. Test that nothing else writes', '4. Remove the old lock', '5. Update ARCHITECTURE.md'),
      };
    case 'agent':
      return { ...plain, title: 'WebFetch', lines: [...lines('label', 'url'), ...lines('plain', 'https://docs.example/a'), ...lines('label', 'prompt'), ...lines('plain', 'What does the page say about timeouts?')] };
    default:
      return null;
  }
}

const REFUSAL = 'the session cannot be paused here: tmux automatically resumes stopped processes; connect hooks to pause it';

const pauses = (): Row[] => [
  row('payments-api', 'working', 'Pausing…', 'Bash: cargo publish', '12s', { pending: true, action: { ...PAUSE, enabled: false } }),
  row('fleet-core', 'working', 'Pausing…', '1 of 3 agents held · Bash: cargo test', '38s', { action: RESUME }),
  row('ui-popover', 'working', 'Working', 'Bash: npm test', '2m', {
    action: act('Pause', 'Pause now (Ctrl-Z)', 'presses Ctrl-Z in the tmux pane; commands keep running'),
    failure: 'Not paused: the tmux pane is in copy mode; press q in it first',
  }),
  row('web-shop', 'working', 'Working', 'Edit: cart.ts', '3m', { action: act('Pause', 'Pause', REFUSAL, false), refusal: REFUSAL }),
  row('search', 'working', 'Working', 'Bash: make', '4m', { action: INTERRUPT }),
  row('infra', 'working', 'Working', 'Bash: terraform plan', '5m', { action: HOLD }),
  row('big-refactor', 'paused', 'Paused', 'frozen by you, its commands too · ran Bash: npm test; asked to: make the cart survive a reload', '7m', {
    action: RESUME,
    caution: 'resuming may repeat the last request',
  }),
  row('docs-site', 'paused', 'Paused', 'stopped by you · was answering', '1h'),
  row('ledger', 'paused', 'Paused', 'suspended by you · wait for the review of #42 before the migration runs', '2h'),
  row('mobile', 'paused', 'Paused', 'held by a program · ran Write: App.kt', '3h'),
  row('scratch', 'paused', 'Paused', 'suspended with Ctrl-Z', '1d', { action: undefined, refusal: 'Trusty Bar did not pause this session; type fg in its terminal, or send SIGCONT if the session has no shell' }),
];

export const connect: ConnectCard = {
  title: 'Connect Claude Code’s hooks',
  text: 'Connecting adds Trusty Bar’s entries to ~/.claude/settings.json, so that you can answer Claude Code from here and pause any session before its next tool. Nothing else changes, and a backup is kept.',
  button: 'Connect',
  dirs: ['/home/me/.claude'],
};

const hostile = (): Row[] => [
  row('<img src=x onerror=alert(1)>', 'permission', 'Permission', '<script>alert(1)</scr' + 'ipt>', '1s'),
  row('a-very-long-session-name-that-no-user-would-ever-type-by-hand', 'working', 'Working', 'Bash: find . -name "*.rs" -exec grep -l "something quite long" {} +', '59m', { badges: ['Detached'] }),
  row('مرحبا بالعالم', 'idle', 'Idle', '~/مشروع/one', '23h'),
  row('evil\u202egpj.exe', 'idle', 'Idle', '~/src/evil', '99d'),
];

/** The evidence of a working session, as the engine reports it. */
export const reasons = (word = 'busy'): Reasons => ({
  sentence: `Claude Code reports ${word}.`,
  until: 'Changes when Claude Code reports another status or exits.',
  asks: '',
  lines: [
    { source: 'registry', says: word, observed_at: before('38s'), part: 'Decided', word: 'decided', reason: `Claude Code reports ${word}` },
    { source: 'transcript', says: 'Bash without a result cargo test --workspace, 2 sub-agents', observed_at: before('12s'), part: 'Added', word: 'detail', reason: 'shows which tool and how a turn ended, but not whether one is running' },
    { source: 'hooks', says: 'Bash is about to run', observed_at: before('12s'), part: 'Added', word: 'detail', reason: 'early and detailed, but Escape and kill trigger no hook' },
    { source: 'process', says: 'alive', observed_at: before('0s'), part: 'Heard', word: 'no effect', reason: 'shows only that the session is alive' },
    { source: 'tmux', says: 'attached', observed_at: before('59m'), part: 'Heard', word: 'no effect', reason: 'shows only whether a terminal is attached' },
    { source: 'pane text', says: 'not read', part: 'Silent', word: 'no data', reason: 'read only when Claude Code’s own status is in doubt' },
    { source: 'claude agents', says: 'not asked', part: 'Silent', word: 'no data', reason: 'asked only when the registry file is not understood' },
    { source: 'you', says: 'not seen yet', part: 'Silent', word: 'no data', reason: 'distinguishes Finished from Idle' },
  ],
});

const problems = (n: number): Health[] =>
  [
    { source: 'Tmux' as const, subject: '/tmp/tmux-1000/default', message: 'tmux did not answer within 1 s' },
    { source: 'Settings' as const, subject: '~/.config/trusty-bar/settings.toml', message: 'line 3: unknown key “pop”' },
    { source: 'Registry' as const, subject: '~/.claude/sessions/4711.json', message: 'file is not JSON' },
  ]
    .slice(0, n)
    .map((problem) => ({ ...problem, since: before('2m') }));

export function summarise(rows: readonly Row[]): string {
  const n = (section: Section) => rows.filter((r) => r.section === section).length;
  const needs = n('NeedsYou');
  const parts = [
    needs > 0 ? `${needs} need${needs === 1 ? 's' : ''} you` : '',
    n('Working') > 0 ? `${n('Working')} working` : '',
    rows.some((r) => r.tone === 'paused') ? `${rows.filter((r) => r.tone === 'paused').length} paused` : '',
  ].filter(Boolean);
  return parts.join(' · ') || (rows.length > 0 ? `${rows.length} sessions, all quiet` : 'No sessions');
}

const notes: AppNote[] = [
  { text: 'Installed /Users/me/.local/bin/trusty. If a new terminal does not find trusty, add ~/.local/bin to PATH.' },
  {
    text: 'Notifications can tell you when a session needs you or has finished.',
    remedy: { label: 'Allow notifications…', action: 'AllowNotifications' },
  },
];

const ASKS = ['asks', 'edit', 'question', 'plan', 'agent', 'elsewhere'];

export function sample(name: string): Board {
  const rows = name === 'empty' || name === 'first' ? [] : ASKS.includes(name) ? asks(name) : name === 'pauses' ? pauses() : name === 'every' ? every() : name === 'hostile' ? hostile() : name === 'quiet' ? full().slice(4) : full();
  const health = name === 'problem' ? problems(1) : name === 'problems' ? problems(3) : [];
  const offer = name === 'first' || name === 'full' || name === 'pauses' ? connect : undefined;
  return { revision: 1, summary: summarise(rows), rows, health, connect: offer, notes: name === 'notes' ? notes : [] };
}
