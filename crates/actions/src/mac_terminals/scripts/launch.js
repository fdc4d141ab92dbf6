// Launches an app without a window. Arguments: the bundle identifier.
function run([bundle]) {
  return report(() => {
    const app = Application(bundle);
    if (!app.running()) app.launch();
    return { outcome: 'shown' };
  });
}
