// Opens a window of Terminal.app with a command. Arguments: the bundle identifier, the words of the
// command. The shell in the window receives each word quoted.
function run([bundle, ...words]) {
  return withRunningApp(bundle, (app) => {
    const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    app.doScript(['exec', ...quoted].join(' '));
    app.activate();
    return { outcome: 'shown' };
  });
}
