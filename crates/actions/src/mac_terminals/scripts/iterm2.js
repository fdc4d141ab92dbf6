// Shows the session of iTerm2 with this device. Arguments: the bundle identifier, the device.
function run([bundle, tty]) {
  return withRunningApp(bundle, (app) => {
    for (let index = 0; index < app.windows.length; index++) {
      const listed = app.windows.at(index);
      const tabs = attempt(() => listed.tabs.length) || 0;
      for (let tab = 0; tab < tabs; tab++) {
        const session = values(listed.tabs.at(tab).sessions, 'tty').indexOf(tty);
        if (session < 0) continue;
        const window = stableWindow(app, listed);
        const shown = window.tabs.at(tab);
        shown.sessions.at(session).select();
        shown.select();
        restore(window);
        window.select();
        app.activate();
        return { outcome: 'shown' };
      }
    }
    // A hotkey window is not listed.
    app.activate();
    return { outcome: 'no-tab' };
  });
}
