// The scripts against a mock object model: `node --test` in this folder.

import assert from 'node:assert/strict';
import test from 'node:test';
import { appError, elements, object, runScript } from './object_model.mjs';

const TERMINAL = 'com.apple.Terminal';
const ITERM = 'com.googlecode.iterm2';
const GHOSTTY = 'com.mitchellh.ghostty';
const tty = (number) => `/dev/ttys${String(number).padStart(3, '0')}`;

/** Terminal.app with windows; a window is a list of devices, or options with `tabs`. */
function terminalApp(windows, { running = true, ...more } = {}) {
  const log = [];
  const made = windows.map((window, at) => {
    const { tabs = [], tabsFailure, visible = true, bulk, reads, stuck, ...properties } = Array.isArray(window) ? { tabs: window } : window;
    const own = { name: `window${at}`, id: 100 + at, visible, miniaturized: false, index: at + 1, ...properties };
    let selected = 0;
    const all = tabs.map((device, index) =>
      object('tab', { name: `tab${index}`, tty: device, selected: false, set_selected: () => (selected = stuck ? selected : index) }, log),
    );
    own.selectedTab = () => all[selected];
    own.tabs = elements(all, { failure: tabsFailure, bulk, reads });
    return object('window', own, log);
  });
  const app = object('app', { name: 'app', running, windows: elements(made), ...more }, log);
  return { app, log };
}

const showInTerminal = ({ app, log }, wanted) => {
  const told = runScript('terminal.js', [TERMINAL, wanted], { [TERMINAL]: app });
  return [told, log];
};

test('Terminal.app shows the tab, then its window, and activates last', () => {
  const [told, log] = showInTerminal(terminalApp([[tty(1)], [tty(2), tty(3)]]), tty(3));
  assert.deepEqual(told, { outcome: 'shown' });
  assert.deepEqual(log, ['selected=true tab1', 'index=1 window1', 'activate app']);
});

test('a window without tabs does not end the search', () => {
  const invisible = { visible: false, tabsFailure: appError(-10000, 'AppleEvent handler failed.') };
  const [told] = showInTerminal(terminalApp([[tty(1)], invisible, [tty(2)]]), tty(2));
  assert.deepEqual(told, { outcome: 'shown' });
});

test('a tab that cannot answer does not hide the others', () => {
  const silent = () => {
    throw appError(-1728);
  };
  const [told, log] = showInTerminal(terminalApp([{ tabs: [silent, tty(2)], bulk: false }]), tty(2));
  assert.deepEqual(told, { outcome: 'shown' });
  assert.equal(log[0], 'selected=true tab1');
});

test('a window without a stable id is addressed by its index', () => {
  const id = () => {
    throw appError(-1700);
  };
  const [told] = showInTerminal(terminalApp([{ tabs: [tty(1)], id }]), tty(1));
  assert.deepEqual(told, { outcome: 'shown' });
});

test('a window in the Dock is brought out of it', () => {
  const [told, log] = showInTerminal(terminalApp([{ tabs: [tty(1)], visible: false, miniaturized: true }]), tty(1));
  assert.deepEqual(told, { outcome: 'shown' });
  assert.deepEqual(log, ['selected=true tab0', 'miniaturized=false window0', 'index=1 window0', 'activate app']);
});

test('of two windows with one device, the visible one is shown', () => {
  const [told, log] = showInTerminal(terminalApp([{ tabs: [tty(1)], visible: false }, [tty(1)]]), tty(1));
  assert.deepEqual(told, { outcome: 'shown' });
  assert.ok(log.includes('index=1 window1'), log.join());
});

test('fifty tabs are read with one event', () => {
  const devices = Array.from({ length: 50 }, (_, index) => tty(index));
  const reads = [];
  const [told, log] = showInTerminal(terminalApp([{ tabs: devices, reads }]), tty(49));
  assert.deepEqual(told, { outcome: 'shown' });
  assert.equal(log[0], 'selected=true tab49');
  assert.deepEqual(reads, ['tty', 'at']);
});

test('an app without the tab comes to the front all the same', () => {
  const [told, log] = showInTerminal(terminalApp([[tty(1)]]), tty(7));
  assert.deepEqual([told, log], [{ outcome: 'no-tab' }, ['activate app']]);
});

test('an app that is not running is not launched', () => {
  for (const [script, bundle] of [['terminal.js', TERMINAL], ['iterm2.js', ITERM], ['ghostty.js', GHOSTTY], ['open_window.js', TERMINAL]]) {
    const { app, log } = terminalApp([[tty(1)]], { running: false });
    assert.deepEqual(runScript(script, [bundle, tty(1), '/'], { [bundle]: app }), { outcome: 'not-running' });
    assert.deepEqual(log, []);
  }
});

test('missing consent, an app that quits and one that hangs end the search with their number', () => {
  for (const number of [-1743, -1744, -600, -609, -1712]) {
    const failing = { tabsFailure: appError(number, 'Not authorized to send Apple events to Terminal.') };
    const [told, log] = showInTerminal(terminalApp([failing, [tty(2)]]), tty(2));
    assert.deepEqual(told, { outcome: 'failed', number, message: 'Not authorized to send Apple events to Terminal.' });
    assert.deepEqual(log, []);
  }
  const named = { tabsFailure: new Error('Not authorized to send Apple events. (-1743)') };
  assert.equal(showInTerminal(terminalApp([named]), tty(2))[0].number, -1743);
});

test('an app that is not installed is reported', () => {
  const told = runScript('terminal.js', [TERMINAL, tty(1)], {});
  assert.deepEqual(told, { outcome: 'failed', number: -2700, message: "Application can't be found." });
});

test('a tab that Terminal.app did not select is not called shown', () => {
  const [told] = showInTerminal(terminalApp([{ tabs: [tty(1), tty(2)], stuck: true }]), tty(2));
  assert.deepEqual(told, { outcome: 'no-tab' });
});

/** iTerm2 with windows of tabs of sessions. */
function itermApp(windows) {
  const log = [];
  const made = windows.map((tabs, at) => {
    if (tabs instanceof Error) return object('window', { name: `window${at}`, id: at, tabs: elements([], { failure: tabs }) }, log);
    const all = tabs.map((sessions, tab) => {
      const devices = sessions.map((device, index) => object('session', { name: `session${index}`, tty: device }, log));
      return object('tab', { name: `tab${tab}`, sessions: elements(devices) }, log);
    });
    return object('window', { name: `window${at}`, id: at, miniaturized: at === 1, tabs: elements(all) }, log);
  });
  return { app: object('app', { name: 'app', running: true, windows: elements(made) }, log), log };
}

test('iTerm2 selects session, tab and window, and activates last', () => {
  const { app, log } = itermApp([appError(-10000), [[tty(1)], [tty(2), tty(3)]]]);
  assert.deepEqual(runScript('iterm2.js', [ITERM, tty(3)], { [ITERM]: app }), { outcome: 'shown' });
  assert.deepEqual(log, ['select session1', 'select tab1', 'miniaturized=false window1', 'select window1', 'activate app']);
});

test('a session in a hotkey window of iTerm2 is not listed; the app comes to the front', () => {
  const { app, log } = itermApp([[[tty(1)]]]);
  assert.deepEqual(runScript('iterm2.js', [ITERM, tty(9)], { [ITERM]: app }), { outcome: 'no-tab' });
  assert.deepEqual(log, ['activate app']);
});

/** Ghostty with terminals; without `tty` as in 1.3. */
function ghosttyApp(terminals) {
  const log = [];
  const all = terminals.map((properties, at) => object('terminal', { name: `terminal${at}`, ...properties }, log));
  return { app: object('app', { name: 'app', running: true, terminals: elements(all) }, log), log };
}
const showInGhostty = ({ app }, wanted, folder) => runScript('ghostty.js', [GHOSTTY, wanted, folder], { [GHOSTTY]: app });

test('Ghostty is asked for the device first', () => {
  const ghostty = ghosttyApp([
    { tty: tty(1), workingDirectory: '/work' },
    { tty: tty(2), workingDirectory: '/work' },
  ]);
  assert.deepEqual(showInGhostty(ghostty, tty(2), '/work'), { outcome: 'shown' });
  assert.deepEqual(ghostty.log, ['focus terminal1', 'activate app']);
});

test('Ghostty 1.3 has no devices: the only terminal in the folder is shown, and a tie is reported', () => {
  const folders = (...all) => ghosttyApp(all.map((workingDirectory) => ({ workingDirectory })));
  const one = folders('/other', '/work');
  assert.deepEqual(showInGhostty(one, tty(2), '/work'), { outcome: 'shown' });
  assert.deepEqual(one.log, ['focus terminal1', 'activate app']);
  const two = folders('/work', '/work');
  assert.deepEqual(showInGhostty(two, tty(2), '/work'), { outcome: 'tie' });
  assert.deepEqual(two.log, ['activate app']);
  assert.deepEqual(showInGhostty(folders('/other'), tty(2), '/work'), { outcome: 'no-tab' });
  assert.deepEqual(showInGhostty(folders(), tty(2), '/work'), { outcome: 'no-tab' });
});

test('a command is quoted for the shell of the new window', () => {
  const { app, log } = terminalApp([]);
  const words = ['/opt/tmux', '-S', "/tmp/it's $HOME/`x`", 'attach', '-t', '$1'];
  assert.deepEqual(runScript('open_window.js', [TERMINAL, ...words], { [TERMINAL]: app }), { outcome: 'shown' });
  const command = `exec '/opt/tmux' '-S' '/tmp/it'\\''s $HOME/\`x\`' 'attach' '-t' '$1'`;
  assert.deepEqual(log, [`doScript app ${command}`, 'activate app']);
});

test('Terminal.app is launched before it opens a window, and only if it is not running', () => {
  for (const [running, expected] of [[false, ['launch app']], [true, []]]) {
    const { app, log } = terminalApp([], { running });
    assert.deepEqual(runScript('launch.js', [TERMINAL], { [TERMINAL]: app }), { outcome: 'shown' });
    assert.deepEqual(log, expected);
  }
});

/** What `$` and `ObjC` offer the script that reads the app in front. */
function workspace(pid, bundle) {
  const frontmostApplication = { isNil: () => pid === undefined, processIdentifier: pid, bundleIdentifier: bundle };
  return {
    ObjC: { import: () => {}, unwrap: (value) => value },
    $: { NSWorkspace: { sharedWorkspace: { frontmostApplication } } },
  };
}
const frontmost = (consented, apps, pid, bundle) => runScript('frontmost.js', consented, apps, workspace(pid, bundle));

test('the app in front is known without consent, its tab only with consent', () => {
  const { app } = terminalApp([{ visible: false, tabsFailure: appError(-10000) }, [tty(1), tty(2)]]);
  const apps = { [TERMINAL]: app };
  assert.deepEqual(frontmost([], {}, 7, TERMINAL), { outcome: 'in-front', pid: 7, bundle: TERMINAL });
  assert.deepEqual(frontmost([ITERM], apps, 7, TERMINAL), { outcome: 'in-front', pid: 7, bundle: TERMINAL });
  assert.deepEqual(frontmost([TERMINAL], apps, 7, TERMINAL), { outcome: 'in-front', pid: 7, bundle: TERMINAL, tty: tty(1) });
  assert.deepEqual(frontmost([TERMINAL], {}, 7, TERMINAL), { outcome: 'in-front', pid: 7, bundle: TERMINAL });
  assert.deepEqual(frontmost([], {}), { outcome: 'none-in-front' });
  for (const none of [undefined, null, {}]) {
    assert.deepEqual(frontmost(none, {}, 7, TERMINAL), { outcome: 'in-front', pid: 7, bundle: TERMINAL });
  }
});

test('the session in front of iTerm2 is read in both dictionaries', () => {
  const log = [];
  const session = object('session', { tty: tty(4) }, log);
  const tab = object('tab', { currentSession: () => session }, log);
  for (const properties of [{ currentSession: () => session }, { currentTab: () => tab }]) {
    const window = object('window', properties, log);
    const app = object('app', { currentWindow: () => window }, log);
    assert.equal(frontmost([ITERM], { [ITERM]: app }, 7, ITERM).tty, tty(4));
  }
});
