// Shows the tab of Terminal.app with this device. Arguments: the bundle identifier, the device.
function run([bundle, tty]) {
  return withRunningApp(bundle, (app) => {
    const found = [];
    for (let index = 0; index < app.windows.length; index++) {
      const window = app.windows.at(index);
      const tab = values(window.tabs, 'tty').indexOf(tty);
      if (tab >= 0) found.push({ window, tab, visible: attempt(() => window.visible()) === true });
    }
    const shown = found.find((one) => one.visible) || found[0];
    if (!shown) {
      app.activate();
      return { outcome: 'no-tab' };
    }
    const window = stableWindow(app, shown.window);
    window.tabs.at(shown.tab).selected = true;
    restore(window);
    window.index = 1;
    app.activate();
    const selected = attempt(() => window.selectedTab().tty());
    return { outcome: selected === undefined || selected === tty ? 'shown' : 'no-tab' };
  });
}
