// Shows the terminal of Ghostty with this device, or, where this version does not report devices
// (1.3), the only one in this folder. Arguments: the bundle identifier, the device, the folder.
function run([bundle, tty, folder]) {
  return withRunningApp(bundle, (app) => {
    const places = (property, wanted) => {
      const found = values(app.terminals, property);
      return found.flatMap((value, index) => (value === wanted ? [index] : []));
    };
    let found = places('tty', tty);
    if (found.length === 0) found = places('workingDirectory', folder);
    if (found.length !== 1) {
      app.activate();
      return { outcome: found.length === 0 ? 'no-tab' : 'tie' };
    }
    app.terminals.at(found[0]).focus();
    app.activate();
    return { outcome: 'shown' };
  });
}
