// Shared by all scripts, each of which is this file and one other. Every script takes all it needs
// as arguments and prints one line of JSON: {"outcome": "…"} or, after an error,
// {"outcome": "failed", "number": -1743, "message": "…"}.

// After these errors no other window or tab can answer either: consent is missing (-1743, -1744),
// the app has quit (-600, -609), or it does not respond (-1712).
const FATAL_ERRORS = [-1743, -1744, -600, -609, -1712];

function errorNumber(error) {
  const number = Number(error && error.errorNumber);
  if (number) return number;
  const named = /\((-\d+)\)/.exec(String(error));
  return named ? Number(named[1]) : 0;
}

// The result of a call to the app; undefined where this one object cannot answer, such as a window
// without tabs or a property that the app's version lacks.
function attempt(call) {
  try {
    return call();
  } catch (error) {
    if (FATAL_ERRORS.includes(errorNumber(error))) throw error;
    return undefined;
  }
}

// Runs the work of a script and returns the line to print.
function report(work) {
  try {
    return JSON.stringify(work());
  } catch (error) {
    const message = String((error && error.message) || error);
    return JSON.stringify({ outcome: 'failed', number: errorNumber(error), message });
  }
}

// As report, with a running app: an Apple Event would launch one that is not running.
function withRunningApp(bundle, work) {
  return report(() => {
    const app = Application(bundle);
    return app.running() ? work(app) : { outcome: 'not-running' };
  });
}

// The value of a property of each element, in order; one event where the app allows that.
function values(elements, property) {
  const all = attempt(() => elements[property]());
  if (Array.isArray(all)) return all;
  const count = attempt(() => elements.length) || 0;
  return Array.from({ length: count }, (_, index) => attempt(() => elements.at(index)[property]()));
}

// A window by its stable id where it has one: its index changes when it comes to the front.
function stableWindow(app, window) {
  const id = attempt(() => window.id());
  return id === undefined || id === null ? window : app.windows.byId(id);
}

// Brings a window out of the Dock.
function restore(window) {
  if (attempt(() => window.miniaturized())) attempt(() => (window.miniaturized = false));
}
