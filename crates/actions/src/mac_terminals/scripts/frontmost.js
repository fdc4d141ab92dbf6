// Reports the app in front, and the device of its selected tab. Asking which app that is needs no
// consent. Arguments: the bundle identifiers of the apps that macOS lets us ask for a tab.
function run(consented) {
  return report(() => {
    ObjC.import('AppKit');
    const front = $.NSWorkspace.sharedWorkspace.frontmostApplication;
    if (front.isNil()) return { outcome: 'none-in-front' };
    const bundle = ObjC.unwrap(front.bundleIdentifier);
    const told = { outcome: 'in-front', pid: Number(front.processIdentifier), bundle };
    // Without arguments, what osascript passes need not be an array.
    if (!Array.isArray(consented) || !consented.includes(bundle)) return told;
    try {
      return { ...told, tty: selectedDevice(bundle) };
    } catch (error) {
      // Without an answer it is not known which tab is selected.
      return told;
    }
  });
}

function selectedDevice(bundle) {
  const app = Application(bundle);
  if (bundle === 'com.googlecode.iterm2') {
    const window = app.currentWindow();
    const tty = attempt(() => window.currentSession().tty());
    return tty === undefined ? window.currentTab().currentSession().tty() : tty;
  }
  if (bundle !== 'com.apple.Terminal') return undefined;
  // Windows are listed from front to back, among them invisible ones.
  for (let index = 0; index < app.windows.length; index++) {
    const window = app.windows.at(index);
    if (attempt(() => window.visible()) === true) return attempt(() => window.selectedTab().tty());
  }
  return undefined;
}
